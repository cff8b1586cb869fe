//! The whole server as a pure function: who asks what, and when, gives the reply and the events.
//!
//! No sockets, no clock and no chance: connections are numbers, the time and the secret of
//! passwords are arguments. Replies and zxids are those of a standalone Apache server.

#[cfg(test)]
mod laws;
mod pending;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::acl::{self, Id};
use super::operation::{
    Body, Code, ConnectRequest, ConnectionId, Ending, Moment, Operation, Outcome, Reply, Request,
    SessionId, Welcome,
};
use super::quota::Quotas;
use super::sessions::Sessions;
use super::settings::{Settings, milliseconds};
use super::tree::Tree;
use super::watches::Watches;

/// What a client asks for that has no session yet.
const NEW: SessionId = SessionId(0);

/// Bytes that a session takes, with its place among the deadlines.
const SESSION_WEIGHT: usize = 256;

/// Bytes of identities that one connection may gather; a digest has some 50.
const MAX_IDENTITIES: usize = 64 << 10;

/// What went over the wire, and how long replies took, in milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) received: u64,
    pub(crate) sent: u64,
    pub(crate) answered: u64,
    pub(crate) latency_total: u64,
    pub(crate) latency_min: u64,
    pub(crate) latency_max: u64,
    pub(crate) latency_last: u64,
}

impl Traffic {
    fn answered(&mut self, requests: u64, latency: u64) {
        self.latency_min = if self.answered == 0 { latency } else { self.latency_min.min(latency) };
        self.latency_max = self.latency_max.max(latency);
        self.latency_last = latency;
        self.latency_total += latency * requests;
        self.answered += requests;
    }
}

/// A connection, as far as the protocol is concerned.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) peer: SocketAddr,
    pub(crate) session: Option<SessionId>,
    /// The session timeout that was agreed on this connection, in milliseconds.
    pub(crate) timeout: u64,
    /// Whom the client has proved to be. It ends with the connection; clients prove it anew.
    pub(crate) ids: Vec<Id>,
    /// Wall milliseconds.
    pub(crate) established: i64,
    pub(crate) traffic: Traffic,
    pub(crate) last: Option<Last>,
}

/// The last request of a connection, as `cons` shows it.
#[derive(Debug)]
pub(crate) struct Last {
    pub(crate) letters: &'static str,
    pub(crate) xid: i32,
    pub(crate) zxid: i64,
    /// Steady milliseconds.
    pub(crate) time: u64,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(super) settings: Settings,
    pub(super) tree: Tree,
    pub(super) watches: Watches,
    pub(super) sessions: Sessions,
    pub(super) connections: BTreeMap<ConnectionId, Connection>,
    pub(super) traffic: Traffic,
    pub(super) started: Moment,
    /// The last zxid given out: every write has the next, done or refused.
    pub(super) zxid: i64,
    quotas: Quotas,
    /// When containers were looked at, in steady milliseconds.
    containers_checked: u64,
}

impl State {
    /// The `secret` is what session passwords are made from.
    pub(crate) fn new(settings: Settings, secret: [u8; 16], now: Moment) -> Self {
        Self {
            sessions: Sessions::new(secret, settings.tick_milliseconds(), now),
            settings,
            tree: Tree::new(),
            watches: Watches::default(),
            connections: BTreeMap::new(),
            traffic: Traffic::default(),
            started: now,
            zxid: 0,
            quotas: Quotas::default(),
            containers_checked: now.steady,
        }
    }

    /// Notes a new connection; returns whether there is room for one more from its address.
    pub(crate) fn accept(
        &mut self,
        connection: ConnectionId,
        peer: SocketAddr,
        now: Moment,
    ) -> bool {
        let limit = self.settings.max_connections;
        let same = |known: &&Connection| known.peer.ip() == peer.ip();
        if limit > 0 && self.connections.values().filter(same).count() >= limit {
            return false;
        }
        let accepted = Connection {
            peer,
            session: None,
            timeout: 0,
            ids: vec![acl::of_peer(peer)],
            established: now.wall,
            traffic: Traffic::default(),
            last: None,
        };
        self.connections.insert(connection, accepted);
        true
    }

    /// Answers a connection's first words: a new session, its own session again, or none.
    pub(crate) fn connect(
        &mut self,
        from: ConnectionId,
        request: &ConnectRequest,
        now: Moment,
    ) -> Outcome {
        let mut outcome = Outcome::default();
        self.received(from);
        // A client that has seen another server's future must not see this one's past.
        let ahead = request.last_zxid > self.zxid;
        if ahead || request.session == NEW && self.is_full() {
            outcome.endings.push((from, Ending::AtOnce));
            return outcome;
        }
        let (shortest, longest) = self.settings.session_timeouts();
        let timeout = u64::try_from(request.timeout).unwrap_or(0).clamp(shortest, longest);
        let session = self.session_for(from, request, timeout, now, &mut outcome);
        if let Some(connection) = self.connections.get_mut(&from) {
            connection.session = session;
            connection.timeout = timeout;
        }
        outcome.welcome = Some(match session {
            Some(session) => Welcome {
                timeout: i32::try_from(timeout).expect("bounded by the settings"),
                session,
                password: self.sessions.password(session),
                knows_read_only: request.knows_read_only,
            },
            None => Welcome {
                timeout: 0,
                session: SessionId(0),
                password: [0; 16],
                knows_read_only: request.knows_read_only,
            },
        });
        if session.is_none() {
            outcome.endings.push((from, Ending::Flushed));
        }
        self.sent(Some(from), &outcome);
        outcome
    }

    fn session_for(
        &mut self,
        from: ConnectionId,
        request: &ConnectRequest,
        timeout: u64,
        now: Moment,
        outcome: &mut Outcome,
    ) -> Option<SessionId> {
        if request.session == NEW {
            self.zxid += 1;
            return Some(self.sessions.open(from, timeout, now));
        }
        let own = request.password == self.sessions.password(request.session);
        if !own || !self.sessions.touch(request.session, timeout, now) {
            return None;
        }
        if let Some(before) = self.sessions.connect(request.session, from) {
            outcome.endings.push((before, Ending::AtOnce));
            self.disconnect(before);
        }
        Some(request.session)
    }

    /// Answers a request. One that comes after its session's end has no answer.
    pub(crate) fn request(&mut self, from: ConnectionId, request: Request, now: Moment) -> Outcome {
        let mut outcome = Outcome::default();
        self.received(from);
        let Some(connection) = self.connections.get(&from) else { return outcome };
        let Some(session) = connection.session else { return outcome };
        let letters = request.operation.letters();
        let xid = request.xid;
        let is_auth = matches!(request.operation, Operation::Auth { .. });
        let is_nonsense =
            matches!(request.operation, Operation::Malformed { .. } | Operation::Unknown);
        if !is_auth && !self.sessions.touch(session, connection.timeout, now) {
            return outcome;
        }
        let is_refused = request.operation.adds() && self.is_full();
        let result = match request.operation {
            _ if is_refused => Err(self.refuse(&request.operation)),
            Operation::Auth { scheme, credentials } => {
                self.authenticate(from, &scheme, &credentials)
            }
            operation if operation.is_write() => {
                self.zxid += 1;
                self.write(from, session, operation, now, &mut outcome)
            }
            operation => self.read(from, session, operation, &mut outcome),
        };
        if is_nonsense || result == Err(Code::AuthFailed) {
            outcome.endings.push((from, Ending::Flushed));
        }
        let zxid = if is_auth { 0 } else { self.zxid };
        outcome.reply = Some(Reply { xid, zxid, result });
        if let Some(connection) = self.connections.get_mut(&from) {
            connection.last = Some(Last { letters, xid, zxid, time: now.steady });
        }
        self.sent(Some(from), &outcome);
        outcome
    }

    /// Returns the code for what is too much. A write takes its zxid all the same.
    fn refuse(&mut self, operation: &Operation) -> Code {
        self.zxid += i64::from(operation.is_write());
        Code::QuotaExceeded
    }

    fn authenticate(
        &mut self,
        from: ConnectionId,
        scheme: &str,
        credentials: &[u8],
    ) -> Result<Body, Code> {
        let super_digest = self.settings.super_digest.as_deref();
        let connection = self.connections.get_mut(&from).ok_or(Code::AuthFailed)?;
        let ids = acl::authenticate(scheme, credentials, connection.peer, super_digest)
            .ok_or(Code::AuthFailed)?;
        for id in ids {
            if !connection.ids.contains(&id) {
                connection.ids.push(id);
            }
        }
        let size: usize = connection.ids.iter().map(|id| id.id.len()).sum();
        if size > MAX_IDENTITIES { Err(Code::AuthFailed) } else { Ok(Body::Empty) }
    }

    /// Forgets a connection and its watches. Its session waits for another one.
    pub(crate) fn disconnect(&mut self, connection: ConnectionId) {
        self.watches.disconnect(connection);
        if let Some(Connection { session: Some(session), .. }) =
            self.connections.remove(&connection)
        {
            self.sessions.disconnect(session, connection);
        }
    }

    /// Does what time brings: expired sessions, and containers and TTLs whose end has come.
    pub(crate) fn tick(&mut self, now: Moment) -> Outcome {
        let mut outcome = Outcome::default();
        while let Some(session) = self.sessions.expired(now) {
            self.end_session(session, &mut outcome);
        }
        let since = now.steady.saturating_sub(self.containers_checked);
        if since >= milliseconds(self.settings.container_check) {
            self.containers_checked = now.steady;
            self.reap(now, &mut outcome);
        }
        self.sent(None, &outcome);
        outcome
    }

    /// Ends a session as if its time were over.
    pub(crate) fn expire(&mut self, session: SessionId) -> Outcome {
        let mut outcome = Outcome::default();
        self.end_session(session, &mut outcome);
        self.sent(None, &outcome);
        outcome
    }

    fn end_session(&mut self, session: SessionId, outcome: &mut Outcome) {
        if !self.sessions.is_open(session) {
            return;
        }
        self.zxid += 1;
        if let Some(connection) = self.close(session, outcome) {
            outcome.endings.push((connection, Ending::AtOnce));
        }
    }

    /// Returns the largest request, in bytes.
    pub(crate) fn max_request(&self) -> usize {
        self.settings.max_request
    }

    /// Returns how long a connection may be without a session.
    pub(crate) fn patience(&self) -> Duration {
        self.settings.patience
    }

    /// Returns whether all memory is taken that the sandbox may take. One request may go beyond by
    /// its own size.
    fn is_full(&self) -> bool {
        self.tree.weight() + self.watches.weight() + self.sessions.count() * SESSION_WEIGHT
            > self.settings.memory
    }

    /// Returns the open sessions, in no order.
    pub(crate) fn sessions(&self) -> impl Iterator<Item = SessionId> {
        self.sessions.ids()
    }

    /// Notes how long requests of a connection took, in milliseconds.
    pub(crate) fn answered(&mut self, from: ConnectionId, requests: u64, latency: u64) {
        self.traffic.answered(requests, latency);
        if let Some(connection) = self.connections.get_mut(&from) {
            connection.traffic.answered(requests, latency);
        }
    }

    /// Notes a frame that came in, or the bytes of a four-letter word.
    pub(crate) fn received(&mut self, from: ConnectionId) {
        self.traffic.received += 1;
        if let Some(connection) = self.connections.get_mut(&from) {
            connection.traffic.received += 1;
        }
    }

    fn sent(&mut self, asker: Option<ConnectionId>, outcome: &Outcome) {
        let answers = usize::from(outcome.reply.is_some() || outcome.welcome.is_some());
        let answered = asker.into_iter().take(answers);
        for to in outcome.events.iter().map(|(to, _)| *to).chain(answered) {
            self.traffic.sent += 1;
            if let Some(connection) = self.connections.get_mut(&to) {
                connection.traffic.sent += 1;
            }
        }
    }
}
