//! Checks whether a znode still has the state that a change has left.

use super::{Change, Mark, Marks};
use crate::tree::Record;
use crate::zk::Stat;

/// What the current state of a znode tells about a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verified {
    /// It is the state after the change.
    Applied,
    /// It is the state before the change, so the change was never applied.
    NotApplied,
}

/// How a znode differs from the state that a change has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The path of the znode.
    pub path: String,
    why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Why {
    /// Its data has another version.
    Data { then: i32, now: i32 },
    /// Its ACL has another version.
    Acl { then: i32, now: i32 },
    /// It was deleted.
    Gone,
    /// It was deleted and created again.
    Again,
    /// The change deleted it, and it exists again.
    There,
}

impl std::fmt::Display for Moved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = &self.path;
        match self.why {
            Why::Data { then, now } => {
                write!(f, "{path} was written since: version {now} now, {then} then")
            }
            Why::Acl { then, now } => {
                write!(f, "{path} has another ACL since: ACL version {now} now, {then} then")
            }
            Why::Gone => write!(f, "{path} was deleted since"),
            Why::Again => write!(f, "{path} was deleted and created again since"),
            Why::There => write!(f, "{path} was created again since"),
        }
    }
}

/// Compares the current state of a znode, or none if it does not exist, with the state that a
/// change has left.
///
/// # Errors
/// If it has neither the state after the change nor the state before it.
pub fn verify(change: &Change, live: Option<&Record>) -> Result<Verified, Moved> {
    let stat = live.map(|live| live.stat.unwrap_or_default());
    if change.is_uncertain {
        let before = change.before.as_ref().map(|before| before.marks);
        if compare(before, stat).is_ok() {
            return Ok(Verified::NotApplied);
        }
    }
    match compare(change.after, stat) {
        Ok(()) => Ok(Verified::Applied),
        Err(why) => Err(Moved { path: change.path.clone(), why }),
    }
}

fn compare(marks: Option<Marks>, stat: Option<Stat>) -> Result<(), Why> {
    let (marks, stat) = match (marks, stat) {
        (None, None) => return Ok(()),
        (None, Some(_)) => return Err(Why::There),
        (Some(_), None) => return Err(Why::Gone),
        (Some(marks), Some(stat)) => (marks, stat),
    };
    let is_other = |mark: Mark| mark.czxid != 0 && mark.czxid != stat.czxid;
    if marks.data.is_some_and(is_other) || marks.acl.is_some_and(is_other) {
        return Err(Why::Again);
    }
    match (marks.data, marks.acl) {
        (Some(mark), _) if mark.version != stat.version => {
            Err(Why::Data { then: mark.version, now: stat.version })
        }
        (_, Some(mark)) if mark.version != stat.aversion => {
            Err(Why::Acl { then: mark.version, now: stat.aversion })
        }
        _ => Ok(()),
    }
}
