//! The operations on znodes. Each sends its request when it is first polled, so that requests leave
//! in the order in which they are started.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt;
use zookeeper::{Acls, Client};

use super::release::Release;
use super::{Acl, Session, Stat, WatchKind, not_connected};
use crate::error::{Code, Error, Kind, Result};
use crate::zk::ZnodePath;

/// The largest request that a server takes unless its `jute.maxbuffer` says otherwise, in bytes.
pub const MAX_REQUEST_BYTES: usize = 0xf_ffff;

/// The longest total of watched paths with which the client crate can reconnect, in bytes: it has
/// to send them all in one request, and cannot when they need two.
const MAX_WATCHED_BYTES: usize = 120 * 1024;

/// Bytes that a request takes besides its strings: header, lengths, flags.
const FIXED_BYTES: usize = 24;

/// What sort of znode `create` makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CreateMode {
    /// Gone with the session.
    pub ephemeral: bool,
    /// Ten digits are appended to the name.
    pub sequential: bool,
    /// Deleted by the server once its last child is gone.
    pub container: bool,
    /// Deleted by the server when unchanged and childless for so long.
    pub ttl: Option<Duration>,
}

impl CreateMode {
    pub(super) fn of_client(self) -> zookeeper::CreateMode {
        match (self.container, self.ephemeral, self.sequential) {
            (true, _, _) => zookeeper::CreateMode::Container,
            (_, true, true) => zookeeper::CreateMode::EphemeralSequential,
            (_, true, false) => zookeeper::CreateMode::Ephemeral,
            (_, false, true) => zookeeper::CreateMode::PersistentSequential,
            (_, false, false) => zookeeper::CreateMode::Persistent,
        }
    }
}

impl Session {
    /// Sends one request and waits for its reply. The error names `path`.
    pub(super) async fn call<T>(
        &self,
        path: &str,
        request: impl AsyncFnOnce(&Client) -> zookeeper_result::Result<T>,
    ) -> Result<T> {
        // Whether the request just left before the session ended or not: the words are the same.
        let client = self.client().await.map_err(|error| error.at(path))?;
        // What has begun before leaves before.
        self.send_reads();
        self.0.sent.fetch_add(1, Ordering::Relaxed);
        // A malformed reply makes the client crate panic in the future that reads it.
        let reply = AssertUnwindSafe(request(&client)).catch_unwind();
        match tokio::time::timeout(self.0.settings.timeout, reply).await {
            Ok(Ok(Ok(value))) => Ok(value),
            Ok(Ok(Err(error))) => Err(refused(&error, path)),
            Ok(Err(_)) => Err(unreadable(path)),
            Err(_) => Err(Error::code(Code::OperationTimeout, path)),
        }
    }

    /// Takes note of what came of a write.
    pub(super) fn written<T>(&self, result: Result<T>) -> Result<T> {
        let result = result.map_err(Error::of_write);
        if result.as_ref().err().is_none_or(Error::is_uncertain) {
            self.0.written.fetch_add(1, Ordering::Relaxed);
        }
        result
    }

    /// Reads a znode's data and stat.
    pub async fn get_data(&self, path: &ZnodePath, watch: bool) -> Result<(Vec<u8>, Stat)> {
        let at = path.as_str();
        if !watch {
            let (data, stat) = self.call(at, async |client| client.get_data(at).await).await?;
            return Ok((data, stat.into()));
        }
        self.check_watchable(path)?;
        let (data, stat, watcher) =
            self.call(at, async |client| client.get_and_watch_data(at).await).await?;
        self.0.watches.add_once(path, WatchKind::Data, watcher);
        Ok((data, stat.into()))
    }

    /// Returns the stat of a znode; none where there is no such znode, which can be watched too.
    pub async fn exists(&self, path: &ZnodePath, watch: bool) -> Result<Option<Stat>> {
        let at = path.as_str();
        if !watch {
            let stat = self.call(at, async |client| client.check_stat(at).await).await?;
            return Ok(stat.map(Stat::from));
        }
        self.check_watchable(path)?;
        let (stat, watcher) =
            self.call(at, async |client| client.check_and_watch_stat(at).await).await?;
        self.0.watches.add_once(path, WatchKind::Data, watcher);
        Ok(stat.map(Stat::from))
    }

    /// Returns the names of the children, in no order, and the stat of their parent.
    pub async fn children(&self, path: &ZnodePath, watch: bool) -> Result<(Vec<String>, Stat)> {
        let at = path.as_str();
        if !watch {
            let (names, stat) = self.call(at, async |client| client.get_children(at).await).await?;
            return Ok((names, stat.into()));
        }
        self.check_watchable(path)?;
        let (names, stat, watcher) =
            self.call(at, async |client| client.get_and_watch_children(at).await).await?;
        self.0.watches.add_once(path, WatchKind::Child, watcher);
        Ok((names, stat.into()))
    }

    /// Returns the names of the children, in no order.
    pub async fn child_names(&self, path: &ZnodePath) -> Result<Vec<String>> {
        let at = path.as_str();
        self.call(at, async |client| client.list_children(at).await).await
    }

    /// Writes a znode's data; with `version`, only if that is its version.
    pub async fn set_data(
        &self,
        path: &ZnodePath,
        data: &[u8],
        version: Option<i32>,
    ) -> Result<Stat> {
        let at = path.as_str();
        self.check_size(path, FIXED_BYTES + at.len() + data.len())?;
        let stat = self.call(at, async |client| client.set_data(at, data, version).await).await;
        self.written(stat).map(Stat::from)
    }

    /// Creates a znode and returns its path; of a sequential one, with the ten digits that the
    /// server has appended to `prefix`.
    pub async fn create(
        &self,
        prefix: &str,
        data: &[u8],
        mode: CreateMode,
        acl: &Acl,
    ) -> Result<String> {
        let whole = if mode.sequential { format!("{prefix}0000000000") } else { prefix.to_owned() };
        let path = ZnodePath::new(whole)?;
        if mode.container || mode.ttl.is_some() {
            let what = if mode.container { "containers" } else { "TTL znodes" };
            Box::pin(self.needs(what, Release(3, 5))).await?;
        }
        self.check_size(&path, FIXED_BYTES + prefix.len() + data.len() + acl.wire_length())?;
        let mut options = mode.of_client().with_acls(Acls::new(acl.entries()));
        if let Some(ttl) = mode.ttl {
            options = options.with_ttl(ttl);
        }
        // The client crate refuses `/` even where digits follow, and its own root inside a chroot;
        // seen from the real root both are ordinary paths.
        let real = (prefix == "/").then(|| self.real_root(mode)).flatten();
        let created = self.call(prefix, async |client| match &real {
            Some(real) => {
                let real_root = client.clone().chroot("/");
                let client = real_root.map_err(|_| zookeeper::Error::ClientClosed)?;
                Box::pin(client.create(real, data, &options)).await
            }
            None => client.create(prefix, data, &options).await,
        });
        let (_, sequence) = self.written(created.await)?;
        let path = if mode.sequential { format!("{prefix}{sequence}") } else { prefix.to_owned() };
        if mode.ephemeral {
            self.ephemerals().made(&path);
        }
        Ok(path)
    }

    /// Returns the path of `/` as it is seen from the server's own root, where the client crate
    /// would not create `/` under that name.
    fn real_root(&self, mode: CreateMode) -> Option<String> {
        let chroot = self.servers().map(|servers| servers.chroot().clone());
        let chroot = chroot.filter(|chroot| !chroot.is_root());
        let end = if mode.sequential { "/" } else { "" };
        (chroot.is_some() || mode.sequential)
            .then(|| format!("{}{end}", chroot.as_ref().map_or("", ZnodePath::as_str)))
    }

    /// Deletes a znode without children; with `version`, only if that is its version.
    pub async fn delete(&self, path: &ZnodePath, version: Option<i32>) -> Result<()> {
        let at = path.as_str();
        self.written(self.call(at, async |client| client.delete(at, version).await).await)?;
        self.ephemerals().deleted(at);
        Ok(())
    }

    /// Waits until the connected server has caught up with the leader.
    pub async fn sync(&self, path: &ZnodePath) -> Result<()> {
        let at = path.as_str();
        self.call(at, async |client| client.sync(at).await).await
    }

    /// Checks that a request of `bytes` bytes will be taken by the server. One that is too large
    /// would break the connection for every other request as well.
    pub(super) fn check_size(&self, path: &ZnodePath, bytes: usize) -> Result<()> {
        let chroot = self.chroot_bytes();
        let most = self.0.settings.max_request;
        if bytes + chroot <= most {
            return Ok(());
        }
        Err(Error::new(
            Kind::Refused,
            format!("Too large for one request: {path} with its data takes {bytes} bytes, the server takes {most}"),
        )
        .with_hint("where the servers have a larger jute.maxbuffer, give it with --max-request"))
    }

    pub(super) fn check_watchable(&self, path: &ZnodePath) -> Result<()> {
        if self.0.watches.watched_bytes() + path.as_str().len() <= MAX_WATCHED_BYTES {
            return Ok(());
        }
        Err(Error::new(
            Kind::Refused,
            format!("Too many watches: the paths watched may take {MAX_WATCHED_BYTES} bytes in all, or the session could not reconnect"),
        )
        .with_hint("removewatches lets go of some"))
    }
}

/// What the client crate's methods return.
pub(super) mod zookeeper_result {
    pub(in crate::session) type Result<T> = std::result::Result<T, zookeeper::Error>;
}

/// What is said of a reply that is none to what was asked.
pub(super) fn unreadable(path: &str) -> Error {
    Error::new(Kind::Bug, format!("The server's reply cannot be read: {path}"))
}

/// Puts the client crate's error into ours.
pub(super) fn refused(error: &zookeeper::Error, path: &str) -> Error {
    use zookeeper::Error as E;
    let code = match error {
        E::NoNode => Code::NoNode,
        E::NoAuth => Code::NoAuth,
        E::BadVersion => Code::BadVersion,
        E::NoChildrenForEphemerals => Code::NoChildrenForEphemerals,
        E::NodeExists => Code::NodeExists,
        E::NotEmpty => Code::NotEmpty,
        E::SessionExpired => Code::SessionExpired,
        E::InvalidAcl => Code::InvalidAcl,
        E::AuthFailed => Code::AuthFailed,
        E::SessionMoved => Code::SessionMoved,
        E::NotReadOnly => Code::NotReadOnly,
        E::NoWatcher => Code::NoWatcher,
        E::QuotaExceeded => Code::QuotaExceeded,
        E::Throttled => Code::Throttled,
        E::MarshallingError => Code::MarshallingError,
        E::Unimplemented => Code::Unimplemented,
        E::ReconfigDisabled => Code::ReconfigDisabled,
        E::RuntimeInconsistent => Code::RuntimeInconsistency,
        E::BadArguments(_) => Code::BadArguments,
        E::UnexpectedErrorCode(number) => Code::from_number(*number),
        E::ClientClosed => return not_connected(),
        // A connection that breaks fails what is in flight with any of the rest.
        _ => Code::ConnectionLoss,
    };
    Error::code(code, path)
}
