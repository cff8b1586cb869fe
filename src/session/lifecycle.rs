//! Opens, switches, breaks and closes sessions.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use zookeeper::{AddAuth, Cause};

use super::connection::Connection;
use super::failure::{self, Status, failing, sentence, silent, unconnected};
use super::{Losses, Session, SessionEvent, State};
use crate::error::{Error, Result};
use crate::zk::Servers;

/// How long `close` waits for the server to confirm the end of the session. A live server takes a
/// few milliseconds; a dead one must not make the user wait.
const CLOSE_DEADLINE: Duration = Duration::from_secs(2);

/// The client of a session, and state that outlives the client.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent of each other")]
pub(super) struct Lifecycle {
    /// The servers of the session, open or closed.
    pub(super) servers: Option<Servers>,
    pub(super) connection: Option<Arc<Connection>>,
    /// The connected server, or the last one, as the user wrote it.
    pub(super) server: Option<String>,
    /// The number of clients so far.
    generation: u32,
    /// When the search for a server began; `None` while connected.
    pub(super) searching: Option<Instant>,
    /// Whether a server has answered since the session was opened.
    has_answered: bool,
    /// Whether the session ends with the next request.
    takes_last: bool,
    /// Whether the last request and the end of the session have been sent.
    is_spent: bool,
    /// Whether the last request and the end of the session leave as soon as a server answers.
    ends_when_open: bool,
    /// Whether the connection was dropped for good, without the end of the session.
    is_abandoned: bool,
    /// Whether exchanges are recorded.
    pub(super) observes: bool,
}

/// What is known about an open session.
#[derive(Debug, Clone)]
pub struct SessionFacts {
    /// The session id, once a server has assigned one.
    pub session: Option<i64>,
    /// The connected server, as the user wrote it.
    pub server: Option<String>,
    /// The address of the server.
    pub address: Option<std::net::SocketAddr>,
    /// The negotiated session timeout.
    pub timeout: Option<Duration>,
    /// The last zxid that the session has seen.
    pub last_zxid: i64,
    /// The number of requests in flight.
    pub in_flight: usize,
    /// The number of connections so far.
    pub connections: u64,
    /// When the current connection was established.
    pub connected_since: Option<SystemTime>,
    /// The round trip time of the handshake, including the server's processing time.
    pub round_trip: Option<Duration>,
}

impl Session {
    /// Starts to connect to one of the servers and returns at once. The caller must close an
    /// earlier session first. The new session gets the credentials of the last session on these
    /// servers.
    pub fn open(&self, servers: Servers) {
        let auth = self.credentials().offer(&servers);
        self.install(self.start(servers, auth));
    }

    /// Sets the servers without opening a session.
    pub fn choose(&self, servers: Servers) {
        self.lifecycle().servers = Some(servers);
    }

    /// Creates a client that connects to one of the servers.
    fn start(&self, servers: Servers, auth: Vec<AddAuth>) -> Arc<Connection> {
        let mut lifecycle = self.lifecycle();
        lifecycle.generation += 1;
        let observes = lifecycle.observes;
        let generation = lifecycle.generation;
        Arc::new(Connection::start(&self.0.settings, servers, auth, generation, observes))
    }

    /// Makes this client the session's current one.
    fn install(&self, connection: Arc<Connection>) {
        self.forget_reads();
        let mut lifecycle = self.lifecycle();
        let Lifecycle { generation, observes, .. } = *lifecycle;
        *lifecycle = Lifecycle {
            servers: Some(connection.servers.clone()),
            connection: Some(Arc::clone(&connection)),
            server: None,
            generation,
            searching: Some(Instant::now()),
            has_answered: false,
            takes_last: false,
            is_spent: false,
            ends_when_open: false,
            is_abandoned: false,
            observes,
        };
        drop(lifecycle);
        let silent = silent(&connection.servers);
        let status = Status { state: State::Connecting, silent: Some(silent), ..Status::default() };
        self.0.status.send_replace(status);
        self.notify(SessionEvent::State(State::Connecting));
        self.losses(&super::not_connected());
        let session = self.clone();
        tokio::spawn(async move { session.pump(&connection).await });
    }

    /// Opens a session on these servers without credentials, and then closes the current one. If no
    /// server accepts the session, the current one stays open. Returns what was lost with the old
    /// session.
    pub async fn switch(&self, servers: Servers) -> Result<Losses> {
        let connection = self.start(servers, Vec::new());
        self.tried(&connection).await?;
        let losses = self.close().await;
        self.forget_credentials();
        self.install(connection);
        // Handle what the new client has reported so far.
        self.deliver();
        Ok(losses)
    }

    /// Waits until a server has accepted the session.
    ///
    /// # Errors
    /// If every server has failed once, or none has answered within the session timeout.
    pub async fn established(&self) -> Result<()> {
        let connection = self.current().ok_or_else(super::not_connected)?;
        self.tried(&connection).await?;
        self.deliver();
        Ok(())
    }

    /// Waits until a client is connected, or every host has failed once.
    async fn tried(&self, connection: &Connection) -> Result<()> {
        let mut states = connection.client.states();
        let hosts = connection.servers.hosts().len();
        let deadline = Instant::now() + self.0.settings.timeout;
        loop {
            let state = *states.borrow_and_update();
            if state.is_connected() {
                return Ok(());
            }
            let facts = connection.client.facts();
            if state.is_over() {
                let cause = facts.ended.unwrap_or(Cause::Closed);
                let failing = sentence(&failing(&facts.attempts), self.0.settings.read_only);
                let failing = Some(failing).filter(|failing| !failing.is_empty());
                return Err(Status { ended: Some(cause), failing, ..Status::default() }.over());
            }
            let failing = failing(&facts.attempts);
            if failing.len() >= hosts || Instant::now() >= deadline {
                let why = match sentence(&failing, self.0.settings.read_only) {
                    none if none.is_empty() => silent(&connection.servers),
                    why => why,
                };
                return Err(unconnected(&why));
            }
            // A failed attempt is no change of state, so the wait needs a timeout.
            let _ = tokio::time::timeout(Duration::from_millis(20), states.changed()).await;
        }
    }

    pub(super) fn set_status(&self, status: Status) {
        let state = status.state;
        self.0.status.send_replace(status);
        self.notify(SessionEvent::State(state));
    }

    /// Forgets the watches and ephemerals of a session that is over, and returns them.
    pub(super) fn losses(&self, why: &Error) -> Losses {
        let (ephemerals, more_ephemerals) = self.ephemerals().take();
        Losses { ephemerals, more_ephemerals, watches: self.0.watches.end(why) }
    }

    /// Closes the session, so that its ephemerals are deleted at once. Waits at most two seconds
    /// for the server's confirmation. Does nothing without a session. Returns what was lost with
    /// it.
    pub async fn close(&self) -> Losses {
        let connection = self.lifecycle().connection.take();
        if let Some(connection) = connection {
            let client = connection.client.clone();
            let _ = tokio::time::timeout(CLOSE_DEADLINE, client.close()).await;
        }
        let losses = self.losses(&super::not_connected());
        if self.state() != State::Closed {
            self.set_status(Status::default());
        }
        losses
    }

    /// Breaks the connection, as a network failure would. The session stays open and reconnects.
    pub fn break_connection(&self) {
        if let Some(connection) = self.current() {
            connection.client.break_connection();
        }
    }

    /// Closes the connection without closing the session, which the server then lets expire.
    pub fn abandon(&self) -> Losses {
        let connection = self.lifecycle().connection.take();
        if let Some(connection) = connection {
            self.lifecycle().is_abandoned = true;
            let _ = connection.client.clone().abandon();
        }
        let losses = self.losses(&super::not_connected());
        self.set_status(Status::default());
        losses
    }

    /// Makes the server end the session as if it had expired: a second client resumes the session
    /// and closes it.
    pub async fn expire(&self) -> Result<()> {
        let connection = self.connection().await?;
        let mut options = connection.client.options().clone();
        options.resume = Some(connection.client.resume());
        let (client, _) = zookeeper::start(options);
        let closed = tokio::time::timeout(CLOSE_DEADLINE, client.close()).await;
        match closed {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(failure::refused(&error)),
            Err(_) => Err(unconnected("another client could not take over the session")),
        }
    }

    /// Returns what is known about the session, or `None` if it is closed.
    pub fn facts(&self) -> Option<SessionFacts> {
        let facts = self.current()?.client.facts();
        Some(SessionFacts {
            session: facts.session,
            server: facts.host.map(|host| host.to_string()),
            address: facts.peer.map(|peer| peer.address),
            timeout: facts.timeout,
            last_zxid: facts.last_zxid.0,
            in_flight: facts.in_flight,
            connections: facts.connections,
            connected_since: facts.connected_since,
            round_trip: facts.handshake,
        })
    }

    /// Returns whether the session was left without a goodbye, and none was opened since.
    pub fn is_abandoned(&self) -> bool {
        self.lifecycle().is_abandoned
    }

    /// Returns whether the session is known to have expired.
    pub fn has_expired(&self) -> bool {
        let status = self.0.status.borrow();
        status.state == State::Closed && status.ended == Some(Cause::Expired)
    }

    /// Returns whether the user has closed the session.
    pub fn is_closed_by_user(&self) -> bool {
        let status = self.0.status.borrow();
        status.state == State::Closed && status.ended.is_none()
    }

    /// Opens a new session on the same servers, with the same credentials.
    pub fn renew(&self) {
        let servers = self.servers();
        if let Some(servers) = servers {
            self.open(servers);
        }
    }

    /// Records that a wait for a server has timed out, so that the next request does not wait.
    pub fn give_up(&self) {
        self.0.status.send_modify(|status| status.given_up = true);
    }

    /// Ends the session together with its next request. If the command sends yet another request,
    /// that opens a new session.
    pub fn end_with_next_request(&self) {
        self.lifecycle().takes_last = true;
    }

    /// Ends the session behind the requests that were sent, and does not wait for that. If a command
    /// sends yet another request, that opens a new session.
    pub fn end_behind_requests(&self) {
        self.send_reads();
        if let Some(connection) = self.ready_connection() {
            self.lifecycle().is_spent = true;
            connection.client.send_close();
        }
    }

    /// Returns whether the request that is about to be sent is the last one.
    pub(super) fn takes_last(&self) -> bool {
        let mut lifecycle = self.lifecycle();
        let takes_last = std::mem::take(&mut lifecycle.takes_last);
        if lifecycle.has_answered {
            lifecycle.is_spent |= takes_last;
        } else {
            lifecycle.ends_when_open |= takes_last;
        }
        takes_last
    }

    /// Returns whether requests can be sent before a server has answered.
    pub(super) fn sends_early(&self) -> bool {
        let lifecycle = self.lifecycle();
        !lifecycle.has_answered && !lifecycle.is_spent && !lifecycle.ends_when_open
    }

    /// Returns whether the last request of the session has been sent.
    pub(super) fn is_spent(&self) -> bool {
        self.lifecycle().is_spent
    }

    /// Returns the connection if a server is connected and the session can go on.
    pub(super) fn ready_connection(&self) -> Option<Arc<Connection>> {
        if !self.state().is_connected() {
            return None;
        }
        let lifecycle = self.lifecycle();
        if lifecycle.is_spent { None } else { lifecycle.connection.clone() }
    }

    /// Records that a server has answered. Returns since when it was looked for, and whether another
    /// had answered before.
    pub(super) fn note_answer(&self, server: Option<String>) -> (Option<Instant>, bool) {
        let mut lifecycle = self.lifecycle();
        lifecycle.server = server;
        lifecycle.is_spent |= std::mem::take(&mut lifecycle.ends_when_open);
        let is_back = std::mem::replace(&mut lifecycle.has_answered, true);
        (lifecycle.searching.take(), is_back)
    }

    /// Opens a new session if the last request of this one has been sent.
    pub(super) fn renew_if_spent(&self) {
        let spent = {
            let lifecycle = self.lifecycle();
            lifecycle.is_spent.then(|| lifecycle.servers.clone()).flatten()
        };
        if let Some(servers) = spent {
            self.open(servers);
        }
    }
}
