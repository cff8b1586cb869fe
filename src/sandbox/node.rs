//! One znode: its data, what its stat is made of, and how long it stays.

use std::sync::Arc;

use super::acl::Acl;
use super::operation::{Data, Names, SessionId, Stat};

/// What [`Node::owner`] is for a container (`EphemeralType`).
const CONTAINER: i64 = i64::MIN;

/// The bits of [`Node::owner`] that mark a TTL; the TTL's milliseconds are in the others.
const TTL_MARK: i64 = 0xff << 56;

/// The longest TTL, in milliseconds: some 34 years.
pub(crate) const MAX_TTL: i64 = 0xff_ffff_ffff;

/// What decides how long a znode stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    Persistent,
    Ephemeral(SessionId),
    /// Goes some time after its last child.
    Container,
    /// Goes this many milliseconds after its last change, unless it has children.
    Ttl(i64),
}

impl Life {
    /// Returns the life that an ephemeral owner, as stats show it, stands for.
    pub(crate) fn of_owner(owner: i64) -> Self {
        match owner {
            0 => Self::Persistent,
            CONTAINER => Self::Container,
            owner if owner & TTL_MARK == TTL_MARK => Self::Ttl(owner & MAX_TTL),
            owner => Self::Ephemeral(SessionId(owner)),
        }
    }

    pub(crate) fn owner(self) -> i64 {
        match self {
            Self::Persistent => 0,
            Self::Container => CONTAINER,
            Self::Ttl(milliseconds) => TTL_MARK | milliseconds,
            Self::Ephemeral(session) => session.0,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) data: Data,
    pub(crate) acl: Arc<[Acl]>,
    pub(crate) czxid: i64,
    pub(crate) mzxid: i64,
    pub(crate) pzxid: i64,
    pub(crate) ctime: i64,
    pub(crate) mtime: i64,
    pub(crate) version: i32,
    /// How many children were ever created: the next sequence number.
    pub(crate) created: i32,
    pub(crate) aversion: i32,
    pub(crate) owner: i64,
    pub(crate) children: Names,
}

impl Node {
    /// Notes a child.
    pub(crate) fn adopt(&mut self, name: &str) {
        // A reply that still held the names would make this a copy; replies are written at once.
        Arc::make_mut(&mut self.children).insert(name.into());
    }

    pub(crate) fn data_length(&self) -> usize {
        self.data.as_ref().map_or(0, |data| data.len())
    }

    pub(crate) fn stat(&self) -> Stat {
        let children = count(self.children.len());
        Stat {
            czxid: self.czxid,
            mzxid: self.mzxid,
            ctime: self.ctime,
            mtime: self.mtime,
            version: self.version,
            // Creations and deletions of children; those deleted are created and gone.
            cversion: self.created.wrapping_mul(2).wrapping_sub(children),
            aversion: self.aversion,
            // Containers and TTLs are the server's own business.
            ephemeral_owner: match Life::of_owner(self.owner) {
                Life::Ephemeral(session) => session.0,
                _ => 0,
            },
            data_length: count(self.data_length()),
            children,
            pzxid: self.pzxid,
        }
    }
}

/// Returns a count as the wire has it.
pub(crate) fn count(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_tell_lives_apart() {
        for life in
            [Life::Persistent, Life::Container, Life::Ttl(5), Life::Ephemeral(SessionId(1 << 56))]
        {
            assert_eq!(Life::of_owner(life.owner()), life);
        }
    }
}
