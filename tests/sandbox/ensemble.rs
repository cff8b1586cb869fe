//! The sandbox as an ensemble, over sockets: what clients see of its failures.

use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use zksh::sandbox::{self, Clock, Control, Handle, Process, ServerMode, Settings};

use super::wire::{Body, Client, Fields, op};
use super::words::answer;
use crate::support::shell::zksh;
use crate::support::wait_until;

/// A running ensemble with a real clock.
struct Scene {
    _sandbox: Handle,
    control: Control,
    addresses: Vec<String>,
}

impl Scene {
    fn new(count: usize) -> Self {
        Self::with(count, Settings::default())
    }

    /// Uses a tick of a tenth of a second, so that lost servers are given up soon.
    fn with(count: usize, settings: Settings) -> Self {
        let listeners = (0..count).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let tick = Duration::from_millis(100);
        let settings = Settings {
            tick,
            max_session_timeout: Some(Duration::from_secs(30)),
            max_connections: 0,
            ..settings
        };
        let sandbox = sandbox::start_ensemble(listeners, settings, Clock::System).unwrap();
        let control = sandbox.control();
        let addresses = control.addresses().iter().map(ToString::to_string).collect();
        Self { _sandbox: sandbox, control, addresses }
    }

    fn client(&self, number: usize) -> Client {
        Client::connect(&self.addresses[number - 1]).unwrap()
    }

    /// Returns the number of the leader.
    fn leader(&self) -> usize {
        wait_until("there is a leader", || {
            let is_leader = |status: &sandbox::ServerStatus| {
                status.process == Process::Running && status.mode == ServerMode::Leader
            };
            self.control.servers().into_iter().find(is_leader).map(|status| status.number)
        })
    }

    fn others(&self, number: usize) -> Vec<usize> {
        (1..=self.addresses.len()).filter(|other| *other != number).collect()
    }
}

fn create(client: &mut Client, path: &str, flags: i32) -> i32 {
    let acl = &[(31, "world", "anyone")];
    let body = Body::default().string(path).bytes(b"").acl(acl).int(flags);
    client.ask(op::CREATE, &body).unwrap().code
}

fn exists(client: &mut Client, path: &str, watch: bool) -> i32 {
    let body = Body::default().string(path).boolean(watch);
    client.ask(op::EXISTS, &body).unwrap().code
}

/// Connects to a server with the session of another client.
fn move_to(address: &str, client: &Client) -> Client {
    Client::reconnect(address, client.session, &client.password, 30_000).unwrap()
}

#[test]
fn what_one_server_is_told_all_tell() {
    let scene = Scene::new(3);
    let leader = scene.leader();
    let [one, two] = scene.others(leader)[..] else { panic!("three servers") };
    let (mut first, mut second) = (scene.client(one), scene.client(two));
    assert_eq!(exists(&mut second, "/a", true), -101);
    assert_eq!(create(&mut first, "/a", 1), 0);
    let answer = second.ask(op::PING, &Body::default()).unwrap();
    assert_eq!(answer.events, [(1, "/a".to_owned())]);
    assert_eq!(answer.zxid >> 32, 1, "the epoch of the first leader");
    // The top byte of a session id is the number of its server.
    assert_eq!(
        [first.session >> 56, second.session >> 56],
        [one, two].map(|n| i64::try_from(n).unwrap())
    );
    scene.control.expire(first.session);
    assert_eq!(exists(&mut second, "/a", false), -101);
    assert_eq!(scene.control.sessions(), [second.session]);
}

#[test]
fn a_session_outlives_its_server() {
    let scene = Scene::new(3);
    let leader = scene.leader();
    let other = scene.others(leader)[0];
    let mut client = scene.client(leader);
    assert_eq!(create(&mut client, "/mine", 1), 0);
    scene.control.kill(leader).unwrap();
    assert_eq!(client.last_words(), b"");
    assert!(TcpStream::connect(&scene.addresses[leader - 1]).is_err(), "nobody listens");
    // The other servers have no leader for a moment, and so no clients.
    let next = scene.leader();
    assert_ne!(next, leader);
    let mut moved = move_to(&scene.addresses[other - 1], &client);
    assert_eq!(moved.session, client.session);
    assert_eq!(exists(&mut moved, "/mine", false), 0);
    assert_eq!(create(&mut moved, "/next", 0), 0);
    let zxid = moved.ask(op::PING, &Body::default()).unwrap().zxid;
    assert_eq!(zxid >> 32, 2, "an epoch later");
    // The server comes back, and has the writes that it missed.
    scene.control.start(leader).unwrap();
    let back = wait_until("the killed server is back", || {
        Client::connect(&scene.addresses[leader - 1]).ok()
    });
    let mut back = back;
    assert_eq!(exists(&mut back, "/next", false), 0);
}

#[test]
fn a_server_that_lags_is_late_for_reads_and_watches_but_not_for_its_own_writes() {
    let scene = Scene::new(3);
    let leader = scene.leader();
    let [slow, other] = scene.others(leader)[..] else { panic!("three servers") };
    let (mut behind, mut ahead) = (scene.client(slow), scene.client(other));
    assert_eq!(exists(&mut behind, "/a", true), -101);
    scene.control.lag(slow, Duration::from_millis(300)).unwrap();
    assert_eq!(create(&mut ahead, "/a", 0), 0);
    assert_eq!(exists(&mut behind, "/a", false), -101, "it has not heard of it");
    let zxids: Vec<i64> = scene.control.servers().iter().map(|status| status.zxid).collect();
    assert!(zxids[slow - 1] < zxids[other - 1], "{zxids:?}");
    // The server refuses a client that has seen more.
    let hello = Body::default().int(0).long(zxids[other - 1]).int(30_000);
    let mut stranger = TcpStream::connect(&scene.addresses[slow - 1]).unwrap();
    let hello = Body::default().bytes(&hello.long(0).bytes(&[0; 16]).boolean(false).0);
    std::io::Write::write_all(&mut stranger, &hello.0).unwrap();
    assert_eq!(std::io::Read::read(&mut stranger, &mut [0]).unwrap_or(0), 0);
    // The sync waits for everything committed when it was sent, and then the watch fires.
    let synced = behind.ask(op::SYNC, &Body::default().string("/")).unwrap();
    assert_eq!((synced.code, synced.events), (0, vec![(1, "/a".to_owned())]));
    assert_eq!(create(&mut behind, "/b", 0), 0);
    assert_eq!(exists(&mut behind, "/b", false), 0, "its own write");
}

#[test]
fn a_session_that_has_moved_is_refused_where_it_was() {
    let scene = Scene::new(3);
    let leader = scene.leader();
    let mut old = scene.client(leader);
    let other = scene.others(leader)[0];
    let mut new = move_to(&scene.addresses[other - 1], &old);
    assert_eq!(new.session, old.session);
    assert_eq!(create(&mut old, "/a", 0), -118);
    assert_eq!(old.last_words(), b"");
    assert_eq!(create(&mut new, "/a", 0), 0);
    // On the same server the older connection is closed at once.
    let newer = move_to(&scene.addresses[other - 1], &new);
    assert_eq!(new.last_words(), b"");
    assert_eq!(newer.session, old.session);
}

#[test]
fn the_side_without_a_majority_drops_its_clients_and_the_other_elects() {
    let scene = Scene::new(5);
    let leader = scene.leader();
    let others = scene.others(leader);
    let sides = [vec![leader, others[0]], others[1..].to_vec()];
    let (mut few, mut many) = (scene.client(leader), scene.client(others[1]));
    assert_eq!(create(&mut few, "/before", 0), 0);
    scene.control.partition(&sides).unwrap();
    // Without a majority nothing is appended: the write waits, and is lost with its connection.
    let acl = &[(31, "world", "anyone")];
    let body = Body::default().string("/lost").bytes(b"").acl(acl).int(0);
    few.send(op::CREATE, &body).unwrap();
    assert!(few.receive().is_err(), "no answer");
    assert!(many.last_words().is_empty(), "its leader is gone");
    let many = wait_until("the other side has a leader", || {
        Client::reconnect(&scene.addresses[others[1] - 1], 0, &[0; 16], 30_000).ok()
    });
    let mut many = many;
    assert_eq!(exists(&mut many, "/before", false), 0);
    assert_eq!(create(&mut many, "/after", 0), 0);
    let modes: Vec<ServerMode> = scene.control.servers().iter().map(|s| s.mode).collect();
    assert_eq!(modes[leader - 1], ServerMode::Looking);
    assert_eq!(answer(&scene.addresses[leader - 1], "isro"), "null");
    let refusal = "This ZooKeeper instance is not currently serving requests\n";
    assert_eq!(answer(&scene.addresses[leader - 1], "srvr"), refusal);
    scene.control.heal().unwrap();
    let mut few = wait_until("the lost server is back", || {
        Client::connect(&scene.addresses[leader - 1]).ok()
    });
    assert_eq!(exists(&mut few, "/after", false), 0);
    assert_eq!(exists(&mut few, "/lost", false), -101);
}

#[test]
fn a_server_without_a_leader_serves_who_only_reads() {
    let settings = Settings { read_only: true, ..Settings::default() };
    let scene = Scene::with(3, settings);
    let leader = scene.leader();
    let [last, other] = scene.others(leader)[..] else { panic!("three servers") };
    assert_eq!(create(&mut scene.client(last), "/a", 0), 0);
    scene.control.kill(leader).unwrap();
    scene.control.kill(other).unwrap();
    let address = &scene.addresses[last - 1];
    wait_until("it has noticed", || (answer(address, "isro") == "ro").then_some(()));
    assert!(Client::connect(address).is_err(), "it wants to write");
    let ran = zksh(address).args(["-r", "ls", "/"]).run();
    assert_eq!((ran.status, &*ran.stdout, &*ran.stderr), (0, "[a, zookeeper]\n", ""));
    let ran = zksh(address).args(["-r", "create", "/b"]).run();
    assert_eq!(ran.status, 1, "{}", ran.stderr);
}

#[test]
fn a_paused_server_answers_when_it_goes_on() {
    let scene = Scene::with(3, Settings { sync_limit: 1_000, ..Settings::default() });
    let leader = scene.leader();
    let other = scene.others(leader)[0];
    let mut client = scene.client(other);
    scene.control.pause(other).unwrap();
    client.send(op::PING, &Body::default()).unwrap();
    client.stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let kind = client.receive().unwrap_err().kind();
    assert_eq!(kind, std::io::ErrorKind::WouldBlock);
    assert_eq!(create(&mut scene.client(leader), "/meanwhile", 0), 0);
    scene.control.start(other).unwrap();
    client.stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    assert_eq!(client.receive().unwrap().code, 0);
    assert_eq!(exists(&mut client, "/meanwhile", false), 0);
}

#[test]
fn words_say_who_leads() {
    let scene = Scene::new(3);
    let leader = scene.leader();
    let config = scene.client(leader);
    drop(config);
    for number in 1..=3 {
        let srvr = answer(&scene.addresses[number - 1], "srvr");
        let mode = if number == leader { "leader" } else { "follower" };
        assert!(srvr.contains(&format!("\nMode: {mode}\n")), "{srvr}");
        let conf = answer(&scene.addresses[number - 1], "conf");
        assert!(conf.contains(&format!("\nserverId={number}\n")), "{conf}");
    }
    let mntr = answer(&scene.addresses[leader - 1], "mntr");
    assert!(mntr.contains("zk_followers\t2\nzk_synced_followers\t2\n"), "{mntr}");
    let body = Body::default().string("/zookeeper/config").boolean(false);
    let read = scene.client(leader).ask(op::GET_DATA, &body).unwrap();
    let text = Fields(&read.body).string();
    for (number, address) in (1..).zip(&scene.addresses) {
        let line = format!("server.{number}=127.0.0.1:0:0:participant;{address}\n");
        assert!(text.contains(&line), "{text}");
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_its_reason() {
    let scene = Scene::new(3);
    let control = &scene.control;
    let said = |result: Result<(), sandbox::ControlError>| result.unwrap_err().to_string();
    assert_eq!(said(control.kill(7)), "There is no server 7: they are 1 to 3");
    assert_eq!(said(control.kill(0)), "There is no server 0: they are 1 to 3");
    let hour = Duration::from_hours(1);
    assert_eq!(said(control.lag(1, hour)), "A server lags for a minute at most");
    for (sides, number) in [(vec![vec![1], vec![2]], 3), (vec![vec![1, 2], vec![2, 3]], 2)] {
        let why = format!("Name each server on one side of the partition: {number} is not");
        assert_eq!(said(control.partition(&sides)), why);
    }
    // Another process has taken the port in the meantime.
    let leader = scene.leader();
    control.kill(leader).unwrap();
    let address = &scene.addresses[leader - 1];
    let taken = wait_until("its port is free", || TcpListener::bind(address).ok());
    let why = said(control.start(leader));
    assert!(why.starts_with(&format!("Cannot listen on {address}: ")), "{why}");
    drop(taken);
    control.start(leader).unwrap();
    let alone = TcpListener::bind("127.0.0.1:0").unwrap();
    let alone = sandbox::start(alone, Settings::default(), Clock::System).unwrap();
    let why = "The sandbox is a single server; --sandbox-servers 3 starts three";
    assert_eq!(said(alone.control().heal()), why);
}

#[test]
fn an_ensemble_is_served_from_the_command_line() {
    let options = ["--sandbox=127.0.0.1:0", "--sandbox-servers=3"];
    let served = super::options::Served::start(&options);
    let addresses: Vec<&str> = served.address.split(',').collect();
    assert_eq!(addresses.len(), 3);
    assert_eq!(zksh(&served.address).args(["create", "/a"]).succeed(), "Created /a\n");
    for address in addresses {
        assert_eq!(zksh(address).args(["ls", "/"]).succeed(), "[a, zookeeper]\n");
    }
    assert_eq!(served.end(nix::sys::signal::Signal::SIGTERM), Some(0));
}
