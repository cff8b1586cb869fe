//! Keys, certificates and stores, made by openssl and keytool.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use zeroize::Zeroizing;
use zookeeper::tls::StoreFile;

pub(crate) const PASSWORD: &str = "storepass";

/// Keys, certificates and stores, which all tests share.
pub(crate) struct Fixtures {
    pub(crate) folder: PathBuf,
    pub(crate) keytool: bool,
}

pub(crate) fn fixtures() -> Option<&'static Fixtures> {
    static MADE: OnceLock<Option<Fixtures>> = OnceLock::new();
    MADE.get_or_init(make).as_ref()
}

fn run(folder: &Path, program: &str, words: &str) -> bool {
    let status = Command::new(program)
        .args(words.split_whitespace())
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

fn make() -> Option<Fixtures> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tls");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let openssl = |words: &str| assert!(run(&folder, "openssl", words), "openssl {words}");
    if !run(&folder, "openssl", "version") {
        eprintln!("openssl is absent: tests of TLS are left out");
        return None;
    }
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    for (name, subject) in [("ca", "/CN=zksh-test-CA"), ("other", "/CN=another-CA")] {
        openssl(&format!(
            "req -x509 {key} -days 3650 -subj {subject} -keyout {name}.key -out {name}.pem"
        ));
    }
    let leaf = |name: &str, subject: &str, ca: &str, days: &str, extensions: &str| {
        std::fs::write(folder.join(format!("{name}.ext")), extensions).unwrap();
        openssl(&format!("req {key} -subj {subject} -keyout {name}.key -out {name}.csr"));
        openssl(&format!(
            "x509 -req -in {name}.csr -CA {ca}.pem -CAkey {ca}.key -CAcreateserial -days {days} \
             -extfile {name}.ext -out {name}.pem"
        ));
    };
    let names = "basicConstraints=CA:FALSE\nsubjectAltName=DNS:localhost,IP:127.0.0.1\n";
    leaf("server", "/O=zksh/CN=localhost", "ca", "825", names);
    leaf("nosan", "/O=zksh/CN=localhost", "ca", "825", "basicConstraints=CA:FALSE\n");
    let other_name = "basicConstraints=CA:FALSE\nsubjectAltName=DNS:zk1.example.org\n";
    leaf("mismatch", "/O=zksh/CN=localhost", "ca", "825", other_name);
    leaf("client", "/O=zksh/OU=dev/CN=ann", "ca", "825", "basicConstraints=CA:FALSE\n");
    leaf("stranger", "/CN=stranger", "other", "825", "basicConstraints=CA:FALSE\n");
    // openssl 3.0's `x509` has no option for the end of validity. A certificate with minus one day
    // has expired.
    leaf("expired", "/O=zksh/CN=localhost", "ca", "-1", names);
    openssl(&format!(
        "req -x509 {key} -days 825 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
         -keyout selfca.key -out selfca.pem"
    ));
    openssl(&format!("pkcs8 -topk8 -in client.key -passout pass:{PASSWORD} -out client-enc.key"));
    openssl(&format!(
        "pkcs8 -topk8 -scrypt -in client.key -passout pass:{PASSWORD} -out client-scrypt.key"
    ));
    openssl(&format!("ec -in client.key -aes256 -passout pass:{PASSWORD} -out client-trad.key"));
    openssl("ec -in client.key -out client-sec1.key");
    openssl(&format!(
        "pkcs12 -export -in client.pem -inkey client.key -certfile ca.pem -name client -passout pass:{PASSWORD} -out client.p12"
    ));
    run(
        &folder,
        "openssl",
        &format!(
            "pkcs12 -export -legacy -in client.pem -inkey client.key -name client -passout pass:{PASSWORD} -out client-legacy.p12"
        ),
    );
    let both = [folder.join("client.key"), folder.join("client.pem")]
        .map(|path| std::fs::read(path).unwrap());
    std::fs::write(folder.join("client-both.pem"), both.concat()).unwrap();
    let copy = |kind: &str, to: &str, more: &str| {
        run(
            &folder,
            "keytool",
            &format!(
                "{more} -importkeystore -noprompt -srckeystore client.p12 -srcstorepass {PASSWORD} \
             -destkeystore {to} -deststoretype {kind} -deststorepass {PASSWORD}"
            ),
        )
    };
    let keytool = copy("JKS", "client.jks", "");
    if keytool {
        assert!(copy("PKCS12", "client-kt.p12", ""));
        assert!(copy("PKCS12", "client-ktlegacy.p12", "-J-Dkeystore.pkcs12.legacy"));
        assert!(copy("JCEKS", "client.jceks", ""));
        for (kind, to) in [("JKS", "trust.jks"), ("PKCS12", "trust.p12")] {
            assert!(run(
                &folder,
                "keytool",
                &format!(
                    "-importcert -noprompt -alias ca -file ca.pem -keystore {to} -storetype {kind} -storepass {PASSWORD}"
                )
            ));
        }
    } else {
        eprintln!("keytool is absent: tests of its stores are left out");
    }
    Some(Fixtures { folder, keytool })
}

impl Fixtures {
    pub(crate) fn file(&self, name: &str) -> StoreFile {
        StoreFile::new(self.folder.join(name))
    }

    pub(crate) fn locked(&self, name: &str) -> StoreFile {
        self.file(name).password(Zeroizing::new(PASSWORD.to_owned()))
    }

    pub(crate) fn der(&self, name: &str) -> Vec<u8> {
        self.file(name).read().unwrap().certificates[0].clone()
    }

    pub(crate) fn exists(&self, name: &str) -> bool {
        self.folder.join(name).exists()
    }
}
