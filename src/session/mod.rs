//! The session: one connection to one ensemble, its state, and every operation on it.
//!
//! This is the only place that names the client crate. It adds to the crate what a shell needs: a
//! reason when no server answers, the path in every error, a deadline for every request, events
//! without repetition, and a close that the server has seen. It prints nothing.

mod acl;
mod auth;
mod clearing;
mod config;
mod connect;
mod ephemerals;
mod event;
mod gather;
mod look;
mod malformed;
mod many;
mod operation;
mod order;
mod persistent;
mod protect;
mod quota;
mod release;
mod stat;
mod subtree;
mod survey;
mod tap;
mod thread;
mod trail;
mod transaction;
mod waiting;
mod walk;
mod watches;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinHandle;
use zookeeper::{Client, SessionState};

pub use self::acl::Acl;
use self::auth::Credentials;
pub use self::auth::{Identity, digest};
pub use self::config::Membership;
use self::connect::Trouble;
use self::ephemerals::Ephemerals;
pub use self::event::{Event, EventKind, Losses, Remark, State, Turn};
use self::gather::Gather;
pub use self::look::{Change, Facet, Seen};
pub use self::malformed::{expect_malformed_replies, is_malformed_reply};
pub use self::operation::{CreateMode, MAX_REQUEST_BYTES};
pub use self::order::{Dated, Order, Stamp};
use self::persistent::Cause;
pub use self::quota::{Limit, Quota, Track};
use self::release::Release;
pub use self::stat::Stat;
pub use self::survey::Survey;
pub use self::trail::{Step, Trail};
pub use self::transaction::{Applied, Operation, Transacted};
pub(crate) use self::waiting::not_connected;
pub use self::walk::{Turns, Walk};
pub use self::watches::{Watch, WatchKind, Watches};
use crate::zk::Servers;
use crate::zk::ZnodePath;

/// How long `close` waits for the server to have seen the end of the session. A live server takes
/// a few milliseconds; a dead one must not hold the user.
const CLOSE_DEADLINE: Duration = Duration::from_secs(2);

/// A connection made within this time is no event: nobody has seen a prompt that said CONNECTING.
const GRACE: Duration = Duration::from_millis(250);

/// How a session is opened.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The session timeout asked of the server, and the longest wait for any reply.
    pub timeout: Duration,
    /// Accept a server that cannot reach its quorum.
    pub read_only: bool,
    /// The largest request that is sent, in bytes; the server's `jute.maxbuffer`.
    pub max_request: usize,
    /// The longest wait while every server refuses connections.
    pub refused: Duration,
}

/// What the session tells without being asked.
#[derive(Debug, Clone)]
pub enum Notice {
    /// A watched znode has changed, and when its event arrived.
    Event(Event, Stamp),
    /// The connection was lost or found, or the session is over.
    Turn(Turn),
    /// Something the user should know of, and when it came up.
    Remark(Remark, Stamp),
    /// The state has changed; the prompt shows it.
    State(State),
}

/// The shell's one session; it can be closed and opened again, to other servers too.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    settings: Settings,
    notify: Arc<dyn Fn(Notice) + Send + Sync>,
    status: watch::Sender<Status>,
    link: Mutex<Link>,
    watches: Watches,
    ephemerals: Mutex<Ephemerals>,
    delivery: JoinHandle<()>,
    order: Order,
    gather: Mutex<Gather>,
    sent: AtomicU64,
    written: AtomicU64,
    working: Mutex<Option<ZnodePath>>,
    credentials: Mutex<Credentials>,
}

#[derive(Debug, Clone)]
struct Status {
    state: State,
    /// Why no server answers, as last seen.
    trouble: Option<String>,
    /// Since when every server refuses connections.
    refused: Option<Instant>,
    expired: bool,
    /// Whether a request has waited for a server in vain since the state last changed.
    given_up: bool,
}

/// The connection, and the tasks that keep it.
#[derive(Default)]
struct Link {
    servers: Option<Servers>,
    client: Option<Arc<Client>>,
    keeper: Option<JoinHandle<()>>,
    /// What the servers run, once they were asked.
    releases: Option<Vec<Release>>,
}

impl Session {
    /// Makes a session that is not open yet. `notify` is called from the runtime's threads and
    /// must not block.
    ///
    /// # Panics
    /// Panics outside a tokio runtime.
    pub fn new(settings: Settings, notify: impl Fn(Notice) + Send + Sync + 'static) -> Self {
        let notify: Arc<dyn Fn(Notice) + Send + Sync> = Arc::new(notify);
        let sink = Arc::clone(&notify);
        let order = Order::default();
        let watches =
            Watches::new(order.clone(), move |event, stamp| sink(Notice::Event(event, stamp)));
        let driver = watches.clone();
        let delivery = tokio::spawn(async move { driver.run().await });
        let (status, _) = watch::channel(Status {
            state: State::Closed,
            trouble: None,
            refused: None,
            expired: false,
            given_up: false,
        });
        let link = Mutex::default();
        let (sent, written) = (AtomicU64::new(0), AtomicU64::new(0));
        let (working, ephemerals) = (Mutex::default(), Mutex::default());
        Self(Arc::new(Inner {
            settings,
            notify,
            status,
            link,
            watches,
            ephemerals,
            delivery,
            order,
            gather: Mutex::default(),
            sent,
            written,
            working,
            credentials: Mutex::default(),
        }))
    }

    /// Starts to look for one of the servers; returns at once. Any earlier session is to be closed
    /// before.
    pub fn open(&self, servers: Servers) {
        self.gather_anew();
        self.set_state(State::Connecting, |status| {
            status.trouble = None;
            status.refused = None;
            status.expired = false;
        });
        self.losses();
        let this = self.clone();
        let target = servers.clone();
        let keeper = tokio::spawn(async move { this.keep(target).await });
        let mut link = self.link();
        link.servers = Some(servers);
        link.releases = None;
        link.keeper = Some(keeper);
    }

    /// Connects, then follows the states of the connection until the session is over.
    async fn keep(self, servers: Servers) {
        let Settings { timeout, read_only, .. } = self.0.settings;
        let begun = Instant::now();
        let client = connect::connect(&servers, timeout, read_only, |trouble| {
            let Trouble { words, refused } = trouble;
            let news = self.0.status.send_if_modified(|status| {
                let news = status.trouble.as_ref() != Some(&words);
                status.trouble = Some(words.clone());
                let since = refused.then(|| status.refused.unwrap_or_else(Instant::now));
                let turned = since != status.refused;
                status.refused = since;
                news || turned
            });
            if news {
                self.remark(Remark::Trouble(words));
            }
        })
        .await;
        let mut states = client.state_watcher();
        let mut last = client.state();
        self.authenticate(&client, &servers);
        self.link().client = Some(Arc::new(client));
        let silence = begun.elapsed();
        self.follow(last, (silence > GRACE).then_some(silence), false);
        let mut broken = Instant::now();
        while !last.is_terminated() {
            let before = last;
            last = tokio::select! {
                state = states.changed() => state,
                () = self.0.watches.weakened() => {
                    tokio::spawn(self.clone().rearm(Cause::Weakened));
                    continue;
                }
            };
            if last == SessionState::Disconnected {
                broken = Instant::now();
                self.link().releases = None;
                self.gather_anew();
            }
            let back = before == SessionState::Disconnected;
            self.follow(last, back.then(|| broken.elapsed()), true);
            // A short break shows its end only.
            if self.state().is_connected() {
                tokio::spawn(self.clone().rearm(Cause::Reconnected));
            }
        }
    }

    /// Takes note of a state; `silence` tells how long no server had answered before.
    fn follow(&self, seen: SessionState, silence: Option<Duration>, is_turn: bool) {
        let (state, name) = match seen {
            SessionState::Disconnected => (State::Connecting, "Disconnected"),
            SessionState::SyncConnected => (State::Connected, "SyncConnected"),
            SessionState::ConnectedReadOnly => (State::ConnectedReadOnly, "ConnectedReadOnly"),
            SessionState::AuthFailed => {
                self.forget_refused();
                (State::AuthFailed, "AuthFailed")
            }
            SessionState::Expired => (State::Closed, "Expired"),
            SessionState::Closed => (State::Closed, "Closed"),
        };
        // Events of znodes that the server sent before come first.
        self.0.watches.deliver();
        if is_turn || silence.is_some() {
            let losses = if state.is_over() { self.losses() } else { Losses::default() };
            let session = self.id().unwrap_or_default();
            (self.0.notify)(Notice::Turn(Turn { state: name, session, silence, losses }));
        }
        self.set_state(state, |status| {
            status.expired = seen == SessionState::Expired;
            if state.is_connected() {
                status.trouble = None;
                status.refused = None;
            }
        });
    }

    fn remark(&self, remark: Remark) {
        (self.0.notify)(Notice::Remark(remark, self.0.order.now()));
    }

    /// Forgets what belongs to the session that is over, and returns it.
    fn losses(&self) -> Losses {
        let (ephemerals, more_ephemerals) = self.ephemerals().take();
        Losses { ephemerals, more_ephemerals, watches: self.0.watches.take_lost() }
    }

    fn ephemerals(&self) -> MutexGuard<'_, Ephemerals> {
        self.0.ephemerals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_state(&self, state: State, more: impl FnOnce(&mut Status)) {
        self.0.status.send_modify(|status| {
            status.state = state;
            status.given_up = false;
            more(status);
        });
        (self.0.notify)(Notice::State(state));
    }

    /// Returns the state, as the prompt names it.
    pub fn state(&self) -> State {
        self.0.status.borrow().state
    }

    /// Returns the servers of the session, open or closed.
    pub fn servers(&self) -> Option<Servers> {
        self.link().servers.clone()
    }

    /// Returns whether `/` is the server's own root, with `/zookeeper` in it.
    fn sees_real_root(&self) -> bool {
        self.link().servers.as_ref().is_none_or(|servers| servers.chroot().is_root())
    }

    /// Returns where relative paths start from. None where paths must be absolute: in scripts, as
    /// long as they have not chosen one.
    pub fn working_path(&self) -> Option<ZnodePath> {
        self.0.working.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Chooses where relative paths start from; whether it exists is not asked.
    pub fn work_in(&self, path: ZnodePath) {
        *self.0.working.lock().unwrap_or_else(PoisonError::into_inner) = Some(path);
    }

    /// Returns the session's number, once a server has given one.
    pub fn id(&self) -> Option<i64> {
        self.link().client.as_ref().map(|client| client.session_id().0)
    }

    /// Returns a number that has grown when requests have left, or wait only for others to leave
    /// with them.
    pub fn requests_sent(&self) -> u64 {
        self.0.sent.load(Ordering::Relaxed)
    }

    /// Returns how many writes have been applied by now, or may have been.
    pub fn writes_applied(&self) -> u64 {
        self.0.written.load(Ordering::Relaxed)
    }

    /// Returns the largest request that is sent, in bytes.
    pub fn max_request(&self) -> usize {
        self.0.settings.max_request
    }

    /// Returns the order in which replies and events arrive.
    pub fn order(&self) -> &Order {
        &self.0.order
    }

    /// Returns the watches that the session holds.
    pub fn watches(&self) -> &Watches {
        &self.0.watches
    }

    /// Closes the session, so that its ephemerals are gone at once, and waits until the server has
    /// said so, or for two seconds. Does nothing when there is none.
    pub async fn close(&self) {
        let keeper = self.link().keeper.take();
        if let Some(keeper) = keeper {
            keeper.abort();
            // It may be just about to hand over a client; that one is to be closed as well.
            let _ = keeper.await;
        }
        let client = self.link().client.take();
        if let Some(client) = client {
            let mut states = client.state_watcher();
            // The session ends when the last handle is dropped.
            let over = client.state().is_terminated();
            drop(client);
            let ended = async { while !states.changed().await.is_terminated() {} };
            if !over {
                let _ = tokio::time::timeout(CLOSE_DEADLINE, ended).await;
            }
        }
        self.0.watches.remove(|_| true);
        if self.state() != State::Closed {
            self.set_state(State::Closed, |status| status.expired = false);
        }
    }

    fn link(&self) -> MutexGuard<'_, Link> {
        self.0.link.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.delivery.abort();
    }
}
