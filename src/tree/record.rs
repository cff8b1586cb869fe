//! A znode of a tree, with the parts that were requested from a server or are in a file.

use std::cmp::Ordering;
use std::fmt;

use super::Acl;
use crate::zk::{Stat, ZnodeData, ZnodePath};

/// The data of a znode. Since 3.5 it may be null, which differs from empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Data {
    /// No data (length -1 on the wire).
    Null,
    /// These bytes, perhaps none.
    Bytes(Vec<u8>),
}

impl Data {
    /// Returns the bytes, which are empty if the data is null.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Null => &[],
            Self::Bytes(bytes) => bytes,
        }
    }
}

impl From<ZnodeData> for Data {
    fn from(data: ZnodeData) -> Self {
        if data.is_null() { Self::Null } else { Self::Bytes(data.into_vec()) }
    }
}

impl From<&Data> for ZnodeData {
    fn from(data: &Data) -> Self {
        match data {
            Data::Null => Self::null(),
            Data::Bytes(bytes) => bytes.into(),
        }
    }
}

/// The owner that marks a container (`EphemeralType.CONTAINER_EPHEMERAL_OWNER`).
const CONTAINER_OWNER: i64 = i64::MIN;

/// The bits of an owner that mark a TTL (`EphemeralType`, extended types: 0xff, followed by the
/// feature 0).
const TTL_MARK: i64 = -1 << 56;

/// The bits that distinguish these marks from a session id.
const TTL_MASK: i64 = -1 << 40;

/// The lifetime of a znode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The znode stays until it is deleted.
    Persistent,
    /// The znode is deleted with the session that owns it.
    Ephemeral,
    /// The server deletes the znode after its last child.
    Container,
    /// The server deletes the znode when it has been unchanged and without children for this many
    /// milliseconds.
    Ttl(u64),
}

impl Kind {
    /// Returns the kind that belongs to an `ephemeralOwner`.
    pub fn of_owner(owner: i64) -> Self {
        match owner {
            0 => Self::Persistent,
            CONTAINER_OWNER => Self::Container,
            owner if owner & TTL_MASK == TTL_MARK => {
                Self::Ttl(u64::try_from(owner & !TTL_MASK).unwrap_or(0))
            }
            _ => Self::Ephemeral,
        }
    }

    /// Returns the name of the kind.
    pub fn name(self) -> &'static str {
        match self {
            Self::Persistent => "persistent",
            Self::Ephemeral => "ephemeral",
            Self::Container => "container",
            Self::Ttl(_) => "ttl",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ttl(milliseconds) => write!(f, "ttl of {milliseconds} ms"),
            kind => f.write_str(kind.name()),
        }
    }
}

/// Returns whether a name ends like those of sequential znodes: in ten or more digits, which follow
/// a sign once the counter has overflowed.
pub fn is_sequential(name: &str) -> bool {
    let digits = name.bytes().rev().take_while(u8::is_ascii_digit).count();
    digits >= 10
}

/// A znode. A part that is `None` was not requested from the server, or is not in the file. Such
/// parts are not compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The path.
    pub path: ZnodePath,
    /// The data.
    pub data: Option<Data>,
    /// The access control list.
    pub acl: Option<Acl>,
    /// The kind.
    pub kind: Option<Kind>,
    /// The stat.
    pub stat: Option<Stat>,
    /// Whether the znode changed while it was read, so that its parts may be inconsistent.
    pub changed: bool,
}

impl Record {
    /// Returns a znode of which only the path is known.
    pub fn bare(path: ZnodePath) -> Self {
        Self { path, data: None, acl: None, kind: None, stat: None, changed: false }
    }

    /// Returns the length of the data in bytes, or 0 if it is unknown.
    pub fn data_length(&self) -> u64 {
        match (&self.data, &self.stat) {
            (Some(data), _) => data.bytes().len() as u64,
            (None, Some(stat)) => u64::try_from(stat.data_length).unwrap_or(0),
            (None, None) => 0,
        }
    }
}

/// Compares paths in walk order: each znode before those below it, siblings by name.
///
/// This is the order of the texts if `/` sorts before all other characters.
pub fn walk_order(one: &ZnodePath, other: &ZnodePath) -> Ordering {
    let rank = |byte: u8| if byte == b'/' { 0 } else { byte };
    one.as_str().bytes().map(rank).cmp(other.as_str().bytes().map(rank))
}

#[cfg(test)]
pub(super) fn path(text: &str) -> ZnodePath {
    ZnodePath::new(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_znode_comes_before_those_below_it() {
        let sorted = ["/", "/a", "/a/b", "/a/b/c", "/a/c", "/a b", "/a!", "/a.b", "/ab", "/湖"];
        for (index, one) in sorted.iter().enumerate() {
            for (other_index, other) in sorted.iter().enumerate() {
                let expected = index.cmp(&other_index);
                assert_eq!(walk_order(&path(one), &path(other)), expected, "{one} {other}");
            }
        }
    }

    #[test]
    fn the_owner_determines_the_kind() {
        assert_eq!(Kind::of_owner(0), Kind::Persistent);
        assert_eq!(Kind::of_owner(0x13b_891d_4c9e_0005), Kind::Ephemeral);
        assert_eq!(Kind::of_owner(i64::MIN), Kind::Container);
        assert_eq!(Kind::of_owner(0xff00_0000_0000_1388_u64.cast_signed()), Kind::Ttl(5000));
        // The id of a session of the server with number 255.
        assert_eq!(Kind::of_owner(0xff01_91d4_c9e0_0005_u64.cast_signed()), Kind::Ephemeral);
    }

    #[test]
    fn sequential_names_end_in_ten_digits() {
        for (name, expected) in [
            ("lock-0000000001", true),
            ("0000000001", true),
            ("lock--2147483648", true),
            ("lock-000000001", false),
            ("lock-0000000001x", false),
            ("", false),
        ] {
            assert_eq!(is_sequential(name), expected, "{name}");
        }
    }
}
