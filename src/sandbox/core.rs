//! State that all connections share behind one lock: the servers, the clock, and the output buffers
//! of the connections.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::Notify;

use super::admin;
use super::ensemble::{Ensemble, Outcomes};
use super::operation::{ConnectRequest, ConnectionId, Ending, Moment, Outcome, Request, SessionId};
use super::own;
use super::servers::Servers;
use super::settings::{Settings, milliseconds};
use super::state::State;
use super::wire;

/// Maximum bytes of unsent events. A connection beyond it is closed: dropping single events instead
/// would leave the client with a wrong view of the tree.
const MAX_EVENT_BACKLOG: usize = 4 << 20;

/// Connections beyond the limit that may still send a four-letter word, so that users can find out
/// why the sandbox is full.
const MAX_ONLOOKERS: usize = 16;

/// The clock of a sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// The system's clock.
    System,
    /// Only [`Handle::advance`](super::Handle::advance): for tests of timeouts.
    Manual,
}

impl Clock {
    fn now(self, start: Instant, advanced: Duration) -> Moment {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let advance = milliseconds(advanced);
        let steady = match self {
            Self::System => milliseconds(start.elapsed()),
            Self::Manual => 0,
        };
        let wall = milliseconds(wall).saturating_add(advance);
        Moment { wall: i64::try_from(wall).unwrap_or(i64::MAX), steady: steady + advance }
    }
}

/// The output buffer of a connection, and how the connection is to end.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    server: usize,
    pub(super) out: Vec<u8>,
    pub(super) ending: Option<Ending>,
    event_backlog: usize,
    wake: Arc<Notify>,
}

/// A connection that was accepted.
pub(super) struct Accepted {
    pub(super) id: ConnectionId,
    /// Notified when there is something to send.
    pub(super) wake: Arc<Notify>,
    /// Whether it may open a session; otherwise it may only send a four-letter word.
    pub(super) may_connect: bool,
    /// Maximum time that it may stay without a session, and may take to read the last output.
    pub(super) patience: Duration,
    /// The largest request, in bytes.
    pub(super) max_request: usize,
}

/// The shared state.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) servers: Servers,
    outgoing: HashMap<ConnectionId, Outgoing>,
    next: u64,
    clock: Clock,
    start: Instant,
    advanced: Duration,
    /// The address of each server.
    addresses: Vec<SocketAddr>,
    /// Wakes the timer when a deadline is earlier than the one that the timer sleeps for.
    timer: Arc<Notify>,
    /// When the timer wakes by itself, in milliseconds of the steady clock.
    wakes_at: Option<u64>,
}

impl Core {
    /// Starts one server per address; several form an ensemble.
    pub(super) fn new(
        settings: Settings,
        secret: [u8; 16],
        clock: Clock,
        addresses: Vec<SocketAddr>,
    ) -> Self {
        let (start, advanced) = (Instant::now(), Duration::ZERO);
        let now = clock.now(start, advanced);
        let servers = if addresses.len() == 1 {
            Servers::Standalone(Box::new(State::new(settings, 1, secret, now)))
        } else {
            Servers::Ensemble(Box::new(Ensemble::new(&settings, secret, &addresses, now)))
        };
        Self {
            servers,
            outgoing: HashMap::new(),
            next: 1,
            clock,
            start,
            advanced,
            addresses,
            timer: Arc::default(),
            wakes_at: None,
        }
    }

    pub(super) fn now(&self) -> Moment {
        self.clock.now(self.start, self.advanced)
    }

    pub(super) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Registers a new connection. Above the limit it may only send a four-letter word. Returns
    /// `None` if the extra connections for these are used up too, or if the server is killed.
    pub(super) fn accept(&mut self, server: usize, peer: SocketAddr) -> Option<Accepted> {
        if self.servers.is_killed(server) {
            return None;
        }
        let id = ConnectionId(self.next);
        self.next += 1;
        let state = self.servers.state(server);
        let may_connect = state.has_room(peer, false)
            || state.has_room(peer, true) && own::is_own(peer, self.addresses[server]);
        if may_connect {
            let now = self.now();
            self.servers.accept(server, id, peer, now);
        } else {
            let here = self.outgoing.values().filter(|outgoing| outgoing.server == server).count();
            if here >= state.connections.len() + MAX_ONLOOKERS {
                return None;
            }
        }
        let outgoing = Outgoing { server, ..Outgoing::default() };
        let wake = Arc::clone(&outgoing.wake);
        self.outgoing.insert(id, outgoing);
        let settings = &self.servers.state(server).settings;
        let (patience, max_request) = (settings.patience, settings.max_request);
        Some(Accepted { id, wake, may_connect, patience, max_request })
    }

    /// Adds the subject of a client's certificate to the identities of a connection.
    pub(super) fn identify(&mut self, connection: ConnectionId, subject: String) {
        if let Some(outgoing) = self.outgoing.get(&connection) {
            self.servers.state_mut(outgoing.server).identify(connection, subject);
        }
    }

    pub(super) fn disconnect(&mut self, connection: ConnectionId) {
        if let Some(outgoing) = self.outgoing.remove(&connection) {
            self.servers.disconnect(outgoing.server, connection);
            self.set_timer();
        }
    }

    /// Returns whether the server accepts another request of this connection now.
    pub(super) fn takes_requests(&self, connection: ConnectionId) -> bool {
        let outgoing = self.outgoing.get(&connection);
        outgoing.is_none_or(|outgoing| self.servers.takes_requests(outgoing.server, connection))
    }

    /// Records the latency of a connection's requests, in milliseconds.
    pub(super) fn answered(&mut self, connection: ConnectionId, requests: u64, latency: u64) {
        if let Some(outgoing) = self.outgoing.get(&connection) {
            self.servers.state_mut(outgoing.server).answered(connection, requests, latency);
        }
    }

    pub(super) fn outgoing(&mut self, connection: ConnectionId) -> Option<&mut Outgoing> {
        self.outgoing.get_mut(&connection)
    }

    /// Moves the pending output into `buffer`, and returns how the connection is to end.
    pub(super) fn take(
        &mut self,
        connection: ConnectionId,
        buffer: &mut Vec<u8>,
    ) -> Option<Ending> {
        let outgoing = self.outgoing.get_mut(&connection)?;
        buffer.clear();
        std::mem::swap(buffer, &mut outgoing.out);
        outgoing.event_backlog = 0;
        outgoing.ending
    }

    /// Appends replies and events of an outcome to the output buffers of their connections.
    fn deliver(&mut self, requester: Option<ConnectionId>, outcome: &Outcome) {
        for (to, event) in &outcome.events {
            let Some(outgoing) = self.outgoing.get_mut(to) else { continue };
            if outgoing.ending.is_some() {
                continue;
            }
            let before = outgoing.out.len();
            wire::event(&mut outgoing.out, event);
            outgoing.event_backlog += outgoing.out.len() - before;
            if outgoing.event_backlog > MAX_EVENT_BACKLOG {
                outgoing.ending = Some(Ending::AtOnce);
            }
            if requester != Some(*to) {
                outgoing.wake.notify_one();
            }
        }
        if let Some(outgoing) = requester.and_then(|requester| self.outgoing.get_mut(&requester)) {
            if let Some(response) = &outcome.connect_response {
                wire::connect_response(&mut outgoing.out, response);
            }
            if let Some(reply) = &outcome.reply {
                wire::reply(&mut outgoing.out, reply);
            }
        }
        for (connection, ending) in &outcome.endings {
            self.end(*connection, *ending);
        }
    }

    fn end(&mut self, connection: ConnectionId, ending: Ending) {
        if let Some(outgoing) = self.outgoing.get_mut(&connection) {
            outgoing.ending = Some(ending);
            outgoing.wake.notify_one();
        }
    }

    /// Passes a request to its server and delivers the outcomes.
    pub(super) fn request(&mut self, from: ConnectionId, request: Request) {
        let Some(outgoing) = self.outgoing.get(&from) else { return };
        let now = self.now();
        let outcomes = self.servers.request(outgoing.server, from, request, now);
        self.deliver_all(outcomes);
    }

    pub(super) fn connect(&mut self, from: ConnectionId, request: ConnectRequest) {
        let Some(server) = self.outgoing.get(&from).map(|outgoing| outgoing.server) else { return };
        let state = self.servers.state(server);
        let peer = state.connections.get(&from).map(|connection| connection.peer);
        let address = self.addresses[server];
        let owner = state.is_full() && peer.is_some_and(|peer| own::is_own(peer, address));
        let now = self.now();
        let outcomes = self.servers.connect(server, from, request, owner, now);
        self.deliver_all(outcomes);
    }

    /// Answers a four-letter word and then closes the connection.
    pub(super) fn answer_word(&mut self, from: ConnectionId, word: &str, argument: &[u8]) {
        let now = self.now();
        let Some(outgoing) = self.outgoing.get_mut(&from) else { return };
        let server = outgoing.server;
        let mode = self.servers.mode(server);
        let state = self.servers.state_mut(server);
        state.received(from);
        let this = admin::ThisServer { mode, server, address: self.addresses[server] };
        let text = admin::answer(state, word, argument, this, now);
        outgoing.out.extend_from_slice(text.as_bytes());
        outgoing.ending = Some(Ending::Flushed);
    }

    /// Delivers outcomes, and wakes the connections that wait for their replies.
    pub(super) fn deliver_all(&mut self, outcomes: Outcomes) {
        for (requester, outcome) in outcomes {
            self.deliver(requester, &outcome);
            if let Some(outgoing) = requester.and_then(|requester| self.outgoing.get(&requester)) {
                outgoing.wake.notify_one();
            }
        }
        self.set_timer();
    }

    /// Wakes all connections of a server, so that they handle the input that they have received.
    pub(super) fn wake_server(&self, server: usize) {
        for outgoing in self.outgoing.values().filter(|outgoing| outgoing.server == server) {
            outgoing.wake.notify_one();
        }
    }

    /// Handles all deadlines that have passed. Returns the time until the next deadline, if there
    /// is one.
    pub(super) fn tick(&mut self) -> Option<Duration> {
        let now = self.now();
        let outcomes = self.servers.tick(now);
        self.deliver_all(outcomes);
        self.wakes_at = self.servers.next_deadline();
        let wait = self.wakes_at?.saturating_sub(now.steady);
        (self.clock == Clock::System).then(|| Duration::from_millis(wait))
    }

    fn set_timer(&self) {
        let deadline = self.servers.next_deadline();
        let sooner = self.wakes_at.is_none_or(|wakes_at| deadline.is_some_and(|d| d < wakes_at));
        if deadline.is_some() && sooner {
            self.timer.notify_one();
        }
    }

    pub(super) fn timer(&self) -> Arc<Notify> {
        Arc::clone(&self.timer)
    }

    /// Advances the manual clock and handles every deadline on the way.
    pub(super) fn advance(&mut self, time: Duration) {
        let end = self.advanced + time;
        // Stop at each deadline, as a real timer would.
        while let Some(deadline) = self.servers.next_deadline() {
            let wait = Duration::from_millis(deadline.saturating_sub(self.now().steady).max(1));
            if self.advanced + wait >= end {
                break;
            }
            self.advanced += wait;
            self.tick();
        }
        self.advanced = end;
        self.tick();
    }

    /// Expires a session.
    pub(super) fn expire(&mut self, session: SessionId) {
        let now = self.now();
        let outcomes = self.servers.expire(session, now);
        self.deliver_all(outcomes);
    }

    /// Closes all connections, as a network failure would.
    pub(super) fn drop_connections(&mut self) {
        let all: Vec<ConnectionId> = self.outgoing.keys().copied().collect();
        for connection in all {
            self.end(connection, Ending::AtOnce);
        }
    }
}

/// The core behind its lock.
#[derive(Debug, Clone)]
pub(super) struct Shared(Arc<Mutex<Core>>);

impl Shared {
    pub(super) fn new(core: Core) -> Self {
        Self(Arc::new(Mutex::new(core)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Core> {
        // A panic under the lock is a bug in one request, and the other clients should not suffer
        // from it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
