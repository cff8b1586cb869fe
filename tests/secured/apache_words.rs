//! Apache's servers with certificates and users of the test's own: the same words as the sandbox's.

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

/// The lines with which a server speaks TLS, on its plain port too, with the certificates of a
/// folder.
fn tls_settings(folder: &Path) -> String {
    let shown = folder.display();
    format!(
        "serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory\n\
         client.portUnification=true\nssl.keyStore.location={shown}/server-both.pem\n\
         ssl.trustStore.location={shown}/ca.pem\n\
         authProvider.x509=org.apache.zookeeper.server.auth.X509AuthenticationProvider\n"
    )
}

/// Certificates of a test's own, for a server and for clients.
struct Certificates {
    folder: tempfile::TempDir,
    authority: Authority,
}

impl Certificates {
    fn make() -> Self {
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

    fn server_has(&self, pair: &Pair) {
        let both = format!("{}{}", pair.key, pair.pem);
        fs::write(self.folder.path().join("server-both.pem"), both).unwrap();
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Prepares a shell that trusts whom this file says, and shows this certificate if any.
    fn shell(&self, servers: &str, cacert: &str, client: Option<&str>) -> Zksh {
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

/// Returns the releases that speak TLS by certificates in PEM.
fn with_tls() -> impl Iterator<Item = &'static Release> {
    releases().iter().filter(|release| numbers(&release.version) >= vec![3, 8])
}

#[test]
fn apaches_servers_and_the_sandbox_get_the_same_words() {
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
        // Four letters go the way of the session.
        let ran = shell("ca.pem", Some("client")).arg("doctor").run();
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
        let status = format!("  server       release {}, standalone (", release.version);
        assert!(ran.stdout.contains(&status), "{}", ran.stdout);
        let named = shell("ca.pem", Some("client")).arg("session").succeed();
        assert!(named.contains(&format!("release {}", release.version)), "{named}");
        // The port takes plain connections too, which prove nothing; its certificate is read anew for
        // each connection only since 3.9.
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
fn apaches_servers_take_a_secure_port_alone() {
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
    // Four letters go the way of the session: this port answers them by TLS alone.
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
fn apaches_servers_take_users_as_the_sandbox_does() {
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
        // Apache's server takes an unknown user who has the password of the last known one, so nobody
        // has another.
        for (user, password) in [("ann", "wrong"), ("nobody", "nothing")] {
            fails(shell(user, password), 3, "does not accept the credentials");
        }
        fails(bare().args(["-server", &server.address()]), 3, "the server requires SASL");
        // A refusal is final: each leaves at most the session that the server gave before it.
        assert!(sessions() <= before + 3, "{before} and {}", sessions());
    }
}

#[test]
fn a_server_that_comes_back_knows_the_user_and_a_changed_password_is_told() {
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
    // The same session: its ephemeral is there, and its owner may write it.
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

/// Three servers take long to start and to elect, so this test runs only where it is asked for
/// (`ZKSH_SECURED_ENSEMBLE=1`); the sandbox's runs always.
#[test]
fn an_ensemble_of_apaches_with_tls_loses_its_leader_and_nothing_else() {
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
