//! The events since a step began in all sessions, and the current state.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Line;

/// Everything that decides whether a step is done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effect {
    /// The replies of the servers since the step began, in order.
    pub replies: Vec<Reply>,
    /// The events since the step began, in order.
    pub events: Vec<Event>,
    /// The watches that were set since the step began, and those that still exist.
    pub watches: Vec<Watch>,
    /// The state of every session of the lesson, by name.
    pub sessions: BTreeMap<String, SessionState>,
    /// Every znode below the lesson's root except `/zookeeper`, by path.
    pub tree: BTreeMap<String, Znode>,
    /// The servers by number. Empty if they cannot be distinguished.
    pub servers: BTreeMap<u32, Server>,
}

/// A reply to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The session that sent the request.
    pub session: String,
    /// The operation, by the name of the shell's command: `create`, `set`, `multi`, ...
    pub operation: String,
    /// The znodes of the request: usually one, those of all operations for `multi`, and sometimes
    /// none. For a sequential create, the name that the server generated.
    pub paths: Vec<String>,
    /// `Ok`, or the name of ZooKeeper's error code.
    pub result: String,
}

/// An event that a session received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The session that received it.
    pub session: String,
    /// The event's type or, if that is `None`, the state.
    pub kind: String,
    /// The path, or `None` for a session event.
    pub path: Option<String>,
}

/// A watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// The session that holds the watch.
    pub session: String,
    /// The kind of the watch.
    pub kind: WatchKind,
    /// The watched znode.
    pub path: String,
}

/// The kind of a watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchKind {
    /// Set by `get` and `stat`.
    Data,
    /// Set by `ls`.
    Child,
    /// Set by `addWatch -m PERSISTENT`.
    Persistent,
    /// Set by `addWatch`.
    Recursive,
}

/// The state of a session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum SessionState {
    /// The servers know the session, whether or not it is connected. The value is its id.
    Alive(i64),
    /// The connection was lost without a close, and the servers have not expired the session yet.
    /// The value is its id.
    Killed(i64),
    /// The servers have expired the session.
    Expired,
    /// The session was closed.
    #[default]
    Closed,
}

impl SessionState {
    /// Returns the id as long as the servers keep the session.
    pub fn id(&self) -> Option<i64> {
        match self {
            Self::Alive(id) | Self::Killed(id) => Some(*id),
            Self::Expired | Self::Closed => None,
        }
    }
}

/// A znode.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Znode {
    /// The data. Null and empty are the same here.
    pub data: Vec<u8>,
    /// `ephemeralOwner`.
    pub owner: i64,
    /// `dataVersion`.
    pub version: i32,
    /// `aclVersion`.
    pub acl_version: i32,
    /// The number of children.
    pub children: usize,
}

/// A server of an ensemble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Server {
    /// The state of the server.
    pub state: ServerState,
    /// Whether the server is the leader.
    pub leads: bool,
}

/// The state of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerState {
    /// The server answers.
    Up,
    /// The server runs but does not answer.
    Paused,
    /// The server does not run.
    Down,
}

/// Types lines for a lesson and observes their effects.
pub trait Stage {
    /// Starts a step: discards all recorded effects, and opens sessions that have ended again.
    fn begin(&mut self);

    /// Types a line and waits for its result. Returns whether it succeeded. If its session has
    /// ended, opens that again first.
    fn run(&mut self, line: &Line) -> bool;

    /// Returns the effects since [`Stage::begin`].
    fn effect(&mut self) -> Effect;

    /// Waits until `done` holds, for at most `most`. Returns whether it holds.
    fn wait(&mut self, most: Duration, done: &mut dyn FnMut(&Effect) -> bool) -> bool;
}
