//! The states of a session, and what it reports on its own.

use std::time::Duration;

use super::{Stamp, Watch};
use crate::zk::Event;

/// The state of the session, as the prompt names it (`ZooKeeper.States`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Looking for a server, at first or again.
    Connecting,
    /// A server answers.
    Connected,
    /// A server without quorum answers: reads only.
    ConnectedReadOnly,
    /// There is no session: never opened, closed, or expired.
    Closed,
    /// The server refused the credentials and ended the session.
    AuthFailed,
}

impl State {
    /// Returns the name that stands in the prompt.
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

    /// Returns whether only a new session leads out of it.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Closed | Self::AuthFailed)
    }
}

/// What the session tells without being asked.
#[derive(Debug, Clone)]
pub enum SessionEvent {
    /// A watched znode has changed, and when its event arrived.
    Znode(Event, Stamp),
    /// The connection was lost or found, or the session is over.
    StateChange(StateChange),
    /// Something the user should know of, and when it came up.
    Warning(Warning, Stamp),
    /// The state has changed; the prompt shows it.
    State(State),
}

/// A change of the session's state.
#[derive(Debug, Clone)]
pub struct StateChange {
    /// `Watcher.Event.KeeperState`: `SyncConnected`, `Disconnected`, `Expired` …
    pub state: &'static str,
    /// The session's id.
    pub session: i64,
    /// How long no server had answered, when one answers again.
    pub silence: Option<Duration>,
    /// The server that answers, or did, where several were given.
    pub server: Option<String>,
    /// What went with the session, when it is over.
    pub losses: Losses,
}

impl StateChange {
    /// Makes a change without anything beside it.
    pub(crate) fn new(state: &'static str, session: i64) -> Self {
        Self { state, session, silence: None, server: None, losses: Losses::default() }
    }
}

/// What the user should know of, though no server tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// The connection was lost for a while: events of these watched znodes may be missing.
    Gap(Vec<String>),
    /// More events came than were read: so many are missing here.
    Missed(u64),
    /// A watch could not be registered again, and why.
    WatchLost {
        /// The watched znode.
        path: String,
        /// The server's reason.
        reason: String,
    },
    /// No server gives a session, and why each does not.
    ConnectFailing(String),
}

/// What goes with a session that ends.
#[derive(Debug, Clone, Default)]
pub struct Losses {
    /// The ephemerals that it made and has not deleted, as the user sees them, by name.
    pub ephemerals: Vec<String>,
    /// Ephemerals beyond those that are remembered by name.
    pub more_ephemerals: u64,
    /// The watches that had still to give an event.
    pub watches: Vec<Watch>,
}
