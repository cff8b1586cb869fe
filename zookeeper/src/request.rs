//! The requests that a caller can send, and the type of each reply.

mod create;
mod kinds;
mod multi;

use std::sync::Arc;

pub use self::create::{Create, CreateMode};
pub use self::kinds::{
    AddAuth, AddWatch, CheckWatches, Delete, Exists, GetAcl, GetAllChildrenNumber, GetChildren,
    GetChildren2, GetConfig, GetData, GetEphemerals, Reconfig, RemoveWatches, SetAcl, SetData,
    Sync, WhoAmI,
};
pub use self::multi::{Check, Multi, MultiRead, Operation, Read};
use crate::data::{Acl, Data, Identity, Names, Stat};
use crate::op::Op;
use crate::reply::{Created, ReadReply, Reply, Transaction};

/// A request, and the type of its reply.
pub trait Request: Into<AnyRequest> + Clone {
    /// The type of the reply.
    type Reply: Send + 'static;

    /// Converts a reply. Returns `None` if it belongs to another request.
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

/// The znode of the ensemble's configuration, which is outside every chroot.
pub(crate) const CONFIG_PATH: &str = "/zookeeper/config";

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

    /// Returns the path, as the caller gave it; empty if the operation has none.
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

    /// Returns whether the request only reads, sets no watch, and is known to every release. Such a
    /// request may be sent again, so it need not wait for the answer to the request for a session.
    pub fn is_plain_read(&self) -> bool {
        match self {
            Self::Exists(read) => !read.watch,
            Self::GetData(read) => !read.watch,
            Self::GetChildren(read) => !read.watch,
            Self::GetChildren2(read) => !read.watch,
            Self::GetAcl(_) => true,
            _ => false,
        }
    }
}
