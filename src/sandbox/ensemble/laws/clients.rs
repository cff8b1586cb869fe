//! What clients do, and what they learn from replies and events.

use super::*;

impl Simulation {
    /// Lets a client do something.
    pub(super) fn act(&mut self, who: usize) -> Outcomes {
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

    pub(super) fn ask(
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
    pub(super) fn ask_on_the_older(&mut self, who: usize) -> Outcomes {
        let Some((server, connection)) = self.clients[who].older else { return Outcomes::new() };
        if !self.ensemble.takes_requests(server, connection) {
            return Outcomes::new();
        }
        let operation = Operation::Delete { path: "/none".into(), version: -1 };
        self.ensemble.request(server, connection, Request { xid: -99, operation }, self.now)
    }

    /// Lets a client go to another server, with or without an end of its connection.
    pub(super) fn leave(&mut self, who: usize) -> Outcomes {
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

    pub(super) fn connect(&mut self, who: usize) -> Outcomes {
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
                outcome.connect_response.is_none()
                    && outcome.endings.contains(&(connection, Ending::AtOnce))
            };
            assert!(outcomes.iter().any(refused), "a server that is behind");
        }
        outcomes
    }

    /// Hands to the clients what is sent to them.
    pub(super) fn take(&mut self, outcomes: Outcomes) {
        let mut more = Outcomes::new();
        for (requester, outcome) in outcomes {
            for (to, event) in outcome.events {
                self.take_event(to, &event);
            }
            if let (Some(response), Some(requester)) = (outcome.connect_response, requester) {
                more.extend(self.take_connect_response(requester, &response));
            }
            if let (Some(reply), Some(requester)) = (outcome.reply, requester) {
                self.take_reply(requester, reply);
            }
            for (connection, _) in outcome.endings {
                self.take_ending(connection);
            }
        }
        if !more.is_empty() {
            self.take(more);
        }
    }

    pub(super) fn owner(&mut self, connection: ConnectionId) -> Option<&mut Client> {
        let served = |client: &&mut Client| client.line.is_some_and(|(_, id, _)| id == connection);
        self.clients.iter_mut().find(served)
    }

    pub(super) fn take_event(&mut self, to: ConnectionId, event: &Event) {
        let Some(client) = self.owner(to) else { return };
        let (server, ..) = client.line.expect("it has this connection");
        let known = client.watch.take().expect("an event is for a watch, and comes once");
        assert_eq!(&*event.path, SHARED);
        let changed = self.ensemble.state(server).tree.get(SHARED).map(|node| node.mzxid);
        // Law 8: the server has applied what it tells.
        assert_ne!(changed, Some(known));
        self.note("an event");
    }

    pub(super) fn take_connect_response(
        &mut self,
        requester: ConnectionId,
        response: &ConnectResponse,
    ) -> Outcomes {
        let now = self.now.steady;
        let Some(client) = self.owner(requester) else { return Outcomes::new() };
        let (server, connection, _) = client.line.expect("it has this connection");
        if response.session == NEW {
            client.session = None;
            client.watch = None;
            self.note("an expired session");
            return Outcomes::new();
        }
        client.line = Some((server, connection, true));
        let again = client.session.is_some();
        client.session = Some((response.session, response.password));
        if again {
            client.heard = now;
        }
        self.open.insert(response.session);
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

    pub(super) fn take_reply(&mut self, requester: ConnectionId, reply: Reply) {
        if reply.xid == -99 {
            // Law 6. Where the leader has changed, the older connection is gone.
            let moved = self.clients.iter().any(|client| {
                client.older.is_some_and(|(_, id)| id == requester)
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
        let Some(client) = self.owner(requester) else { return };
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
                if watch && let Some(client) = self.owner(requester) {
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

    pub(super) fn take_ending(&mut self, connection: ConnectionId) {
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
}
