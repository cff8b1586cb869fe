//! Tests TLS with stores made by openssl and keytool, and with servers that use rustls. Stores of a
//! missing tool are not tested.

#![cfg(test)]
#![allow(clippy::print_stderr, reason = "a test reports what it skips")]

mod apache;
mod fixtures;

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ServerConfig, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use zeroize::Zeroizing;

use self::fixtures::{Fixtures, PASSWORD, fixtures};
use zookeeper::tls::{KeyEncoding, Store, StoreFile, TlsDial, TlsOptions};
use zookeeper::{Cause, Dial, Host, Tls};

#[test]
fn stores_of_every_kind_hold_the_same_key() {
    let Some(made) = fixtures() else { return };
    let certificate = made.der("client.pem");
    let plain = made.file("client.key").read().unwrap().keys[0].der.clone();
    let stores =
        ["client.p12", "client-legacy.p12", "client-kt.p12", "client-ktlegacy.p12", "client.jks"];
    let mut tried = 0;
    for name in stores.into_iter().filter(|name| made.exists(name)) {
        let store = made.locked(name).read().unwrap();
        assert_eq!(store.keys.len(), 1, "{name}");
        let key = &store.keys[0];
        assert_eq!(key.chain[0], certificate, "{name}");
        assert_eq!(key.encoding, KeyEncoding::Pkcs8);
        // Attributes may follow the key itself.
        assert_eq!(key.der[6..40], plain[6..40], "{name}");
        let wrong = made.file(name).password(Zeroizing::new("wrong".to_owned())).read();
        let wrong = wrong.unwrap_err().to_string();
        assert!(wrong.ends_with("the password is wrong, or the file is damaged"), "{wrong}");
        tried += 1;
    }
    assert!(tried >= if made.keytool { 4 } else { 1 });
    // The chain contains the authority after the certificate.
    let chain = made.locked("client.p12").read().unwrap().keys[0].chain.clone();
    assert_eq!(chain, [certificate, made.der("ca.pem")]);
}

#[test]
fn keys_of_every_kind_are_read_or_named() {
    let Some(made) = fixtures() else { return };
    let plain = made.file("client.key").read().unwrap().keys[0].clone();
    for name in ["client-enc.key", "client-scrypt.key"] {
        assert_eq!(made.locked(name).read().unwrap().keys[0], plain, "{name}");
        let error = made.file(name).read().unwrap_err().to_string();
        assert!(error.ends_with("it is encrypted and needs a password"), "{error}");
        let wrong = made.file(name).password(Zeroizing::new("wrong".to_owned()));
        assert!(wrong.read().unwrap_err().to_string().contains("the password is wrong"));
    }
    let sec1 = made.file("client-sec1.key").read().unwrap().keys[0].encoding;
    assert_eq!(sec1, KeyEncoding::Sec1);
    let error = made.locked("client-trad.key").read().unwrap_err().to_string();
    assert!(error.contains("openssl pkcs8 -topk8 converts it"), "{error}");
    if made.keytool {
        let error = made.locked("client.jceks").read().unwrap_err().to_string();
        assert!(error.contains("JCEKS"), "{error}");
        for name in ["trust.jks", "trust.p12"] {
            assert_eq!(made.locked(name).read().unwrap().certificates, [made.der("ca.pem")]);
        }
        // The certificate names in a JKS store can be read without the password.
        assert_eq!(made.file("trust.jks").read().unwrap().certificates.len(), 1);
    }
}

#[test]
fn damaged_stores_are_errors() {
    let Some(made) = fixtures() else { return };
    for name in ["client.p12", "client.jks", "client-kt.p12", "client-both.pem", "client-enc.key"] {
        let Ok(whole) = std::fs::read(made.folder.join(name)) else { continue };
        for cut in (0..whole.len()).step_by(7) {
            let _ = Store::read(&whole[..cut], Some(PASSWORD));
        }
        for at in (0..whole.len()).step_by(11) {
            let mut bent = whole.clone();
            bent[at] ^= 0x81;
            let _ = Store::read(&bent, None);
        }
    }
    for bytes in [&b""[..], b"hello", &[0x30, 0x80, 0x02], &[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2]] {
        assert!(Store::read(bytes, None).is_err());
    }
}

fn options(made: &Fixtures, trust: &str) -> TlsOptions {
    TlsOptions::new(made.file(trust))
}

#[test]
fn mismatched_files_are_reported_before_any_connection() {
    let Some(made) = fixtures() else { return };
    let said = |options: TlsOptions| {
        let error = TlsDial::new(options).unwrap_err().to_string();
        error.replace(&format!("{}/", made.folder.display()), "")
    };
    let mut other_key = options(made, "ca.pem");
    other_key.certificate = Some(made.file("client.pem"));
    other_key.key = Some(made.file("stranger.key"));
    assert_eq!(
        said(other_key),
        "the key in stranger.key is not that of the certificate in client.pem"
    );
    let mut none = options(made, "ca.pem");
    none.certificate = Some(made.file("client.pem"));
    assert_eq!(said(none), "client.pem: it holds no private key");
    assert_eq!(said(options(made, "client.key")), "client.key: it holds no certificate to trust");
    let folder = TlsOptions::new(StoreFile::new(&made.folder));
    assert!(said(folder).ends_with("Is a directory (os error 21)"));
    let absent = said(options(made, "absent.pem"));
    assert!(absent.starts_with("absent.pem: No such file"), "{absent}");
    std::fs::write(made.folder.join("large.pem"), vec![b'x'; 10 << 20]).unwrap();
    assert!(said(options(made, "large.pem")).contains("it is larger than"));
}

/// Starts a TLS server that echoes each byte, with the given certificate. `wants` makes it request
/// one from clients.
async fn serve(
    made: &'static Fixtures,
    name: &str,
    wants: bool,
    version: &'static SupportedProtocolVersion,
) -> SocketAddr {
    let certificate = CertificateDer::from(made.der(&format!("{name}.pem")));
    let key = made.file(&format!("{name}.key")).read().unwrap().keys[0].der.to_vec();
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap();
    let builder = if wants {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from(made.der("ca.pem"))).unwrap();
        let provider = Arc::new(ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        builder.with_client_cert_verifier(verifier.build().unwrap())
    } else {
        builder.with_no_client_auth()
    };
    let config =
        builder.with_single_cert(vec![certificate], PrivateKeyDer::Pkcs8(key.into())).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut byte = [0];
                while stream.read_exact(&mut byte).await.is_ok() {
                    if stream.write_all(&byte).await.is_err() || stream.flush().await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

/// Connects, sends a byte and waits for its echo. Returns the TLS parameters, or the reason for the
/// failure.
async fn try_out(options: TlsOptions, host: &str, address: SocketAddr) -> Result<Tls, Cause> {
    let dial = TlsDial::new(options).unwrap();
    let host = Host { name: host.to_owned(), port: address.port() };
    let mut wire = dial.dial(&host, address).await?;
    let mut echo = [0];
    let exchanged = async {
        wire.stream.write_all(b"x").await?;
        wire.stream.flush().await?;
        wire.stream.read_exact(&mut echo).await
    };
    exchanged.await.map_err(|error| Cause::of_io(&error))?;
    Ok(wire.peer.tls.unwrap())
}

#[tokio::test]
async fn certificates_are_accepted_exactly_as_in_java() {
    let Some(made) = fixtures() else { return };
    let both = [&rustls::version::TLS12, &rustls::version::TLS13];
    for version in both {
        let good = serve(made, "server", false, version).await;
        let tls = try_out(options(made, "ca.pem"), "localhost", good).await.unwrap();
        let wanted =
            if version.version == rustls::ProtocolVersion::TLSv1_2 { "TLSv1.2" } else { "TLSv1.3" };
        assert_eq!((tls.version.as_str(), &tls.certificates[0]), (wanted, &made.der("server.pem")));
        try_out(options(made, "ca.pem"), "127.0.0.1", good).await.unwrap();
        // A host that is not a DNS name is identified by its address.
        try_out(options(made, "ca.pem"), "127.1", good).await.unwrap();
        let nosan = serve(made, "nosan", false, version).await;
        try_out(options(made, "ca.pem"), "localhost", nosan).await.unwrap();
        let selfca = serve(made, "selfca", false, version).await;
        try_out(options(made, "selfca.pem"), "localhost", selfca).await.unwrap();

        let mismatch = serve(made, "mismatch", false, version).await;
        let expired = serve(made, "expired", false, version).await;
        for (trust, host, address, wanted) in [
            ("other.pem", "localhost", good, "is issued by CN=zksh-test-CA, which "),
            ("other.pem", "localhost", good, "does not trust; it trusts CN=another-CA"),
            ("ca.pem", "localhost", selfca, "is issued by CN=localhost, which "),
            ("ca.pem", "localhost", mismatch, "is for zk1.example.org, not for localhost"),
            ("ca.pem", "zk2.example.org", nosan, "is for localhost, not for zk2.example.org"),
            ("ca.pem", "localhost", expired, "the certificate of CN=localhost, O=zksh expired on "),
        ] {
            let cause = try_out(options(made, trust), host, address).await.unwrap_err();
            assert!(cause.to_string().contains(wanted), "{cause}");
            assert!(cause.is_final(), "{cause}");
        }
        // Only the check of names can be turned off. An unknown authority is still refused.
        let mut any_name = options(made, "ca.pem");
        any_name.verify_hostname = false;
        try_out(any_name.clone(), "localhost", mismatch).await.unwrap();
        assert!(try_out(any_name, "localhost", expired).await.is_err());
        let mut any_name = options(made, "other.pem");
        any_name.verify_hostname = false;
        assert!(try_out(any_name, "localhost", good).await.is_err());
    }
}

#[tokio::test]
async fn a_client_certificate_is_sent_and_its_refusal_is_reported() {
    let Some(made) = fixtures() else { return };
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let address = serve(made, "server", true, version).await;
        let identity = |certificate: StoreFile, key: Option<StoreFile>| {
            let mut options = options(made, "ca.pem");
            (options.certificate, options.key) = (Some(certificate), key);
            options
        };
        let mut good = vec![
            identity(made.file("client.pem"), Some(made.file("client.key"))),
            identity(made.file("client.pem"), Some(made.locked("client-enc.key"))),
            identity(made.file("client.pem"), Some(made.file("client-sec1.key"))),
            identity(made.file("client-both.pem"), None),
            identity(made.locked("client.p12"), None),
        ];
        if made.keytool {
            good.push(identity(made.locked("client.jks"), None));
        }
        for options in good {
            try_out(options, "localhost", address).await.unwrap();
        }
        let none = try_out(options(made, "ca.pem"), "localhost", address).await.unwrap_err();
        assert!(none.to_string().contains("wants a client certificate"), "{none}");
        let stranger = identity(made.file("stranger.pem"), Some(made.file("stranger.key")));
        let refused = try_out(stranger, "localhost", address).await.unwrap_err();
        assert!(refused.to_string().contains("does not accept our certificate"), "{refused}");
        assert!(none.is_final() && refused.is_final());
    }
}

#[tokio::test]
async fn incompatible_versions_are_reported() {
    let Some(made) = fixtures() else { return };
    let address = serve(made, "server", false, &rustls::version::TLS13).await;
    let mut old = options(made, "ca.pem");
    old.tls13 = false;
    let cause = try_out(old, "localhost", address).await.unwrap_err();
    assert!(cause.to_string().contains("knows neither TLS 1.2 nor TLS 1.3"), "{cause}");
    assert!(cause.is_final());
}

#[tokio::test]
async fn a_port_without_tls_differs_from_one_that_only_closes() {
    let Some(made) = fixtures() else { return };
    // ZooKeeper answers four-letter words, and ignores anything else that it cannot parse.
    for (answers, wanted, is_final) in [
        (true, "the port speaks ZooKeeper without TLS, and TLS was asked for", true),
        (false, "the server closed the connection in the TLS handshake", false),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut first = [0; 4];
                let read = stream.read_exact(&mut first).await;
                if answers && read.is_ok() && &first == b"srvr" {
                    let _ = stream.write_all(b"Zookeeper version: 3.8.4\n").await;
                } else {
                    // Read to the end of the hello, so that the client does not see a reset
                    // instead.
                    let _ = stream.shutdown().await;
                    let mut rest = Vec::new();
                    let _ = stream.read_to_end(&mut rest).await;
                }
            }
        });
        let cause = try_out(options(made, "ca.pem"), "localhost", address).await.unwrap_err();
        assert_eq!((cause.to_string().as_str(), cause.is_final()), (wanted, is_final));
    }
}

#[tokio::test]
async fn a_changed_certificate_is_read_again() {
    let Some(made) = fixtures() else { return };
    let address = serve(made, "server", false, &rustls::version::TLS13).await;
    let trust = made.folder.join("changing.pem");
    std::fs::copy(made.folder.join("other.pem"), &trust).unwrap();
    let dial = TlsDial::new(TlsOptions::new(StoreFile::new(&trust))).unwrap();
    let host = Host { name: "localhost".to_owned(), port: address.port() };
    assert!(dial.dial(&host, address).await.is_err());
    let both = [made.folder.join("other.pem"), made.folder.join("ca.pem")]
        .map(|path| std::fs::read(path).unwrap());
    std::fs::write(&trust, both.concat()).unwrap();
    assert!(dial.dial(&host, address).await.is_ok());
}
