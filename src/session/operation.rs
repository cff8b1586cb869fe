//! Operations on single znodes. Each sends its request when it is first polled, so requests are
//! sent in the order in which the operations are started.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use zookeeper::{
    Create, Delete, Exists, GetAcl, GetChildren, GetChildren2, GetData, Permissions, SetAcl,
    SetData, Sync,
};

use super::recording::{Item, Recording};
use super::{ChildNames, OpResult, Operation, Session};
use crate::error::{Code, Error, Kind, Result};
use crate::zk::{Acl, AclEntry, Feature, Stat, WatchKind, ZnodeData, ZnodePath};

/// The default `jute.maxbuffer` of servers in bytes, which limits the size of a request.
pub const MAX_REQUEST_BYTES: usize = 0xf_ffff;

/// The kind of znode that `create` makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CreateMode {
    /// The znode is deleted when the session ends.
    pub ephemeral: bool,
    /// The server appends ten digits to the name.
    pub sequential: bool,
    /// The server deletes the znode after its last child is deleted.
    pub container: bool,
    /// The server deletes the znode when it has been unchanged and childless for this time.
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

    /// Returns the feature that a server needs to create such a znode.
    pub(super) fn feature(self) -> Option<Feature> {
        match self {
            Self { container: true, .. } => Some(Feature::Containers),
            Self { ttl: Some(_), .. } => Some(Feature::Ttl),
            _ => None,
        }
    }
}

/// The version in a request that accepts any version.
pub(super) const ANY_VERSION: i32 = -1;

impl Session {
    /// Returns a znode's data and stat.
    pub async fn get_data(&self, path: &ZnodePath, watch: bool) -> Result<(ZnodeData, Stat)> {
        let request = GetData::new(path.to_shared()).watch(watch);
        let data = self.read_and_watch(request, path, WatchKind::Data, watch).await?;
        Ok((data.data.into(), stat(data.stat)))
    }

    /// Returns the stat of a znode, or `None` if it does not exist. A watch also works on an absent
    /// znode.
    pub async fn exists(&self, path: &ZnodePath, watch: bool) -> Result<Option<Stat>> {
        let request = Exists::new(path.to_shared()).watch(watch);
        Ok(self.read_and_watch(request, path, WatchKind::Data, watch).await?.map(stat))
    }

    /// Returns the names of the children, in no order, and the stat of the parent.
    pub async fn children(&self, path: &ZnodePath, watch: bool) -> Result<(ChildNames, Stat)> {
        let request = GetChildren2::new(path.to_shared()).watch(watch);
        let (names, of) = self.read_and_watch(request, path, WatchKind::Child, watch).await?;
        Ok((names.into(), stat(of)))
    }

    /// Returns the names of the children, in no order.
    pub async fn child_names(&self, path: &ZnodePath) -> Result<Vec<String>> {
        Ok(self.child_list(path).await?.into())
    }

    /// Like [`Session::child_names`], for a znode that may have millions of children.
    pub async fn child_list(&self, path: &ZnodePath) -> Result<ChildNames> {
        Ok(self.ask(path.as_str(), GetChildren::new(path.to_shared())).await?.into())
    }

    /// Writes a znode's data, with `version` only if the znode has that version.
    pub async fn set_data(
        &self,
        path: &ZnodePath,
        data: impl Into<ZnodeData>,
        version: Option<i32>,
    ) -> Result<Stat> {
        let data = data.into();
        if let Some(recording) = Recording::current() {
            let item = Item::Of(Operation::Set { path: path.clone(), data, version });
            // In a box, so that recording does not enlarge the future of every line.
            return set(path, Box::pin(self.send_recorded(recording, item)).await);
        }
        self.send_data(path, data, version).await
    }

    /// Sends the request of [`Session::set_data`].
    pub(super) async fn send_data(
        &self,
        path: &ZnodePath,
        data: ZnodeData,
        version: Option<i32>,
    ) -> Result<Stat> {
        let at = path.as_str();
        let (data, version) = (data.into_bytes(), version.unwrap_or(ANY_VERSION));
        self.write(at, SetData { path: path.to_shared(), data, version }).await.map(stat)
    }

    /// Creates a znode and returns its path. For a sequential znode the path includes the ten
    /// digits that the server appended to `prefix`.
    pub async fn create(
        &self,
        prefix: impl Into<Arc<str>>,
        data: impl Into<ZnodeData>,
        mode: CreateMode,
        acl: &Acl,
    ) -> Result<String> {
        let (prefix, data) = (prefix.into(), data.into());
        if let Some(recording) = Recording::current() {
            let item = Item::Of(Operation::Create { prefix, data, mode, acl: acl.clone() });
            return match Box::pin(self.send_recorded(recording, item)).await? {
                OpResult::Created(path) => Ok(path),
                _ => Err(Error::new(Kind::Bug, "The reply to create has no path")),
            };
        }
        self.send_create(prefix, data, mode, acl).await.map(|(path, _)| path)
    }

    /// Sends the request of [`Session::create`]. Also returns the zxid of the creation.
    pub(super) async fn send_create(
        &self,
        prefix: Arc<str>,
        data: ZnodeData,
        mode: CreateMode,
        acl: &Acl,
    ) -> Result<(String, i64)> {
        let request = create(Arc::clone(&prefix), data, mode, acl)?;
        if let Some(feature) = mode.feature() {
            Box::pin(self.require(feature)).await?;
        }
        let (created, zxid) = self.write_at(&prefix, request).await?;
        if mode.ephemeral {
            self.ephemerals().made(&created.path);
        }
        Ok((created.path, zxid))
    }

    /// Deletes a znode without children, with `version` only if the znode has that version.
    pub async fn delete(&self, path: &ZnodePath, version: Option<i32>) -> Result<()> {
        if let Some(recording) = Recording::current() {
            let item = Item::Of(Operation::Delete { path: path.clone(), version });
            return Box::pin(self.send_recorded(recording, item)).await.map(drop);
        }
        self.send_delete(path, version).await
    }

    /// Sends the request of [`Session::delete`].
    pub(super) async fn send_delete(&self, path: &ZnodePath, version: Option<i32>) -> Result<()> {
        check_deletable(path)?;
        let at = path.as_str();
        let version = version.unwrap_or(ANY_VERSION);
        self.write(at, Delete { path: path.to_shared(), version }).await?;
        self.ephemerals().deleted(at);
        Ok(())
    }

    /// Waits until the connected server has caught up with the leader.
    pub async fn sync(&self, path: &ZnodePath) -> Result<()> {
        self.ask(path.as_str(), Sync::new(path.to_shared())).await
    }

    /// Returns a znode's ACL and stat.
    pub async fn get_acl(&self, path: &ZnodePath) -> Result<(Acl, Stat)> {
        let (entries, of) = self.ask(path.as_str(), GetAcl::new(path.to_shared())).await?;
        Ok((acl_of_client(&entries), stat(of)))
    }

    /// Replaces a znode's ACL, with `version` only if the ACL has that version (`aversion`).
    pub async fn set_acl(&self, path: &ZnodePath, acl: &Acl, version: Option<i32>) -> Result<Stat> {
        if let Some(recording) = Recording::current() {
            let item = Item::SetAcl { path: path.clone(), acl: acl.clone(), version };
            return set(path, Box::pin(self.send_recorded(recording, item)).await);
        }
        self.send_acl(path, acl, version).await
    }

    /// Sends the request of [`Session::set_acl`].
    pub(super) async fn send_acl(
        &self,
        path: &ZnodePath,
        acl: &Acl,
        version: Option<i32>,
    ) -> Result<Stat> {
        let (at, version) = (path.as_str(), version.unwrap_or(ANY_VERSION));
        let request = SetAcl { path: path.to_shared(), acl: entries(acl), version };
        self.write(at, request).await.map(stat)
    }
}

/// Returns the stat in the result of a recorded write.
fn set(path: &ZnodePath, result: Result<OpResult>) -> Result<Stat> {
    match result? {
        OpResult::Set(stat) => Ok(stat),
        _ => Err(Error::new(Kind::Bug, "The reply to the write has no stat").at(path.as_str())),
    }
}

/// Refuses to delete the root, as a server does. The root of a chroot is no exception
/// (`ZooKeeper.delete`).
pub(super) fn check_deletable(path: &ZnodePath) -> Result<()> {
    if path.is_root() { Err(Error::code(Code::BadArguments, path.as_str())) } else { Ok(()) }
}

/// Creates the request for a new znode. Plain `create`, whose reply has no stat, is used if
/// possible, because every server release supports it.
pub(super) fn create(
    prefix: Arc<str>,
    data: ZnodeData,
    mode: CreateMode,
    acl: &Acl,
) -> Result<Create> {
    if mode.sequential {
        // The digits turn a prefix that ends with a slash into a valid path.
        ZnodePath::new(format!("{prefix}0000000000"))?;
    } else {
        ZnodePath::new(Arc::clone(&prefix))?;
    }
    Ok(Create {
        path: prefix,
        data: data.into_bytes(),
        acl: entries(acl),
        mode: mode.of_client(),
        stat: false,
    })
}

/// Converts an ACL to the client crate's.
fn entries(acl: &Acl) -> Arc<[zookeeper::Acl]> {
    // Most znodes are created with the open ACL, so it is shared.
    static OPEN: LazyLock<Arc<[zookeeper::Acl]>> = LazyLock::new(|| converted(&Acl::open()));
    if *acl == Acl::open() { Arc::clone(&OPEN) } else { converted(acl) }
}

fn converted(acl: &Acl) -> Arc<[zookeeper::Acl]> {
    let entries = acl.entries().iter().map(|entry| {
        let permissions = Permissions(entry.permissions);
        zookeeper::Acl::new(permissions, entry.scheme.as_str(), entry.id.as_str())
    });
    entries.collect()
}

/// Converts the client crate's ACL.
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
