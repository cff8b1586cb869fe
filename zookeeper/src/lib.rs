#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod arrived;
mod chroot;
mod client;
mod code;
mod connection;
mod data;
mod decode;
mod dial;
mod encode;
mod error;
mod event;
mod feed;
mod host;
mod hosts;
mod jute;
mod op;
mod options;
mod pending;
mod permit;
mod queue;
mod reply;
mod request;
mod sasl;
mod shared;
mod state;
#[cfg(feature = "tls")]
pub mod tls;
mod watch_kind;
mod watches;
mod word;

#[cfg(test)]
extern crate self as zookeeper;
#[cfg(test)]
mod tests;

pub use self::arrived::Arrived;
pub use self::client::{Client, Cork, start};
pub use self::code::Code;
pub use self::connection::{Examined, Finding, Step, examine, speaks_tls};
pub use self::data::{Acl, Data, Identity, Names, Permissions, Seq, Stat, Zxid};
pub use self::dial::{BoxFuture, Dial, Peer, Stream, Tcp, Tls, Wire, connect};
pub use self::error::{Cause, Error, Fault, FaultKind};
pub use self::event::{Event, EventKind};
pub use self::feed::{Exchange, Feed, Item};
pub use self::host::{Host, InvalidServers};
pub use self::op::Op;
pub use self::options::{Options, Password, Resume};
pub use self::pending::Pending;
pub use self::permit::{Cost, Permit};
pub use self::reply::{Applied, Created, ReadReply, Reply, Transaction};
pub use self::request::{
    AddAuth, AddWatch, AnyRequest, Check, CheckWatches, Create, CreateMode, Delete, Exists, GetAcl,
    GetAllChildrenNumber, GetChildren, GetChildren2, GetConfig, GetData, GetEphemerals, Multi,
    MultiRead, Operation, Read, Reconfig, RemoveWatches, Request, SetAcl, SetData, Sync, WhoAmI,
};
#[cfg(feature = "sasl")]
pub use self::sasl::DigestMd5;
#[cfg(feature = "kerberos")]
pub use self::sasl::Kerberos;
pub use self::sasl::{Sasl, SaslSession, SaslStep};
pub use self::state::{Attempt, Change, Facts, State};
pub use self::watch_kind::{RemoveKind, WatchKind, WatchMode};
pub use self::watches::{Registered, Weakened};
pub use self::word::{Cut, Release, WordReply, ask_word};
