//! State that the handles and the connection's task share: the queue of requests, the watches, and
//! the facts about the session.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot, watch};
use tokio::time::Instant;

use crate::arrived::{Arrived, Outcome};
use crate::chroot::Chroot;
use crate::data::{Seq, Zxid};
use crate::encode::{self, AUTH_XID};
use crate::error::{Cause, Error};
use crate::feed;
use crate::host::Host;
use crate::op::Op;
use crate::options::{Options, Password};
use crate::permit::Permit;
use crate::queue::{Command, Entry, Queue};
use crate::request::AnyRequest;
use crate::state::{Facts, State};
use crate::watch_kind::WatchKind;
use crate::watches::{Registry, WatchOutcome};

/// The host that the session is on or about to be on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    None,
    Host(Host),
    /// The session is over.
    Over,
}

/// What the connection's task knows and publishes.
pub(crate) struct Known {
    pub(crate) facts: Facts,
}

pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) chroot: Chroot,
    queue: Mutex<Queue>,
    registry: Mutex<Registry>,
    known: Mutex<Known>,
    pub(crate) feed: Arc<feed::Queue>,
    pub(crate) state: watch::Sender<State>,
    /// The host that is connected or being tried.
    pub(crate) target: watch::Sender<Target>,
    pub(crate) budget: Arc<Semaphore>,
    pub(crate) observe: AtomicBool,
    seq: AtomicU64,
    pub(crate) last_zxid: AtomicI64,
    pub(crate) in_flight: AtomicUsize,
    pub(crate) in_flight_bytes: AtomicUsize,
    pub(crate) unwatched: AtomicU64,
    /// The shortest round trip since the last call of `take_round_trip`, in nanoseconds.
    round_trip: AtomicU64,
}

/// The value for "no round trip".
const NO_ROUND_TRIP: u64 = u64::MAX;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn new(options: Options) -> Self {
        let chroot = Chroot::new(&options.chroot);
        let mut registry = Registry::default();
        let resume = options.resume.as_ref();
        if let Some(resume) = resume {
            registry.adopt(&resume.watches, &chroot);
        }
        let facts = Facts {
            state: State::Connecting,
            ended: None,
            host: None,
            peer: None,
            session: resume.map(|resume| resume.session),
            password: resume.map_or_else(Password::default, |resume| resume.password.clone()),
            timeout: None,
            last_zxid: Zxid::default(),
            queued: 0,
            in_flight: 0,
            in_flight_bytes: 0,
            connections: 0,
            connected_since: None,
            handshake: None,
            unwatched_events: 0,
            attempts: Vec::new(),
        };
        Self {
            last_zxid: AtomicI64::new(resume.map_or(0, |resume| resume.last_zxid)),
            feed: Arc::new(feed::Queue::new(options.feed)),
            budget: Arc::new(Semaphore::new(options.budget.min(u32::MAX as usize))),
            observe: AtomicBool::new(options.observe),
            options,
            chroot,
            queue: Mutex::default(),
            registry: Mutex::new(registry),
            known: Mutex::new(Known { facts }),
            state: watch::Sender::new(State::Connecting),
            target: watch::Sender::new(Target::None),
            seq: AtomicU64::new(0),
            in_flight: AtomicUsize::new(0),
            in_flight_bytes: AtomicUsize::new(0),
            unwatched: AtomicU64::new(0),
            round_trip: AtomicU64::new(NO_ROUND_TRIP),
        }
    }

    pub(crate) fn queue(&self) -> MutexGuard<'_, Queue> {
        lock(&self.queue)
    }

    pub(crate) fn registry(&self) -> MutexGuard<'_, Registry> {
        lock(&self.registry)
    }

    pub(crate) fn known(&self) -> MutexGuard<'_, Known> {
        lock(&self.known)
    }

    /// Records a round trip of the connection; the first is that of the handshake.
    pub(crate) fn note_round_trip(&self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(NO_ROUND_TRIP);
        self.round_trip.fetch_min(nanoseconds, Ordering::Relaxed);
    }

    /// Takes the shortest recorded round trip.
    pub(crate) fn take_round_trip(&self) -> Option<Duration> {
        let nanoseconds = self.round_trip.swap(NO_ROUND_TRIP, Ordering::Relaxed);
        (nanoseconds != NO_ROUND_TRIP).then_some(Duration::from_nanos(nanoseconds))
    }

    pub(crate) fn next_seq(&self) -> Seq {
        Seq(self.seq.fetch_add(1, Ordering::Relaxed) + 1)
    }

    pub(crate) fn seq(&self) -> Seq {
        Seq(self.seq.load(Ordering::Relaxed))
    }

    /// Creates the outcome of a request that never got a reply.
    pub(crate) fn local(&self, error: Error) -> Outcome {
        Arrived { at: self.seq(), zxid: None, value: Err(error) }
    }

    /// Creates the outcome of a request whose connection task has ended.
    pub(crate) fn gone(&self, op: Op, path: &Arc<str>) -> Outcome {
        self.local(Error::unanswered(op, Arc::clone(path), Cause::RuntimeEnded))
    }

    /// Adds a request to the queue, and returns its number and the receiver of its reply. If it is
    /// the last one, the close of the session follows it.
    pub(crate) fn enqueue(
        &self,
        permit: Permit,
        request: AnyRequest,
        last: bool,
    ) -> Result<(u64, oneshot::Receiver<Outcome>), Error> {
        let (op, path) = (request.op(), request.path());
        if let Err(why) = encode::check(&request) {
            return Err(Error::Invalid { op, path, why });
        }
        let mut queue = self.queue();
        let refusal = queue.ended.clone().or_else(|| queue.closing.then_some(Cause::Closed));
        if let Some(cause) = refusal {
            return Err(Error::NotSent { op, path, cause });
        }
        let (sender, receiver) = oneshot::channel();
        let id = self.put(&mut queue, permit, request, sender)?;
        if last {
            self.put_close(&mut queue);
        }
        let waker = queue.waker_for_request();
        drop(queue);
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok((id, receiver))
    }

    fn put(
        &self,
        queue: &mut Queue,
        permit: Permit,
        request: AnyRequest,
        reply: oneshot::Sender<Outcome>,
    ) -> Result<u64, Error> {
        let xid = match &request {
            AnyRequest::AddAuth(_) => AUTH_XID,
            _ => queue.next_xid(),
        };
        let start = queue.bytes.len();
        encode::request(&request, xid, &self.chroot, &mut queue.bytes);
        let length = queue.bytes.len() - start;
        let (bytes, most) = (length - 4, self.options.max_request);
        if bytes > most {
            queue.bytes.truncate(start);
            return Err(Error::TooLarge { op: request.op(), path: request.path(), bytes, most });
        }
        if let Some((path, kinds)) = asks(&request) {
            let mut registry = self.registry();
            let full = self.chroot_of(&request).full(&path).into_owned();
            let covered = registry.covers(&full, kinds);
            registry.ask(&full, kinds, covered);
            if covered {
                encode::cover(&request, &mut queue.bytes);
            }
        }
        queue.next_id += 1;
        let id = queue.next_id;
        let queued = self.observe.load(Ordering::Relaxed).then(Instant::now);
        queue.entries.push_back(Entry {
            id,
            xid,
            length,
            request,
            reply,
            permit,
            queued,
            ends_at: 0,
            sent: None,
        });
        Ok(id)
    }

    fn put_close(&self, queue: &mut Queue) {
        queue.closing = true;
        let (reply, _) = oneshot::channel();
        // The close is far below the size limit of a request.
        let _ = self.put(queue, Permit::unmetered(), AnyRequest::Close, reply);
    }

    /// Returns the next requests that need not wait until a new session is open.
    pub(crate) fn take_early(&self) -> Vec<u8> {
        self.queue().take_early()
    }

    /// Puts back the requests that were sent early, because their replies will not come.
    pub(crate) fn restore_early(&self) {
        self.queue().early = 0;
    }

    /// Closes the session after all requests that are already queued.
    pub(crate) fn close(&self) {
        let mut queue = self.queue();
        if queue.closing || queue.ended.is_some() {
            return;
        }
        self.put_close(&mut queue);
        if let Some(waker) = queue.waker.take() {
            waker.wake();
        }
    }

    /// Collects requests until `uncork` is called.
    pub(crate) fn cork(&self) {
        self.queue().corks += 1;
    }

    pub(crate) fn uncork(&self) {
        let mut queue = self.queue();
        queue.corks -= 1;
        let waker = if queue.entries.is_empty() { None } else { queue.waker_for_request() };
        drop(queue);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn command(&self, command: Command) {
        let mut queue = self.queue();
        if queue.command != Some(Command::Abandon) {
            queue.command = Some(command);
        }
        if let Some(waker) = queue.waker.take() {
            waker.wake();
        }
    }

    /// Removes a request from the queue. Returns false if it was already sent.
    pub(crate) fn remove(&self, id: u64) -> bool {
        let mut queue = self.queue();
        let Some(index) = queue.entries.iter().position(|entry| entry.id == id) else {
            return false;
        };
        if index < queue.early {
            return false;
        }
        let start: usize = queue.entries.iter().take(index).map(|entry| entry.length).sum();
        let Some(entry) = queue.entries.remove(index) else { return false };
        queue.bytes.drain(start..start + entry.length);
        // This may be all that the task waits for.
        let waker = queue.waker.take();
        drop(queue);
        self.settle(&entry.request, None);
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    /// Returns the chroot of a request's path. The configuration is outside every chroot.
    pub(crate) fn chroot_of(&self, request: &AnyRequest) -> &Chroot {
        static NONE: Chroot = Chroot::none();
        if matches!(request, AnyRequest::GetConfig(_)) { &NONE } else { &self.chroot }
    }

    /// Records whether a request has set a watch.
    pub(crate) fn settle(&self, request: &AnyRequest, left: Option<WatchKind>) {
        if let Some((path, kinds)) = asks(request) {
            let path = self.chroot_of(request).full(&path).into_owned();
            let outcome = left.map_or(WatchOutcome::Not, WatchOutcome::Left);
            self.registry().settle(&path, kinds, outcome, std::time::SystemTime::now());
        }
    }
}

/// Returns the path and the kinds of the watches that a request may set.
pub(crate) fn asks(request: &AnyRequest) -> Option<(Arc<str>, &'static [WatchKind])> {
    match request {
        AnyRequest::Exists(read) if read.watch => {
            Some((Arc::clone(&read.path), &[WatchKind::Data, WatchKind::Exists]))
        }
        AnyRequest::GetData(read) if read.watch => {
            Some((Arc::clone(&read.path), &[WatchKind::Data]))
        }
        AnyRequest::GetConfig(read) if read.watch => Some((request.path(), &[WatchKind::Data])),
        AnyRequest::GetChildren(read) if read.watch => {
            Some((Arc::clone(&read.path), &[WatchKind::Child]))
        }
        AnyRequest::GetChildren2(read) if read.watch => {
            Some((Arc::clone(&read.path), &[WatchKind::Child]))
        }
        AnyRequest::AddWatch(add) => {
            let kinds: &[WatchKind] = match add.mode.kind() {
                WatchKind::PersistentRecursive => &[WatchKind::PersistentRecursive],
                _ => &[WatchKind::Persistent],
            };
            Some((Arc::clone(&add.path), kinds))
        }
        _ => None,
    }
}
