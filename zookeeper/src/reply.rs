//! Replies to requests.

use crate::code::Code;
use crate::data::{Acl, Data, Identity, Names, Stat};

/// A successful reply.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// No content.
    Done,
    /// A znode was created.
    Created(Created),
    /// The stat of a znode; `None` if it does not exist.
    Exists(Option<Stat>),
    /// Data and stat.
    Data(Data),
    /// The stat after a write.
    Stat(Stat),
    /// ACL and stat.
    Acl(Vec<Acl>, Stat),
    /// Names of children, or paths of ephemerals.
    Names(Names),
    /// Names of children and the stat of their parent.
    Children(Names, Stat),
    /// A number of znodes.
    Number(i32),
    /// The identities of the session.
    Identities(Vec<Identity>),
    /// The result of a transaction.
    Transaction(Transaction),
    /// The results of several reads.
    Reads(Vec<Result<ReadReply, Code>>),
}

/// The result of a create.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Created {
    /// The path; for a sequential znode it includes the digits.
    pub path: String,
    /// The stat, if the caller asked for it. In transactions some servers send zeros or nonsense
    /// (ZOOKEEPER-4026, ZOOKEEPER-4667).
    pub stat: Option<Stat>,
}

/// The result of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transaction {
    /// All operations were applied; each has a result.
    Applied(Vec<Applied>),
    /// No operation was applied. Each has a code: `Ok` before the one that failed,
    /// `RuntimeInconsistency` after it.
    Failed(Vec<Code>),
}

impl Transaction {
    /// Returns the index and the code of the operation that failed.
    pub fn failure(&self) -> Option<(usize, Code)> {
        let Self::Failed(codes) = self else { return None };
        let failed = |code: &&Code| !matches!(code, Code::Ok | Code::RuntimeInconsistency);
        let first = codes.iter().find(failed).or_else(|| codes.iter().find(|c| **c != Code::Ok))?;
        let index = codes.iter().position(|code| code == first)?;
        Some((index, *first))
    }
}

/// The result of an operation in a transaction that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// The znode was created.
    Created(Created),
    /// The znode was deleted.
    Deleted,
    /// The data was written, and the znode has this stat.
    Set(Stat),
    /// The version matched.
    Checked,
}

/// The result of one of several reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadReply {
    /// Names of children.
    Children(Names),
    /// Data and stat.
    Data(Data),
}
