//! Sessions: their ids, passwords and deadlines.
//!
//! Deadlines are rounded up to ticks, as in Apache's `SessionTrackerImpl`. This module has no
//! clock: the time is an argument.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sha1::{Digest as _, Sha1};

use super::operation::{ConnectionId, Moment, SessionId};
use super::sasl;

/// The deadline of a session that has no timer running.
const NEVER: u64 = u64::MAX;

#[derive(Debug)]
struct Session {
    /// When the session expires, in milliseconds of the steady clock.
    deadline: u64,
    /// Milliseconds.
    timeout: u64,
    connection: Option<ConnectionId>,
}

#[derive(Debug)]
pub(crate) struct Sessions {
    next: i64,
    secret: [u8; 16],
    /// Milliseconds.
    tick: u64,
    open: HashMap<SessionId, Session>,
    deadlines: BTreeMap<u64, BTreeSet<SessionId>>,
}

impl Sessions {
    /// Creates the session table of a server, numbered from 1. Passwords are derived from `secret`;
    /// `tick` is in milliseconds.
    pub(crate) fn new(server: u8, secret: [u8; 16], tick: u64, now: Moment) -> Self {
        // The server's number is in the top byte, then the time, so servers never use the same id.
        let next = (i64::from(server) << 56) | ((now.wall << 16) & 0x00ff_ffff_ffff_ffff);
        Self { next, secret, tick, open: HashMap::new(), deadlines: BTreeMap::new() }
    }

    /// Returns a text that nobody can predict, for a challenge to a connection.
    pub(crate) fn nonce(&self, connection: ConnectionId, now: Moment) -> String {
        let hash = Sha1::new()
            .chain_update(self.secret)
            .chain_update(b"nonce")
            .chain_update(connection.0.to_be_bytes())
            .chain_update(now.steady.to_be_bytes());
        sasl::hex(&hash.finalize())
    }

    /// Returns a new session id.
    pub(crate) fn new_id(&mut self) -> SessionId {
        let id = SessionId(self.next);
        self.next += 1;
        id
    }

    /// Adds a session without a deadline; [`Sessions::touch`] sets one. `timeout` is in
    /// milliseconds.
    pub(crate) fn insert(&mut self, id: SessionId, timeout: u64) {
        let new = Session { deadline: NEVER, timeout, connection: None };
        self.open.entry(id).or_insert(new);
    }

    /// Restarts a session's timeout. Returns whether the session exists.
    pub(crate) fn touch(&mut self, id: SessionId, timeout: u64, now: Moment) -> bool {
        let Some(session) = self.open.get_mut(&id) else { return false };
        session.timeout = timeout;
        let deadline = ((now.steady + timeout) / self.tick + 1) * self.tick;
        if session.deadline != deadline {
            let before = std::mem::replace(&mut session.deadline, deadline);
            self.forget_deadline(before, id);
            self.deadlines.entry(deadline).or_default().insert(id);
        }
        true
    }

    fn forget_deadline(&mut self, deadline: u64, id: SessionId) {
        if let Some(sessions) = self.deadlines.get_mut(&deadline) {
            sessions.remove(&id);
            if sessions.is_empty() {
                self.deadlines.remove(&deadline);
            }
        }
    }

    /// Touches every session. A new leader does this, since it has seen no earlier heartbeats.
    pub(crate) fn touch_all(&mut self, now: Moment) {
        let all: Vec<(SessionId, u64)> =
            self.open.iter().map(|(id, session)| (*id, session.timeout)).collect();
        for (id, timeout) in all {
            self.touch(id, timeout, now);
        }
    }

    /// Stops a session's timer, once its end is decided.
    pub(crate) fn stop_timer(&mut self, id: SessionId) {
        if let Some(session) = self.open.get_mut(&id) {
            let before = std::mem::replace(&mut session.deadline, NEVER);
            self.forget_deadline(before, id);
        }
    }

    /// Copies the sessions of another server, without their connections and deadlines.
    pub(crate) fn copy(&mut self, other: &Self) {
        self.open.clear();
        self.deadlines.clear();
        for (id, session) in &other.open {
            self.insert(*id, session.timeout);
        }
    }

    /// Returns a session's timeout in milliseconds.
    pub(crate) fn timeout(&self, id: SessionId) -> Option<u64> {
        self.open.get(&id).map(|session| session.timeout)
    }

    /// Assigns a connection to a session. Returns the previous one.
    pub(crate) fn connect(&mut self, id: SessionId, to: ConnectionId) -> Option<ConnectionId> {
        self.open.get_mut(&id)?.connection.replace(to)
    }

    /// Records that a connection has ended, unless the session has moved to another one.
    pub(crate) fn disconnect(&mut self, id: SessionId, from: ConnectionId) {
        if let Some(session) = self.open.get_mut(&id)
            && session.connection == Some(from)
        {
            session.connection = None;
        }
    }

    /// Removes a session. Returns its connection, if it has one.
    pub(crate) fn close(&mut self, id: SessionId) -> Option<ConnectionId> {
        let session = self.open.remove(&id)?;
        self.forget_deadline(session.deadline, id);
        session.connection
    }

    pub(crate) fn is_open(&self, id: SessionId) -> bool {
        self.open.contains_key(&id)
    }

    /// Returns one session whose deadline has passed.
    pub(crate) fn expired(&self, now: Moment) -> Option<SessionId> {
        let (deadline, sessions) = self.deadlines.first_key_value()?;
        sessions.first().copied().filter(|_| *deadline <= now.steady)
    }

    /// Returns the password with which a client proves that it owns a session.
    pub(crate) fn password(&self, id: SessionId) -> [u8; 16] {
        let mut digest = Sha1::new();
        digest.update(self.secret);
        digest.update(id.0.to_be_bytes());
        let digest: [u8; 20] = digest.finalize().into();
        *digest.first_chunk().expect("20 bytes have 16")
    }

    pub(crate) fn count(&self) -> usize {
        self.open.len()
    }

    /// Returns the ids of the open sessions, in no order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = SessionId> {
        self.open.keys().copied()
    }

    /// Returns the earliest deadline, in milliseconds of the steady clock.
    pub(crate) fn next_deadline(&self) -> Option<u64> {
        self.deadlines.first_key_value().map(|(deadline, _)| *deadline)
    }

    /// Returns all deadlines, in milliseconds of the steady clock, with their sessions.
    pub(crate) fn deadlines(&self) -> &BTreeMap<u64, BTreeSet<SessionId>> {
        &self.deadlines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(sessions: &mut Sessions, now: Moment) -> SessionId {
        let id = sessions.new_id();
        sessions.insert(id, 4000);
        sessions.connect(id, ConnectionId(1));
        assert!(sessions.touch(id, 4000, now));
        id
    }

    fn at(steady: u64) -> Moment {
        Moment { wall: 0, steady }
    }

    #[test]
    fn a_session_expires_at_the_tick_after_its_timeout_unless_touched() {
        let mut sessions = Sessions::new(1, [7; 16], 2000, at(0));
        let id = open(&mut sessions, at(100));
        assert_eq!(sessions.expired(at(5999)), None);
        assert_eq!(sessions.expired(at(6000)), Some(id));
        assert!(sessions.touch(id, 4000, at(3000)));
        assert_eq!(sessions.expired(at(7999)), None);
        assert_eq!(sessions.expired(at(8000)), Some(id));
        assert_eq!(sessions.close(id), Some(ConnectionId(1)));
        assert_eq!(sessions.expired(at(99_000)), None);
        assert!(!sessions.touch(id, 4000, at(0)));
        assert!(sessions.deadlines().is_empty());
    }

    #[test]
    fn the_end_of_an_old_connection_does_not_touch_the_new_one() {
        let mut sessions = Sessions::new(1, [7; 16], 2000, at(0));
        let id = open(&mut sessions, at(0));
        assert_eq!(sessions.connect(id, ConnectionId(2)), Some(ConnectionId(1)));
        sessions.disconnect(id, ConnectionId(1));
        assert_eq!(sessions.close(id), Some(ConnectionId(2)));
    }

    #[test]
    fn passwords_differ_by_session_and_by_secret() {
        let one = Sessions::new(1, [1; 16], 2000, at(0));
        let two = Sessions::new(1, [2; 16], 2000, at(0));
        let (a, b) = (SessionId(1), SessionId(2));
        assert_ne!(one.password(a), one.password(b));
        assert_ne!(one.password(a), two.password(a));
    }
}
