//! Requests of clients: they wait in order, for the log or for their turn.

use std::collections::VecDeque;

use super::{Ensemble, Outcomes, Server};
use crate::sandbox::acl::Id;
use crate::sandbox::operation::{
    Body, Code, ConnectRequest, ConnectResponse, ConnectionId, Ending, Moment, Operation, Outcome,
    Reply, Request, SessionId,
};
use crate::sandbox::state::{Effect, NEW, Requester};

/// A request without a reply.
#[derive(Debug)]
pub(super) struct Waiting {
    xid: i32,
    letters: &'static str,
    session: SessionId,
    /// Who the client had proved to be when it came.
    ids: Vec<Id>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// A write that no leader has taken yet.
    Unsent(Operation),
    /// A connect request with a session that the leader has not looked for yet.
    Unproved(ConnectRequest),
    /// A new session that no leader has opened yet.
    Unopened(ConnectRequest),
    /// Its entry has this zxid. `last` is a request after which the connection is closed, `opens` one
    /// for a new session.
    Sent { zxid: i64, last: bool, opens: Option<(ConnectRequest, SessionId)> },
    /// Waits for its turn.
    Read(Operation),
    /// Waits until this server has applied this zxid, once that is known.
    Sync { path: String, zxid: Option<i64> },
}

impl Ensemble {
    /// Answers a connection's first words.
    pub(crate) fn connect(
        &mut self,
        server: usize,
        from: ConnectionId,
        request: ConnectRequest,
        owner: bool,
        now: Moment,
    ) -> Outcomes {
        let mut outcomes = Outcomes::new();
        let state = &mut self.servers[server].state;
        state.received(from);
        // A client that has seen another server's future must not see this one's past.
        let ahead = request.last_zxid > state.zxid;
        let full = request.session == NEW && state.is_full() && !owner;
        if !self.is_serving(server) && !ahead {
            self.connect_read_only(server, from, &request, &mut outcomes);
        } else if ahead || full {
            outcomes.push((None, ending(from, Ending::AtOnce)));
        } else {
            let first = if request.session == NEW {
                Stage::Unopened(request)
            } else {
                Stage::Unproved(request)
            };
            self.wait(server, from, Waiting::new(0, "SESS", NEW, Vec::new(), first));
            self.run(now, &mut outcomes);
        }
        outcomes
    }

    fn connect_read_only(
        &mut self,
        server: usize,
        from: ConnectionId,
        request: &ConnectRequest,
        outcomes: &mut Outcomes,
    ) {
        let allowed = self.settings.read_only && request.read_only == Some(true);
        if !allowed {
            return outcomes.push((None, ending(from, Ending::AtOnce)));
        }
        let timeout = self.timeout(request);
        let state = &mut self.servers[server].state;
        let own = request.password == state.sessions.password(request.session);
        let session = match request.session {
            // It is known to this server only, for as long as the connection stays.
            NEW => state.sessions.new_id(),
            session if own => session,
            _ => NEW,
        };
        let outcome = self.connect_response(server, from, request, session, timeout);
        outcomes.push((Some(from), outcome));
    }

    /// Returns the session timeout that a client gets, in milliseconds.
    fn timeout(&self, request: &ConnectRequest) -> u64 {
        let (shortest, longest) = self.settings.session_timeouts();
        u64::try_from(request.timeout).unwrap_or(0).clamp(shortest, longest)
    }

    /// Tells a client its session, or with [`NEW`] that it has none any more.
    fn connect_response(
        &mut self,
        server: usize,
        from: ConnectionId,
        request: &ConnectRequest,
        session: SessionId,
        timeout: u64,
    ) -> Outcome {
        let read_only = !self.is_serving(server);
        let state = &mut self.servers[server].state;
        let mut outcome = Outcome::default();
        let known = session != NEW;
        if known {
            if let Some(before) = state.sessions.connect(session, from) {
                outcome.endings.push((before, Ending::AtOnce));
                state.disconnect(before);
                self.servers[server].waiting.remove(&before);
            }
        } else {
            outcome.endings.push((from, Ending::Flushed));
        }
        let state = &mut self.servers[server].state;
        if let Some(connection) = state.connections.get_mut(&from) {
            connection.session = known.then_some(session);
            connection.timeout = timeout;
        }
        outcome.connect_response = Some(ConnectResponse {
            timeout: if known { i32::try_from(timeout).unwrap_or(i32::MAX) } else { 0 },
            session,
            password: if known { state.sessions.password(session) } else { [0; 16] },
            read_only: request.read_only.map(|_| read_only),
        });
        state.sent(Some(from), &outcome);
        outcome
    }

    /// Takes a request in, and answers it where that can be done now.
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
            // These do not wait for what is in flight.
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
            Operation::Sasl => {
                let mut outcome = Outcome::default();
                let reply = Reply { xid, zxid: 0, result: Ok(Body::Token(None)) };
                state.reply(from, reply, letters, now, &mut outcome);
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

    fn wait(&mut self, server: usize, from: ConnectionId, waiting: Waiting) {
        self.servers[server].waiting.entry(from).or_default().push_back(waiting);
    }

    /// Sends to the leader what waits for one.
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
        // Taken out while the leader looks at it; nothing comes in meanwhile.
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

    /// Lets the leader decide a write.
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

    /// Lets the leader open a session.
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

    /// Answers what need not wait any longer.
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

    /// Answers the first requests of a connection, as far as they need not wait.
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

    /// Gives a client its session again, if the leader knows it.
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
        // This server may not have applied yet that there is such a session.
        self.servers[server].state.sessions.insert(session, timeout);
        self.connect_response(server, from, request, session, timeout)
    }

    /// Answers the request whose entry was just applied; returns its connection, if it is there.
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
        // A connection whose session has moved or ended is of no more use (ZOOKEEPER-710).
        if last || matches!(result, Err(Code::SessionMoved | Code::SessionExpired)) {
            // It is told, and then closed.
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
    fn new(
        xid: i32,
        letters: &'static str,
        session: SessionId,
        ids: Vec<Id>,
        stage: Stage,
    ) -> Self {
        Self { xid, letters, session, ids, stage }
    }
}

fn ending(connection: ConnectionId, ending: Ending) -> Outcome {
    Outcome { endings: vec![(connection, ending)], ..Outcome::default() }
}
