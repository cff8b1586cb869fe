//! The edge: a listener, a thread, a clock, and what connections have to send.
//!
//! All connections run on one thread, so that a request is decided and answered whole before the
//! next; the state behind the lock is the only thing that they share.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::Notify;

use super::connection;
use super::operation::{ConnectionId, Ending, Moment, Outcome, SessionId};
use super::settings::{Settings, milliseconds};
use super::state::State;
use super::wire;

/// The most bytes of events that wait for a connection which does not read them; beyond that it is
/// dropped, as its client is told of nothing it would believe any more.
const MAX_EVENT_BACKLOG: usize = 4 << 20;

/// How long to wait after an accept that failed, for want of file descriptors most likely.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

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
pub(super) struct Line {
    pub(super) out: Vec<u8>,
    pub(super) ending: Option<Ending>,
    event_backlog: usize,
    wake: Arc<Notify>,
}

/// What the connections share.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) state: State,
    lines: HashMap<ConnectionId, Line>,
    next: u64,
    clock: Clock,
    start: Instant,
    advanced: Duration,
    address: SocketAddr,
}

impl Core {
    pub(super) fn now(&self) -> Moment {
        self.clock.now(self.start, self.advanced)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes a new connection in; `None` where its address has too many.
    pub(super) fn accept(&mut self, peer: SocketAddr) -> Option<(ConnectionId, Arc<Notify>)> {
        let id = ConnectionId(self.next);
        self.next += 1;
        let now = self.now();
        if !self.state.accept(id, peer, now) {
            return None;
        }
        let line = Line::default();
        let wake = Arc::clone(&line.wake);
        self.lines.insert(id, line);
        Some((id, wake))
    }

    pub(super) fn disconnect(&mut self, connection: ConnectionId) {
        self.state.disconnect(connection);
        self.lines.remove(&connection);
    }

    pub(super) fn line(&mut self, connection: ConnectionId) -> Option<&mut Line> {
        self.lines.get_mut(&connection)
    }

    /// Takes what is to be sent, in exchange for an empty buffer.
    pub(super) fn take(
        &mut self,
        connection: ConnectionId,
        buffer: &mut Vec<u8>,
    ) -> Option<Ending> {
        let line = self.lines.get_mut(&connection)?;
        buffer.clear();
        std::mem::swap(buffer, &mut line.out);
        line.event_backlog = 0;
        line.ending
    }

    /// Puts an outcome into the lines that it concerns.
    pub(super) fn deliver(&mut self, asker: Option<ConnectionId>, outcome: &Outcome) {
        for (to, event) in &outcome.events {
            let Some(line) = self.lines.get_mut(to) else { continue };
            if line.ending.is_some() {
                continue;
            }
            let before = line.out.len();
            wire::event(&mut line.out, event);
            line.event_backlog += line.out.len() - before;
            if line.event_backlog > MAX_EVENT_BACKLOG {
                line.ending = Some(Ending::AtOnce);
            }
            if asker != Some(*to) {
                line.wake.notify_one();
            }
        }
        if let Some(line) = asker.and_then(|asker| self.lines.get_mut(&asker)) {
            if let Some(welcome) = &outcome.welcome {
                wire::welcome(&mut line.out, welcome);
            }
            if let Some(reply) = &outcome.reply {
                wire::reply(&mut line.out, reply);
            }
        }
        for (connection, ending) in &outcome.endings {
            self.end(*connection, *ending);
        }
    }

    fn end(&mut self, connection: ConnectionId, ending: Ending) {
        if let Some(line) = self.lines.get_mut(&connection) {
            line.ending = Some(ending);
            line.wake.notify_one();
        }
    }

    fn tick(&mut self) {
        let now = self.now();
        let outcome = self.state.tick(now);
        self.deliver(None, &outcome);
    }
}

/// The core behind its lock.
#[derive(Debug, Clone)]
pub(super) struct Shared(Arc<Mutex<Core>>);

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Core> {
        // A panic under the lock is a fault in one request; the others have done nothing wrong.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running sandbox. Dropping it stops the server and closes its connections.
#[derive(Debug)]
pub struct Handle {
    shared: Shared,
    stop: Arc<Notify>,
    thread: Option<JoinHandle<()>>,
}

/// Starts a sandbox that serves `listener`, on a thread of its own.
///
/// # Errors
/// Those of the system, when it has no thread or no descriptors left.
pub fn start(listener: TcpListener, settings: Settings, clock: Clock) -> io::Result<Handle> {
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let (start, advanced) = (Instant::now(), Duration::ZERO);
    let tick = settings.tick_milliseconds();
    let core = Core {
        state: State::new(settings, secret(), clock.now(start, advanced)),
        lines: HashMap::new(),
        next: 1,
        clock,
        start,
        advanced,
        address,
    };
    let shared = Shared(Arc::new(Mutex::new(core)));
    let stop = Arc::new(Notify::new());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let thread = {
        let (shared, stop) = (shared.clone(), Arc::clone(&stop));
        std::thread::Builder::new().name("sandbox".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = stop.notified() => {}
                    () = accept(listener, &shared) => {}
                    () = tick_by_tick(tick, &shared) => {}
                }
            });
        })?
    };
    Ok(Handle { shared, stop, thread: Some(thread) })
}

impl Handle {
    /// Returns where the sandbox listens.
    pub fn address(&self) -> SocketAddr {
        self.shared.lock().address
    }

    /// Returns the ids of the open sessions, sorted.
    pub fn sessions(&self) -> Vec<i64> {
        let mut ids: Vec<i64> = self.shared.lock().state.sessions().map(|id| id.0).collect();
        ids.sort_unstable();
        ids
    }

    /// Ends a session as if its time were over: its ephemerals go, its connection is closed.
    pub fn expire(&self, session: i64) {
        let mut core = self.shared.lock();
        let outcome = core.state.expire(SessionId(session));
        core.deliver(None, &outcome);
    }

    /// Closes all connections, as a network that fails; the sessions wait for their clients.
    pub fn drop_connections(&self) {
        let mut core = self.shared.lock();
        let all: Vec<ConnectionId> = core.lines.keys().copied().collect();
        for connection in all {
            core.end(connection, Ending::AtOnce);
        }
    }

    /// Lets time pass at once, with all that it brings.
    pub fn advance(&self, time: Duration) {
        let mut core = self.shared.lock();
        core.advanced += time;
        core.tick();
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.stop.notify_one();
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported where it happened.
            let _ = thread.join();
        }
    }
}

/// Returns bytes that nobody can foretell: they make session passwords.
fn secret() -> [u8; 16] {
    let random = || RandomState::new().hash_one(0);
    let mut secret = [0; 16];
    secret[..8].copy_from_slice(&random().to_ne_bytes());
    secret[8..].copy_from_slice(&random().to_ne_bytes());
    secret
}

async fn accept(listener: TcpListener, shared: &Shared) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                tokio::spawn(connection::serve(shared.clone(), stream, peer));
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// Looks at the deadlines; they are rounded up to ticks, so four times a tick is often enough.
async fn tick_by_tick(tick: u64, shared: &Shared) {
    let mut interval = tokio::time::interval(Duration::from_millis((tick / 4).max(1)));
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        shared.lock().tick();
    }
}
