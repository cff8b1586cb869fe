//! The state of the session and its history.

use std::net::SocketAddr;
use std::time::Duration;

use crate::data::{Seq, Zxid};
use crate::dial::Peer;
use crate::error::Cause;
use crate::options::{Host, Password};

/// The state of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// A server is looked for, at first or again.
    Connecting,
    /// A server serves the session.
    Connected,
    /// A server without quorum serves the session: reads only.
    ConnectedReadOnly,
    /// The session was closed by this client.
    Closed,
    /// The server does not know the session any more.
    Expired,
    /// The server has refused the credentials and ended the session, or demands some.
    AuthFailed,
    /// The session was left to expire or to be resumed.
    Abandoned,
    /// No server can be connected to, and trying again cannot help.
    Failed,
}

impl State {
    /// Returns whether requests are sent.
    pub fn is_connected(self) -> bool {
        matches!(self, Self::Connected | Self::ConnectedReadOnly)
    }

    /// Returns whether only a new client leads out of it.
    pub fn is_over(self) -> bool {
        !self.is_connected() && self != Self::Connecting
    }
}

/// A step in the history of the session. While a server is looked for, each new reason why a host
/// cannot be connected to is one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// When, among replies and events.
    pub at: Seq,
    /// The state that has been reached.
    pub state: State,
    /// Why; none where a server was found or the session is closed as it should be.
    pub cause: Option<Cause>,
    /// The host that it is about.
    pub host: Option<Host>,
    /// Its address, where one was tried.
    pub address: Option<SocketAddr>,
    /// The session's id, once there is one.
    pub session: Option<i64>,
}

/// Why a host was not connected to at the last attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// The host.
    pub host: Host,
    /// The address, where one was tried.
    pub address: Option<SocketAddr>,
    /// Why.
    pub cause: Cause,
}

/// What is known of the session at a moment.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Facts {
    /// The state.
    pub state: State,
    /// Why it is over, where it is.
    pub ended: Option<Cause>,
    /// The host that is connected.
    pub host: Option<Host>,
    /// Address and encryption of the connection.
    pub peer: Option<Peer>,
    /// The session's id, once there is one.
    pub session: Option<i64>,
    /// The session's password.
    pub password: Password,
    /// The session timeout that the server gave.
    pub timeout: Option<Duration>,
    /// The last zxid that was seen.
    pub last_zxid: Zxid,
    /// Requests that wait for a connection or for their turn to be written.
    pub queued: usize,
    /// Requests that wait for a reply.
    pub in_flight: usize,
    /// Bytes of requests that wait for a reply.
    pub in_flight_bytes: usize,
    /// How often a server has been connected to.
    pub connections: u64,
    /// When the server was connected to that is.
    pub connected_since: Option<std::time::SystemTime>,
    /// The time from the first byte sent to the session opened, which is one round trip and what
    /// the server needs for it.
    pub handshake: Option<Duration>,
    /// Events of paths that nobody watches; they were dropped.
    pub unwatched_events: u64,
    /// Why hosts were not connected to, since a server was found last.
    pub attempts: Vec<Attempt>,
}
