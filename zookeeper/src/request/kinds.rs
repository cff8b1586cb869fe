//! Requests for single znodes and for the session.

use std::sync::Arc;

use bytes::Bytes;

use crate::data::Acl;
use crate::watch_kind::{RemoveKind, WatchMode};

/// Deletes a znode without children.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delete {
    /// The znode.
    pub path: Arc<str>,
    /// The expected version; -1 for any.
    pub version: i32,
}

/// Reads the stat of a znode; the reply is `None` if it does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exists {
    /// The znode.
    pub path: Arc<str>,
    /// Whether to set a watch, which also works if the znode does not exist.
    pub watch: bool,
}

/// Reads data and stat of a znode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetData {
    /// The znode.
    pub path: Arc<str>,
    /// Whether to set a watch.
    pub watch: bool,
}

/// Writes the data of a znode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetData {
    /// The znode.
    pub path: Arc<str>,
    /// The data; `None` is null.
    pub data: Option<Bytes>,
    /// The expected version; -1 for any.
    pub version: i32,
}

/// Reads ACL and stat of a znode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetAcl {
    /// The znode.
    pub path: Arc<str>,
}

/// Writes the ACL of a znode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAcl {
    /// The znode.
    pub path: Arc<str>,
    /// The ACL.
    pub acl: Arc<[Acl]>,
    /// The expected version of the ACL (`aversion`); -1 for any.
    pub version: i32,
}

/// Reads the names of the children.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetChildren {
    /// The parent.
    pub path: Arc<str>,
    /// Whether to set a watch.
    pub watch: bool,
}

/// Reads the names of the children and the stat of their parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetChildren2 {
    /// The parent.
    pub path: Arc<str>,
    /// Whether to set a watch.
    pub watch: bool,
}

/// Waits until the connected server has caught up with the leader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sync {
    /// Any path; servers ignore it.
    pub path: Arc<str>,
}

/// Sets a watch that stays until it is removed (since 3.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddWatch {
    /// The znode.
    pub path: Arc<str>,
    /// Whether the watch also covers the descendants.
    pub mode: WatchMode,
}

/// Checks whether the session has watches of a kind; fails with `NoWatcher` otherwise (since 3.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckWatches {
    /// The znode.
    pub path: Arc<str>,
    /// The kind.
    pub kind: RemoveKind,
}

/// Removes watches of a kind; fails with `NoWatcher` if there are none (since 3.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoveWatches {
    /// The znode.
    pub path: Arc<str>,
    /// The kind.
    pub kind: RemoveKind,
}

/// Lists the session's ephemerals whose paths start with a prefix (since 3.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetEphemerals {
    /// A plain text prefix, not the path of a parent.
    pub prefix: Arc<str>,
}

/// Counts all descendants of a znode (since 3.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetAllChildrenNumber {
    /// The znode.
    pub path: Arc<str>,
}

/// Lists the identities of the session (since 3.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WhoAmI;

/// Reads the configuration of the ensemble (since 3.5), which is outside every chroot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GetConfig {
    /// Whether to set a watch.
    pub watch: bool,
}

/// Changes the members of the ensemble (since 3.5); the reply is the new configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconfig {
    /// Servers to add or change (`server.N=…`), separated by commas.
    pub joining: Option<String>,
    /// Numbers of servers to remove, separated by commas.
    pub leaving: Option<String>,
    /// The complete list of servers, in place of the two above.
    pub members: Option<String>,
    /// The expected version of the configuration; -1 for any.
    pub version: i64,
}

/// Adds credentials to the session. The client then sends them to every server that it connects to.
/// A refusal ends the session.
#[derive(Clone, PartialEq, Eq)]
pub struct AddAuth {
    /// The scheme, such as `digest`.
    pub scheme: Arc<str>,
    /// The credentials, in the format of the scheme.
    pub auth: Bytes,
}

impl std::fmt::Debug for AddAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AddAuth").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

macro_rules! constructors {
    ($($name:ident($($field:ident: $kind:ty => $value:expr),*) { $($rest:ident: $default:expr),* };)*) => {
        $(impl $name {
            /// Creates the request.
            pub fn new($($field: $kind),*) -> Self {
                Self { $($field: $value,)* $($rest: $default,)* }
            }
        })*
    };
}

constructors! {
    Delete(path: impl Into<Arc<str>> => path.into()) { version: -1 };
    Exists(path: impl Into<Arc<str>> => path.into()) { watch: false };
    GetData(path: impl Into<Arc<str>> => path.into()) { watch: false };
    SetData(path: impl Into<Arc<str>> => path.into(), data: impl Into<Bytes> => Some(data.into()))
        { version: -1 };
    GetAcl(path: impl Into<Arc<str>> => path.into()) {};
    SetAcl(path: impl Into<Arc<str>> => path.into(), acl: impl Into<Arc<[Acl]>> => acl.into())
        { version: -1 };
    GetChildren(path: impl Into<Arc<str>> => path.into()) { watch: false };
    GetChildren2(path: impl Into<Arc<str>> => path.into()) { watch: false };
    Sync(path: impl Into<Arc<str>> => path.into()) {};
    AddWatch(path: impl Into<Arc<str>> => path.into(), mode: WatchMode => mode) {};
    CheckWatches(path: impl Into<Arc<str>> => path.into(), kind: RemoveKind => kind) {};
    RemoveWatches(path: impl Into<Arc<str>> => path.into(), kind: RemoveKind => kind) {};
    GetEphemerals(prefix: impl Into<Arc<str>> => prefix.into()) {};
    GetAllChildrenNumber(path: impl Into<Arc<str>> => path.into()) {};
    AddAuth(scheme: impl Into<Arc<str>> => scheme.into(), auth: impl Into<Bytes> => auth.into()) {};
}

macro_rules! versioned {
    ($($name:ident),*) => { $(impl $name {
        /// Sets the expected version.
        #[must_use]
        pub fn version(mut self, version: i32) -> Self {
            self.version = version;
            self
        }
    })* };
}
versioned!(Delete, SetData, SetAcl);

macro_rules! watching {
    ($($name:ident),*) => { $(impl $name {
        /// Sets a one-shot watch if `watch` is true.
        #[must_use]
        pub fn watch(mut self, watch: bool) -> Self {
            self.watch = watch;
            self
        }
    })* };
}
watching!(Exists, GetData, GetChildren, GetChildren2, GetConfig);
