//! The whole server as a pure function: a request and a time give a reply and events.
//!
//! There are no sockets, no clock and no randomness: connections are numbers, and the time and the
//! secret for passwords are arguments. Replies and zxids match those of a standalone Apache server.

mod apply;
mod connections;
#[cfg(test)]
mod laws;
mod pending;
mod prepare;
mod read;
#[cfg(test)]
mod tests;
mod txn;

use std::collections::{BTreeMap, VecDeque};

pub(crate) use self::connections::{Connection, Last, Traffic};
pub(crate) use self::pending::Pending;
pub(crate) use self::prepare::Requester;
pub(crate) use self::txn::{Change, Effect, Txn};
use super::operation::{
    Code, ConnectionId, Ending, Moment, Operation, Outcome, Reply, Request, SessionId,
};
use super::quota::Quotas;
use super::sessions::Sessions;
use super::settings::{Settings, milliseconds};
use super::tree::Tree;
use super::watches::Watches;

/// The session id of a client that asks for a new session.
pub(crate) const NEW: SessionId = SessionId(0);

/// The default trace mask of Apache's server (`ZooTrace`).
const DEFAULT_TRACE_MASK: i64 = 306;

/// Bytes that a session takes, including its deadline.
const SESSION_WEIGHT: usize = 256;

/// Maximum bytes of identities per connection; one digest identity has about 50.
const MAX_IDENTITIES: usize = 64 << 10;

#[derive(Debug)]
pub(crate) struct State {
    pub(super) settings: Settings,
    pub(super) tree: Tree,
    pub(super) watches: Watches,
    pub(super) sessions: Sessions,
    pub(super) connections: BTreeMap<ConnectionId, Connection>,
    pub(super) traffic: Traffic,
    pub(super) started: Moment,
    /// The mask that `stmk` sets and `gtmk` shows; the sandbox does not use it otherwise.
    pub(super) trace_mask: i64,
    /// The zxid of the last applied write. Every write takes the next zxid, even if it is refused.
    pub(super) zxid: i64,
    pub(super) quotas: Quotas,
    /// When containers were last checked, in milliseconds of the steady clock.
    pub(super) containers_checked: u64,
    /// Requests that wait until the writes before them are flushed.
    in_flight: VecDeque<InFlight>,
    /// The effects of the writes in flight.
    pending: Pending,
    /// The zxid of the last write that was checked and decided.
    decided: i64,
    /// When the first request in flight arrived, in milliseconds of the steady clock.
    in_flight_since: u64,
}

/// A request without a reply.
#[derive(Debug)]
struct InFlight {
    from: ConnectionId,
    session: SessionId,
    xid: i32,
    letters: &'static str,
    task: Task,
}

#[derive(Debug)]
enum Task {
    Write { txn: Txn, closes: bool, is_nonsense: bool },
    Read(Operation),
}

impl State {
    /// Creates an empty server. Session passwords are derived from `secret`.
    pub(crate) fn new(settings: Settings, server: u8, secret: [u8; 16], now: Moment) -> Self {
        Self {
            sessions: Sessions::new(server, secret, settings.tick_milliseconds(), now),
            settings,
            tree: Tree::new(),
            watches: Watches::default(),
            connections: BTreeMap::new(),
            traffic: Traffic::default(),
            started: now,
            trace_mask: DEFAULT_TRACE_MASK,
            zxid: 0,
            quotas: Quotas::default(),
            containers_checked: now.steady,
            in_flight: VecDeque::new(),
            pending: Pending::default(),
            decided: 0,
            in_flight_since: 0,
        }
    }

    /// Answers a request, or queues it for the next flush, in which case the outcome has no reply.
    /// A request after the end of its session gets no reply at all.
    pub(crate) fn request(&mut self, from: ConnectionId, request: Request, now: Moment) -> Outcome {
        let mut outcome = Outcome::default();
        self.received(from);
        let Some(connection) = self.connections.get(&from) else { return outcome };
        let Some(session) = connection.session else { return outcome };
        let Request { xid, operation } = request;
        let letters = operation.letters();
        // Neither of these keeps a session alive.
        let is_auth = matches!(operation, Operation::Auth { .. } | Operation::Sasl(_));
        if !is_auth && !self.sessions.touch(session, connection.timeout, now) {
            return outcome;
        }
        if !is_auth && self.lacks_sasl(from) {
            let result = Err(Code::SessionClosedRequireSaslAuth);
            outcome.endings.push((from, Ending::Flushed));
            self.reply(from, Reply { xid, zxid: 0, result }, letters, now, &mut outcome);
            return outcome;
        }
        let task = match operation {
            // These do not wait for the requests in flight (ZooKeeperServer.processPacket).
            Operation::Auth { scheme, credentials } => {
                let result = self.authenticate(from, &scheme, &credentials);
                if result == Err(Code::AuthFailed) {
                    outcome.endings.push((from, Ending::Flushed));
                }
                self.reply(from, Reply { xid, zxid: 0, result }, letters, now, &mut outcome);
                return outcome;
            }
            Operation::Sasl(token) => {
                let result = self.answer_sasl(from, &token, now);
                if result.is_err() {
                    outcome.endings.push((from, Ending::Flushed));
                }
                self.reply(from, Reply { xid, zxid: 0, result }, letters, now, &mut outcome);
                return outcome;
            }
            operation if operation.is_write() => {
                let closes = matches!(operation, Operation::Close);
                let is_nonsense = matches!(operation, Operation::Malformed { .. });
                let txn = self.decide_for(from, session, operation, now);
                Task::Write { txn, closes, is_nonsense }
            }
            operation => Task::Read(operation),
        };
        let request = InFlight { from, session, xid, letters, task };
        let waits = !self.in_flight.is_empty()
            || matches!(request.task, Task::Write { .. }) && self.flush_delay() > 0;
        if waits {
            if let Task::Write { txn, .. } = &request.task {
                self.pending.note_txn(&self.tree, txn);
            }
            if self.in_flight.is_empty() {
                self.in_flight_since = now.steady;
            }
            self.in_flight.push_back(request);
        } else {
            self.finish(request, now, &mut outcome);
        }
        outcome
    }

    /// Checks a write and assigns the next zxid to it.
    fn decide_for(
        &mut self,
        from: ConnectionId,
        session: SessionId,
        operation: Operation,
        now: Moment,
    ) -> Txn {
        self.decided += 1;
        let (zxid, time) = (self.decided, now.wall);
        let effect = if operation.adds() && self.is_full() {
            Effect::Refused(Code::QuotaExceeded)
        } else {
            let ids = self.connections.get(&from).map_or(&[][..], |connection| &connection.ids);
            self.decide(&self.pending, Requester { session, ids }, operation)
        };
        if matches!(effect, Effect::CloseSession { .. }) {
            // Later requests on this connection find no session.
            self.sessions.close(session);
        }
        Txn { zxid, time, effect }
    }

    /// Applies a write or serves a read, and adds the reply to the outcome.
    fn finish(&mut self, request: InFlight, now: Moment, outcome: &mut Outcome) {
        let InFlight { from, session, xid, letters, task } = request;
        let (result, is_nonsense) = match task {
            Task::Write { txn, closes, is_nonsense } => {
                let result = self.apply(txn, outcome);
                if closes {
                    outcome.endings.push((from, Ending::Flushed));
                }
                (result, is_nonsense)
            }
            Task::Read(operation) if operation.adds() && self.is_full() => {
                (Err(Code::QuotaExceeded), false)
            }
            Task::Read(operation) => {
                let is_nonsense =
                    matches!(operation, Operation::Malformed { .. } | Operation::Unknown);
                (self.read(from, session, operation, outcome), is_nonsense)
            }
        };
        if is_nonsense {
            outcome.endings.push((from, Ending::Flushed));
        }
        self.reply(from, Reply { xid, zxid: self.zxid, result }, letters, now, outcome);
    }

    pub(crate) fn reply(
        &mut self,
        from: ConnectionId,
        reply: Reply,
        letters: &'static str,
        now: Moment,
        outcome: &mut Outcome,
    ) {
        let Reply { xid, zxid, .. } = reply;
        outcome.reply = Some(reply);
        if let Some(connection) = self.connections.get_mut(&from) {
            connection.last = Some(Last { letters, xid, zxid, time: now.steady });
        }
        self.sent(Some(from), outcome);
    }

    /// Returns how long writes are collected before they are applied, in milliseconds.
    fn flush_delay(&self) -> u64 {
        milliseconds(self.settings.flush_delay)
    }

    /// Applies the writes in flight and answers all waiting requests, in order.
    pub(crate) fn flush(&mut self, now: Moment) -> Vec<(ConnectionId, Outcome)> {
        let requests = std::mem::take(&mut self.in_flight);
        self.pending = Pending::default();
        let answer = |request: InFlight| {
            let (from, mut outcome) = (request.from, Outcome::default());
            self.finish(request, now, &mut outcome);
            (from, outcome)
        };
        requests.into_iter().map(answer).collect()
    }

    /// Returns whether a flush is due: the delay is over or the batch is full.
    pub(crate) fn is_flush_due(&self, now: Moment) -> bool {
        let waited = now.steady.saturating_sub(self.in_flight_since);
        !self.in_flight.is_empty()
            && (waited >= self.flush_delay() || self.in_flight.len() >= self.settings.max_batch)
    }

    /// Returns the next deadline of [`State::tick`] or [`State::flush`], in milliseconds of the
    /// steady clock.
    pub(crate) fn next_deadline(&self) -> Option<u64> {
        let flush = (!self.in_flight.is_empty()).then(|| self.in_flight_since + self.flush_delay());
        let expiry = self.sessions.next_deadline();
        let check = milliseconds(self.settings.container_check).max(1);
        let containers = self.tree.has_mortals().then(|| self.containers_checked + check);
        [flush, expiry, containers].into_iter().flatten().min()
    }

    /// Expires sessions and deletes overdue containers and TTL znodes. The caller must flush the
    /// requests in flight first.
    pub(crate) fn tick(&mut self, now: Moment) -> Outcome {
        let mut outcome = Outcome::default();
        while let Some(session) = self.sessions.expired(now) {
            self.end_session(session, now, &mut outcome);
        }
        let since = now.steady.saturating_sub(self.containers_checked);
        if since >= milliseconds(self.settings.container_check) {
            self.containers_checked = now.steady;
            for path in self.tree.overdue(now.wall) {
                let effect = Effect::One(Change::Delete { path: path.into() });
                self.apply_own(effect, now, &mut outcome);
            }
        }
        self.sent(None, &outcome);
        outcome
    }

    /// Expires a session. The caller must flush the requests in flight first.
    pub(crate) fn expire(&mut self, session: SessionId, now: Moment) -> Outcome {
        let mut outcome = Outcome::default();
        self.end_session(session, now, &mut outcome);
        self.sent(None, &outcome);
        outcome
    }

    fn end_session(&mut self, session: SessionId, now: Moment, outcome: &mut Outcome) {
        if !self.sessions.is_open(session) {
            return;
        }
        let ephemerals = self.pending.ephemerals(&self.tree, session);
        self.apply_own(Effect::CloseSession { session, ephemerals }, now, outcome);
    }

    /// Applies a write that the server itself has decided.
    fn apply_own(&mut self, effect: Effect, now: Moment, outcome: &mut Outcome) {
        self.decided += 1;
        let txn = Txn { zxid: self.decided, time: now.wall, effect };
        // No client waits for the result.
        let _ = self.apply(txn, outcome);
    }

    /// Copies the tree, quotas, sessions and zxid of another server, but not connections and
    /// watches.
    pub(crate) fn copy(&mut self, other: &Self) {
        self.tree = other.tree.clone();
        self.quotas = other.quotas.clone();
        self.sessions.copy(&other.sessions);
        self.zxid = other.zxid;
    }

    /// Returns whether the memory limit is reached. A single request may exceed it by its own size.
    pub(crate) fn is_full(&self) -> bool {
        self.tree.weight() + self.watches.weight() + self.sessions.count() * SESSION_WEIGHT
            > self.settings.memory
    }
}
