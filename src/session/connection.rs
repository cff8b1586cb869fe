//! A client and its feed, from the opening of a session to its end.

use std::sync::{Mutex, MutexGuard, PoisonError};

use zookeeper::{AddAuth, Client, Feed, Options, Seq};

use super::{Settings, Stamp};
use crate::zk::{ServerVersion, Servers};

/// Bytes that requests and the replies to them may take together. Scripts and walks keep far below
/// it; it bounds what they cannot foresee.
const BUDGET: usize = 64 * 1024 * 1024;

/// A client of one session, to one ensemble.
pub(super) struct Connection {
    pub(super) client: Client,
    pub(super) servers: Servers,
    feed: Mutex<Feed>,
    generation: u32,
    known: Mutex<KnownVersion>,
}

/// What is known of the version of the connected server.
#[derive(Debug, Clone, Copy)]
struct KnownVersion {
    /// Which of the client's connections it is known of, counted from 1.
    connection: u64,
    version: Version,
}

/// How far the question has come what a server runs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Version {
    Unasked,
    Asking,
    /// None if the server does not say.
    Answered(Option<ServerVersion>),
}

impl Connection {
    /// Returns whether the session may go from one server to another.
    pub(super) fn has_several_servers(&self) -> bool {
        self.servers.hosts().len() > 1
    }

    /// Starts to look for one of the servers; returns at once. `auth` is given to each that answers.
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
        options.budget = BUDGET;
        options.auth = auth;
        options.observe = observe;
        settings.transport.apply(&mut options);
        let (client, feed) = zookeeper::start(options);
        let known = Mutex::new(KnownVersion { connection: 0, version: Version::Unasked });
        Self { client, servers, feed: Mutex::new(feed), generation, known }
    }

    /// Returns the feed. Whoever holds it handles what it takes before letting it go, so that
    /// everything is told in its order.
    pub(super) fn feed(&self) -> MutexGuard<'_, Feed> {
        self.feed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the stamp of what this client has numbered so.
    pub(super) fn stamp(&self, place: Seq) -> Stamp {
        Stamp::new(self.generation, place)
    }

    /// Returns the stamp of what comes up now, after all that has arrived.
    pub(super) fn now(&self) -> Stamp {
        self.stamp(self.client.seq())
    }

    /// Returns what is known of what the connected server runs.
    pub(super) fn version(&self) -> Version {
        self.known().version
    }

    /// Notes that the connected server is being asked what it runs.
    pub(super) fn asks(&self) {
        self.known().version = Version::Asking;
    }

    /// Notes what the server of the client's connection of this number runs.
    pub(super) fn learn_version(&self, connection: u64, version: Option<ServerVersion>) {
        let mut known = self.known();
        if known.connection == connection {
            known.version = Version::Answered(version);
        }
    }

    /// Forgets what the last server ran: another one may answer now.
    pub(super) fn forget_version(&self, connection: u64) {
        *self.known() = KnownVersion { connection, version: Version::Unasked };
    }

    fn known(&self) -> MutexGuard<'_, KnownVersion> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
