//! The parts of a znode: stat, ACL and the names of its children.

use std::fmt;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;

use crate::jute::{Fault, Reader};

/// The id of a transaction of the ensemble; larger is later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Zxid(pub i64);

impl fmt::Display for Zxid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// A sequence number in the order in which a client has received replies and events and changed its
/// state; larger is later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seq(pub u64);

/// The stat of a znode, in wire order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stat {
    /// Zxid of the creation.
    pub czxid: i64,
    /// Zxid of the last change of the data.
    pub mzxid: i64,
    /// Time of the creation, in milliseconds since 1970.
    pub ctime: i64,
    /// Time of the last change of the data, in milliseconds since 1970.
    pub mtime: i64,
    /// Number of changes of the data.
    pub version: i32,
    /// Number of changes of the list of children.
    pub cversion: i32,
    /// Number of changes of the ACL.
    pub aversion: i32,
    /// Session id of an ephemeral's owner, otherwise 0.
    pub ephemeral_owner: i64,
    /// Length of the data in bytes.
    pub data_length: i32,
    /// Number of children.
    pub num_children: i32,
    /// Zxid of the last change of the children.
    pub pzxid: i64,
}

impl Stat {
    pub(crate) fn read(from: &mut Reader<'_>) -> Result<Self, Fault> {
        Ok(Self {
            czxid: from.long()?,
            mzxid: from.long()?,
            ctime: from.long()?,
            mtime: from.long()?,
            version: from.int()?,
            cversion: from.int()?,
            aversion: from.int()?,
            ephemeral_owner: from.long()?,
            data_length: from.int()?,
            num_children: from.int()?,
            pzxid: from.long()?,
        })
    }
}

/// Data and stat of a znode. Null data (`None`) differs from empty data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Data {
    /// The data; `None` is the null of Java clients.
    pub data: Option<Bytes>,
    /// The stat.
    pub stat: Stat,
}

/// The permissions of an ACL entry: a sum of the constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Permissions(pub i32);

impl Permissions {
    /// Reading data, children and stat.
    pub const READ: Self = Self(1);
    /// Writing data.
    pub const WRITE: Self = Self(2);
    /// Creating children.
    pub const CREATE: Self = Self(4);
    /// Deleting children.
    pub const DELETE: Self = Self(8);
    /// Changing the ACL.
    pub const ADMIN: Self = Self(16);
    /// All permissions.
    pub const ALL: Self = Self(31);
}

/// An entry of an ACL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Acl {
    /// The permissions.
    pub permissions: Permissions,
    /// The scheme, such as `world`, `digest` or `ip`.
    pub scheme: Arc<str>,
    /// The identity under that scheme.
    pub id: Arc<str>,
}

impl Acl {
    /// Creates an entry.
    pub fn new(
        permissions: Permissions,
        scheme: impl Into<Arc<str>>,
        id: impl Into<Arc<str>>,
    ) -> Self {
        Self { permissions, scheme: scheme.into(), id: id.into() }
    }

    /// Like [`Acl::new`], but entries for `world:anyone`, the commonest, share their texts.
    pub(crate) fn of_parts(permissions: Permissions, scheme: &str, id: &str) -> Self {
        static WORLD: LazyLock<Acl> = LazyLock::new(|| Acl::new(Permissions(0), "world", "anyone"));
        if (scheme, id) == (&*WORLD.scheme, &*WORLD.id) {
            return Self { permissions, ..WORLD.clone() };
        }
        Self::new(permissions, scheme, id)
    }

    /// Returns the ACL that gives everyone all permissions.
    pub fn open() -> Arc<[Self]> {
        static OPEN: LazyLock<Arc<[Acl]>> =
            LazyLock::new(|| Arc::new([Acl::new(Permissions::ALL, "world", "anyone")]));
        Arc::clone(&OPEN)
    }
}

/// An identity of the session (`whoAmI`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The scheme, such as `ip` or `digest`.
    pub scheme: String,
    /// The user under that scheme.
    pub user: String,
}

/// A list of names or paths, in the server's order. The names are stored in one string, because
/// lists of hundreds of thousands of names are common.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Names {
    text: String,
    ends: Vec<u32>,
}

impl Names {
    pub(crate) fn with_capacity(names: usize, bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), ends: Vec::with_capacity(names) }
    }

    pub(crate) fn push(&mut self, name: &str) {
        self.text.push_str(name);
        // A frame is shorter than 4 GiB: its length is an i32.
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }

    /// Returns the number of names.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Returns the name at an index.
    pub fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.text.get(start as usize..end as usize)
    }

    /// Returns an iterator over the names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> + DoubleEndedIterator {
        (0..self.len()).map(|index| self.get(index).unwrap_or_default())
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl From<Names> for Vec<String> {
    fn from(names: Names) -> Self {
        names.iter().map(str::to_owned).collect()
    }
}

impl<'a> FromIterator<&'a str> for Names {
    fn from_iter<I: IntoIterator<Item = &'a str>>(names: I) -> Self {
        let mut all = Self::default();
        names.into_iter().for_each(|name| all.push(name));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_apart() {
        let names: Names = ["a", "", "lake"].into_iter().collect();
        assert_eq!(names.iter().collect::<Vec<_>>(), ["a", "", "lake"]);
        assert_eq!((names.len(), names.get(3)), (3, None));
        assert_eq!(Vec::<String>::from(names), ["a", "", "lake"]);
    }
}
