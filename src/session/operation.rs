//! The operations on single znodes. Each sends its request when it is first polled, so requests
//! leave in the order in which they are started.

use std::sync::Arc;
use std::time::Duration;

use zookeeper::{
    Create, Delete, Exists, GetAcl, GetChildren, GetChildren2, GetData, Permissions, SetAcl,
    SetData, Sync,
};

use super::Session;
use crate::error::{Code, Error, Result};
use crate::zk::{Acl, AclEntry, Feature, Stat, WatchKind, ZnodeData, ZnodePath};

/// The largest request that a server takes unless its `jute.maxbuffer` says otherwise, in bytes.
pub const MAX_REQUEST_BYTES: usize = 0xf_ffff;

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
        use zookeeper::CreateMode as Mode;
        match (self.container, self.ephemeral, self.sequential, self.ttl) {
            (true, ..) => Mode::Container,
            (_, true, true, _) => Mode::EphemeralSequential,
            (_, true, false, _) => Mode::Ephemeral,
            (_, false, true, None) => Mode::PersistentSequential,
            (_, false, true, Some(ttl)) => Mode::PersistentSequentialTtl(ttl),
            (_, false, false, None) => Mode::Persistent,
            (_, false, false, Some(ttl)) => Mode::PersistentTtl(ttl),
        }
    }

    /// Returns what a server must know to create such a znode.
    pub(super) fn feature(self) -> Option<Feature> {
        match self {
            Self { container: true, .. } => Some(Feature::Containers),
            Self { ttl: Some(_), .. } => Some(Feature::Ttl),
            _ => None,
        }
    }
}

/// The version in a request for any version.
pub(super) const ANY_VERSION: i32 = -1;

impl Session {
    /// Reads a znode's data and stat.
    pub async fn get_data(&self, path: &ZnodePath, watch: bool) -> Result<(ZnodeData, Stat)> {
        let request = GetData::new(path.as_str()).watch(watch);
        let data = self.read_and_watch(request, path, WatchKind::Data, watch).await?;
        Ok((data.data.into(), stat(data.stat)))
    }

    /// Returns the stat of a znode, or none if there is no such znode, which can be watched too.
    pub async fn exists(&self, path: &ZnodePath, watch: bool) -> Result<Option<Stat>> {
        let request = Exists::new(path.as_str()).watch(watch);
        Ok(self.read_and_watch(request, path, WatchKind::Data, watch).await?.map(stat))
    }

    /// Returns the names of the children, in no order, and the stat of their parent.
    pub async fn children(&self, path: &ZnodePath, watch: bool) -> Result<(Vec<String>, Stat)> {
        let request = GetChildren2::new(path.as_str()).watch(watch);
        let (names, of) = self.read_and_watch(request, path, WatchKind::Child, watch).await?;
        Ok((names.into(), stat(of)))
    }

    /// Returns the names of the children, in no order.
    pub async fn child_names(&self, path: &ZnodePath) -> Result<Vec<String>> {
        Ok(self.ask(path.as_str(), GetChildren::new(path.as_str())).await?.into())
    }

    /// Writes a znode's data; with `version`, only if that is its version.
    pub async fn set_data(
        &self,
        path: &ZnodePath,
        data: impl Into<ZnodeData>,
        version: Option<i32>,
    ) -> Result<Stat> {
        let at = path.as_str();
        let (data, version) = (data.into().into_bytes(), version.unwrap_or(ANY_VERSION));
        self.write(at, SetData { path: at.into(), data, version }).await.map(stat)
    }

    /// Creates a znode and returns its path; of a sequential one, with the ten digits that the
    /// server has appended to `prefix`.
    pub async fn create(
        &self,
        prefix: &str,
        data: impl Into<ZnodeData>,
        mode: CreateMode,
        acl: &Acl,
    ) -> Result<String> {
        let request = create(prefix, data.into(), mode, acl)?;
        if let Some(feature) = mode.feature() {
            Box::pin(self.require(feature)).await?;
        }
        let path = self.write(prefix, request).await?.path;
        if mode.ephemeral {
            self.ephemerals().made(&path);
        }
        Ok(path)
    }

    /// Deletes a znode without children; with `version`, only if that is its version.
    pub async fn delete(&self, path: &ZnodePath, version: Option<i32>) -> Result<()> {
        check_deletable(path)?;
        let at = path.as_str();
        let version = version.unwrap_or(ANY_VERSION);
        self.write(at, Delete { path: at.into(), version }).await?;
        self.ephemerals().deleted(at);
        Ok(())
    }

    /// Waits until the connected server has caught up with the leader.
    pub async fn sync(&self, path: &ZnodePath) -> Result<()> {
        self.ask(path.as_str(), Sync::new(path.as_str())).await
    }

    /// Reads a znode's access control list and its stat.
    pub async fn get_acl(&self, path: &ZnodePath) -> Result<(Acl, Stat)> {
        let (entries, of) = self.ask(path.as_str(), GetAcl::new(path.as_str())).await?;
        Ok((acl_of_client(&entries), stat(of)))
    }

    /// Replaces a znode's access control list; with `version`, only if that is the version of its
    /// list (`aclVersion`).
    pub async fn set_acl(&self, path: &ZnodePath, acl: &Acl, version: Option<i32>) -> Result<Stat> {
        let (at, version) = (path.as_str(), version.unwrap_or(ANY_VERSION));
        self.write(at, SetAcl { path: at.into(), acl: entries(acl), version }).await.map(stat)
    }
}

/// Refuses to delete the root, as servers refuse theirs: a chroot's is no exception
/// (`ZooKeeper.delete`).
pub(super) fn check_deletable(path: &ZnodePath) -> Result<()> {
    if path.is_root() { Err(Error::code(Code::BadArguments, path.as_str())) } else { Ok(()) }
}

/// Makes the request that creates a znode: `create` without a stat where it can be, the one create
/// that every release of the server knows.
pub(super) fn create(prefix: &str, data: ZnodeData, mode: CreateMode, acl: &Acl) -> Result<Create> {
    // The digits make a path of a prefix that ends with a slash.
    let whole = if mode.sequential { format!("{prefix}0000000000") } else { prefix.to_owned() };
    ZnodePath::new(whole)?;
    Ok(Create {
        path: prefix.into(),
        data: data.into_bytes(),
        acl: entries(acl),
        mode: mode.of_client(),
        stat: false,
    })
}

fn entries(acl: &Acl) -> Arc<[zookeeper::Acl]> {
    let entries = acl.entries().iter().map(|entry| {
        let permissions = Permissions(entry.permissions);
        zookeeper::Acl::new(permissions, entry.scheme.as_str(), entry.id.as_str())
    });
    entries.collect()
}

/// Puts the client crate's stat into ours.
pub(super) fn acl_of_client(entries: &[zookeeper::Acl]) -> Acl {
    let entry = |entry: &zookeeper::Acl| AclEntry {
        permissions: entry.permissions.0,
        scheme: entry.scheme.to_string(),
        id: entry.id.to_string(),
    };
    Acl::new(entries.iter().map(entry).collect())
}

pub(super) fn stat(stat: zookeeper::Stat) -> Stat {
    Stat {
        czxid: stat.czxid,
        mzxid: stat.mzxid,
        pzxid: stat.pzxid,
        ctime: stat.ctime,
        mtime: stat.mtime,
        version: stat.version,
        cversion: stat.cversion,
        aversion: stat.aversion,
        ephemeral_owner: stat.ephemeral_owner,
        data_length: stat.data_length,
        num_children: stat.num_children,
    }
}
