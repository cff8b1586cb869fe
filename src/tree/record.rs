//! One znode of a tree, as far as it was asked for or stated.

use std::cmp::Ordering;
use std::fmt;

use super::Acl;
use crate::zk::{Stat, ZnodeData, ZnodePath};

/// A znode's data. Since 3.5 a znode may be without any, which is not the same as no bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Data {
    /// There is none (length -1 on the wire).
    Null,
    /// These bytes, perhaps none.
    Bytes(Vec<u8>),
}

impl Data {
    /// Returns the bytes, or none if there is no data.
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

/// The bits of an owner that mark a TTL (`EphemeralType`, extended types: 0xff, then the feature 0).
const TTL_MARK: i64 = -1 << 56;

/// The bits that tell a mark from a session.
const TTL_MASK: i64 = -1 << 40;

/// What keeps a znode alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// It stays until it is deleted.
    Persistent,
    /// It goes with the session that owns it.
    Ephemeral,
    /// The server deletes it once its last child is gone.
    Container,
    /// The server deletes it when unchanged and childless for so many milliseconds.
    Ttl(u64),
}

impl Kind {
    /// Returns the kind that an `ephemeralOwner` tells.
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

    /// Returns the word for it.
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

/// Returns whether a name ends as the server ends those of sequential znodes: ten digits, or more
/// and a sign once the counter has run over.
pub fn is_sequential(name: &str) -> bool {
    let digits = name.bytes().rev().take_while(u8::is_ascii_digit).count();
    digits >= 10
}

/// A znode. What is `None` was not asked for, or is not stated in a file: then it is not compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it is.
    pub path: ZnodePath,
    /// Its data.
    pub data: Option<Data>,
    /// Who may do what with it.
    pub acl: Option<Acl>,
    /// What keeps it alive.
    pub kind: Option<Kind>,
    /// What the server keeps beside the data.
    pub stat: Option<Stat>,
    /// Whether it changed while it was read, so that its parts may not belong together.
    pub changed: bool,
}

impl Record {
    /// A znode of which nothing is stated but that it is there.
    pub fn bare(path: ZnodePath) -> Self {
        Self { path, data: None, acl: None, kind: None, stat: None, changed: false }
    }

    /// Returns how many bytes of data it has, as far as that is known.
    pub fn data_length(&self) -> u64 {
        match (&self.data, &self.stat) {
            (Some(data), _) => data.bytes().len() as u64,
            (None, Some(stat)) => u64::try_from(stat.data_length).unwrap_or(0),
            (None, None) => 0,
        }
    }
}

/// Compares paths as a walk meets them: each znode before what is below it, brothers by name.
///
/// It is the order of the text in which `/` stands before all other characters.
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
    fn a_walk_meets_a_znode_before_what_is_below_it() {
        let sorted = ["/", "/a", "/a/b", "/a/b/c", "/a/c", "/a b", "/a!", "/a.b", "/ab", "/湖"];
        for (index, one) in sorted.iter().enumerate() {
            for (other_index, other) in sorted.iter().enumerate() {
                let expected = index.cmp(&other_index);
                assert_eq!(walk_order(&path(one), &path(other)), expected, "{one} {other}");
            }
        }
    }

    #[test]
    fn an_owner_tells_the_kind() {
        assert_eq!(Kind::of_owner(0), Kind::Persistent);
        assert_eq!(Kind::of_owner(0x13b_891d_4c9e_0005), Kind::Ephemeral);
        assert_eq!(Kind::of_owner(i64::MIN), Kind::Container);
        assert_eq!(Kind::of_owner(0xff00_0000_0000_1388_u64.cast_signed()), Kind::Ttl(5000));
        // A session of the server with the number 255.
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
