//! A client and its feed, from the opening of a session to its end.

use std::sync::{Mutex, MutexGuard, PoisonError};

use zookeeper::{AddAuth, Client, Feed, Options, Seq};

use super::{Settings, Stamp};
use crate::zk::{ServerVersion, Servers};

/// Maximum bytes of requests in flight and their replies. Scripts and walks stay far below it; the
/// limit protects against unexpected sizes.
const BUDGET: usize = 64 * 1024 * 1024;

/// Maximum number of znodes that are read with their data in one request, each with as much data as
/// a request can carry, and one more for everything else in the reply.
const ZNODES_IN_REPLY: usize = 32 + 1;

/// The client of one session, connected to one ensemble.
pub(super) struct Connection {
    pub(super) client: Client,
    pub(super) servers: Servers,
    feed: Mutex<Feed>,
    generation: u32,
    known: Mutex<KnownVersion>,
}

/// The known version of the connected server.
#[derive(Debug, Clone, Copy)]
struct KnownVersion {
    /// The number of the client's connection that the version belongs to, from 1.
    connection: u64,
    version: Version,
}

/// Whether we have asked for the server's version.
#[derive(Debug, Clone, Copy)]
pub(super) enum Version {
    Unasked,
    Asking,
    /// The version; `None` if the server does not tell it.
    Answered(Option<ServerVersion>),
}

impl Connection {
    /// Returns whether the session can move from one server to another.
    pub(super) fn has_several_servers(&self) -> bool {
        self.servers.hosts().len() > 1
    }

    /// Starts to connect to one of the servers and returns at once. Every server that answers gets
    /// `auth`.
    pub(super) fn start(
        settings: &Settings,
        servers: Servers,
        auth: Vec<AddAuth>,
        generation: u32,
        observe: bool,
    ) -> Self {
        let hosts = servers
            .hosts()
            .iter()
            .map(|host| zookeeper::Host { name: host.name.clone(), port: host.port });
        let mut options = Options::new(hosts);
        servers.chroot().as_str().clone_into(&mut options.chroot);
        options.timeout = settings.timeout;
        options.read_only = settings.read_only;
        options.max_request = settings.max_request;
        let reply = settings.max_request.saturating_mul(ZNODES_IN_REPLY);
        options.max_frame = options.max_frame.max(reply);
        options.budget = BUDGET;
        options.auth = auth;
        options.observe = observe;
        settings.transport.apply(&mut options);
        let (client, feed) = zookeeper::start(options);
        let known = Mutex::new(KnownVersion { connection: 0, version: Version::Unasked });
        Self { client, servers, feed: Mutex::new(feed), generation, known }
    }

    /// Locks the feed. The caller must handle each item before it releases the lock, so that items
    /// are reported in order.
    pub(super) fn feed(&self) -> MutexGuard<'_, Feed> {
        self.feed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the stamp for a sequence number of this client.
    pub(super) fn stamp(&self, place: Seq) -> Stamp {
        Stamp::new(self.generation, place)
    }

    /// Returns a stamp for the present, after everything that has arrived.
    pub(super) fn now(&self) -> Stamp {
        self.stamp(self.client.seq())
    }

    /// Returns what we know of the connected server's version.
    pub(super) fn version(&self) -> Version {
        self.known().version
    }

    /// Records that we have asked the connected server for its version.
    pub(super) fn asks(&self) {
        self.known().version = Version::Asking;
    }

    /// Records the version of the server on the connection with this number.
    pub(super) fn learn_version(&self, connection: u64, version: Option<ServerVersion>) {
        let mut known = self.known();
        if known.connection == connection {
            known.version = Version::Answered(version);
        }
    }

    /// Forgets the version of the last server, because another one may answer now.
    pub(super) fn forget_version(&self, connection: u64) {
        *self.known() = KnownVersion { connection, version: Version::Unasked };
    }

    fn known(&self) -> MutexGuard<'_, KnownVersion> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
