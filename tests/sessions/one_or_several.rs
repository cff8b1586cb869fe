//! Random commands of three sessions, once in one shell and once in a shell for each: replies,
//! events and trees must be the same.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::support::engine::on_every_engine;
use crate::support::line_by_line::LineByLine;
use crate::support::random::Random;
use crate::support::saved::saved;
use crate::support::shell::zksh;

const SESSIONS: [&str; 3] = ["ann", "bob", "eve"];

/// The number of lines of all sessions together.
const LINES: usize = 300;

/// A line and its session.
type Line = (&'static str, String);

fn lines(seed: u64, has_persistent_watches: bool) -> Vec<Line> {
    let mut random = Random(seed);
    let mut lines: Vec<Line> =
        SESSIONS.map(|name| (name, format!("addauth digest {name}:secret"))).into();
    let kinds = if has_persistent_watches { 20 } else { 18 };
    while lines.len() < LINES {
        let session = random.of(&SESSIONS);
        let path = random.of(&["/a", "/a/b", "/a/c", "/d"]);
        let line = match random.below(kinds) {
            0 | 1 => format!("create {path} {session}"),
            2 => format!("create -e {path} {session}"),
            3 => format!("create -s {path}- {session}"),
            4 | 5 => format!("set {path} {session}"),
            6 => format!("set -v 1 {path} {session}"),
            7 => format!("delete {path}"),
            8 => format!("get -w {path}"),
            9 => format!("stat -w {path}"),
            10 => "ls -w /".to_owned(),
            11 => format!("ls {path}"),
            12 => format!("get -s {path}"),
            13 => format!("setAcl {path} auth::cdrwa"),
            14 => format!("setAcl {path} world:anyone:cdrwa"),
            15 => format!("cd {path}"),
            16 => "multi".to_owned(),
            17 => "commit".to_owned(),
            18 => format!("addWatch -m PERSISTENT {path}"),
            _ => format!("addWatch {path}"),
        };
        lines.push((session, line));
    }
    // Commit what is queued. All events arrive before the reply to the last command.
    lines.extend(SESSIONS.map(|name| (name, "commit".to_owned())));
    lines.extend(SESSIONS.map(|name| (name, "ls /".to_owned())));
    lines
}

/// The replies and events of each session.
#[derive(Debug, Default, PartialEq)]
struct Received(BTreeMap<String, [Vec<Value>; 2]>);

impl Received {
    fn note(&mut self, session: &str, mut record: Value) {
        let is_event = record["record"] == "event";
        let fields = record.as_object_mut().unwrap();
        // The place and the form of the typed line differ, and so do numbers that the server counts
        // for all its clients.
        for key in ["line", "command", "typed", "session", "time"] {
            fields.remove(key);
        }
        without_times(&mut record);
        self.0.entry(session.to_owned()).or_default()[usize::from(is_event)].push(record);
    }
}

fn without_times(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for key in ["czxid", "ctime", "mzxid", "mtime", "pzxid", "zxid", "ephemeralOwner"] {
                fields.remove(key);
            }
            fields.values_mut().for_each(without_times);
        }
        Value::Array(values) => values.iter_mut().for_each(without_times),
        _ => {}
    }
}

fn in_one_shell(server: &str, lines: &[Line]) -> Received {
    let mut script = String::new();
    for name in SESSIONS {
        writeln!(script, "session new {name}").unwrap();
    }
    for (session, line) in lines {
        writeln!(script, "@{session} {line}").unwrap();
    }
    let ran = zksh(server).args(["-o", "json"]).script(script);
    let mut received = Received::default();
    for line in ran.stdout.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let session = record["session"].as_str().unwrap_or("main").to_owned();
        if SESSIONS.contains(&session.as_str()) && record["command"] != "session" {
            received.note(&session, record);
        }
    }
    received
}

fn in_a_shell_for_each(server: &str, lines: &[Line]) -> Received {
    let mut shells = SESSIONS.map(|name| (name, LineByLine::start(zksh(server))));
    let mut received = Received::default();
    for (session, line) in lines {
        let (_, shell) = shells.iter_mut().find(|(name, _)| name == session).unwrap();
        for record in shell.enter(line) {
            received.note(session, record);
        }
    }
    for (_, shell) in shells {
        shell.end();
    }
    received
}

#[test]
fn sessions_of_one_shell_have_the_same_effect_as_several_shells() {
    on_every_engine(|engine| {
        for seed in 1..=3 {
            let lines = lines(seed, engine.version >= vec![3, 6]);
            let (one, several) = (engine.fresh(), engine.fresh());
            let by_one = in_one_shell(&one, &lines);
            let by_several = in_a_shell_for_each(&several, &lines);
            for (session, received) in &by_several.0 {
                let [replies, events] = &by_one.0[session];
                for (own, other) in replies.iter().zip(&received[0]) {
                    assert_eq!(own, other, "a reply to {session}, seed {seed}");
                }
                assert_eq!(events, &received[1], "events of {session}, seed {seed}");
            }
            assert_eq!(by_one, by_several, "seed {seed}");
            assert!(by_one.0.values().all(|[_, events]| events.len() > 1), "{by_one:?}");
            assert_eq!(saved(&one, "/"), saved(&several, "/"), "seed {seed}");
        }
    });
}
