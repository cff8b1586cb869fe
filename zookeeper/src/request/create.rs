//! The request that creates a znode.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::data::Acl;
use crate::op::Op;

/// The kind of a new znode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CreateMode {
    /// Persists until it is deleted.
    #[default]
    Persistent,
    /// Deleted when the session ends.
    Ephemeral,
    /// Persists; the server appends ten digits to its name.
    PersistentSequential,
    /// Deleted when the session ends; the server appends ten digits to its name.
    EphemeralSequential,
    /// Deleted by the server after its last child is deleted (since 3.5).
    Container,
    /// Deleted by the server when it has been unchanged and childless for this time (since 3.5, if
    /// the server has `extendedTypesEnabled`). A time below one millisecond is no valid TTL.
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

    /// Returns whether the znode is deleted when the session ends.
    pub fn is_ephemeral(self) -> bool {
        matches!(self, Self::Ephemeral | Self::EphemeralSequential)
    }

    /// Returns the TTL in milliseconds.
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
    /// The path; for a sequential znode without the digits.
    pub path: Arc<str>,
    /// The data; `None` is null, which 3.5 and later distinguish from empty data.
    pub data: Option<Bytes>,
    /// The ACL.
    pub acl: Arc<[Acl]>,
    /// The kind of znode.
    pub mode: CreateMode,
    /// Whether the reply should contain the stat (`create2`, since 3.5). For containers and TTL
    /// znodes it always does.
    pub stat: bool,
}

impl Create {
    /// Creates a persistent znode with an open ACL.
    pub fn new(path: impl Into<Arc<str>>, data: impl Into<Bytes>) -> Self {
        Self {
            path: path.into(),
            data: Some(data.into()),
            acl: Acl::open(),
            mode: CreateMode::Persistent,
            stat: false,
        }
    }

    /// Sets the kind of znode.
    #[must_use]
    pub fn mode(mut self, mode: CreateMode) -> Self {
        self.mode = mode;
        self
    }

    /// Sets the ACL.
    #[must_use]
    pub fn acl(mut self, acl: impl Into<Arc<[Acl]>>) -> Self {
        self.acl = acl.into();
        self
    }

    /// Requests the stat as well (since 3.5).
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
