//! Client requests: each waits, in order, for the log or for the requests before it.

use std::collections::VecDeque;

use super::{Ensemble, Outcomes, Server};
use crate::sandbox::acl::Id;
use crate::sandbox::operation::{
    Body, Code, ConnectRequest, ConnectionId, Ending, Moment, Operation, Outcome, Reply, Request,
    SessionId,
};
use crate::sandbox::state::{Effect, NEW, Requester};

/// A request in flight.
#[derive(Debug)]
pub(super) struct Waiting {
    xid: i32,
    letters: &'static str,
    session: SessionId,
    /// The identities of the client when the request arrived.
    ids: Vec<Id>,
    stage: Stage,
}

#[derive(Debug)]
pub(super) enum Stage {
    /// A write that was not yet sent to a leader.
    Unsent(Operation),
    /// A connect request whose existing session the leader has not yet checked.
    Unproved(ConnectRequest),
    /// A connect request for a new session that no leader has opened yet.
    Unopened(ConnectRequest),
    /// The log entry has this zxid. `last` means that the connection is closed after the reply, and
    /// `opens` holds the connect request of a new session.
    Sent { zxid: i64, last: bool, opens: Option<(ConnectRequest, SessionId)> },
    /// A read that waits for the requests before it.
    Read(Operation),
    /// Waits until this server has applied the zxid, once the zxid is known.
    Sync { path: String, zxid: Option<i64> },
}

impl Ensemble {
    /// Accepts a request, and answers it if that is possible at once.
    pub(crate) fn request(
        &mut self,
        server: usize,
        from: ConnectionId,
        request: Request,
        now: Moment,
    ) -> Outcomes {
        let mut outcomes = Outcomes::new();
        let state = &mut self.servers[server].state;
        state.received(from);
        let Some(connection) = state.connections.get(&from) else { return outcomes };
        let Some(session) = connection.session else { return outcomes };
        let (timeout, ids) = (connection.timeout, connection.ids.clone());
        let Request { xid, operation } = request;
        let letters = operation.letters();
        let task = match operation {
            // These do not wait for the requests in flight.
            Operation::Auth { scheme, credentials } => {
                let mut outcome = Outcome::default();
                let result = state.authenticate(from, &scheme, &credentials);
                if result == Err(Code::AuthFailed) {
                    outcome.endings.push((from, Ending::Flushed));
                }
                state.reply(from, Reply { xid, zxid: 0, result }, letters, now, &mut outcome);
                outcomes.push((Some(from), outcome));
                return outcomes;
            }
            Operation::Sasl(token) => {
                let mut outcome = Outcome::default();
                let result = state.answer_sasl(from, &token, now);
                if result.is_err() {
                    outcome.endings.push((from, Ending::Flushed));
                }
                state.reply(from, Reply { xid, zxid: 0, result }, letters, now, &mut outcome);
                outcomes.push((Some(from), outcome));
                return outcomes;
            }
            _ if state.lacks_sasl(from) => {
                let mut outcome = Outcome::default();
                let result = Err(Code::SessionClosedRequireSaslAuth);
                outcome.endings.push((from, Ending::Flushed));
                state.reply(from, Reply { xid, zxid: 0, result }, letters, now, &mut outcome);
                outcomes.push((Some(from), outcome));
                return outcomes;
            }
            Operation::Sync { path } => Stage::Sync { path, zxid: None },
            operation if operation.is_write() => Stage::Unsent(operation),
            operation => Stage::Read(operation),
        };
        if let Some(leader) = self.leader_of(server) {
            self.servers[leader].state.sessions.touch(session, timeout, now);
        }
        self.wait(server, from, Waiting::new(xid, letters, session, ids, task));
        self.run(now, &mut outcomes);
        outcomes
    }

    pub(super) fn wait(&mut self, server: usize, from: ConnectionId, waiting: Waiting) {
        self.servers[server].waiting.entry(from).or_default().push_back(waiting);
    }

    /// Sends the waiting requests of all servers to the leader.
    pub(super) fn submit_all(&mut self, now: Moment) {
        for server in 0..self.servers.len() {
            if self.leader_of(server).is_none() || self.servers[server].waiting.is_empty() {
                continue;
            }
            let mut connections: Vec<ConnectionId> =
                self.servers[server].waiting.keys().copied().collect();
            connections.sort_unstable();
            for connection in connections {
                self.submit(server, connection, now);
            }
        }
    }

    fn submit(&mut self, server: usize, from: ConnectionId, now: Moment) {
        // The queue is taken out to satisfy the borrow checker; nothing is added in the meantime.
        let Some(mut queue) = self.servers[server].waiting.remove(&from) else { return };
        for waiting in &mut queue {
            let stage = std::mem::replace(&mut waiting.stage, Stage::Read(Operation::Ping));
            waiting.stage = match stage {
                Stage::Unsent(operation) => self.send_write(server, from, waiting, operation, now),
                Stage::Unopened(request) => self.open(server, from, request, now),
                Stage::Sync { path, zxid: None } => {
                    let committed = self.leader.as_ref().map(|leader| leader.committed);
                    Stage::Sync { path, zxid: committed }
                }
                stage => stage,
            };
        }
        self.servers[server].waiting.insert(from, queue);
    }

    /// Passes a write to the leader, which checks it and appends it to the log.
    fn send_write(
        &mut self,
        server: usize,
        from: ConnectionId,
        waiting: &Waiting,
        operation: Operation,
        now: Moment,
    ) -> Stage {
        let (Some(index), Some(leader)) = (self.leader_of(server), &mut self.leader) else {
            return Stage::Unsent(operation);
        };
        let session = waiting.session;
        let state = &self.servers[index].state;
        let owner = *leader.owners.entry(session).or_insert(server);
        let last = matches!(operation, Operation::Close | Operation::Malformed { .. });
        let effect = if owner != server {
            Effect::Refused(Code::SessionMoved)
        } else if !state.sessions.is_open(session) || leader.closing.contains(&session) {
            Effect::Refused(Code::SessionExpired)
        } else if operation.adds() && state.is_full() {
            Effect::Refused(Code::QuotaExceeded)
        } else {
            let requester = Requester { session, ids: &waiting.ids };
            state.decide(&leader.pending, requester, operation)
        };
        let zxid = self.append(effect, Some((server, from)), now);
        let zxid = zxid.expect("the leader has a majority");
        Stage::Sent { zxid, last, opens: None }
    }

    /// Asks the leader to open a session.
    fn open(
        &mut self,
        server: usize,
        from: ConnectionId,
        request: ConnectRequest,
        now: Moment,
    ) -> Stage {
        let timeout = self.timeout(&request);
        let session = self.servers[server].state.sessions.new_id();
        let effect = Effect::OpenSession { session, timeout };
        let zxid = self.append(effect, Some((server, from)), now);
        let zxid = zxid.expect("the leader has a majority");
        if let Some(leader) = &mut self.leader {
            leader.owners.insert(session, server);
        }
        let opens = Some((request, session));
        Stage::Sent { zxid, last: false, opens }
    }

    /// Answers every request that no longer has to wait.
    pub(super) fn answer_all(&mut self, now: Moment, outcomes: &mut Outcomes) {
        for server in 0..self.servers.len() {
            let mut connections: Vec<ConnectionId> =
                self.servers[server].waiting.keys().copied().collect();
            connections.sort_unstable();
            for connection in connections {
                self.answer(server, connection, now, outcomes);
            }
        }
    }

    /// Answers the first requests of a connection, up to the first one that must still wait.
    pub(super) fn answer(
        &mut self,
        server: usize,
        from: ConnectionId,
        now: Moment,
        outcomes: &mut Outcomes,
    ) {
        while self.servers[server].is_running()
            && let Some(outcome) = self.answer_first(server, from, now)
        {
            outcomes.push((Some(from), outcome));
        }
    }

    fn answer_first(&mut self, server: usize, from: ConnectionId, now: Moment) -> Option<Outcome> {
        let read_only = !self.is_serving(server);
        let reached = self.leader_of(server);
        let Server { waiting, state, .. } = &mut self.servers[server];
        let (queue, applied) = (waiting.get_mut(&from)?, state.zxid);
        let is_ready = match &queue.front()?.stage {
            Stage::Unsent(_) => read_only,
            Stage::Unproved(_) => reached.is_some(),
            Stage::Read(_) => true,
            Stage::Sync { zxid, .. } => read_only || zxid.is_some_and(|zxid| zxid <= applied),
            Stage::Sent { .. } | Stage::Unopened(_) => false,
        };
        if !is_ready {
            return None;
        }
        let Waiting { xid, letters, session, stage, .. } = queue.pop_front()?;
        if queue.is_empty() {
            waiting.remove(&from);
        }
        let mut outcome = Outcome::default();
        let state = &mut self.servers[server].state;
        let result = match stage {
            Stage::Unproved(request) => {
                return Some(self.prove(server, from, &request, reached?, now));
            }
            Stage::Read(operation) if operation.adds() && state.is_full() => {
                Err(Code::QuotaExceeded)
            }
            Stage::Read(operation) => {
                if matches!(operation, Operation::Malformed { .. } | Operation::Unknown) {
                    outcome.endings.push((from, Ending::Flushed));
                }
                state.read(from, session, operation, &mut outcome)
            }
            Stage::Sync { path, .. } if !read_only => Ok(Body::Path(path)),
            _ => Err(Code::NotReadOnly),
        };
        let reply = Reply { xid, zxid: state.zxid, result };
        state.reply(from, reply, letters, now, &mut outcome);
        Some(outcome)
    }

    /// Resumes a session if the leader knows it and the password matches.
    fn prove(
        &mut self,
        server: usize,
        from: ConnectionId,
        request: &ConnectRequest,
        leader: usize,
        now: Moment,
    ) -> Outcome {
        let session = request.session;
        let timeout = self.timeout(request);
        let own = request.password == self.servers[leader].state.sessions.password(session);
        let open = self.leader.as_ref().is_some_and(|leader| !leader.closing.contains(&session));
        let sessions = &mut self.servers[leader].state.sessions;
        if !own || !open || !sessions.touch(session, timeout, now) {
            return self.connect_response(server, from, request, NEW, 0);
        }
        if let Some(leader) = &mut self.leader {
            leader.owners.insert(session, server);
        }
        // This server may not have applied the entry that opened the session yet.
        self.servers[server].state.sessions.insert(session, timeout);
        self.connect_response(server, from, request, session, timeout)
    }

    /// Answers the request whose entry was just applied. Returns its connection, if that is still
    /// open.
    pub(super) fn complete(
        &mut self,
        server: usize,
        requester: Option<ConnectionId>,
        applied: i64,
        result: Result<Body, Code>,
        now: Moment,
        outcome: &mut Outcome,
    ) -> Option<ConnectionId> {
        let waits = requester.and_then(|requester| {
            let queue = self.servers[server].waiting.get_mut(&requester)?;
            let is_first = queue.front().is_some_and(
                |first| matches!(&first.stage, Stage::Sent { zxid, .. } if *zxid == applied),
            );
            if is_first { queue.pop_front().map(|first| (requester, first)) } else { None }
        });
        let Some((requester, Waiting { xid, letters, stage, .. })) = waits else {
            self.servers[server].state.sent(None, outcome);
            return None;
        };
        if self.servers[server].waiting.get(&requester).is_some_and(VecDeque::is_empty) {
            self.servers[server].waiting.remove(&requester);
        }
        let Stage::Sent { last, opens, .. } = stage else { return None };
        if let Some((request, session)) = opens {
            let timeout = self.timeout(&request);
            let Outcome { connect_response, endings, .. } =
                self.connect_response(server, requester, &request, session, timeout);
            outcome.connect_response = connect_response;
            outcome.endings.extend(endings);
            return Some(requester);
        }
        // A connection whose session has moved or ended is useless (ZOOKEEPER-710).
        if last || matches!(result, Err(Code::SessionMoved | Code::SessionExpired)) {
            // Send the reply first, then close the connection.
            outcome.endings.retain(|(connection, _)| *connection != requester);
            outcome.endings.push((requester, Ending::Flushed));
        }
        let state = &mut self.servers[server].state;
        let reply = Reply { xid, zxid: state.zxid, result };
        state.reply(requester, reply, letters, now, outcome);
        Some(requester)
    }
}

impl Waiting {
    pub(super) fn new(
        xid: i32,
        letters: &'static str,
        session: SessionId,
        ids: Vec<Id>,
        stage: Stage,
    ) -> Self {
        Self { xid, letters, session, ids, stage }
    }
}

pub(super) fn ending(connection: ConnectionId, ending: Ending) -> Outcome {
    Outcome { endings: vec![(connection, ending)], ..Outcome::default() }
}
