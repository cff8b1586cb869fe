//! The types that the parts of the sandbox exchange: operations, replies, events and times.
//!
//! This module knows nothing of wire bytes, sockets and clocks.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::acl::{Acl, Id};

/// One TCP connection. A session may use several, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ConnectionId(pub(crate) u64);

/// The id of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SessionId(pub(crate) i64);

/// A point in time on two clocks, because the wall clock may be set back: znodes show the wall
/// clock, and session timeouts use the steady one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Moment {
    /// Milliseconds since 1970.
    pub(crate) wall: i64,
    /// Milliseconds since an arbitrary start.
    pub(crate) steady: u64,
}

/// The data of a znode. `None` is Java's null, which clients may send and receive.
pub(crate) type Data = Option<Arc<[u8]>>;

/// The names of a znode's children, shared with replies that are being encoded.
pub(crate) type Names = Arc<BTreeSet<Box<str>>>;

/// The stat of a znode as clients see it, in wire order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Stat {
    pub(crate) czxid: i64,
    pub(crate) mzxid: i64,
    pub(crate) ctime: i64,
    pub(crate) mtime: i64,
    pub(crate) version: i32,
    pub(crate) cversion: i32,
    pub(crate) aversion: i32,
    pub(crate) ephemeral_owner: i64,
    pub(crate) data_length: i32,
    pub(crate) children: i32,
    pub(crate) pzxid: i64,
}

/// ZooKeeper's error codes, as far as a server sends them (KeeperException.Code).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum Code {
    Ok = 0,
    RuntimeInconsistency = -2,
    MarshallingError = -5,
    Unimplemented = -6,
    BadArguments = -8,
    NoNode = -101,
    NoAuth = -102,
    BadVersion = -103,
    NoChildrenForEphemerals = -108,
    NodeExists = -110,
    NotEmpty = -111,
    SessionExpired = -112,
    InvalidAcl = -114,
    AuthFailed = -115,
    SessionMoved = -118,
    NotReadOnly = -119,
    NoWatcher = -121,
    ReconfigDisabled = -123,
    SessionClosedRequireSaslAuth = -124,
    QuotaExceeded = -125,
}

/// The request that creates a znode: it decides the kind of znode and the content of the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CreateKind {
    /// The reply has the path only.
    Create,
    /// The reply has the stat too.
    Create2,
    Container,
    /// The znode is deleted this many milliseconds after its last change, once it has no children.
    Ttl(i64),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Create {
    pub(crate) kind: CreateKind,
    pub(crate) path: String,
    pub(crate) data: Data,
    pub(crate) acl: Vec<Acl>,
    /// The create mode: 0 persistent, 1 ephemeral, 2 and 3 the same with a sequence number, 4
    /// container, 5 and 6 TTL without and with a sequence number.
    pub(crate) flags: i32,
}

/// The kinds of watches that a client removes or checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WatchKind {
    Children,
    Data,
    Any,
}

/// How long a watch lives, and which znodes it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WatchMode {
    /// The watch is removed after one event.
    Once,
    Persistent,
    /// Persistent, and also for all descendants.
    Recursive,
}

/// The watches that a client sets again after a reconnect.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct OldWatches {
    /// The last zxid that the client saw. Changes after it fire the watch at once.
    pub(crate) seen: i64,
    pub(crate) data: Vec<String>,
    pub(crate) exists: Vec<String>,
    pub(crate) children: Vec<String>,
    pub(crate) persistent: Vec<String>,
    pub(crate) recursive: Vec<String>,
}

/// The operation of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operation {
    Create(Create),
    Delete {
        path: String,
        version: i32,
    },
    SetData {
        path: String,
        data: Data,
        version: i32,
    },
    SetAcl {
        path: String,
        acl: Vec<Acl>,
        version: i32,
    },
    Check {
        path: String,
        version: i32,
    },
    Multi(Vec<Operation>),
    Reconfig,
    DeleteContainer,
    Close,
    Exists {
        path: String,
        watch: bool,
    },
    GetData {
        path: String,
        watch: bool,
    },
    GetAcl {
        path: String,
    },
    GetChildren {
        path: String,
        watch: bool,
    },
    GetChildren2 {
        path: String,
        watch: bool,
    },
    GetAllChildrenNumber {
        path: String,
    },
    GetEphemerals {
        prefix: String,
    },
    MultiRead(Vec<Operation>),
    Sync {
        path: String,
    },
    Ping,
    WhoAmI,
    Auth {
        scheme: String,
        credentials: Vec<u8>,
    },
    /// A SASL token.
    Sasl(Vec<u8>),
    SetWatches(Box<OldWatches>),
    AddWatch {
        path: String,
        mode: WatchMode,
    },
    CheckWatches {
        path: String,
        kind: WatchKind,
    },
    RemoveWatches {
        path: String,
        kind: WatchKind,
    },
    /// A request whose body cannot be parsed. A write still takes a zxid.
    Malformed {
        write: bool,
    },
    /// A request type that the sandbox does not support.
    Unknown,
}

impl Operation {
    /// Returns whether the operation takes a zxid, even if it is refused.
    pub(crate) fn is_write(&self) -> bool {
        matches!(
            self,
            Self::Create(_)
                | Self::Delete { .. }
                | Self::SetData { .. }
                | Self::SetAcl { .. }
                | Self::Check { .. }
                | Self::Multi(_)
                | Self::Reconfig
                | Self::DeleteContainer
                | Self::Close
                | Self::Malformed { write: true }
        )
    }

    /// Returns whether the operation may increase the memory that the server uses.
    pub(crate) fn adds(&self) -> bool {
        match self {
            Self::Create(_)
            | Self::SetData { .. }
            | Self::SetAcl { .. }
            | Self::Multi(_)
            | Self::SetWatches(_)
            | Self::AddWatch { .. } => true,
            Self::Exists { watch, .. }
            | Self::GetData { watch, .. }
            | Self::GetChildren { watch, .. }
            | Self::GetChildren2 { watch, .. } => *watch,
            _ => false,
        }
    }

    /// Returns the operation's four-letter abbreviation, which `cons` shows for the last request.
    pub(crate) fn letters(&self) -> &'static str {
        match self {
            Self::Create(_) => "CREA",
            Self::Delete { .. } | Self::DeleteContainer => "DELE",
            Self::SetData { .. } => "SETD",
            Self::SetAcl { .. } => "SETA",
            Self::Check { .. } => "CHEC",
            Self::Multi(_) => "MULT",
            Self::Reconfig => "RECO",
            Self::Close => "CLOS",
            Self::Exists { .. } => "EXIS",
            Self::GetData { .. } => "GETD",
            Self::GetAcl { .. } => "GETA",
            Self::GetChildren { .. } | Self::GetChildren2 { .. } => "GETC",
            Self::GetAllChildrenNumber { .. } => "GETACN",
            Self::GetEphemerals { .. } => "GETE",
            Self::MultiRead(_) => "MLTR",
            Self::Sync { .. } => "SYNC",
            Self::Ping => "PING",
            Self::WhoAmI => "HOMI",
            Self::SetWatches(_) => "SETW",
            Self::AddWatch { .. } => "ADDW",
            Self::CheckWatches { .. } => "CHKW",
            Self::RemoveWatches { .. } => "REMW",
            Self::Sasl(_) => "SASL",
            Self::Auth { .. } | Self::Malformed { .. } | Self::Unknown => "NA",
        }
    }
}

/// A request: its xid, chosen by the client, and its operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) xid: i32,
    pub(crate) operation: Operation,
}

/// The body of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    Empty,
    Number(i32),
    Path(String),
    Created(String, Stat),
    Stat(Stat),
    Data(Data, Stat),
    Acl(Arc<[Acl]>, Stat),
    Names(Names),
    NamesAndStat(Names, Stat),
    Paths(Vec<String>),
    Identities(Vec<Id>),
    /// The answer to a SASL token; `None` if the server does not support SASL.
    Token(Option<Vec<u8>>),
    Several(Vec<Part>),
}

/// The result of one operation of a multi.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    Created(String),
    Created2(String, Stat),
    Deleted,
    Set(Stat),
    Checked,
    Data(Data, Stat),
    Names(Names),
    Failed(Code),
}

/// The reply to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) xid: i32,
    pub(crate) zxid: i64,
    /// Only successful replies have a body.
    pub(crate) result: Result<Body, Code>,
}

/// The type of a watch event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum EventType {
    Created = 1,
    Deleted = 2,
    DataChanged = 3,
    ChildrenChanged = 4,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) kind: EventType,
    pub(crate) path: Arc<str>,
}

/// The first request on a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConnectRequest {
    pub(crate) last_zxid: i64,
    /// The session timeout that the client asks for, in milliseconds.
    pub(crate) timeout: i32,
    /// Zero for a new session.
    pub(crate) session: SessionId,
    pub(crate) password: Vec<u8>,
    /// Whether the client accepts a read-only server. Clients before 3.4 do not send the field, and
    /// get no such field in the response.
    pub(crate) read_only: Option<bool>,
}

/// The response to a connect request. Session id zero means that the session has expired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConnectResponse {
    /// The negotiated session timeout, in milliseconds.
    pub(crate) timeout: i32,
    pub(crate) session: SessionId,
    pub(crate) password: [u8; 16],
    /// Whether this server is read-only, for clients that sent the field.
    pub(crate) read_only: Option<bool>,
}

/// How the server closes a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// After the output before it has been sent.
    Flushed,
    AtOnce,
}

/// The effects of one request or one tick, to be sent in this order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) events: Vec<(ConnectionId, Event)>,
    pub(crate) connect_response: Option<ConnectResponse>,
    pub(crate) reply: Option<Reply>,
    pub(crate) endings: Vec<(ConnectionId, Ending)>,
}
