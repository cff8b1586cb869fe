//! What holds after every request, whatever it was: the state's parts agree with each other.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::sandbox::acl::Id;
use crate::sandbox::acl::{Acl, OPEN, permission};
use crate::sandbox::operation::ConnectRequest;
use crate::sandbox::operation::ConnectResponse;
use crate::sandbox::operation::{Create, CreateKind, OldWatches, WatchKind, WatchMode};

const CONNECTIONS: u64 = 3;

#[derive(Debug, Clone)]
enum Step {
    Ask(u64, Operation),
    /// The connection breaks, and another one takes the session or begins a new one.
    Break(u64, bool),
    /// Milliseconds.
    Pass(u64),
}

fn path() -> impl Strategy<Value = String> {
    let name = || prop::sample::select(vec!["/a", "/b", ""]);
    let own = (name(), name(), name()).prop_map(|(a, b, c)| format!("{a}{b}{c}"));
    let quota = prop::sample::select(vec![
        "/zookeeper/quota/a",
        "/zookeeper/quota/a/zookeeper_limits",
        "/zookeeper/quota/a/zookeeper_stats",
        "/",
        "//",
        "x",
    ]);
    prop_oneof![8 => own, 2 => quota.prop_map(str::to_owned)]
}

fn data() -> impl Strategy<Value = Option<std::sync::Arc<[u8]>>> {
    let texts = vec![&b""[..], b"x", b"count=3,bytes=9=;countHardLimit=2", b"longer than others"];
    prop_oneof![1 => Just(None), 6 => prop::sample::select(texts).prop_map(|data| Some(data.into()))]
}

fn acl() -> impl Strategy<Value = Vec<Acl>> {
    let own = vec![Acl { permissions: permission::ALL, id: Id::new("digest", "a:b") }];
    prop::sample::select(vec![OPEN.to_vec(), OPEN.to_vec(), OPEN.to_vec(), own, vec![]])
}

fn write() -> impl Strategy<Value = Operation> {
    let kinds = vec![
        (CreateKind::Create, 0),
        (CreateKind::Create, 1),
        (CreateKind::Create2, 2),
        (CreateKind::Container, 4),
        (CreateKind::Ttl(500), 5),
        (CreateKind::Create, 7),
    ];
    let version = || -1..3_i32;
    let create = (prop::sample::select(kinds), path(), data(), acl()).prop_map(
        |((kind, flags), path, data, acl)| {
            Operation::Create(Create { kind, path, data, acl, flags })
        },
    );
    prop_oneof![
        4 => create,
        3 => (path(), version()).prop_map(|(path, version)| Operation::Delete { path, version }),
        2 => (path(), data(), version())
            .prop_map(|(path, data, version)| Operation::SetData { path, data, version }),
        1 => (path(), version()).prop_map(|(path, version)| Operation::Check { path, version }),
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    let mode =
        prop::sample::select(vec![WatchMode::Once, WatchMode::Persistent, WatchMode::Recursive]);
    let kind = prop::sample::select(vec![WatchKind::Children, WatchKind::Data, WatchKind::Any]);
    let old = prop::collection::vec(path(), 5).prop_map(|paths| {
        let lists = paths.chunks(1).map(<[String]>::to_vec).collect::<Vec<_>>();
        let [data, exists, children, persistent, recursive] = lists.try_into().expect("five");
        OldWatches { seen: 3, data, exists, children, persistent, recursive }
    });
    prop_oneof![
        6 => write(),
        2 => prop::collection::vec(write(), 0..5).prop_map(Operation::Multi),
        1 => (path(), acl()).prop_map(|(path, acl)| Operation::SetAcl { path, acl, version: -1 }),
        1 => (path(), mode).prop_map(|(path, mode)| Operation::AddWatch { path, mode }),
        1 => (path(), kind).prop_map(|(path, kind)| Operation::RemoveWatches { path, kind }),
        1 => path().prop_map(|path| Operation::Exists { path, watch: true }),
        1 => path().prop_map(|path| Operation::GetChildren2 { path, watch: true }),
        1 => old.prop_map(|old| Operation::SetWatches(Box::new(old))),
        1 => prop::sample::select(vec![
            Operation::Ping,
            Operation::Close,
            Operation::Reconfig,
            Operation::DeleteContainer,
            Operation::Malformed { write: true },
            Operation::Unknown,
        ]),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let who = || 0..CONNECTIONS;
    prop_oneof![
        20 => (who(), operation()).prop_map(|(who, operation)| Step::Ask(who, operation)),
        2 => (who(), any::<bool>()).prop_map(|(who, same)| Step::Break(who, same)),
        1 => (0..3_000_u64).prop_map(Step::Pass),
    ]
}

/// The state, and a client on each of its connections.
struct Simulation {
    state: State,
    now: Moment,
    next: u64,
    clients: Vec<(ConnectionId, ConnectResponse)>,
}

impl Simulation {
    fn new() -> Self {
        let settings = Settings {
            tick: Duration::from_millis(500),
            container_check: Duration::from_secs(1),
            ..Settings::default()
        };
        let now = Moment { wall: 1_000_000, steady: 0 };
        let state = State::new(settings, 1, [7; 16], now);
        let mut simulation = Self { state, now, next: 0, clients: Vec::new() };
        for _ in 0..CONNECTIONS {
            let client = simulation.connect(NEW, &[]);
            simulation.clients.push(client);
        }
        simulation
    }

    fn connect(&mut self, session: SessionId, password: &[u8]) -> (ConnectionId, ConnectResponse) {
        let id = ConnectionId(self.next);
        self.next += 1;
        self.state.accept(id, ([127, 0, 0, 1], 1).into(), self.now);
        let password = password.to_vec();
        let request = ConnectRequest {
            last_zxid: 0,
            timeout: 1_000,
            session,
            password,
            read_only: Some(false),
        };
        let response =
            self.state.connect(id, &request, false, self.now).connect_response.expect("a response");
        (id, response)
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Ask(who, operation) => {
                let (id, before) = (self.client(who).0, self.state.zxid);
                let is_write = operation.is_write();
                let outcome = self.state.request(id, Request { xid: 1, operation }, self.now);
                if let Some(reply) = outcome.reply {
                    assert_eq!(self.state.zxid, before + i64::from(is_write));
                    assert_eq!(reply.zxid, self.state.zxid);
                }
                let known = &self.state.connections;
                assert!(outcome.events.iter().all(|(to, _)| known.contains_key(to)));
            }
            Step::Break(who, same) => {
                let (id, response) = self.client(who).clone();
                self.state.disconnect(id);
                let session = if same { response.session } else { NEW };
                let (id, again) = self.connect(session, &response.password);
                // One that has expired is begun again.
                let again = if again.session == NEW {
                    self.state.disconnect(id);
                    self.connect(NEW, &[])
                } else {
                    (id, again)
                };
                *self.client(who) = again;
            }
            Step::Pass(milliseconds) => {
                self.now.steady += milliseconds;
                self.now.wall += i64::try_from(milliseconds).expect("a short time");
                self.state.tick(self.now);
            }
        }
    }

    fn client(&mut self, who: u64) -> &mut (ConnectionId, ConnectResponse) {
        &mut self.clients[usize::try_from(who).expect("few")]
    }

    fn assert_sound(&self) {
        let state = &self.state;
        state.tree.assert_sound();
        state.watches.data.assert_sound();
        state.watches.children.assert_sound();
        let watchers = [&state.watches.data, &state.watches.children];
        let watching = watchers.into_iter().flat_map(|table| table.connections().keys());
        assert!(watching.into_iter().all(|id| state.connections.contains_key(id)));
        assert!(state.tree.owners().into_iter().all(|owner| state.sessions.is_open(owner)));
        let due: usize =
            state.sessions.deadlines().values().map(std::collections::BTreeSet::len).sum();
        assert_eq!(due, state.sessions.count());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_parts_of_the_state_agree(steps in prop::collection::vec(step(), 1..60)) {
        let mut simulation = Simulation::new();
        for step in steps {
            simulation.take(step);
            simulation.assert_sound();
        }
        // When all have gone, nothing of theirs is left.
        for (id, _) in simulation.clients.clone() {
            simulation.state.disconnect(id);
        }
        simulation.take(Step::Pass(10_000));
        simulation.assert_sound();
        prop_assert_eq!(simulation.state.tree.owners().len(), 0);
        prop_assert_eq!(simulation.state.watches.weight(), 0);
        prop_assert_eq!(simulation.state.sessions.count(), 0);
    }
}
