//! From the opening of a session to its end: what the client tells of the connection, as the user is
//! told of it.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime};

use zookeeper::{AddAuth, Attempt, Cause, Change, Item, Seq};

use super::connection::Connection;
use super::failure::{self, Status, unconnected};
use super::watches::Observation;
use super::{GRACE, Losses, Session, SessionEvent, State, StateChange, Warning};
use crate::error::{Error, Result};
use crate::zk::{Event, EventKind, Servers};

/// How long `close` waits for the server to have seen the end of the session. A live server takes
/// a few milliseconds; a dead one must not hold the user.
const CLOSE_DEADLINE: Duration = Duration::from_secs(2);

/// How long nothing may have come of the search for a server before the user is told what it waits
/// for.
const SILENCE: Duration = Duration::from_secs(2);

/// The client of a session, and what outlives it.
#[derive(Default)]
pub(super) struct Lifecycle {
    /// Of the session, open or closed.
    pub(super) servers: Option<Servers>,
    pub(super) connection: Option<Arc<Connection>>,
    /// How many clients there were.
    generation: u32,
    /// When the search for a server began; none while one answers.
    searching: Option<Instant>,
    /// Whether a server has answered since the session was opened.
    has_answered: bool,
    /// Whether the next request is the last.
    takes_last: bool,
    /// Whether the last request has left, with the end of the session behind it.
    is_spent: bool,
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
        Arc::new(Connection::start(&self.0.settings, servers, auth, lifecycle.generation))
    }

    /// Makes a client the session's own.
    fn install(&self, connection: Arc<Connection>) {
        self.forget_reads();
        let generation = self.lifecycle().generation;
        *self.lifecycle() = Lifecycle {
            servers: Some(connection.servers.clone()),
            connection: Some(Arc::clone(&connection)),
            generation,
            searching: Some(Instant::now()),
            has_answered: false,
            takes_last: false,
            is_spent: false,
        };
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
                let why = match sentence(&failing) {
                    none if none.is_empty() => silent(&connection.servers),
                    why => why,
                };
                return Err(unconnected(&why));
            }
            // Attempts are no states of their own.
            let _ = tokio::time::timeout(Duration::from_millis(20), states.changed()).await;
        }
    }

    /// Handles what the client tells, until the session is over.
    async fn pump(&self, connection: &Arc<Connection>) {
        let mut silence = Box::pin(tokio::time::sleep(SILENCE));
        let mut is_silent = true;
        loop {
            let open = poll_fn(|context| {
                let polled = {
                    let mut feed = connection.feed();
                    match feed.poll_next(context) {
                        Poll::Ready(Some(item)) => {
                            is_silent &= !matches!(item, Item::State(_));
                            self.handle(connection, item);
                            Poll::Ready(true)
                        }
                        Poll::Ready(None) => Poll::Ready(false),
                        Poll::Pending => Poll::Pending,
                    }
                };
                if polled.is_pending() && is_silent && silence.as_mut().poll(context).is_ready() {
                    is_silent = false;
                    self.tell_failing(connection, silent(&connection.servers), false, Seq(0));
                }
                polled
            });
            if !open.await {
                return;
            }
        }
    }

    /// Handles what the client has told by now. It tells of an event before the reply that follows
    /// it, so after a reply this shows what came before it.
    pub fn deliver(&self) {
        let Some(connection) = self.current() else { return };
        let mut feed = connection.feed();
        while let Some(item) = feed.try_next() {
            self.handle(&connection, item);
        }
    }

    fn handle(&self, connection: &Arc<Connection>, item: Item) {
        let is_current = self.current().is_some_and(|current| Arc::ptr_eq(&current, connection));
        if !is_current {
            return;
        }
        match item {
            Item::Event(event) => {
                let stamp = connection.stamp(event.at);
                if let Some(event) = of_client(&event) {
                    self.dispatch(&event, stamp);
                }
            }
            Item::State(change) => self.change(connection, &change),
            Item::Weakened(weakened) => self.reregister(&weakened.path, weakened.kind),
            Item::Missed(count) => {
                let stamp = connection.now();
                self.0.watches.tell_observers(&Observation::Missed(count), stamp);
                self.notify(SessionEvent::Warning(Warning::Missed(count), stamp));
            }
            _ => {}
        }
    }

    /// Handles a change of the client's state.
    fn change(&self, connection: &Arc<Connection>, change: &Change) {
        use zookeeper::State as S;
        if self.lifecycle().is_spent {
            return;
        }
        let was_connected = self.state().is_connected();
        match change.state {
            S::Connecting if was_connected => self.lost(connection, change.at),
            S::Connecting => {
                let attempts = connection.client.facts().attempts;
                let failing = failing(&attempts);
                if failing.len() >= connection.servers.hosts().len() {
                    let refused = failing.values().all(|cause| **cause == Cause::Refused);
                    self.tell_failing(connection, sentence(&failing), refused, change.at);
                }
            }
            S::Connected => self.found(connection, State::Connected, change.at),
            S::ConnectedReadOnly => self.found(connection, State::ConnectedReadOnly, change.at),
            S::AuthFailed => {
                self.credentials().refused();
                self.over(change, State::AuthFailed, "AuthFailed");
            }
            S::Expired => self.over(change, State::Closed, "Expired"),
            _ => self.over(change, State::Closed, "Closed"),
        }
    }

    /// Notes that the connection is lost.
    fn lost(&self, connection: &Connection, at: Seq) {
        self.lifecycle().searching = Some(Instant::now());
        self.forget_reads();
        self.0.watches.tell_observers(&Observation::Disconnected, connection.stamp(at));
        self.tell_change(
            connection.client.facts().session,
            "Disconnected",
            None,
            Losses::default(),
        );
        self.set_status(Status { state: State::Connecting, ..Status::default() });
    }

    /// Notes that a server answers.
    fn found(&self, connection: &Connection, state: State, at: Seq) {
        let facts = connection.client.facts();
        connection.forget_version(facts.connections);
        let (searched, is_back) = {
            let mut lifecycle = self.lifecycle();
            let is_back = std::mem::replace(&mut lifecycle.has_answered, true);
            (lifecycle.searching.take().map(|since| since.elapsed()), is_back)
        };
        let silence = searched.filter(|silence| is_back || *silence > GRACE);
        let was_read_only = self.state() == State::ConnectedReadOnly;
        if silence.is_some() || was_read_only {
            let name =
                if state == State::Connected { "SyncConnected" } else { "ConnectedReadOnly" };
            self.tell_change(facts.session, name, silence, Losses::default());
        }
        self.set_status(Status { state, ..Status::default() });
        if is_back {
            let stamp = connection.stamp(at);
            self.0.watches.tell_observers(&Observation::Reconnected, stamp);
            // They are registered again, but nothing is replayed for them.
            let mut paths: Vec<String> = self
                .0
                .watches
                .list()
                .into_iter()
                .filter(|watch| !watch.kind.is_one_shot())
                .map(|watch| watch.path.to_string())
                .collect();
            paths.dedup();
            if !paths.is_empty() {
                self.notify(SessionEvent::Warning(Warning::Gap(paths), stamp));
            }
        }
    }

    /// Notes that the session is over.
    fn over(&self, change: &Change, state: State, name: &'static str) {
        self.forget_reads();
        let cause = change.cause.clone();
        let error = cause.as_ref().map_or_else(super::not_connected, failure::ended);
        let losses = self.losses(&error);
        self.tell_change(change.session, name, None, losses);
        self.set_status(Status { state, ended: cause, ..Status::default() });
    }

    fn tell_change(
        &self,
        session: Option<i64>,
        state: &'static str,
        silence: Option<Duration>,
        losses: Losses,
    ) {
        let session = session.unwrap_or_default();
        self.notify(SessionEvent::StateChange(StateChange { state, session, silence, losses }));
    }

    /// Tells why no server gives a session, unless that was told.
    fn tell_failing(&self, connection: &Connection, failing: String, refused: bool, at: Seq) {
        let mut is_news = false;
        self.0.status.send_if_modified(|status| {
            is_news = status.failing.as_ref() != Some(&failing);
            status.failing = Some(failing.clone());
            let since = refused.then(|| status.refused.unwrap_or_else(Instant::now));
            let has_turned = since != status.refused;
            status.refused = since;
            is_news || has_turned
        });
        if is_news {
            let warning = Warning::ConnectFailing(failing);
            self.notify(SessionEvent::Warning(warning, connection.stamp(at)));
        }
    }

    fn set_status(&self, status: Status) {
        let state = status.state;
        self.0.status.send_replace(status);
        self.notify(SessionEvent::State(state));
    }

    /// Forgets what belongs to the session that is over, and returns it.
    fn losses(&self, why: &Error) -> Losses {
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
            Err(_) => Err(unconnected("the session could not be taken over")),
        }
    }

    /// Returns what is known of the session; none where it is closed.
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

/// Returns the reason of each host that has failed: of several addresses the one that came furthest.
fn failing(attempts: &[Attempt]) -> BTreeMap<String, &Cause> {
    let mut hosts: BTreeMap<String, &Cause> = BTreeMap::new();
    for attempt in attempts {
        let cause = hosts.entry(attempt.host.to_string()).or_insert(&attempt.cause);
        if reach(&attempt.cause) > reach(cause) {
            *cause = &attempt.cause;
        }
    }
    hosts
}

/// Tells how far an attempt came.
fn reach(cause: &Cause) -> u8 {
    match cause {
        Cause::NoSuchHost => 0,
        Cause::Refused => 1,
        Cause::Unreachable(_) => 2,
        Cause::Silent(_) => 3,
        _ => 4,
    }
}

fn sentence(failing: &BTreeMap<String, &Cause>) -> String {
    let parts = failing.iter().map(|(host, cause)| format!("{host} {}", failure::why(cause)));
    parts.collect::<Vec<_>>().join(", ")
}

/// Says that none of the servers has answered.
fn silent(servers: &Servers) -> String {
    let parts = servers.hosts().iter().map(|host| format!("{host} does not answer"));
    parts.collect::<Vec<_>>().join(", ")
}

/// Puts the client crate's event into ours; none for what the shell tells by itself.
fn of_client(event: &zookeeper::Event) -> Option<Event> {
    let kind = match event.kind {
        zookeeper::EventKind::NodeCreated => EventKind::NodeCreated,
        zookeeper::EventKind::NodeDeleted => EventKind::NodeDeleted,
        zookeeper::EventKind::NodeDataChanged => EventKind::NodeDataChanged,
        zookeeper::EventKind::NodeChildrenChanged => EventKind::NodeChildrenChanged,
        _ => return None,
    };
    let zxid = event.zxid.map(|zxid| zxid.0);
    Some(Event { state: "SyncConnected", kind, path: Some(event.path.to_string()), zxid })
}
