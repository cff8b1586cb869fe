//! What has happened since a step began, in any session, and the current state.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Line;

/// Everything by which a step is judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effect {
    /// Replies of the servers since the step began, in their order.
    pub replies: Vec<Reply>,
    /// Events since the step began, in their order.
    pub events: Vec<Event>,
    /// Watches that a session has left since the step began, or that stand now.
    pub watches: Vec<Watch>,
    /// How every session of the lesson stands, by name.
    pub sessions: BTreeMap<String, SessionState>,
    /// Every znode below the lesson's root, without `/zookeeper`, by path.
    pub tree: BTreeMap<String, Znode>,
    /// The servers, by number; empty where they cannot be told apart.
    pub servers: BTreeMap<u32, Server>,
}

/// A reply to one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The session that asked.
    pub session: String,
    /// What was asked, by the name of the shell's command: `create`, `set`, `multi`, ...
    pub operation: String,
    /// The znodes that it was about: one for most, those of all its operations for a `multi`, none
    /// for some. Of a sequential create, the name that the server gave.
    pub paths: Vec<String>,
    /// `Ok`, or the name of ZooKeeper's error code.
    pub result: String,
}

/// An event that a session received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The session that received it.
    pub session: String,
    /// The event's type or, where that is `None`, the state.
    pub kind: String,
    /// Of a session event, none.
    pub path: Option<String>,
}

/// A watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// The session whose watch it is.
    pub session: String,
    /// What it fires for.
    pub kind: WatchKind,
    /// What is watched.
    pub path: String,
}

/// What a watch fires for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchKind {
    /// Left by `get` and `stat`.
    Data,
    /// Left by `ls`.
    Child,
    /// Left by `addWatch -m PERSISTENT`.
    Persistent,
    /// Left by `addWatch`.
    Recursive,
}

/// How a session stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum SessionState {
    /// The servers know it, whether or not it is connected; its id.
    Alive(i64),
    /// Its connection has gone without a close, and the servers have not expired it yet; its id.
    Killed(i64),
    /// The servers have expired it.
    Expired,
    /// It was closed.
    #[default]
    Closed,
}

impl SessionState {
    /// Returns the id, for as long as the servers keep the session.
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
    /// Its data; none and empty are alike.
    pub data: Vec<u8>,
    /// `ephemeralOwner`.
    pub owner: i64,
    /// `dataVersion`.
    pub version: i32,
    /// `aclVersion`.
    pub acl_version: i32,
    /// How many children it has.
    pub children: usize,
}

/// A server of an ensemble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Server {
    /// What it does.
    pub state: ServerState,
    /// Whether it leads.
    pub leads: bool,
}

/// What a server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerState {
    /// It answers.
    Up,
    /// It runs and answers nobody.
    Paused,
    /// It does not run.
    Down,
}

/// Something that types lines for a lesson and sees what comes of them.
pub trait Stage {
    /// Forgets what has happened so far: a step begins. Sessions that have ended are opened again.
    fn begin(&mut self);

    /// Types a line and waits for what comes of it; returns whether it has worked. If its session
    /// has ended, it is opened again first.
    fn run(&mut self, line: &Line) -> bool;

    /// Returns what has happened since [`Stage::begin`].
    fn effect(&mut self) -> Effect;

    /// Waits until `done` holds for what has happened, at most so long; returns whether it does.
    fn wait(&mut self, most: Duration, done: &mut dyn FnMut(&Effect) -> bool) -> bool;
}
