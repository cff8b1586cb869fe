//! The requests that a caller can send, and what each is answered with.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::data::{Acl, Data, Identity, Names, Stat};
use crate::op::Op;
use crate::reply::{Created, ReadReply, Reply, Transaction};
use crate::watches::{RemoveKind, WatchMode};

/// A request, and the type of its reply.
pub trait Request: Into<AnyRequest> {
    /// What the server answers.
    type Reply: Send + 'static;

    /// Takes the answer out of a reply; none where it is one to another request.
    #[doc(hidden)]
    fn reply(from: Reply) -> Option<Self::Reply>;
}

macro_rules! requests {
    ($($(#[$doc:meta])* $name:ident -> $reply:ty = $pattern:pat => $value:expr;)*) => {
        /// Any request.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum AnyRequest {
            $($(#[$doc])* $name($name),)*
            /// Closes the session; sent by [`Client::close`](crate::Client::close).
            Close,
        }

        $(
            impl From<$name> for AnyRequest {
                fn from(request: $name) -> Self {
                    Self::$name(request)
                }
            }

            impl Request for $name {
                type Reply = $reply;

                fn reply(from: Reply) -> Option<$reply> {
                    match from { $pattern => Some($value), _ => None }
                }
            }
        )*
    };
}

requests! {
    /// [`Create`]
    Create -> Created = Reply::Created(created) => created;
    /// [`Delete`]
    Delete -> () = Reply::Done => ();
    /// [`Exists`]
    Exists -> Option<Stat> = Reply::Exists(stat) => stat;
    /// [`GetData`]
    GetData -> Data = Reply::Data(data) => data;
    /// [`SetData`]
    SetData -> Stat = Reply::Stat(stat) => stat;
    /// [`GetAcl`]
    GetAcl -> (Vec<Acl>, Stat) = Reply::Acl(acl, stat) => (acl, stat);
    /// [`SetAcl`]
    SetAcl -> Stat = Reply::Stat(stat) => stat;
    /// [`GetChildren`]
    GetChildren -> Names = Reply::Names(names) => names;
    /// [`GetChildren2`]
    GetChildren2 -> (Names, Stat) = Reply::Children(names, stat) => (names, stat);
    /// [`Sync`]
    Sync -> () = Reply::Done => ();
    /// [`Multi`]
    Multi -> Transaction = Reply::Transaction(transaction) => transaction;
    /// [`MultiRead`]
    MultiRead -> Vec<Result<ReadReply, crate::Code>> = Reply::Reads(reads) => reads;
    /// [`AddWatch`]
    AddWatch -> () = Reply::Done => ();
    /// [`CheckWatches`]
    CheckWatches -> () = Reply::Done => ();
    /// [`RemoveWatches`]
    RemoveWatches -> () = Reply::Done => ();
    /// [`GetEphemerals`]
    GetEphemerals -> Names = Reply::Names(names) => names;
    /// [`GetAllChildrenNumber`]
    GetAllChildrenNumber -> i32 = Reply::Number(number) => number;
    /// [`WhoAmI`]
    WhoAmI -> Vec<Identity> = Reply::Identities(identities) => identities;
    /// [`GetConfig`]
    GetConfig -> Data = Reply::Data(data) => data;
    /// [`Reconfig`]
    Reconfig -> Data = Reply::Data(data) => data;
    /// [`AddAuth`]
    AddAuth -> () = Reply::Done => ();
}

impl Request for AnyRequest {
    type Reply = Reply;

    fn reply(from: Reply) -> Option<Reply> {
        Some(from)
    }
}

/// What sort of znode is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CreateMode {
    /// It stays until it is deleted.
    #[default]
    Persistent,
    /// It goes with the session.
    Ephemeral,
    /// It stays; the server appends ten digits to its name.
    PersistentSequential,
    /// It goes with the session; the server appends ten digits to its name.
    EphemeralSequential,
    /// The server deletes it once its last child is gone (since 3.5).
    Container,
    /// The server deletes it when it was unchanged and without children for so long (since 3.5,
    /// where the server has `extendedTypesEnabled`). Less than a millisecond is none.
    PersistentTtl(Duration),
    /// The same; the server appends ten digits to its name.
    PersistentSequentialTtl(Duration),
}

impl CreateMode {
    pub(crate) fn flags(self) -> i32 {
        match self {
            Self::Persistent => 0,
            Self::Ephemeral => 1,
            Self::PersistentSequential => 2,
            Self::EphemeralSequential => 3,
            Self::Container => 4,
            Self::PersistentTtl(_) => 5,
            Self::PersistentSequentialTtl(_) => 6,
        }
    }

    /// Returns whether the server appends ten digits to the name.
    pub fn is_sequential(self) -> bool {
        matches!(
            self,
            Self::PersistentSequential
                | Self::EphemeralSequential
                | Self::PersistentSequentialTtl(_)
        )
    }

    /// Returns whether the znode goes with the session.
    pub fn is_ephemeral(self) -> bool {
        matches!(self, Self::Ephemeral | Self::EphemeralSequential)
    }

    /// Returns the time to live, in milliseconds.
    pub(crate) fn ttl(self) -> Option<i64> {
        match self {
            Self::PersistentTtl(ttl) | Self::PersistentSequentialTtl(ttl) => {
                Some(i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX))
            }
            _ => None,
        }
    }
}

/// Creates a znode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Create {
    /// Its path; of a sequential znode, what stands before the digits.
    pub path: Arc<str>,
    /// Its data; `None` is null, which 3.5 and later keep apart from empty data.
    pub data: Option<Bytes>,
    /// Its ACL.
    pub acl: Arc<[Acl]>,
    /// Its sort.
    pub mode: CreateMode,
    /// Whether the reply is to have the stat (`create2`, since 3.5). Containers and TTL znodes are
    /// answered with it in any case.
    pub stat: bool,
}

impl Create {
    /// Creates a persistent znode that everyone may use.
    pub fn new(path: impl Into<Arc<str>>, data: impl Into<Bytes>) -> Self {
        Self {
            path: path.into(),
            data: Some(data.into()),
            acl: Acl::open(),
            mode: CreateMode::Persistent,
            stat: false,
        }
    }

    /// Creates another sort of znode.
    #[must_use]
    pub fn mode(mut self, mode: CreateMode) -> Self {
        self.mode = mode;
        self
    }

    /// Gives it an ACL.
    #[must_use]
    pub fn acl(mut self, acl: impl Into<Arc<[Acl]>>) -> Self {
        self.acl = acl.into();
        self
    }

    /// Asks for the stat too (since 3.5).
    #[must_use]
    pub fn with_stat(mut self) -> Self {
        self.stat = true;
        self
    }

    pub(crate) fn op(&self) -> Op {
        match self.mode {
            CreateMode::Container => Op::CreateContainer,
            CreateMode::PersistentTtl(_) | CreateMode::PersistentSequentialTtl(_) => Op::CreateTtl,
            _ if self.stat => Op::Create2,
            _ => Op::Create,
        }
    }
}

/// Deletes a znode without children.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delete {
    /// The znode.
    pub path: Arc<str>,
    /// The version that it must have; -1 is any.
    pub version: i32,
}

/// Reads the stat of a znode; the reply is `None` where there is no such znode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exists {
    /// The znode.
    pub path: Arc<str>,
    /// Whether to leave a watch, which is left where there is no such znode too.
    pub watch: bool,
}

/// Reads data and stat of a znode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetData {
    /// The znode.
    pub path: Arc<str>,
    /// Whether to leave a watch.
    pub watch: bool,
}

/// Writes the data of a znode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetData {
    /// The znode.
    pub path: Arc<str>,
    /// The data; `None` is null.
    pub data: Option<Bytes>,
    /// The version that it must have; -1 is any.
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
    /// The version of the ACL that it must have (`aversion`); -1 is any.
    pub version: i32,
}

/// Reads the names of the children.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetChildren {
    /// Their parent.
    pub path: Arc<str>,
    /// Whether to leave a watch.
    pub watch: bool,
}

/// Reads the names of the children and the stat of their parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetChildren2 {
    /// Their parent.
    pub path: Arc<str>,
    /// Whether to leave a watch.
    pub watch: bool,
}

/// Waits until the connected server has caught up with the leader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sync {
    /// Any path; servers take no account of it.
    pub path: Arc<str>,
}

/// A transaction: all operations are applied, or none.
///
/// ```no_run
/// # async fn move_it(client: zookeeper::Client) -> Result<(), zookeeper::Error> {
/// use zookeeper::{Create, Delete, Multi, Operation, Transaction};
///
/// let operations = [
///     Operation::Create(Create::new("/new", "deep")),
///     Operation::Delete(Delete::new("/old").version(3)),
/// ];
/// match client.call(Multi::new(operations)).await? {
///     Transaction::Applied(_) => println!("moved"),
///     failed => println!("{:?}", failed.failure()), // its index, and the server's reason
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Multi {
    /// The operations, in order.
    pub operations: Vec<Operation>,
}

/// An operation of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// As by itself.
    Create(Create),
    /// As by itself.
    Delete(Delete),
    /// As by itself.
    SetData(SetData),
    /// The znode must exist and have a version.
    Check(Check),
}

/// Compares the version of a znode, within a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The znode, which must exist.
    pub path: Arc<str>,
    /// The version that it must have; -1 is any.
    pub version: i32,
}

/// Reads several znodes in one request (since 3.6). Each is answered by itself.
///
/// ```no_run
/// # async fn read(client: zookeeper::Client) -> Result<(), zookeeper::Error> {
/// use zookeeper::{MultiRead, Read, ReadReply};
///
/// let reads = [Read::Data("/lake".into()), Read::Children("/lake".into())];
/// for reply in client.call(MultiRead::new(reads)).await? {
///     match reply {
///         Ok(ReadReply::Data(data)) => println!("{:?}", data.data),
///         Ok(ReadReply::Children(names)) => println!("{} children", names.len()),
///         Err(code) => println!("{code}"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MultiRead {
    /// What is read.
    pub reads: Vec<Read>,
}

/// A read within a [`MultiRead`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read {
    /// The names of the children.
    Children(Arc<str>),
    /// Data and stat.
    Data(Arc<str>),
}

/// Leaves a watch that stays until it is removed (since 3.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddWatch {
    /// The znode.
    pub path: Arc<str>,
    /// Whether it reaches below the znode.
    pub mode: WatchMode,
}

/// Asks whether the session has watches of a kind; `NoWatcher` where it has none (since 3.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckWatches {
    /// The znode.
    pub path: Arc<str>,
    /// The kind.
    pub kind: RemoveKind,
}

/// Removes watches of a kind; `NoWatcher` where there are none (since 3.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoveWatches {
    /// The znode.
    pub path: Arc<str>,
    /// The kind.
    pub kind: RemoveKind,
}

/// Lists the ephemerals of the session whose paths begin so (since 3.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetEphemerals {
    /// What the paths begin with: no path of a parent, but a plain prefix.
    pub prefix: Arc<str>,
}

/// Counts all znodes below one (since 3.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetAllChildrenNumber {
    /// The znode.
    pub path: Arc<str>,
}

/// Lists the identities of the session (since 3.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WhoAmI;

/// Reads the configuration of the ensemble (since 3.5). It lies outside every chroot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GetConfig {
    /// Whether to leave a watch.
    pub watch: bool,
}

/// Changes the members of the ensemble (since 3.5); the reply is the new configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconfig {
    /// Servers that come or change (`server.N=…`), with commas between them.
    pub joining: Option<String>,
    /// Numbers of servers that go, with commas between them.
    pub leaving: Option<String>,
    /// All servers, in place of the two above.
    pub members: Option<String>,
    /// The version that the configuration must have; -1 is any.
    pub version: i64,
}

/// Adds credentials to the session. They are given to every server that the client connects to
/// from then on; a refusal ends the session.
#[derive(Clone, PartialEq, Eq)]
pub struct AddAuth {
    /// The scheme, such as `digest`.
    pub scheme: Arc<str>,
    /// The credentials, in the form of the scheme.
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
            /// Makes the request.
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
    Multi(operations: impl Into<Vec<Operation>> => operations.into()) {};
    MultiRead(reads: impl Into<Vec<Read>> => reads.into()) {};
    Check(path: impl Into<Arc<str>> => path.into(), version: i32 => version) {};
    AddWatch(path: impl Into<Arc<str>> => path.into(), mode: WatchMode => mode) {};
    CheckWatches(path: impl Into<Arc<str>> => path.into(), kind: RemoveKind => kind) {};
    RemoveWatches(path: impl Into<Arc<str>> => path.into(), kind: RemoveKind => kind) {};
    GetEphemerals(prefix: impl Into<Arc<str>> => prefix.into()) {};
    GetAllChildrenNumber(path: impl Into<Arc<str>> => path.into()) {};
    AddAuth(scheme: impl Into<Arc<str>> => scheme.into(), auth: impl Into<Bytes> => auth.into()) {};
}

macro_rules! versioned {
    ($($name:ident),*) => { $(impl $name {
        /// Requires a version.
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
        /// Leaves a watch for one event.
        #[must_use]
        pub fn watch(mut self, watch: bool) -> Self {
            self.watch = watch;
            self
        }
    })* };
}
watching!(Exists, GetData, GetChildren, GetChildren2, GetConfig);

/// Where servers keep the configuration of the ensemble, outside every chroot.
pub(crate) const CONFIG_PATH: &str = "/zookeeper/config";

impl Operation {
    pub(crate) fn op(&self) -> Op {
        match self {
            Self::Create(create) => create.op(),
            Self::Delete(_) => Op::Delete,
            Self::SetData(_) => Op::SetData,
            Self::Check(_) => Op::Check,
        }
    }

    /// Returns the path.
    pub fn path(&self) -> &Arc<str> {
        match self {
            Self::Create(Create { path, .. })
            | Self::Delete(Delete { path, .. })
            | Self::SetData(SetData { path, .. })
            | Self::Check(Check { path, .. }) => path,
        }
    }
}

impl Read {
    pub(crate) fn op(&self) -> Op {
        match self {
            Self::Children(_) => Op::GetChildren,
            Self::Data(_) => Op::GetData,
        }
    }

    /// Returns the path.
    pub fn path(&self) -> &Arc<str> {
        match self {
            Self::Children(path) | Self::Data(path) => path,
        }
    }
}

impl AnyRequest {
    /// Returns the operation.
    pub fn op(&self) -> Op {
        match self {
            Self::Create(create) => create.op(),
            Self::Delete(_) => Op::Delete,
            Self::Exists(_) => Op::Exists,
            Self::GetData(_) | Self::GetConfig(_) => Op::GetData,
            Self::SetData(_) => Op::SetData,
            Self::GetAcl(_) => Op::GetAcl,
            Self::SetAcl(_) => Op::SetAcl,
            Self::GetChildren(_) => Op::GetChildren,
            Self::GetChildren2(_) => Op::GetChildren2,
            Self::Sync(_) => Op::Sync,
            Self::Multi(_) => Op::Multi,
            Self::MultiRead(_) => Op::MultiRead,
            Self::AddWatch(_) => Op::AddWatch,
            Self::CheckWatches(_) => Op::CheckWatches,
            Self::RemoveWatches(_) => Op::RemoveWatches,
            Self::GetEphemerals(_) => Op::GetEphemerals,
            Self::GetAllChildrenNumber(_) => Op::GetAllChildrenNumber,
            Self::WhoAmI(_) => Op::WhoAmI,
            Self::Reconfig(_) => Op::Reconfig,
            Self::AddAuth(_) => Op::Auth,
            Self::Close => Op::CloseSession,
        }
    }

    /// Returns the path, as the caller gave it; empty where the operation has none.
    pub fn path(&self) -> Arc<str> {
        match self {
            Self::Create(Create { path, .. })
            | Self::Delete(Delete { path, .. })
            | Self::Exists(Exists { path, .. })
            | Self::GetData(GetData { path, .. })
            | Self::SetData(SetData { path, .. })
            | Self::GetAcl(GetAcl { path })
            | Self::SetAcl(SetAcl { path, .. })
            | Self::GetChildren(GetChildren { path, .. })
            | Self::GetChildren2(GetChildren2 { path, .. })
            | Self::Sync(Sync { path })
            | Self::AddWatch(AddWatch { path, .. })
            | Self::CheckWatches(CheckWatches { path, .. })
            | Self::RemoveWatches(RemoveWatches { path, .. })
            | Self::GetEphemerals(GetEphemerals { prefix: path })
            | Self::GetAllChildrenNumber(GetAllChildrenNumber { path }) => Arc::clone(path),
            Self::GetConfig(_) => CONFIG_PATH.into(),
            Self::Multi(_)
            | Self::MultiRead(_)
            | Self::WhoAmI(_)
            | Self::Reconfig(_)
            | Self::AddAuth(_)
            | Self::Close => "".into(),
        }
    }
}
