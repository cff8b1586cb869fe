//! Late checks, as on Apache's server: with `flushDelay` a request is checked before those in
//! flight are applied. Without it, a pipelined script has the same effect as one request after the
//! other.

use std::net::TcpListener;
use std::time::Duration;

use zksh::sandbox::{self, Clock, Settings};

use super::wire::{Body, Client, op};

const DELAY: Duration = Duration::from_millis(40);

fn create(path: &str) -> (i32, Body) {
    let anyone = &[(31, "world", "anyone")];
    (op::CREATE, Body::default().string(path).bytes(b"").acl(anyone).int(0))
}

fn set_acl(path: &str, permissions: i32) -> (i32, Body) {
    let acl = &[(permissions, "world", "anyone")];
    (op::SET_ACL, Body::default().string(path).acl(acl).int(-1))
}

fn delete(path: &str) -> (i32, Body) {
    (op::DELETE, Body::default().string(path).int(-1))
}

/// Runs a script that removes the delete permission and then deletes. Returns the codes.
fn play(flush_delay: Duration, pipelined: bool) -> Vec<i32> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let settings = Settings { flush_delay, ..Settings::default() };
    let sandbox = sandbox::start(listener, settings, Clock::System).unwrap();
    let mut client = Client::connect(&sandbox.address().to_string()).unwrap();
    for (number, body) in [create("/p"), create("/p/q")] {
        assert_eq!(client.ask(number, &body).unwrap().code, 0);
    }
    let script = [set_acl("/p", 17), delete("/p/q"), create("/p/r")];
    if pipelined {
        for (number, body) in &script {
            client.send(*number, body).unwrap();
        }
        script.iter().map(|_| client.receive().unwrap().code).collect()
    } else {
        script.iter().map(|(number, body)| client.ask(*number, body).unwrap().code).collect()
    }
}

#[test]
fn pipelining_matters_only_where_writes_are_flushed_late() {
    let refused = [0, -102, -102];
    assert_eq!(play(Duration::ZERO, false), refused);
    assert_eq!(play(Duration::ZERO, true), refused);
    assert_eq!(play(DELAY, false), refused);
    assert_eq!(play(DELAY, true), [0, 0, 0], "as on Apache's server");
}

#[test]
fn a_full_batch_is_flushed_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let hour = Duration::from_hours(1);
    let settings = Settings { flush_delay: hour, max_batch: 3, ..Settings::default() };
    let sandbox = sandbox::start(listener, settings, Clock::System).unwrap();
    let mut client = Client::connect(&sandbox.address().to_string()).unwrap();
    for path in ["/a", "/b", "/c"] {
        let (number, body) = create(path);
        client.send(number, &body).unwrap();
    }
    for _ in 0..3 {
        assert_eq!(client.receive().unwrap().code, 0);
    }
}
