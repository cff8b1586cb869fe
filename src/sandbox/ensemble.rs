//! Several servers with one log, as their clients see them: a pure function of state, input and time.
//!
//! It simulates what clients see of an ensemble and is no replicated store: all servers share the
//! fate of one process. These laws hold:
//!
//! 1. There is one log. Only a leader with a connected majority appends to it. What a client is told
//!    is committed by a majority and applied at the client's server.
//! 2. A server applies a prefix of the log. A read sees that prefix, after the session's own writes.
//! 3. A new leader has every committed entry. Its epoch is one higher and stands in the zxid.
//!    Entries that it does not have are gone.
//! 4. A server without such a leader drops its clients, except read-only ones where these are allowed.
//! 5. Only a leader expires sessions, by an entry of the log. A new leader starts every timer again.
//! 6. A server behind a client's last zxid refuses it. The older connection of a session that has
//!    moved gets `SessionMoved`.
//! 7. `sync` is answered once all that was committed when it came is applied at that server.
//! 8. A watch fires when its server applies the change.
//! 9. A server lags only where it is told to. A killed server keeps its log, a paused one its clients.

mod election;
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

/// What follows from one input, in order: whose request it answers, if any, and what to send.
pub(crate) type Outcomes = Vec<(Option<ConnectionId>, Outcome)>;

/// How long servers vote, in milliseconds (`FastLeaderElection.finalizeWait`).
const ELECTION: u64 = 200;

/// Requests of a connection that wait at most; no more are read before some have been answered.
const MAX_WAITING: usize = 100;

/// An entry of the log.
#[derive(Debug)]
struct Entry {
    txn: Txn,
    /// The server and the connection that asked for it.
    origin: Option<(usize, ConnectionId)>,
}

/// What the leader sends to a follower.
#[derive(Debug)]
enum Message {
    Propose(Arc<Entry>),
    /// All entries up to this zxid are committed.
    Commit(i64),
}

/// The process of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Process {
    /// It does its work.
    Running,
    /// It keeps its connections and does nothing.
    Paused,
    /// It is not there, and keeps what it has logged.
    Killed,
}

/// A server's part in the ensemble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Leading,
    Following,
    /// Looking for a leader, since this time in steady milliseconds.
    Looking(u64),
}

#[derive(Debug)]
struct Server {
    state: State,
    process: Process,
    role: Role,
    /// Servers on the same side of a partition reach each other.
    side: usize,
    /// How late it learns of what others write, in milliseconds.
    lag: u64,
    /// Entries that it has and has not applied.
    log: VecDeque<Arc<Entry>>,
    /// What the leader has sent, and when it arrives in steady milliseconds.
    inbox: VecDeque<(u64, Message)>,
    /// Since when it and its leader do not reach each other, in steady milliseconds.
    lost: Option<u64>,
    /// Requests without a reply.
    waiting: HashMap<ConnectionId, VecDeque<Waiting>>,
}

impl Server {
    /// Returns the zxid of the last entry that it has.
    fn logged(&self) -> i64 {
        self.log.back().map_or(self.state.zxid, |entry| entry.txn.zxid)
    }

    fn is_running(&self) -> bool {
        self.process == Process::Running
    }
}

/// What the leader knows.
#[derive(Debug)]
struct Leadership {
    server: usize,
    followers: BTreeSet<usize>,
    /// The zxid of the last entry.
    decided: i64,
    /// The zxid of the last entry that a majority has.
    committed: i64,
    pending: Pending,
    /// The server through which each session came last.
    owners: HashMap<SessionId, usize>,
    /// Sessions whose end is decided.
    closing: BTreeSet<SessionId>,
}

/// The servers and what is between them.
#[derive(Debug)]
pub(crate) struct Ensemble {
    servers: Vec<Server>,
    leader: Option<Leadership>,
    epoch: i64,
    settings: Settings,
    /// When a server or a link last changed, in steady milliseconds.
    changed: u64,
}

/// What is told of a server.
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
    /// Starts a server for each address, with a leader among them.
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

    /// Returns the state of the leader, or else of the server that has applied most.
    pub(crate) fn latest(&self) -> &State {
        let leader = self.leader.as_ref().map(|leader| leader.server);
        let most = || (0..self.servers.len()).max_by_key(|server| self.servers[*server].state.zxid);
        &self.servers[leader.or_else(most).unwrap_or(0)].state
    }

    /// Returns whether a server without a leader serves clients that only read.
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

    /// Returns how many followers the leader has, and how many of them have all that it has.
    pub(crate) fn followers(&self) -> (usize, usize) {
        let Some(leader) = &self.leader else { return (0, 0) };
        let synced = |follower: &&usize| self.servers[**follower].logged() == leader.decided;
        (leader.followers.len(), leader.followers.iter().filter(synced).count())
    }

    fn majority(&self) -> usize {
        self.servers.len() / 2 + 1
    }

    /// Returns whether two servers run and reach each other.
    fn linked(&self, one: usize, other: usize) -> bool {
        let [one, other] = [&self.servers[one], &self.servers[other]];
        one.is_running() && other.is_running() && one.side == other.side
    }

    /// Returns the leader where it runs and reaches a majority.
    fn able_leader(&self) -> Option<usize> {
        let leader = self.leader.as_ref()?;
        let reached = leader.followers.iter().filter(|f| self.linked(leader.server, **f)).count();
        let able = self.servers[leader.server].is_running() && reached + 1 >= self.majority();
        able.then_some(leader.server)
    }

    /// Returns the leader that a server reaches, where that can commit.
    fn leader_of(&self, server: usize) -> Option<usize> {
        let able = self.able_leader()?;
        let follows = self.leader.as_ref()?.followers.contains(&server);
        (able == server || follows && self.linked(able, server)).then_some(able)
    }

    /// Returns how long a server and its leader may be without each other, in milliseconds.
    fn patience(&self) -> u64 {
        self.settings.tick_milliseconds() * u64::from(self.settings.sync_limit)
    }

    /// Forgets a connection and what it waits for.
    pub(crate) fn disconnect(&mut self, server: usize, connection: ConnectionId) {
        let server = &mut self.servers[server];
        server.waiting.remove(&connection);
        server.state.disconnect(connection);
    }

    /// Returns whether a server looks at further requests of a connection.
    pub(crate) fn takes_requests(&self, server: usize, connection: ConnectionId) -> bool {
        let server = &self.servers[server];
        let waiting = server.waiting.get(&connection).map_or(0, VecDeque::len);
        server.is_running() && waiting < MAX_WAITING
    }

    /// Ends the process of a server. What it has logged stays.
    pub(crate) fn kill(&mut self, server: usize, now: Moment) -> Outcomes {
        let mut outcomes = Outcomes::new();
        self.drop_clients(server, &mut outcomes);
        self.servers[server].process = Process::Killed;
        self.look_for_leader(server, now, &mut outcomes);
        self.change(now, outcomes)
    }

    /// Lets a server stand still, until it is started.
    pub(crate) fn pause(&mut self, server: usize, now: Moment) -> Outcomes {
        if self.servers[server].is_running() {
            self.servers[server].process = Process::Paused;
        }
        self.change(now, Outcomes::new())
    }

    /// Starts a server that was killed, or lets a paused one go on.
    pub(crate) fn start(&mut self, server: usize, now: Moment) -> Outcomes {
        let server = &mut self.servers[server];
        server.process = Process::Running;
        if let Role::Looking(since) = &mut server.role {
            *since = now.steady;
        }
        self.change(now, Outcomes::new())
    }

    /// Lets a server learn of what others write only after some milliseconds.
    pub(crate) fn set_lag(&mut self, server: usize, lag: u64, now: Moment) -> Outcomes {
        self.servers[server].lag = lag;
        self.change(now, Outcomes::new())
    }

    /// Cuts the network: each server is on the side that `sides` names.
    pub(crate) fn partition(&mut self, sides: &[usize], now: Moment) -> Outcomes {
        for (server, side) in self.servers.iter_mut().zip(sides) {
            server.side = *side;
        }
        self.change(now, Outcomes::new())
    }

    fn change(&mut self, now: Moment, mut outcomes: Outcomes) -> Outcomes {
        self.changed = now.steady;
        self.run(now, &mut outcomes);
        outcomes
    }

    /// Closes a server's connections; their sessions wait for new ones.
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

    /// Does what is due.
    pub(crate) fn tick(&mut self, now: Moment) -> Outcomes {
        let mut outcomes = Outcomes::new();
        self.run(now, &mut outcomes);
        outcomes
    }

    /// Ends a session as if its time were over; without a leader nothing can be ended.
    pub(crate) fn expire(&mut self, session: SessionId, now: Moment) -> Outcomes {
        let mut outcomes = Outcomes::new();
        self.end_session(session, now);
        self.run(now, &mut outcomes);
        outcomes
    }

    /// Returns whether there is no such session, or its end is decided.
    pub(crate) fn is_ending(&self, session: SessionId) -> bool {
        let closing = self.leader.as_ref().is_some_and(|leader| leader.closing.contains(&session));
        closing || !self.latest().sessions.is_open(session)
    }

    /// Does all that can be done now.
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

    /// Returns when [`Ensemble::tick`] next has something to do, in steady milliseconds.
    pub(crate) fn next_deadline(&self) -> Option<u64> {
        let arrivals = self.leader.iter().flat_map(|leader| {
            let linked = leader.followers.iter().filter(|f| self.linked(leader.server, **f));
            linked.filter_map(|f| self.servers[*f].inbox.front().map(|(arrives, _)| *arrives))
        });
        let patience = self.patience();
        let leader = self.leader.as_ref().filter(|leader| self.servers[leader.server].is_running());
        let losses = self.servers.iter().enumerate().filter_map(|(index, server)| {
            let follows = leader.is_some_and(|leader| leader.followers.contains(&index));
            // Who is paused notices nothing, but its leader does.
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

/// Returns what `/zookeeper/config` says of servers: there are no ports but those for clients.
fn config(addresses: &[SocketAddr]) -> String {
    let mut text = String::new();
    for (number, address) in (1..).zip(addresses) {
        let host = address.ip();
        writeln!(text, "server.{number}={host}:0:0:participant;{address}")
            .expect("a string takes everything");
    }
    text + "version=0"
}
