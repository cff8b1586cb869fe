//! Valid requests that are far too many or far too large: other clients do not notice.

use std::io::Write;
use std::net::TcpStream;

use zksh::sandbox::{Clock, Handle};

use super::wire::{Body, Client, op};
use super::words::answer;
use crate::support::engine::start_sandbox;

/// Maximum size of the reply to a four-letter word, in bytes.
const LONGEST_ANSWER: usize = 1 << 20;

fn scene() -> (Handle, String, Client) {
    let sandbox = start_sandbox(Clock::System);
    let address = sandbox.address().to_string();
    let neighbour = Client::connect(&address).unwrap();
    (sandbox, address, neighbour)
}

fn node(path: &str) -> Body {
    Body::default().string(path).bytes(b"").acl(&[(31, "world", "anyone")]).int(0)
}

#[test]
fn lists_of_watches_are_cut_short_and_kept_for_nobody() {
    let (_sandbox, address, mut neighbour) = scene();
    let mut greedy = Client::connect(&address).unwrap();
    for round in 0..2 {
        let paths: Vec<String> = (0..60_000).map(|number| format!("/w{round}-{number}")).collect();
        let none = Body::default().strings(&[]);
        // Watches on znodes that do not exist.
        let body = Body::default().long(i64::MAX).then(&none).strings(&paths);
        let body = body.then(&none).then(&none).then(&none);
        assert_eq!(greedy.ask(op::SET_WATCHES2, &body).unwrap().code, 0);
    }
    // Clients that do not read their replies must not use more memory either.
    let unread: Vec<TcpStream> = (0..50)
        .map(|_| {
            let mut stream = TcpStream::connect(&address).unwrap();
            stream.write_all(b"wchp").unwrap();
            stream
        })
        .collect();
    for word in ["wchp", "wchc"] {
        let answer = answer(&address, word);
        assert!(answer.len() <= LONGEST_ANSWER + 4, "{word}: {}", answer.len());
        assert!(answer.len() > LONGEST_ANSWER / 2, "{word}: {}", answer.len());
        assert!(answer.ends_with("\n...\n"), "{word}");
    }
    assert_eq!(
        answer(&address, "wchs"),
        "1 connections watching 120000 paths\nTotal watches:120000\n"
    );
    assert_eq!(neighbour.ask(op::PING, &Body::default()).unwrap().code, 0);
    drop(unread);
}

#[test]
fn paths_of_half_a_million_parts_are_answered() {
    let (_sandbox, address, mut neighbour) = scene();
    let mut deep = Client::connect(&address).unwrap();
    let path = Body::default().string(&"/a".repeat(500_000));
    let open = Body::default().bytes(b"").acl(&[(31, "world", "anyone")]).int(0);
    let no_node = -101;
    for (number, rest, code) in [
        (op::CREATE, open, no_node),
        (op::DELETE, Body::default().int(-1), no_node),
        (op::SET_DATA, Body::default().bytes(b"").int(-1), no_node),
        (op::EXISTS, Body::default().boolean(true), no_node),
        (op::GET_CHILDREN, Body::default().boolean(true), no_node),
        (op::GET_ALL_CHILDREN_NUMBER, Body::default(), no_node),
        (op::ADD_WATCH, Body::default().int(1), 0),
        (op::REMOVE_WATCHES, Body::default().int(3), 0),
    ] {
        assert_eq!(deep.ask(number, &path.clone().then(&rest)).unwrap().code, code, "{number}");
    }
    assert_eq!(neighbour.ask(op::PING, &Body::default()).unwrap().code, 0);
}

#[test]
fn a_tree_of_great_depth_is_counted_watched_and_deleted() {
    const DEPTH: usize = 1_000;
    let (_sandbox, address, mut neighbour) = scene();
    let mut deep = Client::connect(&address).unwrap();
    let paths: Vec<String> = (1..=DEPTH).map(|depth| "/d".repeat(depth)).collect();
    for path in &paths {
        assert_eq!(deep.ask(op::CREATE, &node(path)).unwrap().code, 0);
    }
    let count = deep.ask(op::GET_ALL_CHILDREN_NUMBER, &Body::default().string("/d")).unwrap();
    assert_eq!(count.body, i32::try_from(DEPTH - 1).unwrap().to_be_bytes());
    let watch = Body::default().string("/d").int(1);
    assert_eq!(neighbour.ask(op::ADD_WATCH, &watch).unwrap().code, 0);
    let mut told = 0;
    for path in paths.iter().rev() {
        let body = Body::default().string(path).int(-1);
        assert_eq!(deep.ask(op::DELETE, &body).unwrap().code, 0);
        told += neighbour.ask(op::PING, &Body::default()).unwrap().events.len();
    }
    assert_eq!(told, DEPTH);
}

#[test]
fn a_transaction_as_large_as_a_request_is_whole_or_nothing() {
    const PARTS: usize = 12_000;
    let (_sandbox, address, mut neighbour) = scene();
    let mut many = Client::connect(&address).unwrap();
    let part =
        |number: i32, part: &Body| Body::default().int(number).boolean(false).int(-1).then(part);
    let creates = (0..PARTS).fold(Body::default(), |all, number| {
        all.then(&part(op::CREATE, &node(&format!("/m{number}"))))
    });
    let end = Body::default().int(-1).boolean(true).int(-1);
    // The last part is refused, so no part may have any effect.
    let refused = part(op::DELETE, &Body::default().string("/nix").int(-1));
    let body = creates.clone().then(&refused).then(&end);
    assert!(many.ask(op::MULTI, &body).is_ok());
    let root = Body::default().string("/").boolean(false);
    let children = |client: &mut Client| {
        let answer = client.ask(op::GET_CHILDREN, &root).unwrap();
        super::wire::Fields(&answer.body).int()
    };
    assert_eq!(children(&mut neighbour), 1);
    assert_eq!(many.ask(op::MULTI, &creates.then(&end)).unwrap().code, 0);
    assert_eq!(children(&mut neighbour), i32::try_from(PARTS).unwrap() + 1);
}
