//! `--sandbox-tls` and `--sandbox-users`: the files that they make, their messages, and who can
//! connect.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::support::shell::{Zksh, bare};

fn sandbox(folder: &str) -> Zksh {
    bare().args(["--sandbox=127.0.0.1:0", "--sandbox-tls", folder])
}

#[test]
fn the_greeting_shows_how_to_connect() {
    let folder = tempfile::tempdir().unwrap();
    // The shell would split this name without quotes.
    let keys = folder.path().join("the keys");
    let keys = keys.to_str().unwrap();
    let users = folder.path().join("users");
    fs::write(&users, "ann:annpw\n\nbob:b:p\n").unwrap();
    let users = users.to_str().unwrap();
    let serving = sandbox(keys).args(["--sandbox-users", users, "--serve"]);
    let mut server = serving.start();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let ready = lines.next().unwrap().unwrap();
    assert!(ready.starts_with("Sandbox ready on 127.0.0.1:"), "{ready}");
    let join = lines.next().unwrap().unwrap();
    let join = join.strip_prefix("Join it: zksh ").unwrap();
    assert!(join.ends_with(" --sasl digest-md5 --user ann"), "{join}");
    // The printed line is valid for the shell. The user supplies the password, which the sandbox
    // does not print.
    let password = folder.path().join("password");
    fs::write(&password, "annpw").unwrap();
    let line = format!(
        "exec {} {join} --password-file {} whoami",
        env!("CARGO_BIN_EXE_zksh"),
        password.display()
    );
    let ran = Command::new("sh").args(["-c", &line]).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(said.contains("x509: CN=ann,O=zksh\nsasl: ann\n"), "{said}{ran:?}");
    server.kill().unwrap();
    server.wait().unwrap();
    for (name, mode) in [("ca.key", 0o600), ("server.key", 0o600), ("client.key", 0o600)] {
        let found = fs::metadata(format!("{keys}/{name}")).unwrap().permissions().mode();
        assert_eq!(found & 0o777, mode, "{name}");
    }
    // A second sandbox uses the same certificates, and its own shell connects to it.
    let before = fs::read(format!("{keys}/ca.pem")).unwrap();
    let ran = sandbox(keys).args(["whoami"]).run();
    assert_eq!((ran.status, ran.stdout.lines().last()), (0, Some("x509: CN=ann,O=zksh")));
    assert_eq!(fs::read(format!("{keys}/ca.pem")).unwrap(), before);
    let none = sandbox(keys).args(["--sandbox-set", "ssl.clientAuth=none", "whoami"]).run();
    assert_eq!((none.status, none.stdout.contains("x509")), (0, false), "{}", none.stderr);
}

#[test]
fn unusable_files_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let here = folder.path().to_str().unwrap().to_owned();
    let empty = folder.path().join("empty").display().to_string();
    let wrong = file("wrong", "ann:annpw\nbob-has-none\n");
    let nobody = file("nobody", "\n");
    file("ca.pem", "");
    let tls = |folder: &str| ["--sandbox-tls".to_owned(), folder.to_owned()];
    let users = |file: &str| ["--sandbox-users".to_owned(), file.to_owned()];
    let pair = |name: &str, value: &str| [name.to_owned(), value.to_owned()];
    for (words, status, wanted) in [
        (tls(&here), 3, "holds ca.pem and no server.pem; an empty folder gets all of them"),
        (users(&wrong), 2, "wrong:2: not user:password"),
        (users(&nobody), 2, "nobody names no user"),
        (users("/no/such"), 1, "Cannot read /no/such"),
        (pair("--cacert", "ca.pem"), 2, "--cacert is for other servers"),
        (pair("--sandbox-set", "ssl.clientAuth=maybe"), 2, "ssl.clientAuth is none, want or need"),
        (pair("--sandbox-set", "ssl.enabledProtocols=SSLv3"), 2, "TLSv1.2, TLSv1.3, or both"),
    ] {
        let ran = bare().arg("--sandbox=127.0.0.1:0").args(words).args(["ls", "/"]).run();
        assert!(ran.stderr.contains(wanted), "wanted: {wanted}\n{ran:?}");
        assert!(ran.status == status && !ran.stderr.contains("annpw"), "{ran:?}");
    }
    // The key belongs to another certificate.
    assert_eq!(sandbox(&empty).args(["ls", "/"]).run().status, 0);
    fs::copy(format!("{empty}/client.key"), format!("{empty}/server.key")).unwrap();
    let ran = sandbox(&empty).args(["ls", "/"]).run();
    assert!(ran.status == 3 && ran.stderr.contains("server.key: "), "{ran:?}");
}
