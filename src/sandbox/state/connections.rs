//! The connections of one server: admission, their sessions and their traffic.

use std::net::SocketAddr;

use super::{MAX_IDENTITIES, NEW, State};
use crate::sandbox::acl::{self, Id, Schemes};
use crate::sandbox::operation::{
    Body, Code, ConnectRequest, ConnectResponse, ConnectionId, Ending, Moment, Outcome, SessionId,
};
use crate::sandbox::sasl;

/// Traffic counters. Latencies are in milliseconds.
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
    pub(super) fn answered(&mut self, requests: u64, latency: u64) {
        self.latency_min = if self.answered == 0 { latency } else { self.latency_min.min(latency) };
        self.latency_max = self.latency_max.max(latency);
        self.latency_last = latency;
        self.latency_total += latency * requests;
        self.answered += requests;
    }
}

/// The state of a connection at the level of the protocol.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) peer: SocketAddr,
    pub(crate) session: Option<SessionId>,
    /// The session timeout that was negotiated on this connection, in milliseconds.
    pub(crate) timeout: u64,
    /// The client's identities. They end with the connection, so clients authenticate again.
    pub(crate) ids: Vec<Id>,
    /// The nonce of the SASL challenge that waits for its response.
    sasl: Option<String>,
    /// Milliseconds of the wall clock.
    pub(crate) established: i64,
    pub(crate) traffic: Traffic,
    pub(crate) last: Option<Last>,
}

/// The last request of a connection, which `cons` shows.
#[derive(Debug)]
pub(crate) struct Last {
    pub(crate) letters: &'static str,
    pub(crate) xid: i32,
    pub(crate) zxid: i64,
    /// Milliseconds of the steady clock.
    pub(crate) time: u64,
}

impl State {
    /// Returns whether one more connection from `peer` is allowed. One more than the limit is kept
    /// for the sandbox's owner.
    pub(crate) fn has_room(&self, peer: SocketAddr, owner: bool) -> bool {
        let limit = self.settings.max_connections;
        let same = |known: &&Connection| known.peer.ip() == peer.ip();
        limit == 0 || self.connections.values().filter(same).count() < limit + usize::from(owner)
    }

    /// Registers a new connection.
    pub(crate) fn accept(&mut self, connection: ConnectionId, peer: SocketAddr, now: Moment) {
        let accepted = Connection {
            peer,
            session: None,
            timeout: 0,
            ids: vec![acl::of_peer(peer)],
            sasl: None,
            established: now.wall,
            traffic: Traffic::default(),
            last: None,
        };
        self.connections.insert(connection, accepted);
    }

    /// Handles a connect request: opens a session, resumes one, or reports it as expired. The
    /// caller must flush the requests in flight first. If the memory limit is reached, only the
    /// sandbox's owner gets a new session.
    pub(crate) fn connect(
        &mut self,
        from: ConnectionId,
        request: &ConnectRequest,
        owner: bool,
        now: Moment,
    ) -> Outcome {
        let mut outcome = Outcome::default();
        self.received(from);
        // A client that has seen newer state on another server must not go back in time.
        let ahead = request.last_zxid > self.zxid;
        if ahead || request.session == NEW && self.is_full() && !owner {
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
        outcome.connect_response = Some(match session {
            Some(session) => ConnectResponse {
                timeout: i32::try_from(timeout).expect("bounded by the settings"),
                session,
                password: self.sessions.password(session),
                read_only: request.read_only.map(|_| false),
            },
            None => ConnectResponse {
                timeout: 0,
                session: SessionId(0),
                password: [0; 16],
                read_only: request.read_only.map(|_| false),
            },
        });
        if session.is_none() {
            outcome.endings.push((from, Ending::Flushed));
        }
        self.sent(Some(from), &outcome);
        outcome
    }

    pub(super) fn session_for(
        &mut self,
        from: ConnectionId,
        request: &ConnectRequest,
        timeout: u64,
        now: Moment,
        outcome: &mut Outcome,
    ) -> Option<SessionId> {
        if request.session == NEW {
            self.decided += 1;
            self.zxid = self.decided;
            let session = self.sessions.new_id();
            self.sessions.insert(session, timeout);
            self.sessions.connect(session, from);
            self.sessions.touch(session, timeout, now);
            return Some(session);
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

    pub(crate) fn authenticate(
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

    /// Adds an identity that the connection has proved by its certificate.
    pub(crate) fn identify(&mut self, connection: ConnectionId, subject: String) {
        if let Some(connection) = self.connections.get_mut(&connection) {
            connection.ids.push(Id::new("x509", subject));
        }
    }

    /// Answers a SASL token (ZooKeeperServer.processSasl). Without users the server has no SASL: it
    /// replies without a token and continues.
    pub(crate) fn answer_sasl(
        &mut self,
        from: ConnectionId,
        token: &[u8],
        now: Moment,
    ) -> Result<Body, Code> {
        if self.settings.users.is_empty() {
            return Ok(Body::Token(None));
        }
        let refused = if self.settings.require_sasl {
            Code::SessionClosedRequireSaslAuth
        } else {
            Code::AuthFailed
        };
        let nonce = self.sessions.nonce(from, now);
        let connection = self.connections.get_mut(&from).ok_or(refused)?;
        let Some(asked) = connection.sasl.take() else {
            let proved = connection.ids.iter().any(|id| id.scheme == "sasl");
            if proved || !token.is_empty() {
                return Err(refused);
            }
            let challenge = sasl::challenge(&nonce);
            connection.sasl = Some(nonce);
            return Ok(Body::Token(Some(challenge)));
        };
        let (user, proof) = self.settings.users.verify(&asked, token).ok_or(refused)?;
        connection.ids.push(Id::new("sasl", user));
        Ok(Body::Token(Some(proof)))
    }

    /// Returns whether the server answers nothing of a connection but SASL
    /// (AuthenticationHelper.enforceAuthentication).
    pub(crate) fn lacks_sasl(&self, from: ConnectionId) -> bool {
        let connection = self.connections.get(&from);
        self.settings.require_sasl
            && connection.is_none_or(|known| !known.ids.iter().any(|id| id.scheme == "sasl"))
    }

    /// Returns the schemes of identities that this server is set up for.
    pub(super) fn schemes(&self) -> Schemes {
        Schemes { sasl: !self.settings.users.is_empty(), x509: self.settings.tls.is_some() }
    }

    /// Removes a connection and its watches. Its session stays open.
    pub(crate) fn disconnect(&mut self, connection: ConnectionId) {
        self.watches.disconnect(connection);
        if let Some(Connection { session: Some(session), .. }) =
            self.connections.remove(&connection)
        {
            self.sessions.disconnect(session, connection);
        }
    }

    /// Records the latency of requests, in milliseconds.
    pub(crate) fn answered(&mut self, from: ConnectionId, requests: u64, latency: u64) {
        self.traffic.answered(requests, latency);
        if let Some(connection) = self.connections.get_mut(&from) {
            connection.traffic.answered(requests, latency);
        }
    }

    /// Counts a received frame or four-letter word.
    pub(crate) fn received(&mut self, from: ConnectionId) {
        self.traffic.received += 1;
        if let Some(connection) = self.connections.get_mut(&from) {
            connection.traffic.received += 1;
        }
    }

    /// Resets the traffic counters of all connections.
    pub(in crate::sandbox) fn reset_connection_traffic(&mut self) {
        for connection in self.connections.values_mut() {
            connection.traffic = Traffic::default();
        }
    }

    pub(crate) fn sent(&mut self, requester: Option<ConnectionId>, outcome: &Outcome) {
        let answers = usize::from(outcome.reply.is_some() || outcome.connect_response.is_some());
        let answered = requester.into_iter().take(answers);
        for to in outcome.events.iter().map(|(to, _)| *to).chain(answered) {
            self.traffic.sent += 1;
            if let Some(connection) = self.connections.get_mut(&to) {
                connection.traffic.sent += 1;
            }
        }
    }
}
