//! The states of a session, and its notifications.

use std::time::Duration;

use super::{Stamp, Watch};
use crate::zk::Event;

/// The state of the session, as shown in the prompt (`ZooKeeper.States`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Looking for a server, for the first time or after a lost connection.
    Connecting,
    /// Connected to a server.
    Connected,
    /// Connected to a server without a quorum, which allows only reads.
    ConnectedReadOnly,
    /// No session: it was never opened, was closed, or has expired.
    Closed,
    /// The server refused the credentials and ended the session.
    AuthFailed,
}

impl State {
    /// Returns the name that the prompt shows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connecting => "CONNECTING",
            Self::Connected => "CONNECTED",
            Self::ConnectedReadOnly => "CONNECTEDREADONLY",
            Self::Closed => "CLOSED",
            Self::AuthFailed => "AUTH_FAILED",
        }
    }

    /// Returns whether requests can be sent.
    pub fn is_connected(self) -> bool {
        matches!(self, Self::Connected | Self::ConnectedReadOnly)
    }

    /// Returns whether the session has ended, so that only a new session can follow.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Closed | Self::AuthFailed)
    }
}

/// A notification of the session.
#[derive(Debug, Clone)]
pub enum SessionEvent {
    /// A watched znode has changed; the stamp tells when the event arrived.
    Znode(Event, Stamp),
    /// The connection was lost or established, or the session is over.
    StateChange(StateChange),
    /// A warning for the user, with the time it arose.
    Warning(Warning, Stamp),
    /// The state has changed, so the prompt must change too.
    State(State),
}

/// A change of the session's state.
#[derive(Debug, Clone)]
pub struct StateChange {
    /// `Watcher.Event.KeeperState`: `SyncConnected`, `Disconnected`, `Expired` …
    pub state: &'static str,
    /// The session id.
    pub session: i64,
    /// How long the session was without a server, if one answers again.
    pub silence: Option<Duration>,
    /// The server that answers, or has answered last, if there are several.
    pub server: Option<String>,
    /// What was lost with the session, if it is over.
    pub losses: Losses,
}

impl StateChange {
    /// Creates a change without further details.
    pub(crate) fn new(state: &'static str, session: i64) -> Self {
        Self { state, session, silence: None, server: None, losses: Losses::default() }
    }
}

/// A warning from the shell itself, which no server reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// The connection was lost for a while, so events of these watched znodes may be missing.
    Gap(Vec<String>),
    /// Events arrived faster than they were read: this many are missing here.
    Missed(u64),
    /// A watch could not be registered again.
    WatchLost {
        /// The watched znode.
        path: String,
        /// The server's reason.
        reason: String,
    },
    /// No server accepts the session; the text gives the reason for each.
    ConnectFailing(String),
    /// This AdminServer was asked without TLS, although the session has TLS settings.
    NotEncrypted(String),
}

/// What is lost when a session ends.
#[derive(Debug, Clone, Default)]
pub struct Losses {
    /// The paths of ephemerals that the session created and did not delete.
    pub ephemerals: Vec<String>,
    /// The number of further ephemerals, whose paths are not remembered.
    pub more_ephemerals: u64,
    /// The watches that had not fired, or are persistent.
    pub watches: Vec<Watch>,
}
