//! Connect requests: which are refused at once, and what the answer is.

use super::requests::{Stage, Waiting, ending};
use super::{Ensemble, Outcomes};
use crate::sandbox::operation::{
    ConnectRequest, ConnectResponse, ConnectionId, Ending, Moment, Outcome, SessionId,
};
use crate::sandbox::state::NEW;

impl Ensemble {
    /// Handles a connect request.
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
        // A client that has seen newer state on another server must not go back in time.
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
            // The session exists on this server only, and only while the connection is open.
            NEW => state.sessions.new_id(),
            session if own => session,
            _ => NEW,
        };
        let outcome = self.connect_response(server, from, request, session, timeout);
        outcomes.push((Some(from), outcome));
    }

    /// Returns the negotiated session timeout in milliseconds.
    pub(super) fn timeout(&self, request: &ConnectRequest) -> u64 {
        let (shortest, longest) = self.settings.session_timeouts();
        u64::try_from(request.timeout).unwrap_or(0).clamp(shortest, longest)
    }

    /// Builds the connect response; [`NEW`] tells the client that its session has expired.
    pub(super) fn connect_response(
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
}
