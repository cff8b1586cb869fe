//! The round trips of one command: no more than the protocol needs.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::support::engine::engines;
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

    /// Returns the operations of the client's requests, by round trip.
    fn operations(&self) -> Vec<Vec<i32>> {
        let turns = self.0.iter().filter(|(side, _)| *side == Side::Client);
        turns.skip(1).map(|(_, data)| operations(data)).collect()
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

/// A proxy to a server that records the data on each connection.
struct Line {
    address: String,
    talks: Arc<Mutex<Vec<Talk>>>,
}

impl Line {
    /// Returns a proxy to the server of a connection string. With `until_asked`, it holds back the
    /// server's data on the session's connection until a four-letter word was sent on another.
    fn to(server: &str, until_asked: bool) -> Self {
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
                    forward(ends.0, ends.1, Side::Client, number, &talks, false);
                });
                let talks = Arc::clone(&kept);
                std::thread::spawn(move || {
                    forward(far, near, Side::Server, number, &talks, until_asked);
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
    until_asked: bool,
) {
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        if until_asked && !talks.lock().unwrap()[number].is_word() {
            wait_until("a word beside the handshake", || {
                talks.lock().unwrap().iter().any(Talk::is_word).then_some(())
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
fn a_command_of_one_request_takes_two_round_trips_and_one_connection() {
    // The requests do not depend on the server.
    let engines = engines();
    for engine in [engines.first(), engines.last()].into_iter().flatten() {
        let line = Line::to(&engine.fresh(), false);
        for (words, operation) in [
            (&["create", "/lake", "deep"][..], 1),
            (&["ls", "/"], 12),
            (&["get", "/lake"], 4),
            (&["stat", "/lake"], 3),
            (&["exists", "/lake"], 3),
            (&["getAcl", "/lake"], 6),
            (&["set", "/lake", "shallow"], 5),
            (&["sync", "/lake"], 9),
            (&["delete", "/lake"], 2),
        ] {
            let (sessions, questions) = line.run(words);
            assert!(questions.is_empty(), "{words:?}: {questions:?}");
            assert_eq!(sessions.len(), 1, "{words:?}");
            // The handshake, then the request together with the end of the session.
            assert_eq!(sessions[0].round_trips(), 2, "{words:?}: {:?}", sessions[0]);
            assert_eq!(sessions[0].operations(), [[operation, CLOSE]], "{words:?}");
        }
    }
}

#[test]
fn the_version_is_asked_during_the_handshake() {
    let engine = engines().swap_remove(0);
    // The first answer is held back until the four-letter word is sent. If that waited for the
    // answer, neither would arrive.
    let line = Line::to(&engine.fresh(), true);
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
        assert_eq!(sessions[0].operations(), [[operation, CLOSE]], "{words:?}");
    }
}

#[test]
fn a_small_tree_is_walked_without_asking_for_the_version() {
    let engine = engines().swap_remove(0);
    let line = Line::to(&engine.fresh(), false);
    line.run(&["create", "/lake", "deep"]);
    line.run(&["create", "/lake/boat", "red"]);
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
        // The handshake, one round trip for each level, two more for the deletes, and the end of
        // the session. Names and data are requested together, but the first reply may arrive before
        // the second request.
        let most = if matches!(words[0], "deleteall" | "grep") { 6 } else { 4 };
        let round_trips = sessions[0].round_trips();
        assert!(round_trips <= most, "{words:?}: {round_trips} of {most}, {:?}", sessions[0]);
    }
}
