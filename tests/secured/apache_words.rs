//! Apache's servers with certificates and users made by the test: messages are the same as with the
//! sandbox.

use std::fs;
use std::io::Write;
use std::path::Path;

use super::{fails, works};
use crate::support::apache::{Release, Server, four_letters, numbers, releases};
use crate::support::certificates::{Authority, Pair, expired, params, self_signed};
use crate::support::ensemble::Ensemble;
use crate::support::shell::{Zksh, bare};
use crate::support::terminal::Setup;
use crate::support::{free_port, wait_until};

/// Returns the settings for a server with TLS, also on its plain port, and the certificates of a
/// folder.
pub(super) fn tls_settings(folder: &Path) -> String {
    let shown = folder.display();
    format!(
        "serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory\n\
         client.portUnification=true\nssl.keyStore.location={shown}/server-both.pem\n\
         ssl.trustStore.location={shown}/ca.pem\n\
         authProvider.x509=org.apache.zookeeper.server.auth.X509AuthenticationProvider\n"
    )
}

/// Certificates made by the test, for a server and for clients.
pub(super) struct Certificates {
    pub(super) folder: tempfile::TempDir,
    authority: Authority,
}

impl Certificates {
    pub(super) fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new("test-CA");
        fs::write(folder.path().join("ca.pem"), &authority.pem).unwrap();
        authority.issue(&params("ann", &[])).write(folder.path(), "client");
        authority.issue(&expired(params("late", &[]))).write(folder.path(), "late");
        let other = Authority::new("other-CA");
        fs::write(folder.path().join("other.pem"), &other.pem).unwrap();
        other.issue(&params("stranger", &[])).write(folder.path(), "stranger");
        let made = Self { folder, authority };
        made.server_has(&made.authority.issue(&params("localhost", HOSTS)));
        made
    }

    pub(super) fn server_has(&self, pair: &Pair) {
        let both = format!("{}{}", pair.key, pair.pem);
        fs::write(self.folder.path().join("server-both.pem"), both).unwrap();
    }

    pub(super) fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Prepares a shell that trusts the certificates in this file and has this client certificate,
    /// if any.
    pub(super) fn shell(&self, servers: &str, cacert: &str, client: Option<&str>) -> Zksh {
        let server = format!("tls://{servers}");
        let shell = bare().args(["-server", &server, "--cacert", &self.file(cacert)]);
        match client {
            None => shell,
            Some(name) => {
                let (cert, key) = (format!("{name}.pem"), format!("{name}.key"));
                shell.args(["--cert", &self.file(&cert), "--key", &self.file(&key)])
            }
        }
    }
}

const HOSTS: &[&str] = &["localhost", "127.0.0.1"];

/// Returns the releases that support PEM certificates for TLS.
pub(super) fn with_tls() -> impl Iterator<Item = &'static Release> {
    releases().iter().filter(|release| numbers(&release.version) >= vec![3, 8])
}

#[test]
fn failures_are_worded_as_with_the_sandbox() {
    for release in with_tls() {
        let made = Certificates::make();
        let server = Server::with_settings(release, &tls_settings(made.folder.path()));
        let address = format!("localhost:{}", server.port());
        let shell = |cacert, client| made.shell(&address, cacert, client);
        let said = shell("ca.pem", Some("client")).arg("whoami").succeed();
        assert!(said.contains("x509: CN=ann\n"), "{}: {said}", release.version);
        let wanted = "the server wants a client certificate, and none was given";
        fails(shell("ca.pem", None), 3, wanted);
        for refused in ["stranger", "late"] {
            let wanted = "the server does not accept our certificate";
            fails(shell("ca.pem", Some(refused)), 3, wanted);
        }
        let wanted = "the certificate of CN=localhost is issued by CN=";
        fails(shell("other.pem", Some("client")), 3, wanted);
        // Four-letter words are sent with the same transport as the session.
        let ran = shell("ca.pem", Some("client")).arg("doctor").run();
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
        let status = format!("  server       release {}, standalone (", release.version);
        assert!(ran.stdout.contains(&status), "{}", ran.stdout);
        let named = shell("ca.pem", Some("client")).arg("session").succeed();
        assert!(named.contains(&format!("release {}", release.version)), "{named}");
        // The port also accepts plain connections, so they prove nothing here. Only since 3.9 does
        // the server read its certificate again for each connection.
        works(bare().args(["-server", &address]));
        if numbers(&release.version) < vec![3, 9] {
            continue;
        }
        let has = |params| made.server_has(&made.authority.issue(&params));
        has(params("zk1", &["zk1.example.org"]));
        let wanted = "the server's certificate is for zk1.example.org, not for localhost";
        fails(shell("ca.pem", Some("client")), 3, wanted);
        works(shell("ca.pem", Some("client")).arg("--insecure-hostname"));
        has(params("localhost", &[]));
        works(shell("ca.pem", Some("client")));
        has(expired(params("localhost", HOSTS)));
        fails(shell("ca.pem", Some("client")), 3, "the certificate of CN=localhost expired on ");
        for is_ca in [false, true] {
            let own = self_signed(params("localhost", HOSTS), is_ca);
            made.server_has(&own);
            fs::write(made.file("own.pem"), &own.pem).unwrap();
            works(shell("own.pem", Some("client")));
        }
    }
}

#[test]
fn apaches_servers_work_with_only_a_secure_port() {
    let Some(release) = with_tls().last() else { return };
    let made = Certificates::make();
    let port = free_port();
    let settings = tls_settings(made.folder.path()).replace("client.portUnification=true", "");
    let settings = format!(
        "{settings}\nsecureClientPort={port}\nsecureClientPortAddress=127.0.0.1\nssl.clientAuth=want\n"
    );
    let server = Server::with_settings(release, &settings);
    let address = format!("localhost:{port}");
    works(made.shell(&address, "ca.pem", None));
    works(made.shell(&address, "ca.pem", Some("client")));
    // Four-letter words are sent with the transport of the session. This port answers them only
    // over TLS.
    let said = made.shell(&address, "ca.pem", None).arg("session").succeed();
    assert!(said.contains(&format!("release {}", release.version)), "{said}");
    fails(bare().args(["-server", &address]), 3, "the port speaks TLS, and TLS was not asked for");
    let plain = made.shell(&server.address(), "ca.pem", None);
    fails(plain, 3, "the port speaks ZooKeeper without TLS, and TLS was asked for");
    let ran = bare().args(["-server", &address, "doctor"]).run();
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    assert!(ran.stdout.contains("next         write tls://host:port"), "{}", ran.stdout);
}

#[test]
fn apaches_servers_accept_users_as_the_sandbox_does() {
    for release in with_tls() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let jaas = "Server { org.apache.zookeeper.server.auth.DigestLoginModule required \
                    user_ann=\"annpw\" user_bob=\"b p'w\\\"\"; };";
        let jaas = file("jaas.conf", jaas);
        let server = Server::configured(
            release,
            "sessionRequireClientSASLAuth=true\n\
             authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider\n",
            vec![("java.security.auth.login.config", jaas)],
        );
        let shell = |user: &str, password: &str| {
            let file = file("password", password);
            bare()
                .args(["-server", &server.address(), "--sasl", "digest-md5", "--user", user])
                .args(["--password-file", &file])
        };
        assert!(shell("ann", "annpw").arg("whoami").succeed().contains("sasl: ann\n"));
        works(shell("bob", "b p'w\""));
        let sessions = || {
            let answer = four_letters(server.port(), "mntr").unwrap();
            let line = answer.lines().find(|line| line.starts_with("zk_global_sessions"));
            line.unwrap().split_whitespace().last().unwrap().parse::<u32>().unwrap()
        };
        let before = sessions();
        // Apache's server accepts an unknown user who has the password of the last known one, so
        // `nobody` has another password.
        for (user, password) in [("ann", "wrong"), ("nobody", "nothing")] {
            fails(shell(user, password), 3, "does not accept the credentials");
        }
        fails(bare().args(["-server", &server.address()]), 3, "the server requires SASL");
        // A refusal is final: each attempt leaves at most the session that the server opened before
        // refusing.
        assert!(sessions() <= before + 3, "{before} and {}", sessions());
    }
}

#[test]
fn a_reconnection_authenticates_again_and_reports_a_changed_password() {
    let Some(release) = with_tls().last() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let jaas = |password: &str| {
        format!(
            "Server {{ org.apache.zookeeper.server.auth.DigestLoginModule required \
             user_ann=\"{password}\"; }};"
        )
    };
    let plain = Server::start(release);
    let mut server = Server::configured(
        release,
        "authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider\n",
        vec![("java.security.auth.login.config", file("jaas.conf", &jaas("annpw")))],
    );
    let password = file("password", "annpw");
    let words = ["--sasl", "digest-md5", "--user", "ann", "--password-file", &password];
    let mut terminal = Setup::new(&server.address()).args(words).start();
    terminal.wait_for("(CONNECTED) 0]");
    terminal.enter(0, "create -e /boat x sasl:ann:cdrwa");
    terminal.wait_for("Created /boat");
    server.kill();
    server.resume();
    // It is the same session: its ephemeral exists, and the user can write it.
    terminal.enter(1, "set /boat y");
    terminal.enter(2, "get /boat");
    terminal.wait_until("its data", |screen| screen.lines().any(|line| line == "y"));
    server.kill();
    file("jaas.conf", &jaas("another"));
    server.resume();
    terminal.wait_for("(AUTH_FAILED)");
    // A server without SASL ignores credentials.
    let ignored = bare().args(["-server", &plain.address()]).args(words);
    fails(ignored, 3, "the server has no SASL: it ignores credentials");
}

/// Runs only with `ZKSH_SECURED_ENSEMBLE=1`, because three servers take long to start and to elect
/// a leader. The test with the sandbox's servers always runs.
#[test]
fn an_apache_ensemble_with_tls_survives_the_loss_of_its_leader() {
    if std::env::var_os("ZKSH_SECURED_ENSEMBLE").is_none() {
        return;
    }
    let Some(release) = with_tls().last() else { return };
    let made = Certificates::make();
    let mut ensemble = Ensemble::apache(release, &tls_settings(made.folder.path()));
    let servers = ensemble.addresses().join(",");
    let shell = || made.shell(&servers, "ca.pem", Some("client"));
    let mut script = shell().start();
    let mut stdin = script.stdin.take().unwrap();
    writeln!(stdin, "create -e /boat\ncreate /lake").unwrap();
    (0..100).for_each(|number| writeln!(stdin, "create /lake/before-{number}").unwrap());
    stdin.flush().unwrap();
    wait_until("some of them are there", || {
        let ran = shell().args(["ls", "/lake"]).run();
        ran.stdout.contains("before-").then_some(())
    });
    ensemble.kill_leader();
    (0..100).for_each(|number| writeln!(stdin, "create /lake/after-{number}").unwrap());
    writeln!(stdin, "whoami").unwrap();
    drop(stdin);
    let output = crate::support::shell::ran(&script.wait_with_output().unwrap());
    assert!(output.stdout.contains("x509: CN=ann\n"), "{}", output.stdout);
    assert!(!output.stderr.contains("xpired"), "{}", output.stderr);
    let listed = shell().args(["ls", "/lake"]).succeed();
    for name in (0..100).flat_map(|number| [format!("before-{number}"), format!("after-{number}")])
    {
        let path = format!("/lake/{name}");
        let created = output.stdout.lines().any(|line| line == format!("Created {path}"));
        let there = listed.split([',', '[', ']', ' ', '\n']).any(|known| known == name);
        assert!(created == there || output.stderr.contains(&path), "{path}: {created} {there}");
    }
}
