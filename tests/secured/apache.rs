//! TLS from the shell: options, config file, and what users of zkCli have already, against an Apache
//! server whose certificates are made here. Left out where openssl or a release with Netty is absent.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{fails, works};
use crate::support::apache::{Release, Server, four_letters, newest, numbers, releases};
use crate::support::certificates::{Authority, Pair, expired, params, self_signed};
use crate::support::ensemble::Ensemble;
use crate::support::shell::{Zksh, bare};
use crate::support::terminal::Setup;
use crate::support::{free_port, wait_until};

fn openssl(folder: &Path, words: &str) -> bool {
    let status = Command::new("openssl")
        .args(words.split_whitespace())
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

/// A server that wants certificates, and the folder with those it trusts.
struct Secured {
    folder: tempfile::TempDir,
    address: String,
    _server: Server,
}

fn secured() -> Option<Secured> {
    let release = newest()?;
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let new = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    if !openssl(
        at,
        &format!("req -x509 {new} -days 99 -subj /CN=test-CA -keyout ca.key -out ca.pem"),
    ) {
        eprintln!("openssl is absent: TLS is left out");
        return None;
    }
    assert!(openssl(
        at,
        &format!("req -x509 {new} -days 99 -subj /CN=other-CA -keyout other.key -out other.pem")
    ));
    for (name, subject, more) in [
        ("server", "/CN=localhost", "subjectAltName=DNS:localhost,IP:127.0.0.1\n"),
        ("client", "/O=zksh/CN=ann", "basicConstraints=CA:FALSE\n"),
    ] {
        fs::write(at.join("ext"), more).unwrap();
        assert!(openssl(
            at,
            &format!("req {new} -subj {subject} -keyout {name}.key -out {name}.csr")
        ));
        assert!(openssl(
            at,
            &format!(
                "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 99 -extfile ext -out {name}.pem"
            )
        ));
        let both = [format!("{name}.key"), format!("{name}.pem")];
        let both = both.map(|file| fs::read(at.join(file)).unwrap()).concat();
        fs::write(at.join(format!("{name}-both.pem")), both).unwrap();
    }
    assert!(openssl(
        at,
        "pkcs12 -export -in client.pem -inkey client.key -passout pass:storepass -out client.p12"
    ));
    fs::write(at.join("password"), "storepass\n").unwrap();
    let port = free_port();
    let shown = at.display();
    let server = Server::with_settings(
        release,
        &format!(
            "secureClientPort={port}\nsecureClientPortAddress=127.0.0.1\n\
         serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory\n\
         ssl.keyStore.location={shown}/server-both.pem\nssl.trustStore.location={shown}/ca.pem\n"
        ),
    );
    Some(Secured { folder, address: format!("localhost:{port}"), _server: server })
}

impl Secured {
    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) -> String {
        fs::write(
            self.folder.path().join(name),
            text.replace("DIR", &self.folder.path().display().to_string()),
        )
        .unwrap();
        self.file(name)
    }
}

#[test]
fn a_secured_ensemble_is_reached_as_its_users_say_it() {
    let Some(secured) = secured() else { return };
    let tls = format!("tls://{}", secured.address);
    let (ca, cert, key) =
        (secured.file("ca.pem"), secured.file("client.pem"), secured.file("client.key"));
    let words = ["--cacert", &ca, "--cert", &cert, "--key", &key];
    let whole = || bare().args(["-server", &tls]).args(words);
    let said = whole().args(["whoami"]).succeed();
    assert!(said.contains("x509: CN=ann,O=zksh"), "{said}");
    // --cacert alone says that it is TLS; a store holds certificate and key.
    let store = [
        "--cacert",
        &ca,
        "--cert",
        &secured.file("client.p12"),
        "--key-password-file",
        &secured.file("password"),
    ]
    .map(str::to_owned);
    let plain_name = || bare().args(["-server", &secured.address]);
    assert!(plain_name().args(&store).args(["create", "/lake"]).succeed().contains("/lake"));

    // What zkCli's users have.
    let properties = secured.write(
        "client.properties",
        "zookeeper.client.secure=true\nzookeeper.ssl.keyStore.location=DIR/client.p12\n\
         zookeeper.ssl.keyStore.passwordPath=DIR/password\nzookeeper.ssl.trustStore.location=DIR/ca.pem\n\
         zookeeper.clientCnxnSocket=org.apache.zookeeper.ClientCnxnSocketNetty\n",
    );
    let java = plain_name().args(["-client-configuration", &properties, "ls", "/"]).succeed();
    assert_eq!(java, "[lake, zookeeper]\n");
    let flags = format!(
        "-Xmx1g -Dzookeeper.client.secure=true -Dzookeeper.ssl.trustStore.location={ca} \
         -Dzookeeper.ssl.keyStore.location={}",
        secured.file("client-both.pem")
    );
    let ran = plain_name().env("CLIENT_JVMFLAGS", &flags).args(["ls", "/"]).run();
    assert_eq!(ran.stderr, "CLIENT_JVMFLAGS says how connections are secured\n");
    assert_eq!((ran.stdout.as_str(), ran.status), ("[lake, zookeeper]\n", 0));

    // A table of the config file.
    let config = secured.write(
        "config.toml",
        &format!(
            "[ensembles.prod]\nservers = '{}'\ncacert = 'DIR/ca.pem'\ncert = 'DIR/client.pem'\nkey = 'DIR/client.key'\n",
            secured.address
        ),
    );
    let named = bare().args(["--config", &config, "--ensemble", "prod", "ls", "/"]).succeed();
    assert_eq!(named, "[lake, zookeeper]\n");

    // In the shell.
    let mut terminal = Setup::new(&tls).args(words).start();
    terminal.wait_for("(CONNECTED) 0]");
    terminal.enter(0, &format!("connect {}", secured.address));
    terminal.enter(1, "ls /");
    terminal.wait_for("[lake, zookeeper]");
}

#[test]
fn what_keeps_a_secured_ensemble_closed_is_told_at_once() {
    let Some(secured) = secured() else { return };
    let ca = secured.file("ca.pem");
    let at = |server: &str| bare().args(["-server", server]);
    let tls = format!("tls://{}", secured.address);
    fails(at(&tls), 2, "TLS needs --cacert");
    fails(
        at(&tls).args(["--cacert", &ca]),
        3,
        "the server wants a client certificate, and none was given",
    );
    fails(at(&tls).args(["--cacert", &secured.file("other.pem")]), 3, "is issued by CN=");
    fails(
        at(&tls).args(["--cacert", "/no/such/file"]),
        1,
        "/no/such/file: No such file or directory",
    );
    let mixed = [
        "--cacert",
        &ca,
        "--cert",
        &secured.file("client.pem"),
        "--key",
        &secured.file("server.key"),
    ]
    .map(str::to_owned);
    fails(at(&tls).args(mixed), 1, "is not that of the certificate in ");
    fails(
        at(&tls).args(["--cacert", &ca, "--cert", &secured.file("client.p12")]),
        1,
        "the password is wrong",
    );
    for (line, wanted) in [
        ("zookeeper.ssl.crl=true", "zookeeper.ssl.crl: zksh does not support it"),
        ("zookeeper.ssl.ciphersuites=x", "zookeeper.ssl.ciphersuites: zksh does not support it"),
        (
            "zookeeper.client.secure=maybe",
            "zookeeper.client.secure: maybe is neither true nor false",
        ),
        ("zookeeper.client.secure=true", "zookeeper.ssl.trustStore.location: TLS needs"),
    ] {
        let file = secured.write("wrong.properties", line);
        fails(at(&tls).args(["-client-configuration", &file]), 2, wanted);
    }
    // Plain against TLS.
    let ran = at(&secured.address).args(["-timeout", "4000", "ls", "/"]).run();
    assert_eq!((ran.status, ran.stdout.as_str()), (3, ""), "{}", ran.stderr);
}

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
    let Some(release) = newest() else { return };
    let server = Server::start(release);
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    fs::write(&password, "annpw").unwrap();
    let ignored = bare()
        .args(["-server", &server.address(), "--sasl", "digest-md5", "--user", "ann"])
        .args(["--password-file", &password.display().to_string()]);
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
