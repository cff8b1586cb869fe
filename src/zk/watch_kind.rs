//! The kinds of watches, and the events of each.

use super::event::{Event, EventKind};

/// A kind of watch (`Watcher.WatcherType` and `AddWatchMode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WatchKind {
    /// One event: the znode was created or deleted, or its data written. Set by `get` and `stat`.
    Data,
    /// One event: the children changed, or the znode was deleted. Set by `ls`.
    Child,
    /// Every event of the znode, until removed. Set by `addWatch -m PERSISTENT`.
    Persistent,
    /// Every event of the znode and its descendants, until removed. Set by `addWatch`.
    PersistentRecursive,
}

impl WatchKind {
    /// Returns the name for lists.
    pub fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Child => "children",
            Self::Persistent => "persistent",
            Self::PersistentRecursive => "persistent recursive",
        }
    }

    /// Returns whether the watch is removed after one event.
    pub fn is_one_shot(self) -> bool {
        matches!(self, Self::Data | Self::Child)
    }

    /// Returns whether a watch of this kind on `path` is satisfied by `event`.
    ///
    /// Source: `WatchManager.triggerWatch` and `ZKWatchManager.materialize`.
    pub fn is_satisfied(self, path: &str, event: &Event) -> bool {
        let Some(at) = event.path.as_deref() else { return false };
        let same = at == path;
        match event.kind {
            EventKind::NodeDeleted => same || self.reaches(path, at),
            EventKind::NodeCreated | EventKind::NodeDataChanged => {
                (same && self != Self::Child) || self.reaches(path, at)
            }
            EventKind::NodeChildrenChanged => {
                same && matches!(self, Self::Child | Self::Persistent)
            }
            _ => false,
        }
    }

    fn reaches(self, path: &str, below: &str) -> bool {
        let rest = below.strip_prefix(path.trim_end_matches('/'));
        self == Self::PersistentRecursive && rest.is_some_and(|rest| rest.starts_with('/'))
    }
}
