//! Persistent watches: across a broken connection, and together with one-time watches.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::ChildStdin;
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use crate::support::PATIENCE;
use crate::support::apache::Server;
use crate::support::engine::{Engine, engines};
use crate::support::shell::zksh;

/// A script whose lines are typed one by one.
struct Script {
    child: std::process::Child,
    stdin: ChildStdin,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

impl Script {
    fn start(server: &str) -> Self {
        let mut child = zksh(server).start();
        let stdin = child.stdin.take().unwrap();
        let stdout = lines(child.stdout.take().unwrap());
        let stderr = lines(child.stderr.take().unwrap());
        Self { child, stdin, stdout, stderr }
    }

    fn types(&mut self, lines: &str) {
        self.stdin.write_all(lines.as_bytes()).unwrap();
    }

    /// Waits for a line of an event or a result.
    fn waits_for(&self, wanted: &str) {
        wait(&self.stdout, wanted);
    }

    /// Types a line that prints a stat repeatedly until an event precedes its output.
    fn repeats_until(&mut self, line: &str, event: &str) {
        let mut seen = false;
        let begun = Instant::now();
        while !seen {
            assert!(begun.elapsed() < PATIENCE, "timed out waiting for: {event}");
            self.types(line);
            let printed = std::iter::from_fn(|| self.stdout.recv_timeout(PATIENCE).ok());
            let printed = printed.take_while(|line| !line.starts_with("numChildren"));
            seen = printed.fold(seen, |seen, line| seen || line == event);
        }
    }

    fn is_reported(&self, wanted: &str) {
        wait(&self.stderr, wanted);
    }

    fn ends(self) {
        let Self { mut child, stdin, .. } = self;
        drop(stdin);
        child.wait().unwrap();
    }
}

fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn wait(lines: &Receiver<String>, wanted: &str) {
    let silence = |_| panic!("timed out waiting for: {wanted}");
    while lines.recv_timeout(PATIENCE).unwrap_or_else(silence) != wanted {}
}

fn event(kind: &str, path: &str) -> String {
    format!("WatchedEvent state:SyncConnected type:{kind} path:{path}")
}

/// Returns the engines that support persistent watches.
fn engines_with_watches() -> impl Iterator<Item = Engine> {
    engines().into_iter().filter(|engine| engine.version >= vec![3, 6])
}

#[test]
fn persistent_watches_come_back_with_the_connection() {
    for engine in engines_with_watches() {
        let Some(release) = &engine.release else { continue };
        eprintln!("on {}", engine.name);
        let mut server = Server::start(release);
        let address = server.address();
        let mut script = Script::start(&address);
        script.types("addWatch -m PERSISTENT /lake\naddWatch /pond\ncreate /ready\n");
        script.waits_for("Created /ready");
        server.kill();
        server.resume();
        script.is_reported(
            "The connection was lost for a while: events of /lake, /pond may be missing",
        );
        for path in ["/lake", "/pond", "/pond/reed"] {
            zksh(&address).args(["create", path]).succeed();
            script.waits_for(&event("NodeCreated", path));
        }
        // Each event is shown once, because the old watchers are gone.
        script.types("watches\n");
        let seen = script.stdout.recv_timeout(PATIENCE).unwrap();
        assert!(seen.starts_with("/lake persistent, ") && seen.ends_with(", 1 event"), "{seen}");
        let seen = script.stdout.recv_timeout(PATIENCE).unwrap();
        assert!(seen.starts_with("/pond persistent recursive, "), "{seen}");
        assert!(seen.ends_with(", 2 events"), "{seen}");
        script.ends();
    }
}

/// Until 3.9, a one-time watch that fires also removes the persistent ones of its znode
/// (ZOOKEEPER-4466).
#[test]
fn a_persistent_watch_survives_a_one_time_watch() {
    for engine in engines_with_watches() {
        eprintln!("on {}", engine.name);
        let server = engine.fresh();
        let mut script = Script::start(&server);
        script.types("create /lake\naddWatch -m PERSISTENT /lake\nget -w /lake\nset /lake a\n");
        script.waits_for(&event("NodeDataChanged", "/lake"));
        // The moment when it is set again cannot be observed here, only that it is.
        script.repeats_until("set /lake b\n", &event("NodeDataChanged", "/lake"));
        script.types("get -w /lake\nls -w /lake\nremovewatches -d /lake\nremovewatches -c /lake\n");
        script.waits_for(&event("ChildWatchRemoved", "/lake"));
        script.repeats_until("set /lake c\n", &event("NodeDataChanged", "/lake"));
        script.ends();
    }
}

#[test]
fn requests_that_an_old_server_lacks_are_refused_and_the_session_continues() {
    let younger: [(&str, &str, [u32; 2]); 11] = [
        ("create -c /c", "containers", [3, 5]),
        ("create -t 100000 /t", "TTL znodes", [3, 5]),
        ("config", "config", [3, 5]),
        ("reconfig -remove 7", "reconfig", [3, 5]),
        ("removewatches /e", "removewatches", [3, 5]),
        ("watches --remove-all", "removewatches", [3, 5]),
        ("addWatch /e", "addWatch", [3, 6]),
        ("addWatch -m PERSISTENT /e", "addWatch", [3, 6]),
        ("getEphemerals", "getEphemerals", [3, 6]),
        ("getAllChildrenNumber /", "getAllChildrenNumber", [3, 6]),
        ("whoami", "whoami", [3, 7]),
    ];
    for engine in engines() {
        eprintln!("on {}", engine.name);
        let lacked: Vec<_> =
            younger.iter().filter(|line| engine.version[..2] < line.2[..]).collect();
        let mut typed = "create -e /e\nget -w /e\n".to_owned();
        let mut wanted = String::new();
        for ((line, what, _), number) in lacked.iter().zip(3..) {
            writeln!(typed, "{line}").unwrap();
            let [major, minor] = engine.version[..2] else { panic!("{:?}", engine.version) };
            writeln!(
                wanted,
                "stdin:{number}: this server ({major}.{minor}) has no {what}\n    {line}"
            )
            .unwrap();
        }
        // The watch and the ephemeral still exist, so the session is the same.
        typed += "set /e x\n";
        let ran = zksh(&engine.fresh()).script(typed);
        assert_eq!(ran.stderr, wanted);
        assert!(ran.stdout.contains(&event("NodeDataChanged", "/e")), "{}", ran.stdout);
    }
}
