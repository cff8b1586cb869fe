//! TLS in the shell with options, the config file and the files of zkCli's users, against an Apache
//! server whose certificates are made here. Skipped if openssl or a release with Netty is missing.

use std::fs;
use std::path::Path;

use super::{fails, tool};
use crate::support::apache::{Server, newest};
use crate::support::free_port;
use crate::support::shell::bare;
use crate::support::terminal::Setup;

fn openssl(folder: &Path, words: &str) -> bool {
    tool(folder, &format!("openssl {words}"))
}

/// A server that requires client certificates, and a folder with those that it trusts.
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
fn each_way_to_configure_security_works() {
    let Some(secured) = secured() else { return };
    let tls = format!("tls://{}", secured.address);
    let (ca, cert, key) =
        (secured.file("ca.pem"), secured.file("client.pem"), secured.file("client.key"));
    let words = ["--cacert", &ca, "--cert", &cert, "--key", &key];
    let whole = || bare().args(["-server", &tls]).args(words);
    let said = whole().args(["whoami"]).succeed();
    assert!(said.contains("x509: CN=ann,O=zksh"), "{said}");
    // --cacert alone enables TLS. A store contains both certificate and key.
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

    // The configuration files of zkCli's users.
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

    // A table in the config file.
    let config = secured.write(
        "config.toml",
        &format!(
            "[ensembles.prod]\nservers = '{}'\ncacert = 'DIR/ca.pem'\ncert = 'DIR/client.pem'\nkey = 'DIR/client.key'\n",
            secured.address
        ),
    );
    let named = bare().args(["--config", &config, "--ensemble", "prod", "ls", "/"]).succeed();
    assert_eq!(named, "[lake, zookeeper]\n");

    // At a prompt of the shell.
    let mut terminal = Setup::new(&tls).args(words).start();
    terminal.wait_for("(CONNECTED) 0]");
    terminal.enter(0, &format!("connect {}", secured.address));
    terminal.enter(1, "ls /");
    terminal.wait_for("[lake, zookeeper]");
}

#[test]
fn failures_of_secured_connections_are_reported_at_once() {
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
    // A plain client with a TLS port.
    let ran = at(&secured.address).args(["-timeout", "4000", "ls", "/"]).run();
    assert_eq!((ran.status, ran.stdout.as_str()), (3, ""), "{}", ran.stderr);
}
