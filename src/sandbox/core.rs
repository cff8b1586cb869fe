//! What all connections share, behind one lock: the server's state, the clock, and what each
//! connection has to send.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::Notify;

use super::admin;
use super::operation::{ConnectRequest, ConnectionId, Ending, Moment, Outcome, Request, SessionId};
use super::own;
use super::settings::{Settings, milliseconds};
use super::state::State;
use super::wire;

/// The most bytes of events that wait for a connection which does not read them; beyond that it is
/// dropped, as its client is told of nothing it would believe any more.
const MAX_EVENT_BACKLOG: usize = 4 << 20;

/// Connections beyond the limit that may ask a four-letter word all the same: so whoever finds the
/// sandbox full can learn why.
const MAX_ONLOOKERS: usize = 16;

/// What makes time pass for a sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// The system's clock.
    System,
    /// Only [`Handle::advance`]: for tests of what time brings.
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

/// What a connection has to send, and how it is to end.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    pub(super) out: Vec<u8>,
    pub(super) ending: Option<Ending>,
    event_backlog: usize,
    wake: Arc<Notify>,
}

/// A connection that was taken in.
pub(super) struct Accepted {
    pub(super) id: ConnectionId,
    /// Rings when there is something to send.
    pub(super) wake: Arc<Notify>,
    /// Whether it may have a session, beyond asking a four-letter word.
    pub(super) may_connect: bool,
}

/// What the connections share.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) state: State,
    outgoing: HashMap<ConnectionId, Outgoing>,
    next: u64,
    clock: Clock,
    start: Instant,
    advanced: Duration,
    address: SocketAddr,
    /// Wakes the timer where something is due sooner than it knows.
    timer: Arc<Notify>,
    /// When the timer wakes by itself, in steady milliseconds.
    wakes_at: Option<u64>,
}

impl Core {
    pub(super) fn new(
        settings: Settings,
        secret: [u8; 16],
        clock: Clock,
        address: SocketAddr,
    ) -> Self {
        let (start, advanced) = (Instant::now(), Duration::ZERO);
        Self {
            state: State::new(settings, 1, secret, clock.now(start, advanced)),
            outgoing: HashMap::new(),
            next: 1,
            clock,
            start,
            advanced,
            address,
            timer: Arc::default(),
            wakes_at: None,
        }
    }

    pub(super) fn now(&self) -> Moment {
        self.clock.now(self.start, self.advanced)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes a new connection in; `None` where there are too many.
    pub(super) fn accept(&mut self, peer: SocketAddr) -> Option<Accepted> {
        let id = ConnectionId(self.next);
        self.next += 1;
        let may_connect = self.state.has_room(peer, false)
            || self.state.has_room(peer, true) && own::is_own(peer, self.address);
        if may_connect {
            self.state.accept(id, peer, self.now());
        } else if self.outgoing.len() >= self.state.connections.len() + MAX_ONLOOKERS {
            return None;
        }
        let outgoing = Outgoing::default();
        let wake = Arc::clone(&outgoing.wake);
        self.outgoing.insert(id, outgoing);
        Some(Accepted { id, wake, may_connect })
    }

    pub(super) fn disconnect(&mut self, connection: ConnectionId) {
        self.state.disconnect(connection);
        self.outgoing.remove(&connection);
    }

    pub(super) fn outgoing(&mut self, connection: ConnectionId) -> Option<&mut Outgoing> {
        self.outgoing.get_mut(&connection)
    }

    /// Takes what is to be sent, in exchange for an empty buffer.
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

    /// Puts an outcome into the lines that it concerns.
    pub(super) fn deliver(&mut self, asker: Option<ConnectionId>, outcome: &Outcome) {
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
            if asker != Some(*to) {
                outgoing.wake.notify_one();
            }
        }
        if let Some(outgoing) = asker.and_then(|asker| self.outgoing.get_mut(&asker)) {
            if let Some(welcome) = &outcome.welcome {
                wire::welcome(&mut outgoing.out, welcome);
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

    /// Passes on what a request leads to.
    pub(super) fn request(&mut self, from: ConnectionId, request: Request) {
        let now = self.now();
        let outcome = self.state.request(from, request, now);
        self.deliver(Some(from), &outcome);
        if self.state.is_flush_due(now) {
            self.flush(now);
        }
        self.set_timer();
    }

    pub(super) fn connect(&mut self, from: ConnectionId, request: &ConnectRequest) {
        let now = self.now();
        self.flush(now);
        let peer = self.state.connections.get(&from).map(|connection| connection.peer);
        let owner =
            self.state.is_full() && peer.is_some_and(|peer| own::is_own(peer, self.address));
        let outcome = self.state.connect(from, request, owner, now);
        self.deliver(Some(from), &outcome);
        self.set_timer();
    }

    /// Answers a four-letter word, the connection's last.
    pub(super) fn answer_word(&mut self, from: ConnectionId, word: &str, argument: &[u8]) {
        self.state.received(from);
        let now = self.now();
        let text = admin::answer(&mut self.state, word, argument, self.address, now);
        if let Some(outgoing) = self.outgoing.get_mut(&from) {
            outgoing.out.extend_from_slice(text.as_bytes());
            outgoing.ending = Some(Ending::Flushed);
        }
    }

    fn flush(&mut self, now: Moment) {
        for (asker, outcome) in self.state.flush(now) {
            self.deliver(Some(asker), &outcome);
            self.wake(asker);
        }
    }

    fn wake(&self, connection: ConnectionId) {
        if let Some(outgoing) = self.outgoing.get(&connection) {
            outgoing.wake.notify_one();
        }
    }

    /// Does what is due by now; returns for how long nothing else is, if anything ever is.
    pub(super) fn tick(&mut self) -> Option<Duration> {
        let now = self.now();
        if self.state.next_deadline().is_some_and(|deadline| deadline <= now.steady) {
            self.flush(now);
        }
        let outcome = self.state.tick(now);
        self.deliver(None, &outcome);
        self.wakes_at = self.state.next_deadline();
        let wait = self.wakes_at?.saturating_sub(now.steady);
        (self.clock == Clock::System).then(|| Duration::from_millis(wait))
    }

    fn set_timer(&self) {
        let deadline = self.state.next_deadline();
        let sooner = self.wakes_at.is_none_or(|wakes_at| deadline.is_some_and(|d| d < wakes_at));
        if deadline.is_some() && sooner {
            self.timer.notify_one();
        }
    }

    pub(super) fn timer(&self) -> Arc<Notify> {
        Arc::clone(&self.timer)
    }

    /// Lets time pass at once, with all that it brings.
    pub(super) fn advance(&mut self, time: Duration) {
        self.advanced += time;
        self.tick();
    }

    /// Ends a session as if its time were over.
    pub(super) fn expire(&mut self, session: SessionId) {
        let now = self.now();
        self.flush(now);
        let outcome = self.state.expire(session, now);
        self.deliver(None, &outcome);
    }

    /// Closes all connections.
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
        // A panic under the lock is a fault in one request; the others have done nothing wrong.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
