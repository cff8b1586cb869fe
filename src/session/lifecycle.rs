//! Opens, switches, breaks and closes sessions.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use zookeeper::{AddAuth, Cause};

use super::connection::Connection;
use super::failure::{self, Status, failing, sentence, silent, unconnected};
use super::{Losses, Session, SessionEvent, State};
use crate::error::{Error, Result};
use crate::zk::Servers;

/// How long `close` waits for the server to have seen the end of the session. A live server takes
/// a few milliseconds; a dead one must not hold the user.
const CLOSE_DEADLINE: Duration = Duration::from_secs(2);

/// The client of a session, and what outlives it.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent of each other")]
pub(super) struct Lifecycle {
    /// Of the session, open or closed.
    pub(super) servers: Option<Servers>,
    pub(super) connection: Option<Arc<Connection>>,
    /// The connected server, as it was given, or the last one.
    pub(super) server: Option<String>,
    /// How many clients there were.
    generation: u32,
    /// When the search for a server began; none while one answers.
    pub(super) searching: Option<Instant>,
    /// Whether a server has answered since the session was opened.
    pub(super) has_answered: bool,
    /// Whether the next request is the last.
    takes_last: bool,
    /// Whether the last request has left, with the end of the session behind it.
    pub(super) is_spent: bool,
    /// Whether the connection was dropped for good, without the end of the session.
    is_abandoned: bool,
    /// Whether what is sent and answered is kept.
    pub(super) observes: bool,
}

/// What is known of an open session.
#[derive(Debug, Clone)]
pub struct SessionFacts {
    /// The session's id, once a server has given one.
    pub session: Option<i64>,
    /// The connected server, as it was given.
    pub server: Option<String>,
    /// Its address.
    pub address: Option<std::net::SocketAddr>,
    /// The session timeout that the server gave.
    pub timeout: Option<Duration>,
    /// The last zxid that was seen.
    pub last_zxid: i64,
    /// Requests that were sent and not answered.
    pub in_flight: usize,
    /// How often a server has been connected to.
    pub connections: u64,
    /// Since when the server is connected.
    pub connected_since: Option<SystemTime>,
    /// The round trip of the handshake, with what the server took for it.
    pub round_trip: Option<Duration>,
}

impl Session {
    /// Starts to look for one of the servers; returns at once. Any earlier session is to be closed
    /// before. The credentials of the last session with these servers are given again.
    pub fn open(&self, servers: Servers) {
        let auth = self.credentials().offer(&servers);
        self.install(self.start(servers, auth));
    }

    /// Makes a client that looks for one of the servers.
    fn start(&self, servers: Servers, auth: Vec<AddAuth>) -> Arc<Connection> {
        let mut lifecycle = self.lifecycle();
        lifecycle.generation += 1;
        let observes = lifecycle.observes;
        let generation = lifecycle.generation;
        Arc::new(Connection::start(&self.0.settings, servers, auth, generation, observes))
    }

    /// Makes a client the session's own.
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

    /// Opens a session with these servers, without credentials, and then closes this one; where no
    /// server gives a session there, this one stays. Returns what went with the old one.
    pub async fn switch(&self, servers: Servers) -> Result<Losses> {
        let connection = self.start(servers, Vec::new());
        self.tried(&connection).await?;
        let losses = self.close().await;
        self.forget_credentials();
        self.install(connection);
        // What its feed has told is known.
        self.deliver();
        Ok(losses)
    }

    /// Waits until a server gives the session that was opened.
    ///
    /// # Errors
    /// Each server has failed once, or none has answered within the session timeout.
    pub async fn established(&self) -> Result<()> {
        let connection = self.current().ok_or_else(super::not_connected)?;
        self.tried(&connection).await?;
        self.deliver();
        Ok(())
    }

    /// Waits until a client has found a server, or each host has failed once.
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
                return Err(failure::ended(&cause));
            }
            let failing = failing(&facts.attempts);
            if failing.len() >= hosts || Instant::now() >= deadline {
                let why = match sentence(&failing, self.0.settings.read_only) {
                    none if none.is_empty() => silent(&connection.servers),
                    why => why,
                };
                return Err(unconnected(&why));
            }
            // Attempts are no states of their own.
            let _ = tokio::time::timeout(Duration::from_millis(20), states.changed()).await;
        }
    }

    pub(super) fn set_status(&self, status: Status) {
        let state = status.state;
        self.0.status.send_replace(status);
        self.notify(SessionEvent::State(state));
    }

    /// Forgets what belongs to the session that is over, and returns it.
    pub(super) fn losses(&self, why: &Error) -> Losses {
        let (ephemerals, more_ephemerals) = self.ephemerals().take();
        Losses { ephemerals, more_ephemerals, watches: self.0.watches.end(why) }
    }

    /// Closes the session, so that its ephemerals are gone at once, and waits until the server has
    /// said so, or for two seconds. Does nothing when there is none. Returns what went with it.
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

    /// Drops the connection, as if the network had. The session stays, and a server is looked for.
    pub fn break_connection(&self) {
        if let Some(connection) = self.current() {
            connection.client.break_connection();
        }
    }

    /// Drops the connection for good and leaves the session as it is: the server lets it expire.
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

    /// Has the server end the session as if it had expired: a second client takes it over and closes
    /// it.
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

    /// Returns what is known of the session, or none if it is closed.
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

    /// Returns whether the server has ended the session, as far as is known.
    pub fn has_expired(&self) -> bool {
        let status = self.0.status.borrow();
        status.state == State::Closed && status.ended == Some(Cause::Expired)
    }

    /// Returns whether the user has closed the session.
    pub fn is_closed_by_user(&self) -> bool {
        let status = self.0.status.borrow();
        status.state == State::Closed && status.ended.is_none()
    }

    /// Opens a session on the servers of the one that is over, with its credentials.
    pub fn renew(&self) {
        let servers = self.servers();
        if let Some(servers) = servers {
            self.open(servers);
        }
    }

    /// Notes that a server was waited for in vain: the next request does not wait.
    pub fn give_up(&self) {
        self.0.status.send_modify(|status| status.given_up = true);
    }

    /// Has the session end with its next request: both leave together. A command that sends another
    /// one all the same opens a new session for it.
    pub fn end_with_next_request(&self) {
        self.lifecycle().takes_last = true;
    }

    /// Returns whether a request that is about to leave is the last.
    pub(super) fn takes_last(&self) -> bool {
        let mut lifecycle = self.lifecycle();
        let takes_last = std::mem::take(&mut lifecycle.takes_last);
        lifecycle.is_spent |= takes_last;
        takes_last
    }

    /// Opens a new session if the last request of this one has left.
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
