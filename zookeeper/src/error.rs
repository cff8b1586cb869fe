//! Errors of requests, and the reasons why connections and sessions end.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::code::Code;
use crate::op::Op;

/// Why a request has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The server refused the request; nothing was changed.
    Refused {
        /// The operation.
        op: Op,
        /// The path, as the caller gave it; empty if the operation has none.
        path: Arc<str>,
        /// The server's error code.
        code: Code,
    },
    /// A write was sent and no reply came: it may have been applied.
    Unknown {
        /// The operation.
        op: Op,
        /// Its path.
        path: Arc<str>,
        /// Why no reply came.
        cause: Cause,
    },
    /// A read was sent and no reply came.
    Lost {
        /// The operation.
        op: Op,
        /// Its path.
        path: Arc<str>,
        /// Why no reply came.
        cause: Cause,
    },
    /// The request was never sent, so it was not applied.
    NotSent {
        /// The operation.
        op: Op,
        /// Its path.
        path: Arc<str>,
        /// Why it was not sent.
        cause: Cause,
    },
    /// The request cannot be sent, because its path is invalid.
    Invalid {
        /// The operation.
        op: Op,
        /// The path.
        path: Arc<str>,
        /// What is wrong with the path.
        why: &'static str,
    },
    /// The request was not sent: it is so large that the server would break the connection.
    TooLarge {
        /// The operation.
        op: Op,
        /// Its path.
        path: Arc<str>,
        /// Size of the request in bytes.
        bytes: usize,
        /// Maximum size in bytes ([`Options::max_request`](crate::Options::max_request)).
        most: usize,
    },
    /// The reply cannot be parsed. A write may have been applied.
    Malformed {
        /// The operation.
        op: Op,
        /// Its path.
        path: Arc<str>,
        /// What is wrong with the reply.
        why: &'static str,
    },
}

impl Error {
    /// Creates the error of a request that was sent and got no reply.
    pub(crate) fn unanswered(op: Op, path: Arc<str>, cause: Cause) -> Self {
        if op.is_write() {
            Self::Unknown { op, path, cause }
        } else {
            Self::Lost { op, path, cause }
        }
    }

    /// Returns the operation.
    pub fn op(&self) -> Op {
        match self {
            Self::Refused { op, .. }
            | Self::Unknown { op, .. }
            | Self::Lost { op, .. }
            | Self::NotSent { op, .. }
            | Self::Invalid { op, .. }
            | Self::TooLarge { op, .. }
            | Self::Malformed { op, .. } => *op,
        }
    }

    /// Returns the path, as the caller gave it; empty if the operation has none.
    pub fn path(&self) -> &str {
        match self {
            Self::Refused { path, .. }
            | Self::Unknown { path, .. }
            | Self::Lost { path, .. }
            | Self::NotSent { path, .. }
            | Self::Invalid { path, .. }
            | Self::TooLarge { path, .. }
            | Self::Malformed { path, .. } => path,
        }
    }

    /// Returns the server's error code, if the server refused the request.
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// Returns why there is no reply, if there is none.
    pub fn cause(&self) -> Option<&Cause> {
        match self {
            Self::Unknown { cause, .. }
            | Self::Lost { cause, .. }
            | Self::NotSent { cause, .. } => Some(cause),
            _ => None,
        }
    }

    /// Returns whether it is unknown if the request was applied.
    pub fn is_uncertain(&self) -> bool {
        match self {
            Self::Unknown { .. } => true,
            Self::Malformed { op, .. } => op.is_write(),
            _ => false,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (op, path) = (self.op(), self.path());
        write!(f, "{op}{}{path}: ", if path.is_empty() { "" } else { " " })?;
        match self {
            Self::Refused { code, .. } => write!(f, "{code}"),
            Self::Unknown { cause, .. } => write!(f, "it may have been applied: {cause}"),
            Self::Lost { cause, .. } => write!(f, "no reply: {cause}"),
            Self::NotSent { cause, .. } => write!(f, "not sent: {cause}"),
            Self::Invalid { why, .. } => f.write_str(why),
            Self::TooLarge { bytes, most, .. } => {
                write!(f, "not sent: it takes {bytes} bytes, a server takes {most}")
            }
            Self::Malformed { why, .. } => write!(f, "the reply cannot be read: {why}"),
        }
    }
}

impl std::error::Error for Error {}

/// Why an attempt, a connection, a wait or a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The host name cannot be resolved.
    NoSuchHost,
    /// Nothing listens on the port.
    Refused,
    /// The network is unreachable, or a similar error.
    Unreachable(io::ErrorKind),
    /// The server has been silent for this time.
    Silent(Duration),
    /// The peer does not speak ZooKeeper's protocol; the text says why we think so.
    NotZooKeeper(&'static str),
    /// The server closed the connection instead of opening the session.
    NoSession,
    /// The server is starting or has no quorum: it says that it is not currently serving.
    NotServing,
    /// The server is read-only because it has no quorum, and the client does not accept that
    /// ([`Options::read_only`](crate::Options::read_only)).
    ReadOnly,
    /// The server closes connections from this address before any request: `maxClientCnxns` is
    /// reached.
    TooManyConnections,
    /// The server is behind the state that this client has seen, so it refuses the session.
    ServerBehind,
    /// The transport failed, such as TLS; see [`Fault`].
    Transport(Fault),
    /// The server requires authentication, by SASL or another scheme.
    NeedsAuthentication,
    /// The server refused the credentials of this scheme and ended the session.
    AuthFailed(Arc<str>),
    /// Another connection has resumed the session.
    SessionMoved,
    /// The session has expired.
    Expired,
    /// The connection broke; `None` if the server closed it properly.
    Disconnected(Option<io::ErrorKind>),
    /// A frame could not be parsed.
    Malformed {
        /// The operation, if the frame was a reply.
        op: Option<Op>,
        /// What was wrong with the frame.
        why: &'static str,
    },
    /// A server that accepts writes was found, so the client left the read-only one.
    WritableServer,
    /// [`Client::break_connection`](crate::Client::break_connection) was called.
    Broken,
    /// [`Client::abandon`](crate::Client::abandon) was called.
    Abandoned,
    /// This client closed the session.
    Closed,
    /// The caller's timeout has passed.
    Deadline,
    /// The caller cancelled the request.
    Cancelled,
    /// The task that owns the connection ended with its runtime.
    RuntimeEnded,
}

impl Cause {
    /// Returns why a connection broke. The error may contain a [`Fault`] from the transport.
    pub fn of_io(error: &io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Fault>()) {
            Some(fault) => Self::Transport(fault.clone()),
            None => Self::Disconnected(Some(error.kind())),
        }
    }

    /// Returns whether a retry cannot help, once every host fails like this.
    pub fn is_final(&self) -> bool {
        match self {
            Self::NeedsAuthentication
            | Self::AuthFailed(_)
            | Self::Expired
            | Self::Abandoned
            | Self::Closed
            | Self::RuntimeEnded => true,
            Self::Transport(fault) => fault.is_final,
            _ => false,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchHost => f.write_str("no such host"),
            Self::Refused => f.write_str("connection refused"),
            Self::Unreachable(kind) => write!(f, "cannot be reached: {kind}"),
            Self::Silent(time) => write!(f, "silent for {:.1} s", time.as_secs_f64()),
            Self::NotZooKeeper(why) => write!(f, "not a ZooKeeper server: {why}"),
            Self::NoSession => f.write_str("the server gives no session"),
            Self::NotServing => f.write_str("the server is starting or has no quorum"),
            Self::ReadOnly => f.write_str("the server has no quorum and serves reads only"),
            Self::TooManyConnections => {
                f.write_str("the server takes no more connections from here")
            }
            Self::ServerBehind => f.write_str("the server is behind what was seen already"),
            Self::Transport(fault) => fault.fmt(f),
            Self::NeedsAuthentication => f.write_str("the server requires authentication"),
            Self::AuthFailed(scheme) => write!(f, "{scheme} authentication failed"),
            Self::SessionMoved => f.write_str("another connection has the session now"),
            Self::Expired => f.write_str("the session has expired"),
            Self::Disconnected(None) => f.write_str("the server closed the connection"),
            Self::Disconnected(Some(kind)) => write!(f, "the connection broke: {kind}"),
            Self::Malformed { op: Some(op), why } => write!(f, "unreadable reply to {op}: {why}"),
            Self::Malformed { op: None, why } => write!(f, "unreadable: {why}"),
            Self::WritableServer => f.write_str("a server that takes writes was found"),
            Self::Broken => f.write_str("the connection was given up"),
            Self::Abandoned => f.write_str("the session was abandoned"),
            Self::Closed => f.write_str("the session is closed"),
            Self::Deadline => f.write_str("the time was up"),
            Self::Cancelled => f.write_str("called off"),
            Self::RuntimeEnded => f.write_str("the runtime has ended"),
        }
    }
}

impl std::error::Error for Cause {}

/// What kind of failure a [`Fault`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FaultKind {
    /// The port speaks TLS, and the client did not.
    PortIsTls,
    /// The port speaks ZooKeeper without TLS, and the client spoke TLS.
    PortIsPlain,
    /// The port speaks no TLS, or breaks off in the handshake.
    NoHandshake,
    /// The two sides have no version or cipher of TLS in common.
    NothingInCommon,
    /// The server's certificate is issued by nobody whom the client trusts.
    UnknownIssuer,
    /// The server's certificate is for another host.
    WrongHost,
    /// The server's certificate has expired or is not valid yet.
    OutOfDate,
    /// The server's certificate is not accepted for another reason.
    BadCertificate,
    /// The server wants a client certificate, and none was given.
    CertificateWanted,
    /// The server does not accept the client's certificate.
    CertificateRefused,
    /// The client's own files cannot be read, or do not go together.
    Files,
    /// The server does not authenticate by SASL, or by another mechanism.
    NoSasl,
    /// The server does not prove that it knows the password.
    NoProof,
    /// Kerberos gives no ticket for the service.
    Kerberos,
    /// Anything else.
    Other,
}

/// A failure of the underlying transport, such as TLS or a proxy.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Fault {
    /// What went wrong.
    pub text: Arc<str>,
    /// What kind of failure it is, for callers that say what to do next.
    pub kind: FaultKind,
    /// Whether a retry cannot help.
    pub is_final: bool,
    /// The transport's own error, for callers that know the transport.
    pub source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Fault {
    /// Creates a failure that may be temporary.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self { text: text.into(), kind: FaultKind::Other, is_final: false, source: None }
    }

    /// Sets the kind of the failure.
    #[must_use]
    pub fn of_kind(mut self, kind: FaultKind) -> Self {
        self.kind = kind;
        self
    }

    /// Marks the failure as final: a retry cannot help.
    #[must_use]
    pub fn lasting(mut self) -> Self {
        self.is_final = true;
        self
    }

    /// Adds the transport's own error.
    #[must_use]
    pub fn with_source(mut self, source: Arc<dyn std::error::Error + Send + Sync>) -> Self {
        self.source = Some(source);
        self
    }
}

impl std::error::Error for Fault {}

impl PartialEq for Fault {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.is_final == other.is_final
    }
}

impl Eq for Fault {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
