//! One znode: its data, the fields of its stat, and its lifetime.

use std::sync::Arc;

use super::acl::Acl;
use super::operation::{Data, Names, SessionId, Stat};

/// The value of [`Node::owner`] for a container (`EphemeralType`).
const CONTAINER: i64 = i64::MIN;

/// The bits of [`Node::owner`] that mark a TTL; the other bits hold the TTL in milliseconds.
const TTL_MARK: i64 = 0xff << 56;

/// Maximum TTL in milliseconds, about 34 years.
pub(crate) const MAX_TTL: i64 = 0xff_ffff_ffff;

/// The lifetime of a znode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lifetime {
    Persistent,
    Ephemeral(SessionId),
    /// Deleted some time after its last child.
    Container,
    /// Deleted this many milliseconds after its last change, unless it has children.
    Ttl(i64),
}

impl Lifetime {
    /// Decodes the lifetime from an ephemeral owner, as stored in [`Node::owner`].
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
    /// The number of children ever created, which is the next sequence number.
    pub(crate) created: i32,
    pub(crate) aversion: i32,
    pub(crate) owner: i64,
    pub(crate) children: Names,
}

impl Node {
    /// Adds a child's name.
    pub(crate) fn adopt(&mut self, name: &str) {
        // The set would be copied if a reply still shared it, but replies are encoded at once.
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
            // `cversion` counts creations and deletions of children; deletions are creations minus
            // children.
            cversion: self.created.wrapping_mul(2).wrapping_sub(children),
            aversion: self.aversion,
            // Clients see no owner of containers and TTL znodes: these markers are internal to the
            // server.
            ephemeral_owner: match Lifetime::of_owner(self.owner) {
                Lifetime::Ephemeral(session) => session.0,
                _ => 0,
            },
            data_length: count(self.data_length()),
            children,
            pzxid: self.pzxid,
        }
    }
}

/// Converts a count to its type on the wire.
pub(crate) fn count(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_tell_lives_apart() {
        for life in [
            Lifetime::Persistent,
            Lifetime::Container,
            Lifetime::Ttl(5),
            Lifetime::Ephemeral(SessionId(1 << 56)),
        ] {
            assert_eq!(Lifetime::of_owner(life.owner()), life);
        }
    }
}
