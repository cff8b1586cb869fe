//! Events of watched znodes.

use std::sync::Arc;

use crate::data::{Seq, Zxid};
use crate::jute::{Fault, Reader};

/// What happened to a watched znode (`Watcher.Event.EventType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// It was created.
    NodeCreated,
    /// It was deleted.
    NodeDeleted,
    /// Its data was written.
    NodeDataChanged,
    /// A child was created or deleted.
    NodeChildrenChanged,
    /// The session's data watch was removed.
    DataWatchRemoved,
    /// The session's child watch was removed.
    ChildWatchRemoved,
    /// The session's persistent watch was removed.
    PersistentWatchRemoved,
}

impl EventKind {
    fn from_number(number: i32) -> Option<Self> {
        Some(match number {
            1 => Self::NodeCreated,
            2 => Self::NodeDeleted,
            3 => Self::NodeDataChanged,
            4 => Self::NodeChildrenChanged,
            5 => Self::DataWatchRemoved,
            6 => Self::ChildWatchRemoved,
            7 => Self::PersistentWatchRemoved,
            _ => return None,
        })
    }

    /// Returns the name in `Watcher.Event.EventType`.
    pub fn name(self) -> &'static str {
        match self {
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

/// A change of a watched znode. Each change is reported once, however many watches it satisfies.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// The sequence number of the event.
    pub at: Seq,
    /// What happened.
    pub kind: EventKind,
    /// The znode, inside the chroot.
    pub path: Arc<str>,
    /// The zxid of the change, which servers send since 3.9.
    pub zxid: Option<Zxid>,
}

/// An event, decoded from its frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Notification<'a> {
    /// `None` is an event of the session, which servers do not send.
    pub(crate) kind: Option<EventKind>,
    /// `Watcher.Event.KeeperState`.
    pub(crate) state: i32,
    pub(crate) path: &'a str,
}

impl<'a> Notification<'a> {
    pub(crate) fn read(body: &'a [u8]) -> Result<Self, Fault> {
        let mut from = Reader::new(body);
        let kind = match from.int()? {
            -1 => None,
            number => Some(EventKind::from_number(number).ok_or("no such type of event")?),
        };
        let (state, path) = (from.int()?, from.string()?);
        from.end()?;
        if kind.is_some() && crate::chroot::check_path(path).is_err() {
            return Err("the path of an event is none");
        }
        Ok(Self { kind, state, path })
    }
}
