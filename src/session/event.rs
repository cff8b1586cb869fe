//! What reaches the shell without being asked for: changes of watched znodes and of the session.

use std::time::Duration;

use super::watches::Watch;

/// The state of the session, as the prompt names it (`ZooKeeper.States`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Looking for a server, at first or again.
    Connecting,
    /// A server answers.
    Connected,
    /// A server answers that cannot reach its quorum: reads only.
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

/// An event, as ZooKeeper's `WatchedEvent` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// `Watcher.Event.KeeperState`: `SyncConnected`, `Disconnected`, `Expired` …
    pub state: &'static str,
    /// `Watcher.Event.EventType`: `None` for events of the session.
    pub kind: EventKind,
    /// The znode as the user sees it, inside the chroot; none for events of the session.
    pub path: Option<String>,
    /// Zxid of the change, where the server tells it (3.9 and later).
    pub zxid: Option<i64>,
}

/// A turn in the life of the session.
#[derive(Debug, Clone)]
pub struct Turn {
    /// `Watcher.Event.KeeperState`: `SyncConnected`, `Disconnected`, `Expired` …
    pub state: &'static str,
    /// The session's number.
    pub session: i64,
    /// How long no server had answered, when one answers again.
    pub silence: Option<Duration>,
    /// What went with the session, when it is over.
    pub losses: Losses,
}

/// What the user should know of, though no server tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// The connection was lost for a while: events of these watched znodes may be missing.
    Gap(Vec<String>),
    /// A watch could not be left anew, and why.
    WatchLost {
        /// The watched znode.
        path: String,
        /// The server's reason.
        reason: String,
    },
    /// No server answers, and why.
    Trouble(String),
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

/// What happened to a watched znode (`Watcher.Event.EventType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// The session changed, not a znode.
    None,
    /// A znode that did not exist was created.
    NodeCreated,
    /// The znode was deleted.
    NodeDeleted,
    /// The znode's data was written.
    NodeDataChanged,
    /// A child was created or deleted.
    NodeChildrenChanged,
    /// The data watch was removed by the user.
    DataWatchRemoved,
    /// The child watch was removed by the user.
    ChildWatchRemoved,
    /// The persistent watch was removed by the user.
    PersistentWatchRemoved,
}

impl EventKind {
    /// Returns the name that follows `type:`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::NodeCreated => "NodeCreated",
            Self::NodeDeleted => "NodeDeleted",
            Self::NodeDataChanged => "NodeDataChanged",
            Self::NodeChildrenChanged => "NodeChildrenChanged",
            Self::DataWatchRemoved => "DataWatchRemoved",
            Self::ChildWatchRemoved => "ChildWatchRemoved",
            Self::PersistentWatchRemoved => "PersistentWatchRemoved",
        }
    }
}

impl Event {
    /// An event of a znode; none when `event` is about the session.
    pub(super) fn of_node(event: zookeeper::WatchedEvent) -> Option<Self> {
        let kind = match event.event_type {
            zookeeper::EventType::Session => return None,
            zookeeper::EventType::NodeCreated => EventKind::NodeCreated,
            zookeeper::EventType::NodeDeleted => EventKind::NodeDeleted,
            zookeeper::EventType::NodeDataChanged => EventKind::NodeDataChanged,
            zookeeper::EventType::NodeChildrenChanged => EventKind::NodeChildrenChanged,
        };
        let zxid = (event.zxid != zookeeper::WatchedEvent::NO_ZXID).then_some(event.zxid);
        Some(Self { state: "SyncConnected", kind, path: Some(event.path), zxid })
    }
}
