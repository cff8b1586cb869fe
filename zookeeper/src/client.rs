//! The handle of a session.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;

use crate::connection;
use crate::data::{Seq, Zxid};
use crate::error::{Cause, Error};
use crate::feed::Feed;
use crate::op::Op;
use crate::options::{Host, Options, Resume};
use crate::pending::{Cost, Pending, Permit};
use crate::request::Request;
use crate::shared::{Command, Shared, Target};
use crate::state::{Facts, State};
use crate::watches::{Registered, WatchKind};
use crate::word;

/// Starts a session: a task that finds a server and keeps the session until it is over, a handle to
/// send requests with, and the feed of what is told without being asked.
///
/// It returns at once. Requests may be sent at once, too; they leave when a server is found.
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

/// The handle of a session. Clones are handles of the same session, which is closed when the last
/// one is dropped.
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

/// Requests gather as long as it lives; see [`Client::cork`].
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
    /// Waits until a request of this cost may be sent: until it and all that is sent and not
    /// answered take no more than [`Options::budget`]. This is where a caller waits; sending never
    /// does. What costs more than the whole budget waits until it is alone.
    pub async fn admit(&self, cost: Cost) -> Permit {
        let cost = cost.0.min(self.shared.options.budget);
        let permits = u32::try_from(cost).unwrap_or(u32::MAX);
        // The semaphore is never closed.
        Permit(Arc::clone(&self.shared.budget).acquire_many_owned(permits).await.ok())
    }

    /// Takes the right to send a request of this cost, if there is room now.
    pub fn try_admit(&self, cost: Cost) -> Option<Permit> {
        let cost = cost.0.min(self.shared.options.budget);
        let permits = u32::try_from(cost).unwrap_or(u32::MAX);
        let permit = Arc::clone(&self.shared.budget).try_acquire_many_owned(permits);
        permit.ok().map(|permit| Permit(Some(permit)))
    }

    /// Queues a request. Requests leave in the order of these calls, as soon as there is a
    /// connection; many leave together.
    pub fn send<R: Request>(&self, permit: Permit, request: R) -> Pending<R::Reply> {
        let waiting = self.shared.enqueue(permit, request.into(), false);
        Pending { waiting, take: R::reply }
    }

    /// Queues the last request and the close of the session behind it: both leave together.
    /// [`Client::ended`] tells when the session is closed.
    pub fn send_last<R: Request>(&self, permit: Permit, request: R) -> Pending<R::Reply> {
        let waiting = self.shared.enqueue(permit, request.into(), true);
        Pending { waiting, take: R::reply }
    }

    /// Lets requests gather: as long as what is returned lives, they leave some tens at a time, and not
    /// each as soon as it can. For a caller that sends many in a row: to wake the connection's task for
    /// each costs more than all else. Whoever waits for a reply drops it before.
    pub fn cork(&self) -> Cork {
        self.shared.cork();
        Cork(Arc::clone(&self.shared))
    }

    /// Sends a request and waits for its reply, for the session timeout at most.
    pub async fn call<R: Request>(&self, request: R) -> Result<R::Reply, Error> {
        let time = self.shared.options.timeout;
        self.call_within(time, request).await
    }

    /// Sends a request and waits for its reply, for this time at most.
    pub async fn call_within<R: Request>(
        &self,
        time: Duration,
        request: R,
    ) -> Result<R::Reply, Error> {
        self.send(Permit::unmetered(), request).within(time).await.value
    }

    /// Returns what is known of the session now.
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

    /// Takes the shortest round trip of a request since the last call, as the connection's task has
    /// seen it; at first that of the handshake. None where nothing was answered since.
    pub fn take_round_trip(&self) -> Option<Duration> {
        self.shared.take_round_trip()
    }

    /// Returns the place of what arrived last, in the order of replies, events and changes of the
    /// state.
    pub fn seq(&self) -> Seq {
        self.shared.seq()
    }

    /// Returns the state of the session.
    pub fn state(&self) -> State {
        *self.shared.state.borrow()
    }

    /// Returns a view of the state that can be waited on. It has the last state only; the
    /// [`Feed`] has the whole history.
    pub fn states(&self) -> watch::Receiver<State> {
        self.shared.state.subscribe()
    }

    /// Returns the watches that the session holds, by path and kind.
    pub fn watches(&self) -> Vec<Registered> {
        self.shared.registry().list(&self.shared.chroot)
    }

    /// Forgets a watch without telling the server: its event is dropped, and it is not registered
    /// again after a reconnection. Returns whether there was one.
    pub fn forget_watch(&self, path: &str, kind: WatchKind) -> bool {
        let full = self.shared.chroot.full(path).into_owned();
        self.shared.registry().forget(&full, kind)
    }

    /// Starts or stops to tell of every request and its reply
    /// ([`Item::Exchange`](crate::Item::Exchange)).
    pub fn observe(&self, observe: bool) {
        self.shared.observe.store(observe, Ordering::Relaxed);
    }

    /// Returns the options that the session was started with.
    pub fn options(&self) -> &Options {
        &self.shared.options
    }

    /// Asks a server with a four-letter word such as `srvr`, on a connection of its own over the
    /// same transport, and returns its answer of at most 64 KiB.
    pub async fn ask(&self, host: &Host, word: &str, time: Duration) -> Result<String, Cause> {
        word::ask(&*self.shared.options.dial, host, word, time).await
    }

    /// Waits until a host is connected to or tried, and returns it; none once the session is over.
    /// What is to be known of the server can so be asked beside the handshake.
    pub async fn target(&self) -> Option<Host> {
        let mut targets = self.shared.target.subscribe();
        // The sender lives as long as this handle.
        let target = targets.wait_for(|target| *target != Target::None).await.ok()?;
        match &*target {
            Target::Host(host) => Some(host.clone()),
            Target::None | Target::Over => None,
        }
    }

    /// Drops the connection, as if the network had. The session stays, and a server is looked for
    /// at once.
    pub fn break_connection(&self) {
        self.shared.command(Command::Break);
    }

    /// Drops the connection for good and leaves the session as it is: it will expire, unless it is
    /// taken up with what is returned. All other handles are at their end, too.
    pub fn abandon(self) -> Resume {
        let resume = self.resume();
        self.shared.command(Command::Abandon);
        resume
    }

    /// Returns what another client needs to take the session over. Two clients cannot share it:
    /// each takes it from the other.
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

    /// Closes the session behind everything that was sent, and waits until the server has said so.
    /// Its ephemerals and watches are gone then. Without a connection it tries for two seconds to
    /// find a server.
    pub async fn close(self) -> Result<(), Error> {
        self.shared.close();
        match self.ended().await {
            // Expired or closed: it is gone.
            Cause::Closed | Cause::Expired => Ok(()),
            cause => Err(Error::Unknown { op: Op::CloseSession, path: "".into(), cause }),
        }
    }
}
