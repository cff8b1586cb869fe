//! Files that cannot be used: errors name them before anything is sent.

use std::fs;

use super::{Secured, fails, tool, works};
use crate::support::certificates::params;

/// Runs `ls /`, which must fail with this message about that file. The page must contain the
/// message.
#[track_caller]
fn refused(shell: crate::support::shell::Zksh, file: &str, words: &str) {
    assert!(super::PAGE.contains(words), "not in docs/secured.md: {words}");
    let ran = fails(shell, 1, words);
    assert!(ran.stderr.contains(&format!("/{file}")), "{}", ran.stderr);
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let secured = Secured::start();
    let with = |option: &str, file: &str| match option {
        "--cacert" => secured.trusting(file),
        "--cert" => secured.showing(file, "client.key"),
        _ => secured.showing("client.pem", file),
    };
    secured.write("empty.pem", "");
    secured.write("text.pem", "no certificate\n");
    secured.write("large.pem", vec![b'x'; 10 << 20]);
    secured.write("jceks", [&[0xce, 0xce, 0xce, 0xce][..], &[0; 40]].concat());
    fs::create_dir(secured.file("folder")).unwrap();
    secured.authority.issue(&params("bob", &[])).write(secured.folder.path(), "bob");
    let large = "it is larger than 4194304 bytes";
    let unknown = "it is no PEM, PKCS12 or JKS file";
    let jceks =
        "JCEKS (keytool -importkeystore -deststoretype PKCS12 converts it) is not supported";
    for (option, file, words) in [
        ("--cacert", "nosuch.pem", "No such file or directory"),
        ("--cacert", "empty.pem", unknown),
        ("--cacert", "text.pem", unknown),
        ("--cacert", "client.key", "it holds no certificate to trust"),
        ("--cacert", "folder", "Is a directory"),
        ("--cacert", "large.pem", large),
        ("--cacert", "jceks", jceks),
        ("--cert", "large.pem", large),
        ("--cert", "empty.pem", unknown),
        ("--key", "bob.key", "is not that of the certificate in "),
        ("--key", "ca.pem", "it holds no private key"),
        ("--key", "folder", "Is a directory"),
    ] {
        refused(with(option, file), file, words);
    }
    assert!(secured.handle().sessions().is_empty(), "nobody has connected");
}

#[test]
fn keys_of_every_kind_work_and_wrong_passwords_are_reported() {
    let secured = Secured::start();
    let folder = secured.folder.path();
    if !tool(folder, "openssl version") {
        eprintln!("openssl is absent: encrypted keys are left out");
        return;
    }
    let made = |words: &str| assert!(tool(folder, words), "{words}");
    made("openssl pkcs8 -topk8 -in client.key -passout pass:storepass -out encrypted.key");
    made("openssl ec -in client.key -out sec1.key");
    made("openssl ec -in client.key -aes256 -passout pass:storepass -out traditional.key");
    made(
        "openssl pkcs12 -export -in client.pem -inkey client.key -name ann -passout pass:storepass -out client.p12",
    );
    secured.write("right", "storepass\n");
    secured.write("wrong", "anotherpass");
    let key = |file: &str| secured.showing("client.pem", file);
    let opened = |shell: crate::support::shell::Zksh, file: &str| {
        shell.args(["--key-password-file", &secured.file(file)])
    };
    works(key("sec1.key"));
    works(opened(key("encrypted.key"), "right"));
    let wrong = "the password is wrong, or the file is damaged";
    let locked = "it is encrypted and needs a password";
    refused(opened(key("encrypted.key"), "wrong"), "encrypted.key", wrong);
    refused(key("encrypted.key"), "encrypted.key", locked);
    let traditional =
        "A key that is encrypted the traditional way (openssl pkcs8 -topk8 converts it)";
    refused(key("traditional.key"), "traditional.key", traditional);
    let store = |file: &str| secured.anonymous().args(["--cert", &secured.file(file)]);
    works(opened(store("client.p12"), "right"));
    refused(opened(store("client.p12"), "wrong"), "client.p12", wrong);
    refused(store("client.p12"), "client.p12", wrong);
    let store_of = |kind: &str, file: &str| {
        tool(
            folder,
            &format!(
                "keytool -importkeystore -noprompt -srckeystore client.p12 -srcstorepass storepass \
                 -destkeystore {file} -deststoretype {kind} -deststorepass storepass"
            ),
        )
    };
    if !store_of("JKS", "client.jks") {
        eprintln!("keytool is absent: JKS and JCEKS are left out");
        return;
    }
    works(opened(store("client.jks"), "right"));
    refused(opened(store("client.jks"), "wrong"), "client.jks", wrong);
    assert!(store_of("JCEKS", "client.jceks"));
    refused(opened(store("client.jceks"), "right"), "client.jceks", "JCEKS (keytool");
}
