//! Many sessions in one shell, compared with several shells.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::TcpListener;

use serde_json::Value;
use zksh::sandbox::{Clock, Handle, Settings, start};

use crate::placeholder::general;
use crate::support::engine::{Engine, engines, on_every_engine};
use crate::support::shell::zksh;

/// Twenty sessions receive a thousand events. The paths show whether each received all of them in
/// order.
fn hear_in_order(engine: &Engine) {
    const SESSIONS: usize = 20;
    const EVENTS: usize = 1000;
    const ZNODES: usize = 7;
    let server = engine.private();
    let mut script = String::from("create /lake\n");
    for number in 0..ZNODES {
        writeln!(script, "create /lake/{number}").unwrap();
    }
    for number in 1..=SESSIONS {
        writeln!(script, "session new s{number}\n@s{number} addWatch /lake").unwrap();
    }
    for value in 0..EVENTS {
        let session = value % SESSIONS + 1;
        writeln!(script, "@s{session} set /lake/{} {value}", value % ZNODES).unwrap();
    }
    // Each session has answered, so each has received the earlier events.
    for number in 1..=SESSIONS {
        writeln!(script, "@s{number} sync /lake").unwrap();
    }
    let ran = zksh(&server.address()).args(["-o", "json"]).script(script);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    let mut heard: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in ran.stdout.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        if record["record"] == "event" {
            let session = record["session"].as_str().unwrap().to_owned();
            let path = record["event"]["path"].as_str().unwrap().to_owned();
            heard.entry(session).or_default().push(path);
        }
    }
    assert_eq!(heard.len(), SESSIONS);
    let all: Vec<String> = (0..EVENTS).map(|value| format!("/lake/{}", value % ZNODES)).collect();
    for (session, paths) in heard {
        assert!(paths == all, "{session} received {} events, or in another order", paths.len());
    }
}

#[test]
fn many_sessions_keep_the_order_of_their_events_and_lose_none() {
    let newest = engines().pop().filter(|engine| engine.release.is_some());
    for engine in engines().into_iter().take(1).chain(newest) {
        eprintln!("on {}", engine.name);
        hear_in_order(&engine);
    }
}

/// Starts a sandbox that accepts at most `max_connections` connections from one address.
fn with_limit(max_connections: usize) -> Handle {
    let settings = Settings { max_connections, ..Settings::default() };
    start(TcpListener::bind("127.0.0.1:0").unwrap(), settings, Clock::System).unwrap()
}

#[test]
fn fifty_sessions_open_as_far_as_the_server_allows() {
    let mut script = String::new();
    for number in 1..=50 {
        writeln!(script, "session new s{number}\n@s{number} create -e /e-{number}").unwrap();
    }
    script.push_str("ls /\n");
    // The script continues after each refusal. One connection belongs to the first session.
    for (limit, open) in [(60, 50), (20, 19)] {
        let server = with_limit(limit);
        let ran = zksh(&server.address().to_string()).script(&script);
        let listed = ran.stdout.lines().last().unwrap();
        assert_eq!(listed.matches("e-").count(), open, "{listed}");
        let refused = ran.stderr.matches("there is no session s").count();
        assert_eq!(refused, 50 - open, "{}", ran.stderr);
        let unknown = ran.stderr.matches("There is no session s").count();
        assert_eq!(unknown, 50 - open, "{}", ran.stderr);
    }
}

#[test]
fn a_limit_of_connections_is_reported_and_the_shell_continues() {
    let server = with_limit(3);
    let ran = zksh(&server.address().to_string())
        .script("session new a\nsession new b\nsession new c\nsession list\nsession close a\nsession new c\nls /\n");
    assert!(ran.stderr.contains("there is no session c"), "{}", ran.stderr);
    assert_eq!(
        ran.stderr.lines().filter(|line| line.starts_with("stdin:")).count(),
        1,
        "{}",
        ran.stderr
    );
    assert!(ran.stdout.ends_with("[zookeeper]\n"), "{}", ran.stdout);
}

/// Returns a text without the zxids, ids and times of its run.
fn shown(text: &str) -> Vec<String> {
    let word = |word: &str| if word.starts_with("0x") { "0xN".to_owned() } else { word.to_owned() };
    let line = |line: &str| {
        let line = line.split("; the reply came after").next().unwrap_or_default();
        general(line).split(' ').map(word).collect::<Vec<_>>().join(" ")
    };
    text.lines().map(line).collect()
}

#[test]
fn the_effect_of_sessions_does_not_depend_on_the_number_in_flight() {
    let script = "\
create /app old
session new bob
@bob create -e /boat bob
create -e /boat ann
set /app one
@bob set /app two
get /app
explain on
set /app three
@bob get /app
delete /nowhere
explain off
session bob
multi
set /app four
session main
set /app five
session bob
commit
get /app
session kill main
create /late x
session main
reconnect
get /late
session close bob
exists /boat
";
    on_every_engine(|engine| {
        let play = |window: &str| {
            let ran = zksh(&engine.fresh()).args(["--window", window]).script(script);
            assert_eq!(ran.status, 1);
            [shown(&ran.stdout), shown(&ran.stderr)]
        };
        assert_eq!(play("1"), play("1000"));
    });
}
