//! Events of watched znodes.

/// An event, as ZooKeeper's `WatchedEvent` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// `Watcher.Event.KeeperState`: `SyncConnected`, `Disconnected`, `Expired` …
    pub state: &'static str,
    /// `Watcher.Event.EventType`: `None` for events of the session.
    pub kind: EventKind,
    /// The znode inside the chroot; `None` for events of the session.
    pub path: Option<String>,
    /// The zxid of the change, if the server sends it (3.9 and later).
    pub zxid: Option<i64>,
}

/// What happened to a watched znode (`Watcher.Event.EventType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// A change of the session, not of a znode.
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
    /// Returns whether the event reports a change of a znode.
    pub fn is_change(self) -> bool {
        use EventKind::{NodeChildrenChanged, NodeCreated, NodeDataChanged, NodeDeleted};
        matches!(self, NodeCreated | NodeDeleted | NodeDataChanged | NodeChildrenChanged)
    }

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
