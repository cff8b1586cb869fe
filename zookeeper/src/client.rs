//! The client handle of a session.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;

use crate::connection;
use crate::data::{Seq, Zxid};
use crate::error::{Cause, Error};
use crate::feed::Feed;
use crate::host::Host;
use crate::op::Op;
use crate::options::{Options, Resume};
use crate::pending::{Pending, Waiting};
use crate::permit::{Cost, Permit};
use crate::queue::Command;
use crate::request::Request;
use crate::shared::{Shared, Target};
use crate::state::{Facts, State};
use crate::watch_kind::WatchKind;
use crate::watches::Registered;
use crate::word;

/// Starts a session. A task connects to a server and keeps the session until it is over. The client
/// sends requests, and the feed receives events and changes of state.
///
/// The call returns at once. Requests may be sent at once, too; they are queued until a server is
/// connected.
///
/// # Panics
/// Panics outside a tokio runtime.
pub fn start(options: Options) -> (Client, Feed) {
    let shared = Arc::new(Shared::new(options));
    let feed = Feed(Arc::clone(&shared.feed));
    tokio::spawn(connection::run(Arc::clone(&shared)));
    let handle = Arc::new(Handle(Arc::clone(&shared)));
    (Client { shared, handle }, feed)
}

/// A handle to a session. Clones refer to the same session, which is closed when the last one is
/// dropped.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    #[expect(dead_code, reason = "the session is closed when the last is dropped")]
    handle: Arc<Handle>,
}

struct Handle(Arc<Shared>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// A guard: while it lives, requests are collected instead of sent; see [`Client::cork`].
pub struct Cork(Arc<Shared>);

impl fmt::Debug for Cork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cork")
    }
}

impl Drop for Cork {
    fn drop(&mut self) {
        self.0.uncork();
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let facts = self.facts();
        f.debug_struct("Client")
            .field("state", &facts.state)
            .field("host", &facts.host)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Waits until a request of this cost may be sent, so that all requests in flight together stay
    /// within [`Options::budget`]. Only this method waits; sending never does. A request that costs
    /// more than the whole budget waits until nothing else is in flight.
    pub async fn admit(&self, cost: Cost) -> Permit {
        let cost = cost.0.min(self.shared.options.budget);
        let permits = u32::try_from(cost).unwrap_or(u32::MAX);
        // The semaphore is never closed.
        Permit(Arc::clone(&self.shared.budget).acquire_many_owned(permits).await.ok())
    }

    /// Returns a permit for a request of this cost, if the budget has room now.
    pub fn try_admit(&self, cost: Cost) -> Option<Permit> {
        let cost = cost.0.min(self.shared.options.budget);
        let permits = u32::try_from(cost).unwrap_or(u32::MAX);
        let permit = Arc::clone(&self.shared.budget).try_acquire_many_owned(permits);
        permit.ok().map(|permit| Permit(Some(permit)))
    }

    /// Queues a request. Requests are sent in the order of these calls, as soon as there is a
    /// connection; many are sent in one write.
    pub fn send<R: Request>(&self, permit: Permit, request: R) -> Pending<R::Reply> {
        let waiting = Waiting::enqueue(&self.shared, permit, request.into(), false);
        Pending { waiting, take: R::reply }
    }

    /// Queues the last request, followed by the close of the session; both are sent together.
    /// [`Client::ended`] tells when the session is closed.
    pub fn send_last<R: Request>(&self, permit: Permit, request: R) -> Pending<R::Reply> {
        let waiting = Waiting::enqueue(&self.shared, permit, request.into(), true);
        Pending { waiting, take: R::reply }
    }

    /// Collects requests while the returned guard lives: they are sent some tens at a time, and not
    /// each as soon as possible. This is for callers that send many in a row, since waking the
    /// connection's task for each request costs more than everything else. Drop the guard before
    /// waiting for a reply.
    pub fn cork(&self) -> Cork {
        self.shared.cork();
        Cork(Arc::clone(&self.shared))
    }

    /// Sends a request and waits for its reply, at most for the session timeout.
    pub async fn call<R: Request>(&self, request: R) -> Result<R::Reply, Error> {
        let time = self.shared.options.timeout;
        self.call_within(time, request).await
    }

    /// Sends a request and waits for its reply, at most for this time.
    pub async fn call_within<R: Request>(
        &self,
        time: Duration,
        request: R,
    ) -> Result<R::Reply, Error> {
        self.send(Permit::unmetered(), request).within(time).await.value
    }

    /// Returns a snapshot of what is known about the session.
    pub fn facts(&self) -> Facts {
        let shared = &self.shared;
        let queued = shared.queue().entries.len();
        let mut facts = shared.known().facts.clone();
        facts.queued = queued;
        facts.last_zxid = Zxid(shared.last_zxid.load(Ordering::Relaxed));
        facts.in_flight = shared.in_flight.load(Ordering::Relaxed);
        facts.in_flight_bytes = shared.in_flight_bytes.load(Ordering::Relaxed);
        facts.unwatched_events = shared.unwatched.load(Ordering::Relaxed);
        facts
    }

    /// Takes the shortest round trip of a request since the last call, as measured by the
    /// connection's task; at first that of the handshake. Returns `None` if nothing was answered
    /// since.
    pub fn take_round_trip(&self) -> Option<Duration> {
        self.shared.take_round_trip()
    }

    /// Returns the sequence number of the latest reply, event or change of state.
    pub fn seq(&self) -> Seq {
        self.shared.seq()
    }

    /// Returns the state of the session.
    pub fn state(&self) -> State {
        *self.shared.state.borrow()
    }

    /// Returns a receiver to wait for changes of the state. It holds only the latest state; the
    /// [`Feed`] has the whole history.
    pub fn states(&self) -> watch::Receiver<State> {
        self.shared.state.subscribe()
    }

    /// Returns the watches of the session, sorted by path and kind.
    pub fn watches(&self) -> Vec<Registered> {
        self.shared.registry().list(&self.shared.chroot)
    }

    /// Forgets a watch without telling the server: its events are dropped, and it is not set again
    /// after a reconnect. Returns whether there was one.
    pub fn forget_watch(&self, path: &str, kind: WatchKind) -> bool {
        let full = self.shared.chroot.full(path).into_owned();
        self.shared.registry().forget(&full, kind)
    }

    /// Starts or stops reporting every request with its reply
    /// ([`Item::Exchange`](crate::Item::Exchange)).
    pub fn observe(&self, observe: bool) {
        self.shared.observe.store(observe, Ordering::Relaxed);
    }

    /// Returns the options that the session was started with.
    pub fn options(&self) -> &Options {
        &self.shared.options
    }

    /// Sends a four-letter word such as `srvr` to a server, on a separate connection over the same
    /// transport, and returns its reply of at most 64 KiB.
    pub async fn ask(&self, host: &Host, word: &str, time: Duration) -> Result<String, Cause> {
        word::ask(&*self.shared.options.dial, host, word, time).await
    }

    /// Waits until the client connects, or tries to connect, to a host, and returns the host;
    /// `None` once the session is over. Callers can then query that server in parallel with the
    /// handshake.
    pub async fn target(&self) -> Option<Host> {
        let mut targets = self.shared.target.subscribe();
        // The sender lives as long as this handle.
        let target = targets.wait_for(|target| *target != Target::None).await.ok()?;
        match &*target {
            Target::Host(host) => Some(host.clone()),
            Target::None | Target::Over => None,
        }
    }

    /// Breaks the connection, as a network failure would. The session stays open, and the client
    /// reconnects at once.
    pub fn break_connection(&self) {
        self.shared.command(Command::Break);
    }

    /// Closes the connection without closing the session, which will expire unless it is resumed
    /// with the returned value. The other handles of the session end, too.
    pub fn abandon(self) -> Resume {
        let resume = self.resume();
        self.shared.command(Command::Abandon);
        resume
    }

    /// Returns what another client needs to resume the session. Two clients cannot share it: each
    /// would take it away from the other.
    pub fn resume(&self) -> Resume {
        let facts = self.facts();
        Resume {
            session: facts.session.unwrap_or_default(),
            password: facts.password,
            last_zxid: facts.last_zxid.0,
            watches: self.watches(),
        }
    }

    /// Waits until the session is over, and returns why.
    pub async fn ended(&self) -> Cause {
        let mut states = self.states();
        // The sender lives as long as this handle.
        let _ = states.wait_for(|state| state.is_over()).await;
        self.facts().ended.unwrap_or(Cause::Closed)
    }

    /// Queues the close of the session behind all requests sent before, and does not wait for it.
    /// [`Client::ended`] tells when the session is closed.
    pub fn send_close(&self) {
        self.shared.close();
    }

    /// Closes the session after all requests sent before, and waits for the server's confirmation.
    /// Its ephemerals and watches are then gone. Without a connection it tries for two seconds to
    /// reach a server.
    pub async fn close(self) -> Result<(), Error> {
        self.shared.close();
        match self.ended().await {
            // Expired or closed: either way the session is gone.
            Cause::Closed | Cause::Expired => Ok(()),
            cause => Err(Error::Unknown { op: Op::CloseSession, path: "".into(), cause }),
        }
    }
}
