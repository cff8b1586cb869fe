//! The log: the leader appends, a majority has it, everyone applies it.

use std::sync::Arc;

use super::{Ensemble, Entry, Message, Outcomes, Role};
use crate::sandbox::operation::{ConnectionId, Moment, Operation, Outcome, SessionId};
use crate::sandbox::settings::milliseconds;
use crate::sandbox::state::{Change, Effect, Requester, Txn};

impl Ensemble {
    /// Appends what a leader with a majority has decided; returns its zxid.
    pub(super) fn append(
        &mut self,
        effect: Effect,
        origin: Option<(usize, ConnectionId)>,
        now: Moment,
    ) -> Option<i64> {
        let leader = self.able_leader()?;
        let leadership = self.leader.as_mut()?;
        leadership.decided += 1;
        let zxid = leadership.decided;
        let txn = Txn { zxid, time: now.wall, effect };
        if let Effect::CloseSession { session, .. } = txn.effect {
            leadership.closing.insert(session);
            self.servers[leader].state.sessions.stop_timer(session);
        }
        leadership.pending.note_txn(&self.servers[leader].state.tree, &txn);
        let entry = Arc::new(Entry { txn, origin });
        self.servers[leader].log.push_back(Arc::clone(&entry));
        self.send(now, |entry| Message::Propose(Arc::clone(entry)), &entry);
        Some(zxid)
    }

    /// Sends a message to each follower. It arrives later where a server lags.
    fn send<T>(&mut self, now: Moment, message: impl Fn(&T) -> Message, about: &T) {
        let Some(leader) = &self.leader else { return };
        let lag = self.servers[leader.server].lag;
        for follower in &leader.followers {
            let follower = &mut self.servers[*follower];
            let arrives = now.steady + lag + follower.lag;
            // The line keeps the order, also where a lag has become shorter.
            let before = follower.inbox.back().map_or(0, |(arrives, _)| *arrives);
            follower.inbox.push_back((arrives.max(before), message(about)));
        }
    }

    /// Delivers what has arrived, and commits and applies what can be, until nothing more can.
    pub(super) fn replicate(&mut self, now: Moment, outcomes: &mut Outcomes) {
        loop {
            let delivered = self.deliver(now, outcomes);
            let committed = self.commit(now, outcomes);
            if !delivered && !committed {
                break;
            }
        }
    }

    fn deliver(&mut self, now: Moment, outcomes: &mut Outcomes) -> bool {
        let mut delivered = false;
        for server in 0..self.servers.len() {
            loop {
                let reached = self.leader.as_ref().is_some_and(|leader| {
                    leader.followers.contains(&server) && self.linked(leader.server, server)
                });
                let inbox = &mut self.servers[server].inbox;
                let arrived = inbox.front().is_some_and(|(arrives, _)| *arrives <= now.steady);
                if !reached || !arrived {
                    break;
                }
                delivered = true;
                match inbox.pop_front() {
                    Some((_, Message::Propose(entry))) => {
                        self.servers[server].log.push_back(entry);
                    }
                    Some((_, Message::Commit(zxid))) => self.apply(server, zxid, now, outcomes),
                    None => break,
                }
            }
        }
        delivered
    }

    /// Commits what a majority has; returns whether that is more than before.
    fn commit(&mut self, now: Moment, outcomes: &mut Outcomes) -> bool {
        let Some(server) = self.able_leader() else { return false };
        let majority = self.majority();
        let Some(leader) = &mut self.leader else { return false };
        let mut logged: Vec<i64> =
            leader.followers.iter().map(|f| self.servers[*f].logged()).collect();
        logged.push(self.servers[server].logged());
        logged.sort_unstable_by(|a, b| b.cmp(a));
        let Some(zxid) = logged.get(majority - 1).copied() else { return false };
        if zxid <= leader.committed {
            return false;
        }
        leader.committed = zxid;
        self.send(now, |zxid| Message::Commit(*zxid), &zxid);
        self.apply(server, zxid, now, outcomes);
        if let Some(leader) = &mut self.leader {
            leader.pending.forget(zxid);
        }
        true
    }

    /// Lets a server apply what it has up to a zxid.
    fn apply(&mut self, index: usize, zxid: i64, now: Moment, outcomes: &mut Outcomes) {
        loop {
            let server = &mut self.servers[index];
            let is_next = server.log.front().is_some_and(|entry| entry.txn.zxid <= zxid);
            if !is_next {
                break;
            }
            let Some(entry) = server.log.pop_front() else { break };
            let mut outcome = Outcome::default();
            let result = server.state.apply(entry.txn.clone(), &mut outcome);
            if let Some(leader) = &mut self.leader
                && leader.server == index
            {
                match entry.txn.effect {
                    Effect::OpenSession { session, timeout } => {
                        server.state.sessions.touch(session, timeout, now);
                    }
                    Effect::CloseSession { session, .. } => {
                        leader.closing.remove(&session);
                        leader.owners.remove(&session);
                    }
                    _ => {}
                }
            }
            let requester =
                entry.origin.filter(|(at, _)| *at == index).map(|(_, connection)| connection);
            let requester =
                self.complete(index, requester, entry.txn.zxid, result, now, &mut outcome);
            outcomes.push((requester, outcome));
            if let Some(requester) = requester {
                self.answer(index, requester, now, outcomes);
            }
        }
    }

    /// Does what a leader does by itself: it ends sessions, and containers and znodes with a TTL.
    pub(super) fn lead(&mut self, now: Moment) {
        let Some(leader) = self.able_leader() else { return };
        while let Some(session) = self.servers[leader].state.sessions.expired(now) {
            self.end_session(session, now);
            self.servers[leader].state.sessions.stop_timer(session);
        }
        let state = &mut self.servers[leader].state;
        let since = now.steady.saturating_sub(state.containers_checked);
        if since < milliseconds(self.settings.container_check) {
            return;
        }
        state.containers_checked = now.steady;
        for path in state.tree.overdue(now.wall) {
            let path: String = path.into();
            if self.may_go(leader, &path) {
                self.append(Effect::One(Change::Delete { path }), None, now);
            }
        }
    }

    /// Returns whether a container is still there and empty, after all that is decided.
    fn may_go(&self, leader: usize, path: &str) -> bool {
        let tree = &self.servers[leader].state.tree;
        let record = self.leader.as_ref().and_then(|leader| leader.pending.record(tree, path));
        record.is_some_and(|record| record.children == 0)
    }

    /// Ends a session by an entry of the log.
    pub(super) fn end_session(&mut self, session: SessionId, now: Moment) {
        let Some(index) = self.able_leader() else { return };
        let Some(leader) = &self.leader else { return };
        let state = &self.servers[index].state;
        if state.sessions.is_open(session) && !leader.closing.contains(&session) {
            let requester = Requester { session, ids: &[] };
            let effect = state.decide(&leader.pending, requester, Operation::Close);
            self.append(effect, None, now);
        }
    }

    /// Returns whether a server serves clients that also write.
    pub(super) fn is_serving(&self, server: usize) -> bool {
        !matches!(self.servers[server].role, Role::Looking(_))
    }
}
