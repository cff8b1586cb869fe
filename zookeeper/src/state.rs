//! The state of the session, and its history.

use std::net::SocketAddr;
use std::time::Duration;

use crate::data::{Seq, Zxid};
use crate::dial::Peer;
use crate::error::Cause;
use crate::host::Host;
use crate::options::Password;

/// The state of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Looking for a server, for the first time or after a lost connection.
    Connecting,
    /// A server has the session.
    Connected,
    /// A read-only server has the session.
    ConnectedReadOnly,
    /// This client closed the session.
    Closed,
    /// The session has expired.
    Expired,
    /// The server refused the credentials and ended the session, or requires authentication.
    AuthFailed,
    /// The client left the session to expire or to be resumed.
    Abandoned,
    /// No server can be reached, and a retry cannot help.
    Failed,
}

impl State {
    /// Returns whether requests can be sent.
    pub fn is_connected(self) -> bool {
        matches!(self, Self::Connected | Self::ConnectedReadOnly)
    }

    /// Returns whether the session has ended, so that only a new client can continue.
    pub fn is_over(self) -> bool {
        !self.is_connected() && self != Self::Connecting
    }
}

/// A change in the history of the session. During a search for a server, each new reason why a host
/// cannot be connected to is a change of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The sequence number of the change.
    pub at: Seq,
    /// The new state.
    pub state: State,
    /// The reason; `None` if a server was found or the session was closed normally.
    pub cause: Option<Cause>,
    /// The host concerned.
    pub host: Option<Host>,
    /// The address of the host, if one was tried.
    pub address: Option<SocketAddr>,
    /// The session id, once there is one.
    pub session: Option<i64>,
}

/// The last failed attempt to connect to a host.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// The host.
    pub host: Host,
    /// The address, if one was tried.
    pub address: Option<SocketAddr>,
    /// The reason.
    pub cause: Cause,
}

/// A snapshot of what is known about the session.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Facts {
    /// The state.
    pub state: State,
    /// Why the session is over, if it is.
    pub ended: Option<Cause>,
    /// The connected host.
    pub host: Option<Host>,
    /// Address and encryption of the connection.
    pub peer: Option<Peer>,
    /// The session id, once there is one.
    pub session: Option<i64>,
    /// The session password.
    pub password: Password,
    /// The negotiated session timeout.
    pub timeout: Option<Duration>,
    /// The last zxid that the client has seen.
    pub last_zxid: Zxid,
    /// Number of requests that were not sent yet.
    pub queued: usize,
    /// Number of requests in flight.
    pub in_flight: usize,
    /// Bytes of requests in flight.
    pub in_flight_bytes: usize,
    /// Number of connections so far.
    pub connections: u64,
    /// When the current connection was established.
    pub connected_since: Option<std::time::SystemTime>,
    /// Time from the first byte sent until the session was open: one round trip, plus the server's
    /// processing time.
    pub handshake: Option<Duration>,
    /// Number of dropped events whose paths nobody watches.
    pub unwatched_events: u64,
    /// Failed attempts per host, since a server was last found.
    pub attempts: Vec<Attempt>,
}
