//! Each kind of request, unusual ones included, compared with Apache's reply. `model.rs` covers
//! random requests; the ones here are never sent by ordinary clients.

use std::io;

use super::wire::{Body, Client, op};
use crate::support::apache::{Server, releases};
use crate::support::engine::{say_once, start_sandbox};
use crate::support::wait_until;

/// The code for a request that cannot be parsed.
const MARSHALLING: i32 = -5;

/// The outcome of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Outcome {
    /// The code and body; `None` if the connection was closed without a reply.
    answer: Option<(i32, Vec<u8>)>,
    /// Whether the connection is still open afterwards.
    stays: bool,
}

/// A request, with those before it on the same connection.
type Case = (&'static str, Vec<(i32, Body)>);

fn path(path: &str) -> Body {
    Body::default().string(path)
}

fn node(at: &str, flags: i32) -> Body {
    path(at).bytes(b"").acl(&[(31, "world", "anyone")]).int(flags)
}

/// Returns a transaction with a single part.
fn only(number: i32, part: &Body) -> Body {
    let part = Body::default().int(number).boolean(false).int(-1).then(part);
    part.int(-1).boolean(true).int(-1)
}

fn watches() -> Vec<Case> {
    let (data, persistent, recursive) = (
        (op::GET_DATA, path("/lake").boolean(true)),
        (op::ADD_WATCH, path("/lake").int(0)),
        (op::ADD_WATCH, path("/lake").int(1)),
    );
    let mut cases = Vec::new();
    for number in [op::CHECK_WATCHES, op::REMOVE_WATCHES] {
        for kind in [0, 1, 2, 3, 9] {
            let asked = (number, path("/lake").int(kind));
            cases.push(("no watch", vec![asked.clone()]));
            for (name, watch) in [
                ("a data watch", &data),
                ("a persistent watch", &persistent),
                ("a recursive watch", &recursive),
            ] {
                cases.push((name, vec![watch.clone(), asked.clone()]));
            }
        }
        let below = (number, path("/lake/reed").int(3));
        cases.push(("below a recursive watch", vec![recursive.clone(), below]));
    }
    for mode in [-1, 0, 1, 2] {
        cases.push(("mode of a watch", vec![(op::ADD_WATCH, path("/lake").int(mode))]));
    }
    cases.push(("no such path", vec![(op::ADD_WATCH, path("lake").int(0))]));
    cases
}

fn others() -> Vec<Case> {
    let none = Body::default();
    let nothing = || Body::default().int(-1);
    let cases = vec![
        ("reconfig", op::RECONFIG, path("server.1=a:1:2;3").string("").string("").long(-1)),
        ("reconfig of nothing", op::RECONFIG, nothing().int(-1).int(-1).long(-1)),
        ("deleteContainer", op::DELETE_CONTAINER, path("/lake")),
        ("no operation", 0, none.clone()),
        ("unknown", 10, path("/lake")),
        ("unknown", 23, path("/lake")),
        ("unknown", 99, path("/lake")),
        ("unknown", 1000, none.clone()),
        ("unknown", -1, nothing()),
        ("check of another version", op::CHECK, path("/lake").int(7)),
        ("check of nothing", op::CHECK, path("/nix").int(-1)),
        ("empty multi", op::MULTI, nothing().boolean(true).int(-1)),
        ("empty multiRead", op::MULTI_READ, nothing().boolean(true).int(-1)),
        ("multi that reads", op::MULTI, only(op::GET_DATA, &path("/lake").boolean(false))),
        ("multi of what is unknown", op::MULTI, only(99, &path("/lake"))),
        ("multiRead of nothing", op::MULTI_READ, only(op::GET_DATA, &path("/nix").boolean(false))),
        ("multiRead of exists", op::MULTI_READ, only(op::EXISTS, &path("/lake").boolean(false))),
        ("ephemerals of null", op::GET_EPHEMERALS, nothing()),
        ("ephemerals of nothing", op::GET_EPHEMERALS, path("")),
        ("who", op::WHO_AM_I, path("more than is read")),
        ("sync", op::SYNC, path("lake")),
        ("sync", op::SYNC, path("")),
        ("empty path", op::EXISTS, path("").boolean(false)),
        ("relative path", op::EXISTS, path("lake").boolean(true)),
        ("slash at the end", op::GET_DATA, path("/lake/").boolean(false)),
        ("relative path", op::CREATE, node("lake", 0)),
        ("empty path", op::CREATE, node("", 0)),
        ("null path", op::CREATE, nothing().bytes(b"").acl(&[]).int(0)),
        ("no data", op::CREATE, path("/null").int(-1).acl(&[(31, "world", "anyone")]).int(0)),
        ("empty ACL", op::CREATE, path("/a").bytes(b"").acl(&[]).int(0)),
        ("null ACL", op::CREATE, path("/a").bytes(b"").int(-1).int(0)),
        ("container by create", op::CREATE, node("/a", 4)),
        ("TTL by create", op::CREATE, node("/a", 5)),
        ("unknown flags", op::CREATE, node("/a", 7)),
        ("unknown flags", op::CREATE, node("/a", -1)),
        ("container by create2", op::CREATE2, node("/a", 4)),
        ("container that is none", op::CREATE_CONTAINER, node("/a", 0)),
        ("container that is an ephemeral", op::CREATE_CONTAINER, node("/a", 1)),
        ("no TTL", op::CREATE_TTL, node("/a", 5).long(0)),
        ("negative TTL", op::CREATE_TTL, node("/a", 5).long(-1)),
        ("endless TTL", op::CREATE_TTL, node("/a", 5).long(1 << 40)),
        ("TTL on what has none", op::CREATE_TTL, node("/a", 0).long(100)),
        ("TTL cut off", op::CREATE_TTL, node("/a", 5)),
        ("the root", op::DELETE, path("/").int(-1)),
        ("ZooKeeper's own", op::DELETE, path("/zookeeper").int(-1)),
        ("negative version", op::SET_DATA, path("/lake").bytes(b"").int(-2)),
        ("no permissions", op::SET_ACL, path("/pond").acl(&[(0, "world", "anyone")]).int(-1)),
        ("all permissions", op::SET_ACL, path("/reed").acl(&[(99, "world", "anyone")]).int(-1)),
        ("super", op::SET_ACL, path("/lake").acl(&[(31, "super", "")]).int(-1)),
        ("x509", op::SET_ACL, path("/lake").acl(&[(31, "x509", "CN=ann")]).int(-1)),
        ("ACL of null", op::GET_ACL, nothing()),
        ("world", op::AUTH, Body::default().int(0).string("world").bytes(b"anyone")),
        ("user alone", op::AUTH, Body::default().int(0).string("digest").bytes(b"ann")),
        ("address", op::AUTH, Body::default().int(0).string("ip").bytes(b"1.2.3.4")),
        ("no scheme", op::AUTH, Body::default().int(0).string("").bytes(b"")),
        ("unknown scheme", op::AUTH, Body::default().int(0).string("nosuch").bytes(b"")),
        ("SASL where there is none", op::SASL, Body::default().bytes(b"token")),
        ("SASL without a token", op::SASL, Body::default().bytes(b"")),
        ("ping", op::PING, path("more than is read")),
        ("configuration", op::GET_DATA, path("/zookeeper/config").boolean(false)),
        ("configuration", op::SET_DATA, path("/zookeeper/config").bytes(b"").int(-1)),
        ("configuration", op::CREATE, node("/zookeeper/config/x", 0)),
        ("quotas", op::CREATE, node("/zookeeper/quota/x", 0)),
        ("close", op::CLOSE, none),
    ];
    cases.into_iter().map(|(name, number, body)| (name, vec![(number, body)])).collect()
}

/// Runs a case on its own connection, which is also returned.
fn play(address: &str, requests: &[(i32, Body)]) -> (Outcome, Client) {
    let mut client = Client::connect(address).unwrap();
    let mut answer: io::Result<_> = Err(io::ErrorKind::InvalidInput.into());
    for (number, body) in requests {
        answer = client.ask(*number, body);
    }
    let stays = client.ask(op::PING, &Body::default()).is_ok();
    // Stats and sessions differ between runs; `model.rs` compares them.
    let answer = answer.ok().map(|answer| {
        let told = if answer.body.len() < 60 { answer.body } else { Vec::new() };
        (answer.code, told)
    });
    (Outcome { answer, stays }, client)
}

#[test]
fn odd_requests_come_to_the_same_as_on_apaches_server() {
    let Some(release) = releases().iter().rfind(|release| release.version.starts_with("3.8."))
    else {
        return say_once("skipped: odd requests to the sandbox and to Apache's 3.8");
    };
    let apache = Server::start(release);
    let sandbox = start_sandbox(zksh::sandbox::Clock::System);
    let both = [apache.address(), sandbox.address().to_string()];
    for address in &both {
        let mut client = Client::connect(address).unwrap();
        for at in ["/lake", "/pond", "/reed"] {
            assert_eq!(client.ask(op::CREATE, &node(at, 0)).unwrap().code, 0);
        }
    }
    let mut wrong = Vec::new();
    for (name, requests) in watches().into_iter().chain(others()) {
        let [(mut theirs, mut client), (mut ours, _)] =
            both.each_ref().map(|address| play(address, &requests));
        // Apache answers an unreadable request with this code, and then closes the connection.
        if matches!(ours.answer, Some((MARSHALLING, _))) {
            ours.stays |= theirs.stays;
        }
        if theirs.stays && !ours.stays {
            // Apache's server may answer a ping before it closes the connection.
            let mut ping = || client.ask(op::PING, &Body::default());
            wait_until(&format!("Apache's end of {name}"), || ping().is_err().then_some(()));
            theirs.stays = false;
        }
        if theirs != ours {
            wrong.push(format!("{name} {requests:?}: {theirs:?}, but here {ours:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
