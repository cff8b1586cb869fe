//! The laws of the ensemble, over random schedules of clients, faults and time.
//!
//! `ZKSH_ENSEMBLE_SCHEDULES` says how many schedules (10,000 if it does not), `ZKSH_ENSEMBLE_SEED`
//! with which the first begins; a failure names the seed of its schedule.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::*;
use crate::sandbox::acl::OPEN;
use crate::sandbox::operation::{
    Body, Code, ConnectRequest, Create, CreateKind, Event, OldWatches, Operation, Reply, Request,
    Welcome,
};
use crate::sandbox::state::{Change, Effect, NEW};

/// Steps of a schedule.
const STEPS: usize = 30;

/// The session timeout of every client, and the tick, in milliseconds.
const TIMEOUT: u64 = 1_000;
const TICK: u64 = 500;

/// The znode that is read, set and watched.
const SHARED: &str = "/shared";

/// Numbers that look random and follow from a seed (`SplitMix64`).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `bound`.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("it is below a usize")
    }
}

/// What a client waits for.
#[derive(Debug)]
enum Asked {
    /// It creates this znode, which nobody deletes.
    Create(String),
    Set,
    Read {
        watch: bool,
    },
    /// With the zxid that was committed when it was asked.
    Sync(i64),
    Other,
}

#[derive(Debug, Default)]
struct Client {
    /// Server, connection, and whether it has its session yet.
    line: Option<(usize, ConnectionId, bool)>,
    session: Option<(SessionId, [u8; 16])>,
    /// The connection that it had before, where that was not closed.
    older: Option<(usize, ConnectionId)>,
    last_zxid: i64,
    asked: BTreeMap<i32, Asked>,
    xid: i32,
    /// The zxid of the last change that it knew of when it left its watch.
    watch: Option<i64>,
    /// When the leader last heard of it.
    heard: u64,
}

struct Simulation {
    ensemble: Ensemble,
    random: Random,
    now: Moment,
    clients: Vec<Client>,
    next: u64,
    written: u64,
    /// What each server had applied, by zxid.
    history: BTreeMap<i64, Vec<(String, i64)>>,
    checked: Vec<i64>,
    /// Creates that were told to be done, with their zxids.
    told: BTreeMap<i64, String>,
    /// Creates that stand in some log, and those that a new leader did not have.
    decided: BTreeSet<String>,
    gone: BTreeSet<String>,
    epoch: i64,
    elected: u64,
    committed: i64,
    open: BTreeSet<SessionId>,
    closed_by_client: BTreeSet<SessionId>,
    /// When the end of a session was first seen in a log, and when its leader was elected.
    ending: BTreeMap<SessionId, (u64, u64)>,
    /// What has happened at all, so that a test that tests nothing is found out.
    seen: BTreeMap<&'static str, u64>,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let settings = Settings {
            tick: Duration::from_millis(TICK),
            sync_limit: 2,
            max_connections: 0,
            ..Settings::default()
        };
        let now = Moment { wall: 1_000_000, steady: 0 };
        let count = if random.below(3) == 0 { 5 } else { 3 };
        let addresses = vec![([127, 0, 0, 1], 1).into(); count];
        let clients = (0..2 + random.below(2)).map(|_| Client::default()).collect();
        let mut simulation = Self {
            ensemble: Ensemble::new(&settings, [7; 16], &addresses, now),
            random,
            now,
            clients,
            next: 1,
            written: 0,
            history: BTreeMap::new(),
            checked: vec![-1; count],
            told: BTreeMap::new(),
            decided: BTreeSet::new(),
            gone: BTreeSet::new(),
            epoch: 0,
            elected: 0,
            committed: 0,
            open: BTreeSet::new(),
            closed_by_client: BTreeSet::new(),
            ending: BTreeMap::new(),
            seen: BTreeMap::new(),
        };
        // A new ensemble has elected its first leader.
        simulation.check();
        simulation
    }

    fn note(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }

    fn step(&mut self) {
        let outcomes = match self.random.below(20) {
            0..=10 => {
                let who = self.random.below(self.clients.len());
                self.act(who)
            }
            11..=14 => {
                let time = [1, 50, 200, 300, 1_000, 2_500][self.random.below(6)];
                self.pass(time)
            }
            15..=16 => self.mend(),
            _ => self.harm(),
        };
        self.take(outcomes);
        self.check();
    }

    fn pass(&mut self, milliseconds: u64) -> Outcomes {
        // As a timer does, which wakes at each deadline.
        let end = self.now.steady + milliseconds;
        let mut all = Outcomes::new();
        while let Some(deadline) = self.ensemble.next_deadline()
            && deadline < end
        {
            let deadline = deadline.max(self.now.steady + 1);
            self.advance_to(deadline);
            all.extend(self.ensemble.tick(self.now));
            let outcomes = std::mem::take(&mut all);
            self.take(outcomes);
            self.check();
        }
        self.advance_to(end);
        self.ensemble.tick(self.now)
    }

    fn advance_to(&mut self, steady: u64) {
        let passed = i64::try_from(steady - self.now.steady).expect("a short time");
        self.now = Moment { wall: self.now.wall + passed, steady };
    }

    fn harm(&mut self) -> Outcomes {
        let (now, count) = (self.now, self.ensemble.servers.len());
        let server = self.random.below(count);
        match self.random.below(4) {
            0 => self.ensemble.kill(server, now),
            1 => self.ensemble.pause(server, now),
            2 => {
                let lag = [100, 700, 1_500][self.random.below(3)];
                self.ensemble.set_lag(server, lag, now)
            }
            _ => {
                let sides: Vec<usize> = (0..count).map(|_| self.random.below(2)).collect();
                self.ensemble.partition(&sides, now)
            }
        }
    }

    fn mend(&mut self) -> Outcomes {
        let (now, count) = (self.now, self.ensemble.servers.len());
        match self.random.below(3) {
            0 => self.ensemble.partition(&vec![0; count], now),
            1 => {
                let server = self.random.below(count);
                self.ensemble.start(server, now)
            }
            _ => {
                let server = self.random.below(count);
                self.ensemble.set_lag(server, 0, now)
            }
        }
    }

    /// Lets a client do something.
    fn act(&mut self, who: usize) -> Outcomes {
        let Some((server, connection, has_session)) = self.clients[who].line else {
            return self.connect(who);
        };
        if !has_session || !self.ensemble.takes_requests(server, connection) {
            return if self.random.below(4) == 0 { self.leave(who) } else { Outcomes::new() };
        }
        let (operation, asked) = match self.random.below(16) {
            0..=4 => {
                self.written += 1;
                let path = format!("/c{}", self.written);
                (create(&path, 0), Asked::Create(path))
            }
            5..=7 => {
                self.written += 1;
                let data = Some(self.written.to_be_bytes().as_slice().into());
                (Operation::SetData { path: SHARED.into(), data, version: -1 }, Asked::Set)
            }
            8 => (create(SHARED, 0), Asked::Other),
            9..=11 => {
                let watch = self.clients[who].watch.is_none() && self.random.below(2) == 0;
                let path = SHARED.into();
                (Operation::GetData { path, watch }, Asked::Read { watch })
            }
            12..=13 => (Operation::Sync { path: "/".into() }, Asked::Sync(self.committed)),
            14 => return self.ask_on_the_older(who),
            _ if self.random.below(4) == 0 => {
                if let Some((session, _)) = self.clients[who].session {
                    self.closed_by_client.insert(session);
                }
                (Operation::Close, Asked::Other)
            }
            _ => return self.leave(who),
        };
        self.ask(who, server, connection, operation, asked)
    }

    fn ask(
        &mut self,
        who: usize,
        server: usize,
        connection: ConnectionId,
        operation: Operation,
        asked: Asked,
    ) -> Outcomes {
        let closing = self.ensemble.leader.iter().flat_map(|leader| &leader.closing);
        let own = self.clients[who].session.map(|(session, _)| session);
        let is_over = closing.copied().any(|session| Some(session) == own);
        if self.ensemble.leader_of(server).is_some() && !is_over {
            self.clients[who].heard = self.now.steady;
        }
        let client = &mut self.clients[who];
        client.xid += 1;
        let xid = client.xid;
        client.asked.insert(xid, asked);
        self.ensemble.request(server, connection, Request { xid, operation }, self.now)
    }

    /// Writes on the connection that a session has moved away from.
    fn ask_on_the_older(&mut self, who: usize) -> Outcomes {
        let Some((server, connection)) = self.clients[who].older else { return Outcomes::new() };
        if !self.ensemble.takes_requests(server, connection) {
            return Outcomes::new();
        }
        let operation = Operation::Delete { path: "/none".into(), version: -1 };
        self.ensemble.request(server, connection, Request { xid: -99, operation }, self.now)
    }

    /// Lets a client go to another server, with or without an end of its connection.
    fn leave(&mut self, who: usize) -> Outcomes {
        let Some((server, connection, has_session)) = self.clients[who].line.take() else {
            return Outcomes::new();
        };
        self.clients[who].asked.clear();
        if let Some((server, connection)) = self.clients[who].older.take() {
            self.ensemble.disconnect(server, connection);
        }
        if has_session && self.random.below(2) == 0 {
            self.clients[who].older = Some((server, connection));
        } else {
            self.ensemble.disconnect(server, connection);
        }
        self.connect(who)
    }

    fn connect(&mut self, who: usize) -> Outcomes {
        let server = self.random.below(self.ensemble.servers.len());
        if !self.ensemble.servers[server].is_running() {
            return Outcomes::new();
        }
        let connection = ConnectionId(self.next);
        self.next += 1;
        let peer = ([127, 0, 0, 1], 1).into();
        self.ensemble.state_mut(server).accept(connection, peer, self.now);
        let client = &mut self.clients[who];
        client.line = Some((server, connection, false));
        if client.session.is_none() {
            // The leader opens the session now, though its server may tell so late.
            client.heard = self.now.steady;
        }
        let (session, password) = client.session.unwrap_or((NEW, [0; 16]));
        let last_zxid = client.last_zxid;
        let request = ConnectRequest {
            last_zxid,
            timeout: i32::try_from(TIMEOUT).expect("short"),
            session,
            password: password.to_vec(),
            read_only: Some(false),
        };
        let behind = self.ensemble.state(server).zxid < last_zxid;
        let outcomes = self.ensemble.connect(server, connection, request, false, self.now);
        if behind {
            // Law 6.
            self.note("a server that is behind");
            let refused = |(_, outcome): &(_, Outcome)| {
                outcome.welcome.is_none() && outcome.endings.contains(&(connection, Ending::AtOnce))
            };
            assert!(outcomes.iter().any(refused), "a server that is behind");
        }
        outcomes
    }

    /// Hands to the clients what is sent to them.
    fn take(&mut self, outcomes: Outcomes) {
        let mut more = Outcomes::new();
        for (asker, outcome) in outcomes {
            for (to, event) in outcome.events {
                self.take_event(to, &event);
            }
            if let (Some(welcome), Some(asker)) = (outcome.welcome, asker) {
                more.extend(self.take_welcome(asker, &welcome));
            }
            if let (Some(reply), Some(asker)) = (outcome.reply, asker) {
                self.take_reply(asker, reply);
            }
            for (connection, _) in outcome.endings {
                self.take_ending(connection);
            }
        }
        if !more.is_empty() {
            self.take(more);
        }
    }

    fn owner(&mut self, connection: ConnectionId) -> Option<&mut Client> {
        let served = |client: &&mut Client| client.line.is_some_and(|(_, id, _)| id == connection);
        self.clients.iter_mut().find(served)
    }

    fn take_event(&mut self, to: ConnectionId, event: &Event) {
        let Some(client) = self.owner(to) else { return };
        let (server, ..) = client.line.expect("it has this connection");
        let known = client.watch.take().expect("an event is for a watch, and comes once");
        assert_eq!(&*event.path, SHARED);
        let changed = self.ensemble.state(server).tree.get(SHARED).map(|node| node.mzxid);
        // Law 8: the server has applied what it tells.
        assert_ne!(changed, Some(known));
        self.note("an event");
    }

    fn take_welcome(&mut self, asker: ConnectionId, welcome: &Welcome) -> Outcomes {
        let now = self.now.steady;
        let Some(client) = self.owner(asker) else { return Outcomes::new() };
        let (server, connection, _) = client.line.expect("it has this connection");
        if welcome.session == NEW {
            client.session = None;
            client.watch = None;
            self.note("an expired session");
            return Outcomes::new();
        }
        client.line = Some((server, connection, true));
        let again = client.session.is_some();
        client.session = Some((welcome.session, welcome.password));
        if again {
            client.heard = now;
        }
        self.open.insert(welcome.session);
        let Some(who) =
            self.clients.iter().position(|c| c.line == Some((server, connection, true)))
        else {
            return Outcomes::new();
        };
        if !again {
            return Outcomes::new();
        }
        self.note("a session that moved");
        let client = &self.clients[who];
        let (seen, watch) = (client.last_zxid, client.watch);
        let data = watch.map(|_| SHARED.to_owned()).into_iter().collect();
        let old = OldWatches { seen, data, ..OldWatches::default() };
        self.ask(who, server, connection, Operation::SetWatches(Box::new(old)), Asked::Other)
    }

    fn take_reply(&mut self, asker: ConnectionId, reply: Reply) {
        if reply.xid == -99 {
            // Law 6. Where the leader has changed, the older connection is gone.
            let moved = self.clients.iter().any(|client| {
                client.older.is_some_and(|(_, id)| id == asker)
                    && client.line.is_some_and(|(server, _, has_session)| {
                        has_session && Some(server) != client.older.map(|(server, _)| server)
                    })
            });
            if moved && reply.result != Err(Code::SessionExpired) {
                assert_eq!(reply.result, Err(Code::SessionMoved));
                self.note("a request on an older connection");
            }
            return;
        }
        let majority = self.ensemble.majority();
        let Some(client) = self.owner(asker) else { return };
        let (server, ..) = client.line.expect("it has this connection");
        let Some(question) = client.asked.remove(&reply.xid) else { return };
        let before = client.last_zxid;
        client.last_zxid = before.max(reply.zxid);
        // Law 2: a session never goes back, so it sees its own writes.
        assert!(reply.zxid >= before, "a session went back");
        assert!(self.ensemble.state(server).zxid >= reply.zxid, "Law 1: applied where it is told");
        match (question, reply.result) {
            (Asked::Create(path), Ok(_)) => {
                // Law 1: a majority has it.
                let have = self.ensemble.servers.iter().filter(|s| s.logged() >= reply.zxid);
                assert!(have.count() >= majority, "{path} was told too early");
                assert!(!self.gone.contains(&path), "{path} was gone");
                self.told.insert(reply.zxid, path);
                self.note("a write");
            }
            (Asked::Read { watch }, Ok(Body::Data(_, stat))) => {
                if let Some(then) = self.history.get(&reply.zxid) {
                    let known = then.iter().find(|(path, _)| path == SHARED);
                    // Law 2: it is the prefix that the zxid names.
                    assert_eq!(known.map(|(_, mzxid)| *mzxid), Some(stat.mzxid));
                }
                if watch && let Some(client) = self.owner(asker) {
                    client.watch = Some(stat.mzxid);
                }
                self.note("a read");
            }
            (Asked::Sync(committed), Ok(_)) => {
                // Law 7.
                assert!(self.ensemble.state(server).zxid >= committed, "sync came too early");
                self.note("a sync");
            }
            _ => {}
        }
    }

    fn take_ending(&mut self, connection: ConnectionId) {
        for client in &mut self.clients {
            if let Some((server, id, _)) = client.line
                && id == connection
            {
                client.line = None;
                client.asked.clear();
                self.ensemble.disconnect(server, id);
            }
            if let Some((server, id)) = client.older
                && id == connection
            {
                client.older = None;
                self.ensemble.disconnect(server, id);
            }
        }
    }

    fn check(&mut self) {
        self.check_log();
        self.check_leader();
        self.check_clients();
        self.check_sessions();
    }

    /// Laws 1, 2 and 9.
    fn check_log(&mut self) {
        for server in 0..self.ensemble.servers.len() {
            let Server { state, log, .. } = &self.ensemble.servers[server];
            for entry in log {
                match &entry.txn.effect {
                    Effect::One(Change::Create { path, .. }) => {
                        self.decided.insert(path.clone());
                    }
                    // A log that was left behind still has entries that are gone.
                    Effect::CloseSession { session, .. }
                        if entry.txn.zxid >> 32 == self.ensemble.epoch =>
                    {
                        self.ending.entry(*session).or_insert((self.now.steady, self.elected));
                    }
                    _ => {}
                }
            }
            if self.checked[server] == state.zxid {
                continue;
            }
            self.checked[server] = state.zxid;
            let znodes: Vec<(String, i64)> = state
                .tree
                .get("/")
                .expect("the root")
                .children
                .iter()
                .filter(|name| name.starts_with(['c', 's']))
                .map(|name| {
                    let path = format!("/{name}");
                    let mzxid = state.tree.get(&path).expect("a child").mzxid;
                    (path, mzxid)
                })
                .collect();
            assert!(znodes.iter().all(|(path, _)| !self.gone.contains(path)), "Law 3: came back");
            let first = self.history.entry(state.zxid).or_insert_with(|| znodes.clone());
            assert_eq!(*first, znodes, "server {server} at {:#x}", state.zxid);
        }
        let Some(leader) = &self.ensemble.leader else { return };
        if self.ensemble.able_leader().is_none() {
            assert!(leader.decided >= leader.committed);
            return;
        }
        for follower in &leader.followers {
            let server = &self.ensemble.servers[*follower];
            if self.ensemble.linked(leader.server, *follower) && server.inbox.is_empty() {
                let theirs = self.ensemble.state(leader.server).zxid;
                assert_eq!(server.state.zxid, theirs, "Law 9: server {follower} lags");
            }
        }
    }

    /// Law 3.
    fn check_leader(&mut self) {
        let Some(leader) = &self.ensemble.leader else { return };
        self.committed = self.committed.max(leader.committed);
        if self.ensemble.epoch == self.epoch {
            return;
        }
        let state = self.ensemble.state(leader.server);
        assert_eq!(self.ensemble.epoch, self.epoch + 1, "one election at a time");
        assert_eq!(state.zxid >> 32, self.ensemble.epoch);
        for path in self.told.values() {
            assert!(state.tree.get(path).is_some(), "the new leader lacks {path}");
        }
        let lost = self.decided.iter().filter(|path| state.tree.get(path).is_none());
        let lost: Vec<String> = lost.cloned().collect();
        let any = !lost.is_empty();
        self.gone.extend(lost);
        // An end that the new leader did not have is no end.
        self.ending.retain(|session, _| !state.sessions.is_open(*session));
        self.epoch = self.ensemble.epoch;
        self.elected = self.now.steady;
        self.note("an election");
        if any {
            self.note("an entry that is gone");
        }
    }

    /// Laws 4 and 8.
    fn check_clients(&mut self) {
        for server in &self.ensemble.servers {
            if server.is_running() && matches!(server.role, Role::Looking(_)) {
                assert!(server.state.connections.is_empty(), "Law 4: clients without a leader");
            }
            if let (true, Some(lost)) = (server.is_running(), server.lost) {
                assert!(self.now.steady < lost + self.ensemble.patience(), "Law 4: too late");
            }
        }
        for client in &self.clients {
            let (Some((server, _, true)), Some(known)) = (client.line, client.watch) else {
                continue;
            };
            if !client.asked.is_empty() {
                // `SetWatches` may wait for its turn.
                continue;
            }
            let now = self.ensemble.state(server).tree.get(SHARED).map(|node| node.mzxid);
            assert_eq!(now, Some(known), "Law 8: a change that was not told");
        }
    }

    /// Law 5.
    fn check_sessions(&mut self) {
        let Some(leader) = self.ensemble.able_leader() else { return };
        let open: BTreeSet<SessionId> = self.ensemble.state(leader).sessions.ids().collect();
        let ended: Vec<SessionId> = self.open.difference(&open).copied().collect();
        for session in ended {
            self.open.remove(&session);
            if self.closed_by_client.contains(&session) {
                continue;
            }
            self.note("an expiry");
            let of = |client: &&Client| client.session.is_some_and(|(id, _)| id == session);
            let heard = self.clients.iter().find(of).map_or(0, |client| client.heard);
            let (decided, elected) =
                self.ending.get(&session).copied().unwrap_or((self.now.steady, self.elected));
            let alive = heard.max(elected);
            assert!(
                decided >= alive + TIMEOUT,
                "{session:?} expired at {decided}, heard of at {heard}, led since {elected}"
            );
        }
    }

    /// After all is mended and some time has passed, all servers are one again.
    fn settle(&mut self) {
        let count = self.ensemble.servers.len();
        let now = self.now;
        let mut outcomes = self.ensemble.partition(&vec![0; count], now);
        for server in 0..count {
            outcomes.extend(self.ensemble.set_lag(server, 0, now));
            outcomes.extend(self.ensemble.start(server, now));
        }
        self.take(outcomes);
        self.check();
        let outcomes = self.pass(5_000);
        self.take(outcomes);
        self.check();
        let leader = self.ensemble.able_leader().expect("a leader");
        let sessions = |server: usize| -> BTreeSet<SessionId> {
            self.ensemble.state(server).sessions.ids().collect()
        };
        for server in 0..count {
            assert_eq!(self.ensemble.state(server).zxid, self.ensemble.state(leader).zxid);
            assert_eq!(sessions(server), sessions(leader), "sessions of server {server}");
            self.ensemble.state(server).tree.assert_sound();
        }
    }
}

fn create(path: &str, flags: i32) -> Operation {
    let (path, acl) = (path.to_owned(), OPEN.to_vec());
    Operation::Create(Create { kind: CreateKind::Create, path, data: None, acl, flags })
}

#[test]
fn the_laws_hold_over_random_schedules() {
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().map_or(default, |text| text.parse().expect("a number"))
    };
    let first = number("ZKSH_ENSEMBLE_SEED", 1);
    let mut seen: BTreeMap<&'static str, u64> = BTreeMap::new();
    for seed in first..first + number("ZKSH_ENSEMBLE_SCHEDULES", 10_000) {
        let mut simulation = Simulation::new(seed);
        let played = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            // The first election, most of the time.
            if simulation.random.below(8) > 0 {
                let outcomes = simulation.pass(300);
                simulation.take(outcomes);
            }
            for _ in 0..STEPS {
                simulation.step();
            }
            simulation.settle();
        }));
        if let Err(fault) = played {
            eprintln_seed(seed);
            std::panic::resume_unwind(fault);
        }
        for (what, times) in simulation.seen {
            *seen.entry(what).or_default() += times;
        }
    }
    if number("ZKSH_ENSEMBLE_SCHEDULES", 10_000) >= 1_000 {
        for what in [
            "a write",
            "a read",
            "a sync",
            "an event",
            "an election",
            "an expiry",
            "an expired session",
            "a session that moved",
            "a server that is behind",
            "a request on an older connection",
            "an entry that is gone",
        ] {
            let times = seen.get(what).copied().unwrap_or_default();
            assert!(times > 20, "{what} happened {times} times only: {seen:?}");
        }
    }
}

#[allow(clippy::print_stderr, reason = "a test says why it fails")]
fn eprintln_seed(seed: u64) {
    eprintln!("the schedule of ZKSH_ENSEMBLE_SEED={seed} ZKSH_ENSEMBLE_SCHEDULES=1");
}
