//! Several servers with one log, as a pure function of state, input and time.
//!
//! The module simulates what clients see of an ensemble. It is no replicated store: all servers
//! live in one process. These laws hold:
//!
//! 1. There is one log. Only a leader with a connected majority appends to it. A reply reports only
//!    what a majority has committed and the client's server has applied.
//! 2. Each server applies a prefix of the log. A read sees that prefix, including the session's own
//!    earlier writes.
//! 3. A new leader has every committed entry. Its epoch is higher by one and is part of the zxid.
//!    Entries that the new leader lacks are discarded.
//! 4. A server that reaches no leader with a majority closes its client connections, except
//!    read-only ones if these are allowed.
//! 5. Only a leader expires sessions, by a log entry. A new leader restarts all session timers.
//! 6. A server that is behind a client's last zxid refuses the client. After a session has moved,
//!    its older connection gets `SessionMoved`.
//! 7. A `sync` is answered once the server has applied everything that was committed when the
//!    request arrived.
//! 8. A watch fires when its server applies the change.
//! 9. A server lags only if it is told to. A killed server keeps its log, and a paused one its
//!    connections.

mod connects;
mod election;
mod faults;
#[cfg(test)]
mod laws;
mod replication;
mod requests;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use self::requests::Waiting;
use super::operation::{ConnectionId, Ending, Moment, Outcome, SessionId};
use super::settings::{Settings, milliseconds};
use super::state::{Pending, State, Txn};

/// The outcomes of one input, in order. Each names the connection whose request it answers, if any.
pub(crate) type Outcomes = Vec<(Option<ConnectionId>, Outcome)>;

/// Duration of an election in milliseconds (`FastLeaderElection.finalizeWait`).
const ELECTION: u64 = 200;

/// Maximum number of requests in flight per connection. Beyond it the server reads no more until it
/// has answered some.
const MAX_WAITING: usize = 100;

/// One log entry.
#[derive(Debug)]
struct Entry {
    txn: Txn,
    /// The server and connection that requested the write.
    origin: Option<(usize, ConnectionId)>,
}

/// A message from the leader to a follower.
#[derive(Debug)]
enum Message {
    Propose(Arc<Entry>),
    /// All entries up to this zxid are committed.
    Commit(i64),
}

/// The state of a server's process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Process {
    /// It runs.
    Running,
    /// It keeps its connections but does no work.
    Paused,
    /// It has ended; its log is kept.
    Killed,
}

/// The role of a server in the ensemble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Leading,
    Following,
    /// Looking for a leader since this time, in milliseconds of the steady clock.
    Looking(u64),
}

#[derive(Debug)]
struct Server {
    state: State,
    process: Process,
    role: Role,
    /// The side of a partition that the server is on. Servers reach each other only on the same
    /// side.
    side: usize,
    /// Delay of the server's replication in milliseconds.
    lag: u64,
    /// Entries that the server has logged but not yet applied.
    log: VecDeque<Arc<Entry>>,
    /// Messages from the leader, each with its arrival time in milliseconds of the steady clock.
    inbox: VecDeque<(u64, Message)>,
    /// When the server and its leader lost contact, in milliseconds of the steady clock.
    lost: Option<u64>,
    /// Requests in flight.
    waiting: HashMap<ConnectionId, VecDeque<Waiting>>,
}

impl Server {
    /// Returns the zxid of the last entry that the server has logged.
    fn logged(&self) -> i64 {
        self.log.back().map_or(self.state.zxid, |entry| entry.txn.zxid)
    }

    fn is_running(&self) -> bool {
        self.process == Process::Running
    }
}

/// The state that only the leader has.
#[derive(Debug)]
struct Leadership {
    server: usize,
    followers: BTreeSet<usize>,
    /// The zxid of the last entry in the log.
    decided: i64,
    /// The zxid of the last committed entry.
    committed: i64,
    pending: Pending,
    /// The server that each session connected through last.
    owners: HashMap<SessionId, usize>,
    /// Sessions whose closing entry is in the log but not yet applied.
    closing: BTreeSet<SessionId>,
}

/// The servers and the network between them.
#[derive(Debug)]
pub(crate) struct Ensemble {
    servers: Vec<Server>,
    leader: Option<Leadership>,
    epoch: i64,
    settings: Settings,
    /// When a server or the network last changed, in milliseconds of the steady clock.
    changed: u64,
}

/// The status of a server, for `server list`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) process: Process,
    pub(crate) role: Role,
    pub(crate) zxid: i64,
    pub(crate) side: usize,
    /// Milliseconds.
    pub(crate) lag: u64,
    pub(crate) connections: usize,
}

impl Ensemble {
    /// Starts one server per address and elects a leader.
    pub(crate) fn new(
        settings: &Settings,
        secret: [u8; 16],
        addresses: &[SocketAddr],
        now: Moment,
    ) -> Self {
        let config = config(addresses);
        let servers = (1..).zip(addresses).map(|(number, _)| {
            let mut state = State::new(settings.clone(), number, secret, now);
            state.tree.set_config(&config);
            Server {
                state,
                process: Process::Running,
                role: Role::Looking(now.steady),
                side: 0,
                lag: 0,
                log: VecDeque::new(),
                inbox: VecDeque::new(),
                lost: None,
                waiting: HashMap::new(),
            }
        });
        let mut ensemble = Self {
            servers: servers.collect(),
            leader: None,
            epoch: 0,
            settings: settings.clone(),
            changed: now.steady,
        };
        ensemble.elect(now, &mut Outcomes::new());
        ensemble
    }

    /// Returns the state of the leader, or without one that of the server with the highest zxid.
    pub(crate) fn latest(&self) -> &State {
        let leader = self.leader.as_ref().map(|leader| leader.server);
        let most = || (0..self.servers.len()).max_by_key(|server| self.servers[*server].state.zxid);
        &self.servers[leader.or_else(most).unwrap_or(0)].state
    }

    /// Returns whether a server without a leader serves read-only clients.
    pub(crate) fn allows_read_only(&self) -> bool {
        self.settings.read_only
    }

    pub(crate) fn state(&self, server: usize) -> &State {
        &self.servers[server].state
    }

    pub(crate) fn state_mut(&mut self, server: usize) -> &mut State {
        &mut self.servers[server].state
    }

    pub(crate) fn summary(&self, server: usize) -> Summary {
        let Server { state, process, role, side, lag, .. } = &self.servers[server];
        Summary {
            process: *process,
            role: *role,
            zxid: state.zxid,
            side: *side,
            lag: *lag,
            connections: state.connections.len(),
        }
    }

    /// Returns the number of followers, and how many of them have the whole log.
    pub(crate) fn followers(&self) -> (usize, usize) {
        let Some(leader) = &self.leader else { return (0, 0) };
        let synced = |follower: &&usize| self.servers[**follower].logged() == leader.decided;
        (leader.followers.len(), leader.followers.iter().filter(synced).count())
    }

    fn majority(&self) -> usize {
        self.servers.len() / 2 + 1
    }

    /// Returns whether both servers run and reach each other.
    fn linked(&self, one: usize, other: usize) -> bool {
        let [one, other] = [&self.servers[one], &self.servers[other]];
        one.is_running() && other.is_running() && one.side == other.side
    }

    /// Returns the leader if it runs and reaches a majority.
    fn able_leader(&self) -> Option<usize> {
        let leader = self.leader.as_ref()?;
        let reached = leader.followers.iter().filter(|f| self.linked(leader.server, **f)).count();
        let able = self.servers[leader.server].is_running() && reached + 1 >= self.majority();
        able.then_some(leader.server)
    }

    /// Returns the leader that a server is connected to, if that leader can commit.
    fn leader_of(&self, server: usize) -> Option<usize> {
        let able = self.able_leader()?;
        let follows = self.leader.as_ref()?.followers.contains(&server);
        (able == server || follows && self.linked(able, server)).then_some(able)
    }

    /// Returns how long a server and its leader may be out of contact, in milliseconds.
    fn patience(&self) -> u64 {
        self.settings.tick_milliseconds() * u64::from(self.settings.sync_limit)
    }

    /// Removes a connection and its requests in flight.
    pub(crate) fn disconnect(&mut self, server: usize, connection: ConnectionId) {
        let server = &mut self.servers[server];
        server.waiting.remove(&connection);
        server.state.disconnect(connection);
    }

    /// Returns whether a server accepts another request of a connection.
    pub(crate) fn takes_requests(&self, server: usize, connection: ConnectionId) -> bool {
        let server = &self.servers[server];
        let waiting = server.waiting.get(&connection).map_or(0, VecDeque::len);
        server.is_running() && waiting < MAX_WAITING
    }

    /// Closes all connections of a server. The sessions stay open.
    fn drop_clients(&mut self, server: usize, outcomes: &mut Outcomes) {
        let server = &mut self.servers[server];
        let connections: Vec<ConnectionId> = server.state.connections.keys().copied().collect();
        let endings = connections.iter().map(|connection| (*connection, Ending::AtOnce)).collect();
        for connection in connections {
            server.state.disconnect(connection);
        }
        server.waiting.clear();
        outcomes.push((None, Outcome { endings, ..Outcome::default() }));
    }

    /// Handles all deadlines that have passed.
    pub(crate) fn tick(&mut self, now: Moment) -> Outcomes {
        let mut outcomes = Outcomes::new();
        self.run(now, &mut outcomes);
        outcomes
    }

    /// Expires a session. Does nothing without a leader, since only a leader can expire sessions.
    pub(crate) fn expire(&mut self, session: SessionId, now: Moment) -> Outcomes {
        let mut outcomes = Outcomes::new();
        self.end_session(session, now);
        self.run(now, &mut outcomes);
        outcomes
    }

    /// Returns whether the session is gone or its end is decided.
    pub(crate) fn is_ending(&self, session: SessionId) -> bool {
        let closing = self.leader.as_ref().is_some_and(|leader| leader.closing.contains(&session));
        closing || !self.latest().sessions.is_open(session)
    }

    /// Processes everything that can be processed now.
    fn run(&mut self, now: Moment, outcomes: &mut Outcomes) {
        self.settle_roles(now, outcomes);
        self.submit_all(now);
        self.replicate(now, outcomes);
        self.lead(now);
        self.replicate(now, outcomes);
        self.submit_all(now);
        self.replicate(now, outcomes);
        self.answer_all(now, outcomes);
    }

    /// Returns the next deadline of [`Ensemble::tick`], in milliseconds of the steady clock.
    pub(crate) fn next_deadline(&self) -> Option<u64> {
        let arrivals = self.leader.iter().flat_map(|leader| {
            let linked = leader.followers.iter().filter(|f| self.linked(leader.server, **f));
            linked.filter_map(|f| self.servers[*f].inbox.front().map(|(arrives, _)| *arrives))
        });
        let patience = self.patience();
        let leader = self.leader.as_ref().filter(|leader| self.servers[leader.server].is_running());
        let losses = self.servers.iter().enumerate().filter_map(|(index, server)| {
            let follows = leader.is_some_and(|leader| leader.followers.contains(&index));
            // A paused server does not notice a lost leader, but the leader notices a lost
            // follower.
            let noticed = server.is_running() || follows;
            server.lost.filter(|_| noticed).map(|lost| lost + patience)
        });
        let leads = self.able_leader().and_then(|leader| {
            let state = &self.servers[leader].state;
            let expiry = state.sessions.next_deadline();
            let check = milliseconds(self.settings.container_check).max(1);
            let containers = state.tree.has_mortals().then(|| state.containers_checked + check);
            [expiry, containers].into_iter().flatten().min()
        });
        arrivals.chain(losses).chain(leads).chain(self.election_due()).min()
    }
}

/// Returns the content of `/zookeeper/config`. Servers have client ports only.
fn config(addresses: &[SocketAddr]) -> String {
    let mut text = String::new();
    for (number, address) in (1..).zip(addresses) {
        let host = address.ip();
        writeln!(text, "server.{number}={host}:0:0:participant;{address}")
            .expect("a string takes everything");
    }
    text + "version=0"
}
