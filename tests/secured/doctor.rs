//! `doctor` with secured servers.

use super::{Secured, users};
use crate::json::records;
use crate::support::certificates::{Authority, params};

#[test]
fn each_step_is_shown() {
    let secured = Secured::with(|settings| settings.users = users(&[("ann", "annpw")]));
    let ran = secured.sasl(secured.ann(), "ann", "annpw").arg("doctor").run();
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    let words: Vec<&str> =
        ran.stdout.lines().map(|line| line.get(2..15).unwrap_or(line).trim()).collect();
    let own = ["certificate", "issued by", "valid until"];
    let steps = ["resolves", "connects", "TLS"];
    let rest = ["session", "SASL", "server"];
    let all = [&own[..], &[words[4]], &steps, &own, &rest].concat();
    assert_eq!(words[1..], all, "{}", ran.stdout);
    for wanted in ["CN=ann\n", "TLSv1.3, TLS13_", "CN=test-CA\n", "days left", "as ann"] {
        assert!(ran.stdout.contains(wanted), "{wanted}: {}", ran.stdout);
    }
    assert!(!ran.stdout.contains("annpw"));
    assert!(secured.handle().sessions().is_empty(), "its sessions are closed");
}

#[test]
fn it_stops_at_a_failed_step_and_gives_advice() {
    let secured = Secured::start();
    let ran = secured.anonymous().arg("doctor").run();
    assert_eq!((ran.status, ran.stderr.as_str()), (3, ""), "{}", ran.stdout);
    let last: Vec<&str> = ran.stdout.lines().rev().take(2).collect();
    assert!(last[1].starts_with("  session      "), "{}", ran.stdout);
    assert!(last[1].contains("the server wants a client certificate, and none was given ("));
    assert_eq!(
        last[0],
        "  next         pass --cert FILE, and --key FILE if the key is in another file"
    );
    let stranger = Authority::new("other-CA");
    secured.server_has(&stranger.issue(&params("localhost\n  SASL: yes", &["localhost"])));
    let server = format!("tls://{},127.0.0.1:1", secured.at("localhost"));
    let words = ["-server", &server, "-o", "json", "doctor"].map(str::to_owned);
    let ran = secured.ann().args(words).run();
    assert_eq!((ran.status, ran.stderr.as_str()), (3, ""));
    let records = records(&ran.stdout);
    let servers = records[0]["result"]["servers"].as_array().unwrap();
    let last = |at: usize| servers[at]["steps"].as_array().unwrap().last().unwrap();
    assert_eq!(last(0)["step"], "tls");
    let failure = last(0)["failure"].as_str().unwrap();
    assert!(failure.contains("is issued by CN=other-CA"), "{failure}");
    assert_eq!(
        (&last(1)["step"], &last(1)["failure"]),
        (&"connect".into(), &"refuses connections".into())
    );
    assert_eq!((servers[0]["well"].as_bool(), servers.len()), (Some(false), 2));
    // In a pipe, a name with line breaks is written on one line.
    let ran = secured.ann().arg("doctor").run();
    assert!(!ran.stdout.lines().any(|line| line.starts_with("  SASL")), "{}", ran.stdout);
    // At a prompt of the shell, while a session is open.
    let plain = crate::support::engine::start_sandbox(zksh::sandbox::Clock::System);
    let ran = crate::support::shell::zksh(&plain.address().to_string())
        .script("doctor\ndoctor 127.0.0.1:1\n");
    assert_eq!(ran.status, 1);
    assert!(ran.stdout.contains("standalone") && ran.stderr.contains("Failed: 127.0.0.1:1"));
}
