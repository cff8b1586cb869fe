//! Several sessions in one shell, and what `explain` tells, beside what a proxy saw on the wire.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use zksh::sandbox::{Clock, Settings, start};

use crate::placeholder::general;
use crate::support::engine::{Engine, engines, on_every_engine};
use crate::support::shell::zksh;
use crate::support::terminal::{Setup, connected_at_once};

/// The book's election, in one terminal: the first master crashes, the second takes over.
fn elect(engine: &Engine) {
    let server = engine.private();
    let address = server.address();
    let mut terminal = connected_at_once(|| Setup::new(&address).args(["-timeout", "2000"]));
    terminal.enter(0, "create -e /master one");
    terminal.enter(1, "session new two");
    terminal.enter(2, "@two create -e /master two");
    terminal.wait_for("(CONNECTED) @main 2]");
    terminal.enter(3, "@two stat /master true");
    terminal.wait_for("Node already exists: /master");
    terminal.enter(4, "session two");
    terminal.wait_for("(CONNECTED) @two 5]");
    terminal.enter(5, "session kill main");
    let screen = terminal.wait_for("until then its ephemerals stay: /master");
    assert!(screen.contains("expires in at most 3.0 s"), "{screen}");
    terminal.wait_for(
        "WATCHER:: (two)\nWatchedEvent state:SyncConnected type:NodeDeleted path:/master",
    );
    terminal.enter(6, "create -e /master two");
    terminal.enter(7, "session close main");
    // It is the only one now: nothing names it.
    terminal.wait_for("(CONNECTED) 8]");
    terminal.enter(8, "quit");
    let (status, screen) = terminal.wait();
    assert_eq!(status, 0, "{screen}");
    assert_eq!(zksh(&address).args(["ls", "/"]).succeed(), "[zookeeper]\n");
}

#[test]
fn an_election_is_played_in_one_terminal() {
    let newest = engines().pop().filter(|engine| engine.release.is_some());
    for engine in engines().into_iter().take(1).chain(newest) {
        eprintln!("on {}", engine.name);
        elect(&engine);
    }
}

#[test]
fn nothing_of_another_session_goes_unsaid_and_none_that_answers_is_called_silent() {
    let (here, there) = (engines()[0].private(), engines()[0].private());
    let mut terminal = connected_at_once(|| Setup::new(&here.address()));
    terminal.enter(0, "session new bob");
    terminal.enter(1, "@bob create -e /boat");
    terminal.enter(2, &format!("@bob connect {}", there.address()));
    terminal.wait_for("lost ephemerals: /boat");
    terminal.enter(3, "@bob create -e /fish");
    terminal.enter(4, "@bob multi");
    // Longer than a server may be silent before that is told.
    terminal.enter(5, "sleep 2.2");
    terminal.wait_for_prompt(6);
    let screen = terminal.screen();
    assert!(!screen.contains("does not answer"), "{screen}");
    terminal.enter(6, "quit");
    terminal.wait_for("A transaction is open, with 0 operations");
    terminal.wait_for("in session bob");
    terminal.enter(7, "quit");
    let (status, screen) = terminal.wait();
    assert_eq!(status, 0);
    assert!(screen.contains("lost ephemerals: /fish\nQuitting..."), "{screen}");
}

#[test]
fn a_transaction_is_not_closed_with_its_session_unsaid() {
    let server = engines()[0].private();
    let mut terminal = connected_at_once(|| Setup::new(&server.address()));
    terminal.enter(0, "session new bob");
    terminal.enter(1, "@bob multi");
    terminal.enter(2, "session close bob");
    terminal.wait_for("A transaction is open, with 0 operations");
    terminal.enter(3, "session close bob");
    terminal.wait_for("(CONNECTED) 4]");
}

#[test]
fn each_session_has_its_own_ephemerals_watches_credentials_path_and_transaction() {
    on_every_engine(|engine| {
        if engine.version < vec![3, 5] {
            return;
        }
        let script = "\
create /app old
session new bob
cd /app
@bob pwd
pwd
@bob create -e /boat
@bob addauth digest bob:secret
@bob create /mine x auth::cdrwa
get /mine
@bob get /mine
multi
set /app new
@bob get /app
@bob set /app bob
commit
get /app
session close bob
exists /boat
";
        let ran = zksh(&engine.fresh()).args(["--compat", "3.9"]).script(script);
        let printed = [
            "Created /app",
            "/",
            "/app",
            "Created /boat",
            "Created /mine",
            "x",
            "old",
            "Set /app",
            "new",
            "lost ephemerals: /boat",
        ];
        let lines: Vec<&str> = ran.stdout.lines().collect();
        assert_eq!(lines, printed, "{}", ran.stderr);
        assert!(ran.stderr.contains("Insufficient permission : /mine"), "{}", ran.stderr);
        assert!(ran.stderr.contains("Node does not exist: /boat"), "{}", ran.stderr);
    });
}

#[test]
fn what_makes_no_sense_is_refused_with_its_reason() {
    let sandbox = &engines()[0];
    for (line, words) in [
        ("session new ls", "A session cannot be named ls: that is a command"),
        ("session new list", "A session cannot be named list: that is a command"),
        ("session new ''", "A session's name cannot be empty"),
        ("session new 'a b'", "A session cannot be named a b: names begin with a letter"),
        ("session new $'a\\x1b'", "A session cannot be named a\\u{1b}: names"),
        ("session new main", "There is a session main already"),
        ("session new", "Missing: name"),
        ("session bob", "There is no session bob"),
        ("@bob ls /", "There is no session bob"),
        ("@ ls /", "There is no session "),
        ("@main quit", "quit is about the whole shell"),
        ("@main", "Missing: command"),
        ("session close main", "main is the only session"),
        ("session list more", "Unexpected argument: more"),
        ("session -t 5000", "session alone takes no options"),
        ("session list --wait", "Only session kill takes --wait"),
        ("explain", "Missing: command"),
        ("explain nothing-of-ours", "Command not found: nothing-of-ours"),
    ] {
        let ran = zksh(&sandbox.fresh()).script(format!("{line}\n"));
        assert!(ran.stderr.contains(words), "{line}: {}", ran.stderr);
        assert_eq!(ran.status, 1, "{line}");
    }
}

#[test]
fn many_sessions_keep_the_order_of_their_events_and_lose_none() {
    const SESSIONS: usize = 20;
    const EVENTS: usize = 100;
    let sandbox = &engines()[0];
    let address = sandbox.private();
    let mut script = String::from("create /lake\n");
    for number in 1..=SESSIONS {
        writeln!(script, "session new s{number}\n@s{number} addWatch -m PERSISTENT /lake").unwrap();
    }
    for value in 0..EVENTS {
        writeln!(script, "@s{} set /lake {value}", value % SESSIONS + 1).unwrap();
    }
    // Each session has answered, so each has heard of what came before.
    for number in 1..=SESSIONS {
        writeln!(script, "@s{number} get /lake").unwrap();
    }
    let ran = zksh(&address.address()).args(["-o", "json"]).script(script);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    let records: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for number in 1..=SESSIONS {
        let session = Value::from(format!("s{number}"));
        let events = records
            .iter()
            .filter(|record| record["record"] == "event" && record["session"] == session);
        assert_eq!(events.count(), EVENTS, "{session}");
    }
}

#[test]
fn a_server_that_takes_so_many_connections_says_so_and_the_shell_lives() {
    let settings = Settings { max_connections: 3, ..Settings::default() };
    let server =
        start(std::net::TcpListener::bind("127.0.0.1:0").unwrap(), settings, Clock::System)
            .unwrap();
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

/// A request that was seen on the wire, with the head of its reply.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    xid: i64,
    operation: i64,
    zxid: i64,
    code: i64,
}

/// Hands one connection at a time on to the server and notes what passes.
fn recording(server: &str) -> (String, Arc<Mutex<Vec<Seen>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (server, seen) = (server.to_owned(), Arc::new(Mutex::new(Vec::new())));
    let log = Arc::clone(&seen);
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (Ok(client), Ok(server)) = (client, TcpStream::connect(&server)) else { continue };
            let asked = Arc::new(Mutex::new(std::collections::HashMap::new()));
            let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            let noted = Arc::clone(&asked);
            std::thread::spawn(move || {
                pass(from, to, |frame| {
                    noted.lock().unwrap().insert(number(frame, 0, 4), number(frame, 4, 4));
                });
            });
            let log = Arc::clone(&log);
            std::thread::spawn(move || {
                pass(server, client, |frame| {
                    let xid = number(frame, 0, 4);
                    let operation = asked.lock().unwrap().remove(&xid);
                    if let Some(operation) = operation.filter(|_| xid > 0) {
                        let (zxid, code) = (number(frame, 4, 8), number(frame, 12, 4));
                        log.lock().unwrap().push(Seen { xid, operation, zxid, code });
                    }
                });
            });
        }
    });
    (address, seen)
}

fn number(frame: &[u8], at: usize, bytes: usize) -> i64 {
    let Some(part) = frame.get(at..at + bytes) else { return i64::MIN };
    let sign = if part[0] & 0x80 == 0 { 0 } else { -1 };
    part.iter().fold(sign, |number, byte| number << 8 | i64::from(*byte))
}

/// Passes frames on, the first of which is the handshake's, until one side closes.
fn pass(mut from: TcpStream, mut to: TcpStream, note: impl Fn(&[u8])) {
    let mut is_first = true;
    loop {
        let mut length = [0; 4];
        if from.read_exact(&mut length).is_err() {
            let _ = to.shutdown(std::net::Shutdown::Both);
            return;
        }
        let mut frame = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap().min(1 << 24)];
        // A four-letter word is no frame.
        let is_word = length.iter().all(u8::is_ascii_lowercase);
        if is_word {
            frame.clear();
        }
        if !is_word && from.read_exact(&mut frame).is_err() {
            return;
        }
        if !std::mem::take(&mut is_first) {
            note(&frame);
        }
        if to.write_all(&length).and_then(|()| to.write_all(&frame)).is_err() {
            return;
        }
        if is_word {
            let _ = std::io::copy(&mut from, &mut to);
            return;
        }
    }
}

/// Names and numbers of operations (`ZooDefs.OpCode`).
const OPERATIONS: &[(&str, i64)] = &[
    ("create", 1),
    ("delete", 2),
    ("exists", 3),
    ("getData", 4),
    ("setData", 5),
    ("getACL", 6),
    ("setACL", 7),
    ("getChildren", 8),
    ("sync", 9),
    ("getChildren2", 12),
    ("multi", 14),
    ("createContainer", 19),
    ("createTTL", 21),
    ("multiRead", 22),
    ("auth", 100),
    ("getEphemerals", 103),
    ("getAllChildrenNumber", 104),
    ("addWatch", 106),
    ("whoAmI", 107),
    ("removeWatches", 18),
    ("checkWatches", 17),
];

/// Returns a text without the zxids, ids and times of its run.
fn shown(text: &str) -> Vec<String> {
    let word = |word: &str| if word.starts_with("0x") { "0xN".to_owned() } else { word.to_owned() };
    let line = |line: &str| {
        let line = line.split("; the reply came after").next().unwrap_or_default();
        general(line).split(' ').map(word).collect::<Vec<_>>().join(" ")
    };
    text.lines().map(line).collect()
}

/// Returns what `explain` says of each line of a script before it runs: the operations.
fn planned(address: &str, script: &str) -> Vec<Vec<String>> {
    let asked = format!("explain {}\n", script.trim_end().replace('\n', "\nexplain "));
    let ran = zksh(address).args(["-o", "json"]).script(asked);
    let operations = |line: &str| {
        let record: Value = serde_json::from_str(line).unwrap();
        let operations = record["result"]["operations"].as_array().cloned().unwrap_or_default();
        operations.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    ran.stdout.lines().map(operations).collect()
}

#[test]
fn sessions_do_the_same_whatever_is_in_flight() {
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

#[test]
fn what_is_explained_is_what_was_on_the_wire() {
    let script = "\
explain on
create /lake deep
create -e /lake/boat ann
create -s /lake/fish-
create -c /lake/nest
create /lake/boat
get /lake
get -w /lake
set /lake deeper
set -v 9 /lake x
stat /lake
stat -w /nowhere
ls /lake
ls -s /lake
getAcl /lake
setAcl /lake world:anyone:cdrwa
sync /lake
getAllChildrenNumber /lake
getEphemerals
whoami
addWatch /lake
removewatches /lake
multi
set /lake again
delete /lake/boat
commit
multi
check /lake 7
delete /lake
commit
delete /nowhere
deleteall /lake
";
    for engine in engines().into_iter().filter(|engine| engine.version >= vec![3, 7]) {
        eprintln!("on {}", engine.name);
        let server = engine.private();
        let (address, seen) = recording(&server.address());
        let planned = planned(&server.address(), script);
        let ran = zksh(&address).args(["-o", "json"]).script(script);
        let mut told = 0;
        let seen = seen.lock().unwrap().clone();
        for line in ran.stdout.lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            if record["record"] != "explanation" {
                continue;
            }
            let exchanges = record["explanation"]["exchanges"].as_array().unwrap();
            assert_eq!(record["explanation"]["requests"], exchanges.len(), "{line}");
            for exchange in exchanges {
                let xid = exchange["xid"].as_i64().unwrap();
                let on_wire = seen.iter().find(|seen| seen.xid == xid).unwrap();
                let name = exchange["operation"].as_str().unwrap();
                let operation = OPERATIONS.iter().find(|(known, _)| *known == name);
                assert_eq!(operation.unwrap().1, on_wire.operation, "{line}");
                let foreseen =
                    &planned[usize::try_from(record["line"].as_u64().unwrap()).unwrap() - 1];
                let plain = if name.starts_with("create") { "create" } else { name };
                assert!(foreseen.iter().any(|known| known == plain), "{foreseen:?}: {line}");
                if let Some(zxid) = exchange["zxid"]["number"].as_i64() {
                    assert_eq!(zxid, on_wire.zxid, "{line}");
                }
                let refused = !exchange["reply"]["refused"].is_null();
                // A transaction that failed is answered without an error in its head, and that there
                // is no such znode is an answer to exists.
                let absent = exchange["reply"]["done"]["absent"] == true;
                let is_refusal = on_wire.code != 0 && !absent || name == "multi" && refused;
                assert_eq!(refused, is_refusal, "{line}");
                told += 1;
            }
            let lines = record["explanation"]["lines"].as_array().unwrap();
            assert!((1..=5).contains(&lines.len()), "{line}");
        }
        // All but what the shell asked for by itself.
        assert_eq!(told, seen.iter().filter(|seen| seen.operation > 0).count(), "{seen:?}");
    }
}
