//! The session: one connection to one ensemble, its state, and every operation on it.
//!
//! Only this module uses the client crate. It adds what a shell needs: the path in every error, the
//! user's watches kept apart from the shell's own, credentials and ephemerals that outlive a
//! session, and proof that a followed znode missed no change. It prints nothing.

mod acls;
mod admin_server;
mod call;
mod child_names;
mod config;
mod connection;
mod credentials;
mod descendants;
mod elsewhere;
mod ephemerals;
mod examination;
mod exchange;
mod failure;
mod feed;
mod follow;
mod four_letter_word;
mod lifecycle;
mod multi_read;
mod named;
mod operation;
mod read_batch;
pub mod recording;
mod server;
mod stamp;
mod state;
mod trace;
mod transaction;
mod transport;
mod waiting_queue;
mod watch_znode;
mod watches;
mod watching;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

pub use self::acls::AclReply;
pub use self::admin_server::AdminReply;
pub use self::child_names::ChildNames;
pub use self::config::EnsembleChange;
use self::connection::Connection;
use self::credentials::Credentials;
pub use self::credentials::Identity;
use self::ephemerals::Ephemerals;
pub use self::examination::{CertificateStatus, CheckFailure, CheckFinding, CheckStep, Checked};
use self::exchange::Exchanges;
pub use self::exchange::{Answer, Done, Exchange, Request};
use self::failure::Status;
pub(crate) use self::failure::not_connected;
pub use self::follow::{Follow, Step};
pub use self::four_letter_word::ServerReply;
use self::lifecycle::Lifecycle;
pub use self::lifecycle::SessionFacts;
pub use self::multi_read::{BatchSize, NodeReply};
pub use self::named::{Named, PerSession, SessionTag, Sessions, Switched};
pub use self::operation::{CreateMode, MAX_REQUEST_BYTES};
pub use self::read_batch::Cork;
use self::read_batch::ReadBatcher;
pub use self::stamp::Stamp;
pub use self::state::{Losses, SessionEvent, State, StateChange, Warning};
pub use self::trace::Trace;
pub use self::transaction::{MultiResult, OpResult, Operation};
pub use self::transport::Transport;
pub use self::watch_znode::{Aspect, NextChange, Snapshot};
pub use self::watches::Watch;
use self::watches::Watches;
use crate::zk::Servers;

/// A connection established within this time is not reported, because no prompt has shown
/// CONNECTING.
const GRACE: Duration = Duration::from_millis(250);

/// The settings of a session.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The session timeout to request, and the longest wait for any reply.
    pub timeout: Duration,
    /// Whether to accept a server that cannot reach its quorum.
    pub read_only: bool,
    /// Maximum size of a request in bytes, the `jute.maxbuffer` of the server.
    pub max_request: usize,
    /// The longest wait while every server refuses connections.
    pub refused: Duration,
    /// How connections are secured.
    pub transport: Transport,
}

/// A session, which can be closed and opened again, also on other servers. Clones refer to the same
/// session.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    settings: Settings,
    notify: Box<dyn Fn(SessionEvent) + Send + Sync>,
    status: watch::Sender<Status>,
    lifecycle: Mutex<Lifecycle>,
    credentials: Mutex<Credentials>,
    ephemerals: Mutex<Ephemerals>,
    watches: Watches,
    exchanges: Mutex<Exchanges>,
    reads: Mutex<ReadBatcher>,
}

impl Session {
    /// Returns an error if the transport settings do not allow a session on these servers.
    pub fn can_secure(&self, servers: &Servers) -> crate::error::Result<()> {
        self.0.settings.transport.require(servers)
    }

    /// Creates a session that is not open. `notify` is called on runtime threads and must not
    /// block.
    pub fn new(settings: Settings, notify: impl Fn(SessionEvent) + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner {
            settings,
            notify: Box::new(notify),
            status: watch::channel(Status::default()).0,
            lifecycle: Mutex::default(),
            credentials: Mutex::default(),
            ephemerals: Mutex::default(),
            watches: Watches::default(),
            exchanges: Mutex::default(),
            reads: Mutex::default(),
        }))
    }

    /// Makes another session with the same settings but this timeout. It is not open, and its
    /// notifications are dropped.
    #[must_use]
    pub fn without_notifications(&self, timeout: Duration) -> Self {
        Self::new(Settings { timeout, ..self.0.settings.clone() }, |_| {})
    }

    /// Returns the state, as shown in the prompt.
    pub fn state(&self) -> State {
        self.0.status.borrow().state
    }

    /// Returns the servers of the session, open or closed.
    pub fn servers(&self) -> Option<Servers> {
        self.lifecycle().servers.clone()
    }

    /// Returns whether `/` is the real root of the server, which contains `/zookeeper`.
    pub fn sees_real_root(&self) -> bool {
        self.lifecycle().servers.as_ref().is_none_or(|servers| servers.chroot().is_root())
    }

    /// Returns the session id, once a server has assigned one.
    pub fn id(&self) -> Option<i64> {
        self.current()?.client.facts().session
    }

    /// Returns a stamp after everything that has arrived.
    pub fn latest(&self) -> Stamp {
        self.current().map_or(Stamp::LAST, |connection| connection.now().next())
    }

    /// Returns the maximum size of a request in bytes.
    pub fn max_request(&self) -> usize {
        self.0.settings.max_request
    }

    /// Returns the user's watches, sorted by path and kind.
    pub fn watches(&self) -> Vec<Watch> {
        self.0.watches.list()
    }

    /// Returns the session's ephemerals: the paths of the first ones, and the number of further
    /// ones.
    pub fn own_ephemerals(&self) -> (Vec<String>, u64) {
        self.ephemerals().list()
    }

    /// Returns whether connections use TLS.
    pub fn is_secured(&self) -> bool {
        self.0.settings.transport.is_secured()
    }

    /// Returns the session that owns an ephemeral, 0 for any other znode, or `None` if the znode
    /// does not exist.
    ///
    /// # Errors
    /// Those of `exists`.
    pub async fn owner_of(&self, path: &crate::zk::ZnodePath) -> crate::error::Result<Option<i64>> {
        Ok(self.exists(path, false).await?.map(|stat| stat.ephemeral_owner))
    }

    /// Returns the current client, or `None` if the session is closed.
    fn current(&self) -> Option<Arc<Connection>> {
        self.lifecycle().connection.clone()
    }

    fn lifecycle(&self) -> MutexGuard<'_, Lifecycle> {
        lock(&self.0.lifecycle)
    }

    fn ephemerals(&self) -> MutexGuard<'_, Ephemerals> {
        lock(&self.0.ephemerals)
    }

    fn credentials(&self) -> MutexGuard<'_, Credentials> {
        lock(&self.0.credentials)
    }

    fn notify(&self, event: SessionEvent) {
        (self.0.notify)(event);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
