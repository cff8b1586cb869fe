//! The kinds of watches, and what they report.

use crate::event::EventKind;

/// A kind of watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WatchKind {
    /// One event of an existing znode: its data was written, or it was deleted. Set by `getData`
    /// and `exists`.
    Data,
    /// One event: the znode was created. Set by `exists` if the znode does not exist.
    Exists,
    /// One event: a child was created or deleted, or the znode was deleted. Set by `getChildren`.
    Child,
    /// Every event of the znode, until the watch is removed.
    Persistent,
    /// Every event of the znode and its descendants except changes of their lists of children,
    /// until the watch is removed.
    PersistentRecursive,
}

impl WatchKind {
    /// All kinds, in the order of the lists of `setWatches2`.
    pub const ALL: [Self; 5] =
        [Self::Data, Self::Exists, Self::Child, Self::Persistent, Self::PersistentRecursive];

    /// Returns whether the watch is removed after one event.
    pub fn is_one_shot(self) -> bool {
        matches!(self, Self::Data | Self::Exists | Self::Child)
    }

    /// Returns whether an event of the watched znode itself satisfies the watch
    /// (`ZKWatchManager.materialize`).
    pub(crate) fn hears(self, event: EventKind) -> bool {
        match event {
            EventKind::NodeCreated | EventKind::NodeDataChanged => self != Self::Child,
            EventKind::NodeDeleted => true,
            EventKind::NodeChildrenChanged => matches!(self, Self::Child | Self::Persistent),
            EventKind::DataWatchRemoved => matches!(self, Self::Data | Self::Exists),
            EventKind::ChildWatchRemoved => self == Self::Child,
            EventKind::PersistentWatchRemoved => !self.is_one_shot(),
        }
    }
}

/// The reach of a persistent watch (`AddWatchMode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WatchMode {
    /// Events of the znode itself.
    Persistent,
    /// Events of the znode and its descendants.
    PersistentRecursive,
}

impl WatchMode {
    pub(crate) fn number(self) -> i32 {
        match self {
            Self::Persistent => 0,
            Self::PersistentRecursive => 1,
        }
    }

    pub(crate) fn kind(self) -> WatchKind {
        match self {
            Self::Persistent => WatchKind::Persistent,
            Self::PersistentRecursive => WatchKind::PersistentRecursive,
        }
    }
}

/// The kinds of watches to check or remove (`Watcher.WatcherType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RemoveKind {
    /// Watches from `getChildren`.
    Children,
    /// Watches from `getData` and `exists`.
    Data,
    /// Watches of every kind.
    Any,
    /// Persistent watches (since 3.9).
    Persistent,
    /// Recursive persistent watches (since 3.9).
    PersistentRecursive,
}

impl RemoveKind {
    pub(crate) fn number(self) -> i32 {
        match self {
            Self::Children => 1,
            Self::Data => 2,
            Self::Any => 3,
            Self::Persistent => 4,
            Self::PersistentRecursive => 5,
        }
    }

    pub(crate) fn names(self, kind: WatchKind) -> bool {
        match self {
            Self::Any => true,
            Self::Children => kind == WatchKind::Child,
            Self::Data => matches!(kind, WatchKind::Data | WatchKind::Exists),
            Self::Persistent => kind == WatchKind::Persistent,
            Self::PersistentRecursive => kind == WatchKind::PersistentRecursive,
        }
    }
}
