//! Creating a znode.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::data::Acl;
use crate::op::Op;

/// What sort of znode is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CreateMode {
    /// It stays until it is deleted.
    #[default]
    Persistent,
    /// It goes with the session.
    Ephemeral,
    /// It stays; the server appends ten digits to its name.
    PersistentSequential,
    /// It goes with the session; the server appends ten digits to its name.
    EphemeralSequential,
    /// The server deletes it once its last child is gone (since 3.5).
    Container,
    /// The server deletes it when it was unchanged and without children for so long (since 3.5,
    /// where the server has `extendedTypesEnabled`). Less than a millisecond is none.
    PersistentTtl(Duration),
    /// The same; the server appends ten digits to its name.
    PersistentSequentialTtl(Duration),
}

impl CreateMode {
    pub(crate) fn flags(self) -> i32 {
        match self {
            Self::Persistent => 0,
            Self::Ephemeral => 1,
            Self::PersistentSequential => 2,
            Self::EphemeralSequential => 3,
            Self::Container => 4,
            Self::PersistentTtl(_) => 5,
            Self::PersistentSequentialTtl(_) => 6,
        }
    }

    /// Returns whether the server appends ten digits to the name.
    pub fn is_sequential(self) -> bool {
        matches!(
            self,
            Self::PersistentSequential
                | Self::EphemeralSequential
                | Self::PersistentSequentialTtl(_)
        )
    }

    /// Returns whether the znode goes with the session.
    pub fn is_ephemeral(self) -> bool {
        matches!(self, Self::Ephemeral | Self::EphemeralSequential)
    }

    /// Returns the time to live, in milliseconds.
    pub(crate) fn ttl(self) -> Option<i64> {
        match self {
            Self::PersistentTtl(ttl) | Self::PersistentSequentialTtl(ttl) => {
                Some(i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX))
            }
            _ => None,
        }
    }
}

/// Creates a znode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Create {
    /// Its path; of a sequential znode, what stands before the digits.
    pub path: Arc<str>,
    /// Its data; `None` is null, which 3.5 and later keep apart from empty data.
    pub data: Option<Bytes>,
    /// Its ACL.
    pub acl: Arc<[Acl]>,
    /// Its sort.
    pub mode: CreateMode,
    /// Whether the reply is to have the stat (`create2`, since 3.5). Containers and TTL znodes are
    /// answered with it in any case.
    pub stat: bool,
}

impl Create {
    /// Creates a persistent znode that everyone may use.
    pub fn new(path: impl Into<Arc<str>>, data: impl Into<Bytes>) -> Self {
        Self {
            path: path.into(),
            data: Some(data.into()),
            acl: Acl::open(),
            mode: CreateMode::Persistent,
            stat: false,
        }
    }

    /// Creates another sort of znode.
    #[must_use]
    pub fn mode(mut self, mode: CreateMode) -> Self {
        self.mode = mode;
        self
    }

    /// Gives it an ACL.
    #[must_use]
    pub fn acl(mut self, acl: impl Into<Arc<[Acl]>>) -> Self {
        self.acl = acl.into();
        self
    }

    /// Asks for the stat too (since 3.5).
    #[must_use]
    pub fn with_stat(mut self) -> Self {
        self.stat = true;
        self
    }

    pub(crate) fn op(&self) -> Op {
        match self.mode {
            CreateMode::Container => Op::CreateContainer,
            CreateMode::PersistentTtl(_) | CreateMode::PersistentSequentialTtl(_) => Op::CreateTtl,
            _ if self.stat => Op::Create2,
            _ => Op::Create,
        }
    }
}
