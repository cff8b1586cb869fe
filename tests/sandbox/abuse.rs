//! Abusive clients of a sandbox: the offender is disconnected, other clients do not notice, and the
//! memory stays bounded.

use std::cell::RefCell;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use nix::sys::signal::Signal;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use zksh::sandbox::{self, Clock, Handle, Settings};

use super::limits::resident;
use super::options::Served;
use super::wire::{Body, Client, Fields, op};
use crate::support::wait_until;

pub(super) const ANYONE: &[(i32, &str, &str)] = &[(31, "world", "anyone")];

/// A sandbox, and an honest client that must not notice anything.
pub(super) struct Scene {
    pub(super) sandbox: Handle,
    pub(super) address: String,
    pub(super) neighbour: Client,
}

impl Scene {
    pub(super) fn new() -> Self {
        Self::with(Settings { max_connections: 0, ..Settings::default() }, Clock::System)
    }

    pub(super) fn with(settings: Settings, clock: Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let sandbox = sandbox::start(listener, settings, clock).unwrap();
        let address = sandbox.address().to_string();
        let mut neighbour = Client::connect(&address).unwrap();
        create(&mut neighbour, "/home", b"sweet");
        Self { sandbox, address, neighbour }
    }

    pub(super) fn client(&self) -> Client {
        Client::connect(&self.address).unwrap()
    }

    /// Opens a connection that has sent nothing.
    fn stranger(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }

    #[track_caller]
    pub(super) fn assert_unharmed(&mut self) {
        let body = Body::default().string("/home").boolean(false);
        let answer = self.neighbour.ask(op::GET_DATA, &body).unwrap();
        assert_eq!(Fields(&answer.body).bytes(), Some(&b"sweet"[..]));
    }
}

fn create(client: &mut Client, path: &str, data: &[u8]) {
    let body = Body::default().string(path).bytes(data).acl(ANYONE).int(0);
    assert_eq!(client.ask(op::CREATE, &body).unwrap().code, 0);
}

/// Waits until the server closes a connection. Returns what it sent before.
#[track_caller]
fn assert_closed(stream: &mut TcpStream) -> Vec<u8> {
    let mut sent = Vec::new();
    match stream.read_to_end(&mut sent) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
    }
    sent
}

#[test]
fn frames_that_are_none_end_the_connection() {
    let mut scene = Scene::new();
    let too_long = 0x10_0000_i32.to_be_bytes();
    let frames: [&[u8]; 6] = [
        // Lengths: -1, the most negative, the largest, and one byte too long.
        &[0xff; 4],
        &[0x80, 0, 0, 0],
        &[0x7f, 0xff, 0xff, 0xff],
        &too_long,
        // Frames without a header, and with an incomplete one.
        &[0, 0, 0, 0],
        &[0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0],
    ];
    for frame in frames {
        let mut offender = scene.client();
        offender.stream.write_all(frame).unwrap();
        assert_eq!(assert_closed(&mut offender.stream), b"", "{frame:?}");

        let mut offender = scene.stranger();
        offender.write_all(frame).unwrap();
        assert_eq!(assert_closed(&mut offender), b"", "{frame:?}");
    }
    scene.assert_unharmed();
}

#[test]
fn a_request_that_cannot_be_read_is_answered_and_ends_the_connection() {
    let mut scene = Scene::new();
    // A path that is longer than its frame, and an unknown request.
    for (number, body, code) in [
        (op::CREATE, Body::default().int(500), -5),
        (op::GET_DATA, Body::default().int(-7), -5),
        (op::SET_WATCHES2, Body::default().long(0).int(0x7fff_ffff), -5),
        (op::MULTI, Body::default().int(77).boolean(false).int(0), -5),
        (4711, Body::default(), -6),
    ] {
        let mut offender = scene.client();
        assert_eq!(offender.ask(number, &body).unwrap().code, code, "{number}");
        assert_eq!(offender.last_words(), b"");
    }
    scene.assert_unharmed();
}

#[test]
fn the_largest_request_is_taken_and_one_byte_more_is_not() {
    let mut scene = Scene::new();
    let around = 8 + Body::default().string("/big").bytes(b"").acl(ANYONE).int(0).0.len();
    let mut client = scene.client();
    create(&mut client, "/big", &vec![b'x'; 0xf_ffff - around]);
    let body = Body::default().string("/big").bytes(&vec![b'x'; 0x10_0000 - around]).acl(ANYONE);
    let _ = client.send(op::CREATE, &body.int(0));
    assert_eq!(client.last_words(), b"");
    scene.assert_unharmed();
}

#[test]
fn a_client_that_ends_within_a_frame_leaves_nothing() {
    let mut scene = Scene::new();
    for cut in [1, 4, 5, 11, 12, 20] {
        let mut client = scene.client();
        let body = Body::default().string("/never").bytes(b"").acl(ANYONE).int(0);
        let frame = Body::default().int(1).int(op::CREATE).then(&body);
        let frame = Body::default().bytes(&frame.0);
        client.stream.write_all(&frame.0[..cut]).unwrap();
        client.stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(client.last_words(), b"", "cut at {cut}");
    }
    let body = Body::default().string("/never").boolean(false);
    assert_eq!(scene.neighbour.ask(op::EXISTS, &body).unwrap().code, -101);
    scene.assert_unharmed();
}

#[test]
fn a_slow_client_is_served_byte_by_byte() {
    let mut scene = Scene::new();
    let mut slow = scene.client();
    let body = Body::default().string("/home").boolean(false);
    let frame = Body::default().bytes(&Body::default().int(1).int(op::EXISTS).then(&body).0);
    for byte in frame.0 {
        slow.stream.write_all(&[byte]).unwrap();
        scene.assert_unharmed();
    }
    assert_eq!(slow.receive().unwrap().code, 0);
}

#[test]
fn who_asks_for_no_session_is_dropped_in_time() {
    let patience = Duration::from_millis(100);
    let mut scene = Scene::with(Settings { patience, ..Settings::default() }, Clock::System);
    // Nothing, the start of a length, and the start of a connect request.
    for words in [&[][..], &[0, 0], &[0, 0, 0, 45, 0, 0, 0, 0, 1]] {
        let mut silent = scene.stranger();
        silent.write_all(words).unwrap();
        assert_eq!(assert_closed(&mut silent), b"");
    }
    scene.assert_unharmed();
}

#[test]
fn a_client_that_is_gone_without_a_word_is_dropped_with_its_session() {
    let scene = Scene::with(Settings::default(), Clock::Manual);
    let mut silent = scene.client();
    let body = Body::default().string("/ghost").bytes(b"").acl(ANYONE).int(1);
    assert_eq!(silent.ask(op::CREATE, &body).unwrap().code, 0);
    let mut other = scene.client();
    let exists = Body::default().string("/ghost").boolean(true);
    assert_eq!(other.ask(op::EXISTS, &exists).unwrap().code, 0);
    scene.sandbox.advance(Duration::from_secs(20));
    assert_eq!(other.ask(op::PING, &Body::default()).unwrap().events, []);
    scene.sandbox.advance(Duration::from_secs(15));
    let answer = other.ask(op::PING, &Body::default()).unwrap();
    assert_eq!(answer.events, [(2, "/ghost".to_owned())]);
    assert_eq!(silent.last_words(), b"");
    let again = Client::reconnect(&scene.address, silent.session, &silent.password, 30_000);
    assert_eq!(again.unwrap().session, 0, "the session has expired");
}

#[test]
fn a_client_that_does_not_read_is_not_read_from_either() {
    let mut scene = Scene::new();
    let mut greedy = scene.client();
    create(&mut greedy, "/big", &vec![b'x'; 500_000]);
    let ask = Body::default().int(7).int(op::GET_DATA).string("/big").boolean(false);
    let ask = Body::default().bytes(&ask.0).0;
    // The requests alone do not fit into the system's buffers, let alone the replies.
    let wanted = ask.repeat(1_000_000);
    greedy.stream.set_nonblocking(true).unwrap();
    let mut asked = 0;
    let mut idle = 0;
    while idle < 20 && asked < wanted.len() {
        match greedy.stream.write(&wanted[asked..]) {
            Ok(count) => (asked, idle) = (asked + count, 0),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                // Use the remaining time for the neighbour.
                scene.assert_unharmed();
                idle += 1;
            }
        }
    }
    assert!(asked < wanted.len(), "the sandbox has read all");
    assert!(resident(std::process::id()) < 500 << 20, "{} MB", resident(std::process::id()) >> 20);
    scene.assert_unharmed();
    // Every request that was accepted gets its reply once the client reads.
    greedy.stream.set_nonblocking(false).unwrap();
    for _ in 0..(asked / ask.len()).min(40) {
        assert_eq!(greedy.receive().unwrap().body.len(), 4 + 500_000 + 68);
    }
}

#[test]
fn who_does_not_read_events_is_dropped() {
    let mut scene = Scene::new();
    let mut deaf = scene.client();
    let watch = Body::default().string("/").int(1);
    assert_eq!(deaf.ask(op::ADD_WATCH, &watch).unwrap().code, 0);
    let path = format!("/{}", "long".repeat(2_000));
    create(&mut scene.neighbour, &path, b"");
    let set = Body::default().string(&path).bytes(b"").int(-1);
    wait_until("the sandbox has given up on the deaf client", || {
        for _ in 0..100 {
            scene.neighbour.send(op::SET_DATA, &set).unwrap();
        }
        for _ in 0..100 {
            assert_eq!(scene.neighbour.receive().unwrap().code, 0);
        }
        // The connection no longer counts once it is closed.
        four_letters(&scene.address, "srvr").contains("Connections: 2\n").then_some(())
    });
    scene.assert_unharmed();
}

pub(super) fn four_letters(address: &str, word: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    // `echo ruok | nc` sends a newline too.
    stream.write_all(format!("{word}\n").as_bytes()).unwrap();
    String::from_utf8(assert_closed(&mut stream)).unwrap()
}

#[test]
fn a_multi_read_cannot_ask_for_all_memory() {
    let mut scene = Scene::new();
    let mut greedy = scene.client();
    create(&mut greedy, "/big", &vec![b'x'; 1_000_000]);
    let part = Body::default().int(op::GET_DATA).boolean(false).int(-1);
    let part = part.string("/big").boolean(false);
    let body = (0..40_000).fold(Body::default(), |body, _| body.then(&part));
    let body = body.int(-1).boolean(true).int(-1);
    assert_eq!(greedy.ask(op::MULTI_READ, &body).unwrap().code, -5);
    scene.assert_unharmed();
}

#[test]
fn claimed_lengths_take_no_memory() {
    // A separate process, where nothing else uses memory.
    let served = Served::start(&["--sandbox=127.0.0.1:0", "--sandbox-set=maxClientCnxns=0"]);
    let before = resident(served.child.id());
    let claims: Vec<Client> = (0..100)
        .map(|_| {
            let mut client = Client::connect(&served.address).unwrap();
            client.stream.write_all(&[0, 0x0f, 0xff, 0xff, 0, 0, 0, 1]).unwrap();
            client
        })
        .collect();
    // This is answered after everything that arrived before it.
    let mut neighbour = Client::connect(&served.address).unwrap();
    assert_eq!(neighbour.ask(op::PING, &Body::default()).unwrap().code, 0);
    let after = resident(served.child.id());
    assert!(after < before + (30 << 20), "{} MB", after >> 20);
    drop(claims);
    assert_eq!(served.end(Signal::SIGTERM), Some(0));
}

#[test]
fn random_bytes_harm_nobody() {
    let scene = RefCell::new(Scene::new());
    let address = scene.borrow().address.clone();
    let mut bytes = [0; 32];
    bytes[0] = 1;
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config { cases: 400, failure_persistence: None, ..Config::default() };
    // Nearly valid lengths and request types get further than mere noise.
    let nearly = (0..64_i32, -12..110_i32, prop::collection::vec(any::<u8>(), 0..64)).prop_map(
        |(length, number, bytes)| {
            let frame = Body::default().int(length).int(1).int(number);
            [&frame.0[..], &bytes].concat()
        },
    );
    let noise = prop::collection::vec(any::<u8>(), 0..200);
    let bytes = prop_oneof![1 => noise, 3 => nearly];
    let strategy = (any::<bool>(), prop::collection::vec(bytes, 1..6));
    let outcome = TestRunner::new_with_rng(config, rng).run(&strategy, |(greeted, parts)| {
        let stream = if greeted {
            Client::connect(&address).unwrap().stream
        } else {
            TcpStream::connect(&address).unwrap()
        };
        // The server may have closed the connection early.
        let _ = (&stream).write_all(&parts.concat());
        let _ = stream.shutdown(Shutdown::Write);
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut stream = stream;
        let _ = stream.read_to_end(&mut Vec::new());
        scene.borrow_mut().assert_unharmed();
        Ok(())
    });
    assert_eq!(outcome, Ok(()));
}
