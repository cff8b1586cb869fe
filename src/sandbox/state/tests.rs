//! Sessions, requests and time, without a socket.

mod in_flight;

use std::time::Duration;

use super::*;
use crate::sandbox::acl::Id;
use crate::sandbox::acl::{Acl, OPEN};
use crate::sandbox::operation::ConnectResponse;
use crate::sandbox::operation::{
    Body, ConnectRequest, Create, CreateKind, Event, EventType, OldWatches, Part, Stat, WatchMode,
};

const TICK: u64 = 1_000;
const PEER: ([u8; 4], u16) = ([127, 0, 0, 1], 4000);

/// A server with a clock that the test controls.
struct Simulation {
    state: State,
    now: Moment,
}

impl Simulation {
    fn new() -> Self {
        Self::with(Settings::default())
    }

    fn with(settings: Settings) -> Self {
        let now = Moment { wall: 1_000_000, steady: 0 };
        let settings = Settings { tick: Duration::from_millis(TICK), ..settings };
        Self { state: State::new(settings, 1, [7; 16], now), now }
    }

    fn pass(&mut self, milliseconds: u64) -> Outcome {
        self.now.steady += milliseconds;
        self.now.wall += i64::try_from(milliseconds).expect("a short time");
        self.state.tick(self.now)
    }

    /// Opens a connection with a new session.
    fn client(&mut self, number: u64) -> ConnectionId {
        self.reconnect(number, SessionId(0), &[]).0
    }

    fn reconnect(
        &mut self,
        number: u64,
        session: SessionId,
        password: &[u8],
    ) -> (ConnectionId, ConnectResponse, Outcome) {
        let id = ConnectionId(number);
        self.state.accept(id, PEER.into(), self.now);
        let request = ConnectRequest {
            last_zxid: 0,
            timeout: 4_000,
            session,
            password: password.to_vec(),
            read_only: Some(false),
        };
        let mut outcome = self.state.connect(id, &request, false, self.now);
        let response = outcome.connect_response.take().expect("an answer");
        (id, response, outcome)
    }

    fn session(&self, connection: ConnectionId) -> SessionId {
        self.state.connections[&connection].session.expect("a session")
    }

    fn ask(&mut self, from: ConnectionId, operation: Operation) -> Outcome {
        self.state.request(from, Request { xid: 1, operation }, self.now)
    }

    fn result(&mut self, from: ConnectionId, operation: Operation) -> Result<Body, Code> {
        self.ask(from, operation).reply.expect("a reply").result
    }

    fn create(&mut self, from: ConnectionId, path: &str, flags: i32) -> Result<Body, Code> {
        self.result(from, create(path, flags))
    }

    fn stat(&mut self, from: ConnectionId, path: &str) -> Stat {
        match self.result(from, Operation::Exists { path: path.to_owned(), watch: false }) {
            Ok(Body::Stat(stat)) => stat,
            other => panic!("{other:?}"),
        }
    }
}

fn create(path: &str, flags: i32) -> Operation {
    let path = path.to_owned();
    let kind = CreateKind::Create;
    Operation::Create(Create { kind, path, data: Some((*b"x").into()), acl: OPEN.to_vec(), flags })
}

fn delete(path: &str, version: i32) -> Operation {
    Operation::Delete { path: path.to_owned(), version }
}

fn set(path: &str, data: &[u8], version: i32) -> Operation {
    Operation::SetData { path: path.to_owned(), data: Some(data.into()), version }
}

fn get(path: &str, watch: bool) -> Operation {
    Operation::GetData { path: path.to_owned(), watch }
}

fn events(outcome: &Outcome) -> Vec<(u64, EventType, &str)> {
    let short = |(to, event): &'_ (ConnectionId, Event)| (to.0, event.kind);
    outcome.events.iter().map(|e| (short(e).0, short(e).1, &*e.1.path)).collect()
}

#[test]
fn every_write_takes_the_next_zxid_done_or_refused() {
    let mut simulation = Simulation::new();
    let client = simulation.client(1);
    assert_eq!(simulation.state.zxid, 1);
    assert!(simulation.create(client, "/a", 0).is_ok());
    assert_eq!(simulation.create(client, "/a", 0), Err(Code::NodeExists));
    assert_eq!(simulation.result(client, delete("/b", -1)), Err(Code::NoNode));
    assert_eq!(simulation.stat(client, "/a").czxid, 2);
    let reply = simulation.ask(client, Operation::Ping).reply.expect("a pong");
    assert_eq!(reply.zxid, 4);
}

#[test]
fn a_delete_that_is_wrong_both_ways_is_of_a_bad_version() {
    let mut simulation = Simulation::new();
    let client = simulation.client(1);
    simulation.create(client, "/a", 0).expect("free");
    simulation.create(client, "/a/b", 0).expect("free");
    assert_eq!(simulation.result(client, delete("/a", 7)), Err(Code::BadVersion));
    assert_eq!(simulation.result(client, delete("/a", 0)), Err(Code::NotEmpty));
    assert_eq!(simulation.result(client, delete("/zookeeper", -1)), Err(Code::BadArguments));
}

#[test]
fn sequence_numbers_count_the_children_ever_created() {
    let mut simulation = Simulation::new();
    let client = simulation.client(1);
    simulation.create(client, "/q", 0).expect("free");
    let next = |simulation: &mut Simulation| match simulation.create(client, "/q/n-", 2) {
        Ok(Body::Path(path)) => path,
        other => panic!("{other:?}"),
    };
    assert_eq!(next(&mut simulation), "/q/n-0000000000");
    assert_eq!(next(&mut simulation), "/q/n-0000000001");
    simulation.result(client, delete("/q/n-0000000001", -1)).expect("there");
    assert_eq!(next(&mut simulation), "/q/n-0000000002");
}

#[test]
fn ephemerals_have_no_children_and_go_with_their_session() {
    let mut simulation = Simulation::new();
    let (one, two) = (simulation.client(1), simulation.client(2));
    simulation.create(one, "/e", 1).expect("free");
    assert_eq!(simulation.stat(two, "/e").ephemeral_owner, simulation.session(one).0);
    assert_eq!(simulation.create(two, "/e/x", 0), Err(Code::NoChildrenForEphemerals));
    simulation.result(two, get("/e", true)).expect("there");
    let outcome = simulation.ask(one, Operation::Close);
    assert_eq!(events(&outcome), [(2, EventType::Deleted, "/e")]);
    assert_eq!(outcome.endings, [(one, Ending::Flushed)]);
    assert_eq!(simulation.ask(one, Operation::Ping).reply, None);
}

#[test]
fn a_silent_session_expires_with_its_ephemerals() {
    let mut simulation = Simulation::new();
    let (one, two) = (simulation.client(1), simulation.client(2));
    simulation.create(one, "/e", 1).expect("free");
    simulation.result(two, get("/e", true)).expect("there");
    assert_eq!(simulation.pass(3_000), Outcome::default());
    simulation.ask(two, Operation::Ping);
    let zxid = simulation.state.zxid;
    let outcome = simulation.pass(2_500);
    assert_eq!(events(&outcome), [(2, EventType::Deleted, "/e")]);
    assert_eq!(outcome.endings, [(one, Ending::AtOnce)]);
    assert_eq!(simulation.state.zxid, zxid + 1);
}

#[test]
fn a_session_moves_to_the_connection_that_knows_its_password() {
    let mut simulation = Simulation::new();
    let (one, response, _) = simulation.reconnect(1, SessionId(0), &[]);
    assert_eq!(response.timeout, 4_000);
    let (_, refused, outcome) = simulation.reconnect(2, response.session, &[0; 16]);
    assert_eq!((refused.session, refused.timeout), (SessionId(0), 0));
    assert_eq!(outcome.endings, [(ConnectionId(2), Ending::Flushed)]);
    let (two, again, outcome) = simulation.reconnect(3, response.session, &response.password);
    assert_eq!(again.session, response.session);
    assert_eq!(outcome.endings, [(one, Ending::AtOnce)]);
    // The old connection ends late; the session stays on the new one.
    simulation.state.disconnect(one);
    assert!(simulation.create(two, "/a", 0).is_ok());
}

#[test]
fn who_has_seen_the_future_is_sent_away() {
    let mut simulation = Simulation::new();
    let id = ConnectionId(1);
    simulation.state.accept(id, PEER.into(), simulation.now);
    let request = ConnectRequest {
        last_zxid: 9,
        timeout: 0,
        session: SessionId(0),
        password: vec![],
        read_only: None,
    };
    let outcome = simulation.state.connect(id, &request, false, simulation.now);
    assert_eq!((outcome.connect_response, outcome.endings), (None, vec![(id, Ending::AtOnce)]));
}

#[test]
fn a_multi_is_all_or_nothing_and_tells_of_each_part() {
    let mut simulation = Simulation::new();
    let client = simulation.client(1);
    let failing = vec![create("/a", 0), delete("/b", -1), create("/c", 0)];
    let parts = [Code::Ok, Code::NoNode, Code::RuntimeInconsistency].map(Part::Failed).to_vec();
    assert_eq!(simulation.result(client, Operation::Multi(failing)), Ok(Body::Several(parts)));
    assert_eq!(simulation.result(client, get("/a", false)), Err(Code::NoNode));

    // Later parts see the earlier ones; events arrive in order, with one zxid.
    simulation
        .result(client, Operation::AddWatch { path: "/".into(), mode: WatchMode::Recursive })
        .expect("a watch");
    let whole = vec![
        create("/a", 0),
        create("/a/b-", 2),
        set("/a", b"y", 0),
        delete("/a/b-0000000000", -1),
    ];
    let outcome = simulation.ask(client, Operation::Multi(whole));
    let kinds: Vec<_> = events(&outcome).into_iter().map(|(_, kind, _)| kind).collect();
    let expected =
        [EventType::Created, EventType::Created, EventType::DataChanged, EventType::Deleted];
    assert_eq!(kinds, expected);
    let stat = simulation.stat(client, "/a");
    assert_eq!((stat.czxid, stat.mzxid, stat.version, stat.cversion), (3, 3, 1, 2));
}

#[test]
fn containers_and_ttls_are_reaped_when_time_passes() {
    let mut simulation = Simulation::new();
    let client = simulation.client(1);
    let kinds = [("/c", CreateKind::Container, 4), ("/t", CreateKind::Ttl(500), 5)];
    for (path, kind, flags) in kinds {
        let path = path.to_owned();
        let acl = OPEN.to_vec();
        let create = Create { kind, path, data: None, acl, flags };
        simulation.result(client, Operation::Create(create)).expect("free");
    }
    simulation.create(client, "/c/x", 0).expect("free");
    simulation.result(client, delete("/c/x", -1)).expect("there");
    simulation
        .result(client, Operation::AddWatch { path: "/c".into(), mode: WatchMode::Persistent })
        .expect("a watch");
    for _ in 0..59 {
        assert_eq!(simulation.pass(1_000), Outcome::default());
        simulation.ask(client, Operation::Ping);
    }
    let outcome = simulation.pass(1_000);
    assert_eq!(events(&outcome), [(1, EventType::Deleted, "/c")]);
    assert_eq!(simulation.result(client, get("/t", false)), Err(Code::NoNode));
}

#[test]
fn hard_quotas_refuse_and_soft_ones_count() {
    let mut simulation = Simulation::new();
    let client = simulation.client(1);
    simulation.create(client, "/a", 0).expect("free");
    simulation.create(client, "/zookeeper/quota/a", 0).expect("free");
    for (name, text) in
        [("limits", "count=-1,bytes=2=;countHardLimit=2"), ("stats", "count=0,bytes=0")]
    {
        let path = format!("/zookeeper/quota/a/zookeeper_{name}");
        simulation.create(client, &path, 0).expect("free");
        if name == "limits" {
            simulation.result(client, set(&path, text.as_bytes(), -1)).expect("there");
        }
    }
    let used = |simulation: &mut Simulation| match simulation
        .result(client, get("/zookeeper/quota/a/zookeeper_stats", false))
    {
        Ok(Body::Data(Some(data), _)) => String::from_utf8_lossy(&data).into_owned(),
        other => panic!("{other:?}"),
    };
    assert_eq!(used(&mut simulation), "count=1,bytes=1");
    simulation.create(client, "/a/b", 0).expect("within the limits");
    assert_eq!(simulation.create(client, "/a/c", 0), Err(Code::QuotaExceeded));
    simulation.result(client, set("/a/b", b"beyond what is soft", -1)).expect("soft");
    assert_eq!(used(&mut simulation), "count=2,bytes=20");
    simulation.result(client, delete("/a/b", -1)).expect("there");
    assert_eq!(used(&mut simulation), "count=1,bytes=1");
}

#[test]
fn permissions_are_of_who_is_proved_and_the_super_user_needs_none() {
    let settings = Settings {
        super_digest: Some("super:xQJmxLMiHGwaqBvst5y6rkB6HQs=".to_owned()),
        ..Settings::default()
    };
    let mut simulation = Simulation::with(settings);
    let (one, two) = (simulation.client(1), simulation.client(2));
    let auth = |credentials: &[u8]| Operation::Auth {
        scheme: "digest".to_owned(),
        credentials: credentials.to_vec(),
    };
    simulation.result(one, auth(b"one:secret")).expect("a digest");
    let acl = vec![Acl { permissions: 31, id: Id::new("auth", "") }];
    let path = "/p".to_owned();
    let create = Create { kind: CreateKind::Create, path, data: None, acl, flags: 0 };
    simulation.result(one, Operation::Create(create)).expect("free");
    assert!(simulation.result(one, get("/p", false)).is_ok());
    assert_eq!(simulation.result(two, get("/p", false)), Err(Code::NoAuth));
    simulation.result(two, auth(b"super:admin")).expect("a digest");
    assert!(simulation.result(two, get("/p", false)).is_ok());
    let outcome = simulation.ask(two, Operation::Auth { scheme: "x".into(), credentials: vec![] });
    assert_eq!(outcome.reply.expect("a reply").result, Err(Code::AuthFailed));
    assert_eq!(outcome.endings, [(two, Ending::Flushed)]);
}

#[test]
fn watches_come_back_with_what_was_missed() {
    let mut simulation = Simulation::new();
    let (one, two) = (simulation.client(1), simulation.client(2));
    for path in ["/same", "/changed", "/parent"] {
        simulation.create(one, path, 0).expect("free");
    }
    let seen = simulation.state.zxid;
    simulation.result(one, set("/changed", b"y", -1)).expect("there");
    simulation.create(one, "/parent/x", 0).expect("free");
    let paths = |paths: &[&str]| paths.iter().map(|&path| path.to_owned()).collect();
    let old = OldWatches {
        seen,
        data: paths(&["/same", "/changed", "/gone"]),
        exists: paths(&["/changed", "/none"]),
        children: paths(&["/same", "/parent"]),
        ..Default::default()
    };
    let outcome = simulation.ask(two, Operation::SetWatches(Box::new(old)));
    let expected = [
        (2, EventType::DataChanged, "/changed"),
        (2, EventType::Deleted, "/gone"),
        (2, EventType::Created, "/changed"),
        (2, EventType::ChildrenChanged, "/parent"),
    ];
    assert_eq!(events(&outcome), expected);
    let outcome = simulation.ask(one, set("/same", b"y", -1));
    assert_eq!(events(&outcome), [(2, EventType::DataChanged, "/same")]);
    let outcome = simulation.ask(one, create("/none", 0));
    assert_eq!(events(&outcome), [(2, EventType::Created, "/none")]);
}

#[test]
fn an_address_has_only_so_many_connections() {
    let mut simulation = Simulation::with(Settings { max_connections: 2, ..Settings::default() });
    simulation.client(1);
    let two = simulation.client(2);
    assert!(!simulation.state.has_room(PEER.into(), false));
    assert!(simulation.state.has_room(PEER.into(), true), "one is kept for the owner");
    assert!(simulation.state.has_room(([10, 0, 0, 1], 1).into(), false));
    simulation.client(3);
    assert!(!simulation.state.has_room(PEER.into(), true), "no more than one");
    simulation.state.disconnect(ConnectionId(3));
    simulation.state.disconnect(two);
    assert!(simulation.state.has_room(PEER.into(), false));
}

#[test]
fn what_cannot_be_read_or_is_unknown_is_answered_and_then_dropped() {
    let mut simulation = Simulation::new();
    let one = simulation.client(1);
    for (operation, code) in [
        (Operation::Malformed { write: true }, Code::MarshallingError),
        (Operation::Unknown, Code::Unimplemented),
    ] {
        let outcome = simulation.ask(one, operation);
        assert_eq!(outcome.reply.expect("a reply").result, Err(code));
        assert_eq!(outcome.endings, [(one, Ending::Flushed)]);
    }
    assert_eq!(simulation.result(one, Operation::Reconfig), Err(Code::ReconfigDisabled));
}
