//! Sessions, containers and TTL znodes end by themselves, on Apache's server and on the sandbox,
//! each with its own clock.

use std::net::TcpListener;
use std::time::Duration;

use zksh::sandbox::{self, Clock, Settings};

use super::wire::{Body, Client, Fields, op};
use crate::support::apache::{Server, releases};
use crate::support::engine::say_once;
use crate::support::wait_until;

/// A client that receives every change below the root.
struct Watcher {
    client: Client,
    /// The zxid at the start.
    start: i64,
    told: Vec<String>,
}

impl Watcher {
    fn new(address: &str) -> Self {
        let mut client = Client::connect(address).unwrap();
        let start = client.ask(op::PING, &Body::default()).unwrap().zxid;
        let mut watcher = Self { client, start, told: Vec::new() };
        watcher.ask(op::ADD_WATCH, &Body::default().string("/").int(1));
        watcher
    }

    fn ask(&mut self, number: i32, body: &Body) {
        let answer = self.client.ask(number, body).unwrap();
        for (kind, path) in answer.events {
            self.told.push(format!("event {kind} {path}"));
        }
        let zxid = answer.zxid - self.start;
        self.told.push(format!("request {number}: code {} zxid +{zxid}", answer.code));
    }

    fn create(&mut self, number: i32, path: &str, flags: i32, ttl: Option<i64>) {
        self.ask(number, &node(path, flags, ttl));
    }

    /// Waits until the znode is deleted.
    fn sees_the_end_of(&mut self, path: &str) {
        let end = format!("event 2 {path}");
        while !self.told.contains(&end) {
            let frame = self.client.frame().unwrap();
            let mut fields = Fields(&frame);
            assert_eq!((fields.int(), fields.long(), fields.int()), (-1, -1, 0), "an event");
            let kind = fields.int();
            fields.int();
            self.told.push(format!("event {kind} {}", fields.string()));
        }
    }
}

fn node(path: &str, flags: i32, ttl: Option<i64>) -> Body {
    let body = Body::default().string(path).bytes(b"").acl(&[(31, "world", "anyone")]).int(flags);
    ttl.into_iter().fold(body, Body::long)
}

/// Lets one of each kind end. Returns all events.
fn play(address: &str) -> Vec<String> {
    let mut watcher = Watcher::new(address);

    // A client that falls silent while its connection stays open.
    let mut silent = Client::reconnect(address, 0, &[0; 16], 1).unwrap();
    watcher.told.push(format!("timeout {}", silent.timeout));
    assert_eq!(silent.ask(op::CREATE, &node("/fish", 1, None)).unwrap().code, 0);
    watcher.sees_the_end_of("/fish");
    assert_eq!(silent.last_words(), b"");
    let again = Client::reconnect(address, silent.session, &silent.password, 30_000).unwrap();
    watcher.told.push(format!("session {} timeout {}", again.session, again.timeout));
    watcher.ask(op::EXISTS, &Body::default().string("/fish").boolean(false));

    // One container is emptied, the other was never filled.
    watcher.create(op::CREATE_CONTAINER, "/never", 4, None);
    watcher.create(op::CREATE_CONTAINER, "/pond", 4, None);
    watcher.create(op::CREATE, "/pond/reed", 0, None);
    watcher.ask(op::DELETE, &Body::default().string("/pond/reed").int(-1));
    watcher.sees_the_end_of("/pond");

    // A child keeps an overdue parent alive. Both are created at once, before the TTL can end.
    let part = |number: i32| Body::default().int(number).boolean(false).int(-1);
    let ice = part(op::CREATE_TTL).then(&node("/ice", 5, Some(1)));
    let fish = part(op::CREATE).then(&node("/ice/fish", 0, None));
    watcher.ask(op::MULTI, &ice.then(&fish).int(-1).boolean(true).int(-1));
    watcher.create(op::CREATE_TTL, "/dew", 5, Some(1));
    watcher.sees_the_end_of("/dew");
    watcher.ask(op::DELETE, &Body::default().string("/ice/fish").int(-1));
    watcher.sees_the_end_of("/ice");

    watcher.ask(op::EXISTS, &Body::default().string("/never").boolean(false));
    watcher.told
}

#[test]
fn sessions_containers_and_ttls_end_as_on_apaches_server() {
    let Some(release) = releases().iter().rfind(|release| release.version.starts_with("3.8."))
    else {
        return say_once("skipped: what ends by itself, against Apache's 3.8");
    };
    let apache = Server::with_properties(release, &[("znode.container.checkIntervalMs", "200")]);
    let settings = Settings {
        tick: Duration::from_millis(500),
        container_check: Duration::from_millis(200),
        ..Settings::default()
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let sandbox = sandbox::start(listener, settings, Clock::System).unwrap();
    let (theirs, ours) = (play(&apache.address()), play(&sandbox.address().to_string()));
    assert_eq!(theirs, ours);
    assert!(ours.contains(&"timeout 1000".to_owned()), "{ours:#?}");
}

#[test]
fn containers_are_looked_at_as_often_as_is_set() {
    // Curator's test of TTLs waits for some milliseconds, although a tick takes seconds. A tick of
    // this server takes longer than the test waits.
    let settings = Settings {
        tick: Duration::from_mins(10),
        container_check: Duration::from_millis(1),
        ..Settings::default()
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let sandbox = sandbox::start(listener, settings, Clock::System).unwrap();
    let mut watcher = Watcher::new(&sandbox.address().to_string());
    for round in 0..5 {
        watcher.create(op::CREATE_TTL, &format!("/t{round}"), 5, Some(10));
        wait_until("its end has come", || {
            watcher.ask(op::PING, &Body::default());
            watcher.told.iter().any(|told| *told == format!("event 2 /t{round}")).then_some(())
        });
    }
}
