//! The round trips of one command: no more than the protocol needs.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::engine::engines;
use crate::support::far::Link;
use crate::support::shell::zksh;
use crate::support::wait_until;

/// The two sides of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

/// The data that both sides of a connection have sent in turn. One turn of each is a round trip.
#[derive(Debug, Default, Clone)]
struct Talk(Vec<(Side, Vec<u8>)>);

impl Talk {
    fn record(&mut self, side: Side, bytes: &[u8]) {
        match self.0.last_mut() {
            Some((last, data)) if *last == side => data.extend_from_slice(bytes),
            _ => self.0.push((side, bytes.to_vec())),
        }
    }

    /// Returns whether this is a four-letter word on a connection of its own.
    fn is_word(&self) -> bool {
        self.0.first().is_some_and(|(_, data)| data == b"srvr")
    }

    fn round_trips(&self) -> usize {
        self.0.iter().filter(|(side, _)| *side == Side::Client).count()
    }

    /// Returns the operations of the client's requests, by round trip. The first one begins with the
    /// request for a session.
    fn operations(&self) -> Vec<Vec<i32>> {
        let turns = self.0.iter().filter(|(side, _)| *side == Side::Client);
        turns
            .enumerate()
            .map(|(turn, (_, data))| match data.split_first_chunk() {
                Some((length, rest)) if turn == 0 => {
                    operations(&rest[u32::from_be_bytes(*length) as usize..])
                }
                _ => operations(data),
            })
            .collect()
    }
}

/// Parses the operations of complete requests.
fn operations(mut frames: &[u8]) -> Vec<i32> {
    let mut operations = Vec::new();
    while let Some((length, rest)) = frames.split_first_chunk() {
        let (frame, rest) = rest.split_at(u32::from_be_bytes(*length) as usize);
        operations.push(i32::from_be_bytes(frame[4..8].try_into().unwrap()));
        frames = rest;
    }
    operations
}

/// How long the proxy holds back the server's data on a connection. If the client waited for that
/// data, neither side would go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    Nothing,
    /// Until a four-letter word was sent on another connection.
    UntilWord,
    /// Until the client has sent a request behind the one for a session.
    UntilRequest,
}

/// The size of a request for a session in bytes.
const HELLO: usize = 49;

/// A proxy to a server that records the data on each connection.
struct Line {
    address: String,
    talks: Arc<Mutex<Vec<Talk>>>,
}

impl Line {
    /// Returns a proxy to the server of a connection string.
    fn to(server: &str, hold: Hold) -> Self {
        let (host, root) = server.split_once('/').map_or((server, ""), |(host, root)| (host, root));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("{}/{root}", listener.local_addr().unwrap());
        let talks = Arc::<Mutex<Vec<Talk>>>::default();
        let (host, kept) = (host.to_owned(), Arc::clone(&talks));
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let far = TcpStream::connect(&host).unwrap();
                let number = {
                    let mut talks = kept.lock().unwrap();
                    talks.push(Talk::default());
                    talks.len() - 1
                };
                let ends = (near.try_clone().unwrap(), far.try_clone().unwrap());
                let talks = Arc::clone(&kept);
                std::thread::spawn(move || {
                    forward(ends.0, ends.1, Side::Client, number, &talks, Hold::Nothing);
                });
                let talks = Arc::clone(&kept);
                std::thread::spawn(move || {
                    forward(far, near, Side::Server, number, &talks, hold);
                });
            }
        });
        Self { address, talks }
    }

    /// Runs a command. Returns the data on the session's connections, and on the others.
    #[track_caller]
    fn run(&self, words: &[&str]) -> (Vec<Talk>, Vec<Talk>) {
        self.talks.lock().unwrap().clear();
        let ran = zksh(&self.address).args(words).run();
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{words:?}");
        let talks = self.talks.lock().unwrap();
        talks.iter().cloned().partition(|talk| !talk.is_word())
    }
}

/// Forwards bytes until one end closes, and records them first.
fn forward(
    mut from: TcpStream,
    mut to: TcpStream,
    side: Side,
    number: usize,
    talks: &Mutex<Vec<Talk>>,
    hold: Hold,
) {
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        if hold != Hold::Nothing && !talks.lock().unwrap()[number].is_word() {
            wait_until("a request beside the handshake", || {
                let talks = talks.lock().unwrap();
                let has_come = match hold {
                    Hold::UntilWord => talks.iter().any(Talk::is_word),
                    _ => talks[number].0.first().is_some_and(|(_, data)| data.len() > HELLO),
                };
                has_come.then_some(())
            });
        }
        talks.lock().unwrap()[number].record(side, &bytes[..count]);
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

/// The operation that closes a session.
const CLOSE: i32 = -11;

#[test]
fn a_read_takes_one_round_trip_and_a_write_two_on_one_connection() {
    // The requests do not depend on the server.
    let engines = engines();
    for engine in [engines.first(), engines.last()].into_iter().flatten() {
        let server = engine.fresh();
        let (near, far) = (Line::to(&server, Hold::Nothing), Line::to(&server, Hold::UntilRequest));
        for (words, operation, is_read) in [
            (&["create", "/lake", "deep"][..], 1, false),
            (&["ls", "/"], 12, true),
            (&["get", "/lake"], 4, true),
            (&["stat", "/lake"], 3, true),
            (&["exists", "/lake"], 3, true),
            (&["getAcl", "/lake"], 6, true),
            (&["set", "/lake", "shallow"], 5, false),
            (&["sync", "/lake"], 9, false),
            (&["delete", "/lake"], 2, false),
        ] {
            let (sessions, questions) = if is_read { &far } else { &near }.run(words);
            assert!(questions.is_empty(), "{words:?}: {questions:?}");
            assert_eq!(sessions.len(), 1, "{words:?}");
            // A read leaves with the request for a session, and a write waits for the session.
            // Each leaves together with the end of the session.
            let request = vec![operation, CLOSE];
            let turns = if is_read { vec![request] } else { vec![vec![], request] };
            assert_eq!(sessions[0].operations(), turns, "{words:?}: {:?}", sessions[0]);
            assert_eq!(sessions[0].round_trips(), turns.len());
        }
    }
}

#[test]
fn a_script_sends_to_a_far_server_what_its_handshake_allows_before_the_first_reply() {
    let engines = engines();
    for engine in [engines.first(), engines.last()].into_iter().flatten() {
        let server = engine.private();
        let far = Link::to(&server.address(), Duration::from_millis(200));
        let line = Line::to(&far.address, Hold::Nothing);
        let script = "create /lake\n".to_owned() + &"set /lake deep\n".repeat(600);
        let ran = zksh(&line.address).script(script);
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
        let talks = line.talks.lock().unwrap();
        // A near server gets 128. The first line may leave alone, if the list of quotas, for
        // which the others wait, arrives just behind the answer to the handshake.
        let sent: Vec<usize> = talks[0].operations().iter().map(Vec::len).collect();
        assert!(sent.iter().any(|requests| *requests >= 600), "{sent:?}");
    }
}

#[test]
fn a_script_ends_its_session_behind_its_last_requests() {
    let server = engines().swap_remove(0).private();
    let far = Link::to(&server.address(), Duration::from_millis(200));
    let run = |options: &[&str], script: &str| {
        let line = Line::to(&far.address, Hold::Nothing);
        let ran = zksh(&line.address).args(["--compat", "3.9"]).args(options).script(script);
        let talks = line.talks.lock().unwrap();
        assert_eq!(talks.len(), 1, "{talks:?}");
        (ran.stdout, ran.stderr, talks[0].operations().pop().unwrap())
    };
    let script = "create /lake\nset /lake deep\nget /none\nget /lake\n";
    let (printed, errors, last) = run(&[], script);
    assert!(last.ends_with(&[5, 4, 4, CLOSE]), "{last:?}");
    assert_eq!(printed, "Created /lake\ndeep\n");
    assert_eq!(errors, "stdin:3: Node does not exist: /none\n    get /none\n");
    // A line that a lost connection has kept back may run again, so the session must go on.
    let (printed, _, last) = run(&["--reconnect"], "set /lake wide\nget /lake\n");
    assert_eq!((printed.as_str(), last), ("wide\n", vec![CLOSE]));
    // So it must for a command that waits, and for an explanation.
    let (.., last) = run(&[], "get /lake\nls -R /lake\n");
    assert_eq!(last, [CLOSE]);
    let (.., last) = run(&[], "explain on\nget /lake\n");
    assert_eq!(last, [CLOSE]);
}

#[test]
fn the_version_is_asked_during_the_handshake() {
    let engine = engines().swap_remove(0);
    let line = Line::to(&engine.fresh(), Hold::UntilWord);
    for (words, operation) in [
        (&["getAllChildrenNumber", "/"][..], 104),
        (&["getEphemerals"], 103),
        (&["whoami"], 107),
        (&["create", "-c", "/pond"], 19),
        (&["create", "-t", "60000", "/puddle"], 21),
    ] {
        let (sessions, questions) = line.run(words);
        assert_eq!((sessions.len(), questions.len()), (1, 1), "{words:?}");
        assert_eq!(sessions[0].round_trips(), 2, "{words:?}: {:?}", sessions[0]);
        assert_eq!(sessions[0].operations(), [vec![], vec![operation, CLOSE]], "{words:?}");
    }
}

#[test]
fn status_asks_once_beside_the_handshake() {
    let engine = engines().swap_remove(0);
    let line = Line::to(&engine.fresh(), Hold::UntilWord);
    let (sessions, questions) = line.run(&["status"]);
    assert_eq!((sessions.len(), questions.len()), (1, 1), "{questions:?}");
    assert_eq!(sessions[0].operations(), [vec![], vec![107], vec![CLOSE]], "{sessions:?}");
}

#[test]
fn a_small_tree_is_walked_without_asking_for_the_version() {
    let engine = engines().swap_remove(0);
    let server = engine.fresh();
    let near = Line::to(&server, Hold::Nothing);
    near.run(&["create", "/lake", "deep"]);
    near.run(&["create", "/lake/boat", "red"]);
    let line = Line::to(&server, Hold::UntilRequest);
    for words in [
        &["ls", "-R", "/lake"][..],
        &["tree", "/lake"],
        &["find", "/lake"],
        &["count", "/lake"],
        &["du", "/lake"],
        &["grep", "deep", "/lake"],
        &["deleteall", "/lake", "--yes"],
    ] {
        let (sessions, questions) = line.run(words);
        assert!(questions.is_empty(), "{words:?}: {questions:?}");
        assert_eq!(sessions.len(), 1, "{words:?}");
        // One round trip for each level, the first together with the handshake, two more for the
        // deletes, and the end of the session. Names and data are requested together, but the first reply may arrive before
        // the second request.
        let most = if matches!(words[0], "deleteall" | "grep") { 5 } else { 3 };
        let round_trips = sessions[0].round_trips();
        assert!(round_trips <= most, "{words:?}: {round_trips} of {most}, {:?}", sessions[0]);
    }
}

#[test]
fn a_script_loses_no_round_trip_before_its_first_lines() {
    let engine = engines().swap_remove(0);
    // No other test may set quotas there.
    let server = engine.private();
    let line = Line::to(&server.address(), Hold::UntilRequest);
    let run = |script: &str| {
        line.talks.lock().unwrap().clear();
        let ran = zksh(&line.address).script(script);
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{script}");
        let talks = line.talks.lock().unwrap();
        assert_eq!(talks.len(), 1, "{script}");
        talks[0].clone()
    };
    // The list of quotas, which tells whether writes must wait for each other, leaves with the
    // request for a session.
    let writes = run("create /lake deep\ncreate /lake/boat red\nset /lake shallow\n");
    assert_eq!(writes.operations()[0], [8], "{writes:?}");
    assert_eq!(writes.operations().concat(), [8, 1, 1, 5, CLOSE], "{writes:?}");
    // So do the first reads, but no write behind them.
    let reads = run("ls /\nget /lake\nstat /lake/boat\n");
    assert_eq!(reads.operations()[0][0], 12, "{reads:?}");
    assert_eq!(reads.operations().concat(), [12, 4, 3, CLOSE], "{reads:?}");
    let both = run("get /lake\nset /lake deep\nget /lake\n");
    assert_eq!(both.operations()[0][0], 4, "{both:?}");
    assert!(!both.operations()[0].contains(&5), "{both:?}");
    assert_eq!(both.operations().concat(), [4, 8, 5, 4, CLOSE], "{both:?}");
}

#[test]
fn a_near_server_is_not_asked_for_the_children_of_znodes_without_any() {
    let engine = engines().swap_remove(0);
    let server = engine.fresh();
    let mut lines = vec!["create /lake deep".to_owned()];
    lines.extend((0..100).map(|number| format!("create /lake/duck-{number} deep")));
    zksh(&server).script(lines.join("\n"));
    let line = Line::to(&server, Hold::Nothing);
    // On a busy machine the server does not seem near.
    wait_until("one list of children, that of the top", || {
        let (sessions, _) = line.run(&["grep", "-c", "deep", "/lake"]);
        let operations = sessions[0].operations().concat();
        let lists = operations.iter().filter(|operation| [8, 12].contains(operation)).count();
        // The server may also have been asked for several znodes at once.
        (lists == 1 && operations.contains(&4)).then_some(())
    });
}
