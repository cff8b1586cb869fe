//! RSA keys of authorities, servers and clients. They are made by openssl, and left out without it.

use std::fs;

use super::apache_words::{tls_settings, with_tls};
use super::{Secured, tool, works};
use crate::support::apache::Server;
use crate::support::shell::bare;

/// A sandbox, not started, whose certificates and those of its folder have RSA keys. Returns none
/// if openssl is missing.
fn prepared() -> Option<Secured> {
    let secured = Secured::prepared(|_| {});
    let at = secured.folder.path();
    let openssl = |words: &str| tool(at, &format!("openssl {words}"));
    let new = "-newkey rsa:2048 -nodes";
    if !openssl(&format!("req -x509 {new} -days 99 -subj /CN=rsa-CA -keyout ca.key -out ca.pem")) {
        eprintln!("openssl is absent: RSA keys are left out");
        return None;
    }
    for (name, subject, extension) in [
        ("server", "/CN=localhost", "subjectAltName=DNS:localhost,IP:127.0.0.1\n"),
        ("client", "/CN=ann", "basicConstraints=CA:FALSE\n"),
    ] {
        fs::write(at.join("ext"), extension).unwrap();
        let wanted = format!("req {new} -subj {subject} -keyout {name}.key -out {name}.csr");
        assert!(openssl(&wanted));
        assert!(openssl(&format!(
            "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 99 \
             -extfile ext -out {name}.pem"
        )));
        let both = [format!("{name}.key"), format!("{name}.pem")];
        let both = both.map(|file| fs::read(at.join(file)).unwrap()).concat();
        fs::write(at.join(format!("{name}-both.pem")), both).unwrap();
    }
    // The older encoding, PKCS#1, and a store.
    assert!(openssl("rsa -in client.key -traditional -out client-pkcs1.key"));
    assert!(openssl(
        "pkcs12 -export -in client.pem -inkey client.key -passout pass:pw -out me.p12"
    ));
    fs::write(at.join("pw"), "pw\n").unwrap();
    assert!(fs::read_to_string(at.join("client-pkcs1.key")).unwrap().contains("RSA PRIVATE KEY"));
    Some(secured)
}

#[test]
fn rsa_keys_work_in_every_encoding_and_version_of_tls() {
    let Some(mut secured) = prepared() else { return };
    for (tls12, tls13) in [(true, false), (false, true)] {
        secured.settings.tls12 = tls12;
        secured.settings.tls13 = tls13;
        secured.serve(1);
        for key in ["client.key", "client-pkcs1.key"] {
            let said = secured.showing("client.pem", key).arg("whoami").succeed();
            assert!(said.contains("x509: CN=ann\n"), "{key}: {said}");
        }
        let (store, password) = (secured.file("me.p12"), secured.file("pw"));
        works(secured.anonymous().args(["--cert", &store, "--key-password-file", &password]));
    }
}

#[test]
fn rsa_keys_work_with_apaches_servers() {
    let Some(secured) = prepared() else { return };
    for release in with_tls() {
        let server = Server::with_settings(release, &tls_settings(secured.folder.path()));
        let address = format!("tls://localhost:{}", server.port());
        let words = [
            "-server",
            &address,
            "--cacert",
            &secured.file("ca.pem"),
            "--cert",
            &secured.file("client.pem"),
            "--key",
            &secured.file("client.key"),
        ];
        let said = bare().args(words).arg("whoami").succeed();
        assert!(said.contains("x509: CN=ann\n"), "{}: {said}", release.version);
    }
}
