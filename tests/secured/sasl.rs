//! DIGEST-MD5 in the shell: identities, and the messages of failures.

use super::{Secured, fails, users, works};
use crate::support::shell::{Zksh, bare};

/// Starts a sandbox with users and without TLS.
fn plain(required: bool) -> Secured {
    Secured::with(|settings| {
        settings.tls = None;
        settings.users = users(&[("ann", "annpw"), ("bob", "b \"p'w"), ("super", "root")]);
        settings.require_sasl = required;
    })
}

fn shell(secured: &Secured) -> Zksh {
    bare().args(["-server", &secured.at("127.0.0.1")])
}

#[test]
fn only_known_users_are_accepted() {
    for required in [false, true] {
        let secured = plain(required);
        let said = secured.sasl(shell(&secured), "ann", "annpw").arg("whoami").succeed();
        assert_eq!(said, "Auth scheme: User\nip: 127.0.0.1\nsasl: ann\n");
        works(secured.sasl(shell(&secured), "bob", "b \"p'w"));
        for (user, password) in [("ann", "wrong"), ("nobody", "annpw"), ("ann", "annpw ")] {
            let ran = fails(
                secured.sasl(shell(&secured), user, password),
                3,
                "does not accept the credentials",
            );
            assert!(!ran.stderr.contains(password), "{}", ran.stderr);
        }
        assert_eq!(secured.handle().sessions().len(), 3, "one for each refusal, no more");
    }
    let secured = plain(true);
    fails(shell(&secured), 3, "the server requires SASL");
    assert_eq!(secured.handle().sessions().len(), 1);
}

#[test]
fn a_server_that_ignores_credentials_is_reported() {
    let secured = Secured::start();
    let ran = fails(
        secured.sasl(secured.ann(), "ann", "annpw"),
        3,
        "the server has no SASL: it ignores credentials",
    );
    assert!(!ran.stderr.contains("annpw"));
}

#[test]
fn users_and_certificates_work_in_acls_as_with_apache() {
    let secured =
        Secured::with(|settings| settings.users = users(&[("ann", "pw"), ("super", "pw")]));
    let ann = || secured.sasl(secured.ann(), "ann", "pw");
    let script = "create /a x sasl:ann:cdrwa\ncreate /x x x509:CN=ann:cdrwa\n\
                  create /auth x auth::r\ncreate /realm x sasl:bob@ZK.TEST:r\ngetAcl /auth\n";
    let ran = ann().script(script);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    assert!(ran.stdout.ends_with("'x509,'CN=ann\n: r\n'sasl,'ann\n: r\n"), "{}", ran.stdout);
    let is_x = |shell: Zksh, path| assert!(shell.args(["get", path]).succeed().starts_with("x\n"));
    is_x(ann(), "/a");
    is_x(secured.ann(), "/x");
    let refused = secured.ann().args(["get", "/a"]).run();
    assert_eq!((refused.status, refused.stdout.as_str()), (1, ""));
    assert!(refused.stderr.contains("Authentication is not valid"), "{}", refused.stderr);
    let refused = ann().args(["get", "/realm"]).run();
    assert_eq!(refused.status, 1);
    // The user named super has all permissions.
    let root = secured.sasl(secured.ann(), "super", "pw");
    is_x(root, "/realm");
    let ran = ann().args(["addauth", "sasl", "ann:pw"]).run();
    assert_ne!(ran.status, 0);
}

#[test]
fn a_session_authenticates_on_each_connection() {
    let secured = Secured::with(|settings| settings.users = users(&[("ann", "pw")]));
    let mut terminal =
        crate::support::terminal::Setup::new(&format!("tls://{}", secured.at("localhost")))
            .args(["--cacert", &secured.file("ca.pem"), "--cert", &secured.file("client.pem")])
            .args(["--key", &secured.file("client.key"), "--sasl", "digest-md5", "--user", "ann"])
            .start();
    terminal.wait_for("Password of ann:");
    terminal.keys("pw\r");
    terminal.wait_for("(CONNECTED) 0]");
    terminal.enter(0, "create /mine x sasl:ann:cdrwa");
    terminal.wait_for("Created /mine");
    secured.handle().drop_connections();
    terminal.enter(1, "set /mine y");
    terminal.enter(2, "get /mine");
    let screen = terminal.wait_until("its data", |screen| screen.lines().any(|line| line == "y"));
    assert!(!screen.contains("pw"), "{screen}");
}
