//! Sessions: their numbers, passwords and deadlines.
//!
//! Deadlines are rounded up to ticks, as in Apache's `SessionTrackerImpl`. It knows no clock: the
//! time is an argument.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sha1::{Digest as _, Sha1};

use super::operation::{ConnectionId, Moment, SessionId};

#[derive(Debug)]
struct Session {
    /// When it expires, in steady milliseconds.
    deadline: u64,
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
    /// The `secret` is what passwords are made from; `tick` is in milliseconds.
    pub(crate) fn new(secret: [u8; 16], tick: u64, now: Moment) -> Self {
        // Server number 1 in the top byte, then the time: another server has other sessions.
        let next = (1 << 56) | ((now.wall << 16) & 0x00ff_ffff_ffff_ffff);
        Self { next, secret, tick, open: HashMap::new(), deadlines: BTreeMap::new() }
    }

    /// Opens a session; `timeout` is in milliseconds.
    pub(crate) fn open(
        &mut self,
        connection: ConnectionId,
        timeout: u64,
        now: Moment,
    ) -> SessionId {
        let id = SessionId(self.next);
        self.next += 1;
        self.open.insert(id, Session { deadline: 0, connection: Some(connection) });
        self.touch(id, timeout, now);
        id
    }

    /// Moves a session's deadline; returns whether there is such a session.
    pub(crate) fn touch(&mut self, id: SessionId, timeout: u64, now: Moment) -> bool {
        let Some(session) = self.open.get_mut(&id) else { return false };
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

    /// Gives a session another connection; returns the one that it had.
    pub(crate) fn connect(&mut self, id: SessionId, to: ConnectionId) -> Option<ConnectionId> {
        self.open.get_mut(&id)?.connection.replace(to)
    }

    /// Notes that a connection has ended, unless the session has another one by now.
    pub(crate) fn disconnect(&mut self, id: SessionId, from: ConnectionId) {
        if let Some(session) = self.open.get_mut(&id)
            && session.connection == Some(from)
        {
            session.connection = None;
        }
    }

    /// Ends a session; returns its connection, if it has one.
    pub(crate) fn close(&mut self, id: SessionId) -> Option<ConnectionId> {
        let session = self.open.remove(&id)?;
        self.forget_deadline(session.deadline, id);
        session.connection
    }

    pub(crate) fn is_open(&self, id: SessionId) -> bool {
        self.open.contains_key(&id)
    }

    /// Returns a session whose deadline has passed.
    pub(crate) fn expired(&self, now: Moment) -> Option<SessionId> {
        let (deadline, sessions) = self.deadlines.first_key_value()?;
        sessions.first().copied().filter(|_| *deadline <= now.steady)
    }

    /// Returns the password that proves that a session is one's own.
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

    /// Returns the open sessions, in no order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = SessionId> {
        self.open.keys().copied()
    }

    /// Returns the deadlines, in steady milliseconds, each with its sessions.
    pub(crate) fn deadlines(&self) -> &BTreeMap<u64, BTreeSet<SessionId>> {
        &self.deadlines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(steady: u64) -> Moment {
        Moment { wall: 0, steady }
    }

    #[test]
    fn a_session_expires_at_the_tick_after_its_timeout_unless_touched() {
        let mut sessions = Sessions::new([7; 16], 2000, at(0));
        let id = sessions.open(ConnectionId(1), 4000, at(100));
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
        let mut sessions = Sessions::new([7; 16], 2000, at(0));
        let id = sessions.open(ConnectionId(1), 4000, at(0));
        assert_eq!(sessions.connect(id, ConnectionId(2)), Some(ConnectionId(1)));
        sessions.disconnect(id, ConnectionId(1));
        assert_eq!(sessions.close(id), Some(ConnectionId(2)));
    }

    #[test]
    fn passwords_differ_by_session_and_by_secret() {
        let one = Sessions::new([1; 16], 2000, at(0));
        let two = Sessions::new([2; 16], 2000, at(0));
        let (a, b) = (SessionId(1), SessionId(2));
        assert_ne!(one.password(a), one.password(b));
        assert_ne!(one.password(a), two.password(a));
    }
}
