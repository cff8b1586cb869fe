//! Access control lists of saved trees: exactly what a server stores, with any scheme.
//!
//! `zk::Acl` validates user input. This type accepts everything that a server has accepted, and has
//! a JSON form.

use std::fmt;

use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::session::AclReply;
use crate::zk;

/// The letters of the permissions in the order in which zkCli writes them
/// (`ZKUtil.getPermString`), each with its bit (`ZooDefs.Perms`).
const LETTERS: &[(u8, u8)] = &[(b'c', 4), (b'd', 8), (b'r', 1), (b'w', 2), (b'a', 16)];

/// The permissions of an entry: a set of create, delete, read, write and admin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permissions(u8);

impl Permissions {
    /// All permissions: `cdrwa`.
    pub const ALL: Self = Self(31);
    /// Permission to create children.
    pub const CREATE: Self = Self(4);
    /// Permission to delete children.
    pub const DELETE: Self = Self(8);
    /// Permission to read the data and the names of the children.
    pub const READ: Self = Self(1);
    /// Permission to write the data.
    pub const WRITE: Self = Self(2);
    /// Permission to replace the ACL.
    pub const ADMIN: Self = Self(16);

    /// Returns the set with these bits (`ZooDefs.Perms`), or `None` if it has unknown bits.
    pub fn from_bits(bits: i64) -> Option<Self> {
        u8::try_from(bits).ok().filter(|bits| *bits <= Self::ALL.0).map(Self)
    }

    /// Returns the set for the number that a server sends. It ignores bits that mean no permission.
    fn from_wire(bits: i32) -> Self {
        Self(u8::try_from(bits & 31).unwrap_or_default())
    }

    /// Returns the bits of the set (`ZooDefs.Perms`).
    pub fn bits(self) -> u8 {
        self.0
    }

    /// Returns whether the set has all permissions of `other`.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns the permissions that are in either set.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns the letters of the set in the order in which zkCli writes them, each a byte.
    pub fn letters(self) -> impl Iterator<Item = u8> {
        LETTERS.iter().filter(move |known| self.0 & known.1 != 0).map(|known| known.0)
    }

    /// Parses permission letters in any order.
    pub fn from_letters(letters: &str) -> Option<Self> {
        letters.bytes().try_fold(Self(0), |set, letter| {
            let (_, bit) = LETTERS.iter().find(|known| known.0 == letter)?;
            Some(Self(set.0 | bit))
        })
    }
}

impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        self.letters().try_for_each(|letter| f.write_char(char::from(letter)))
    }
}

impl Serialize for Permissions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Permissions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let letters = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::from_letters(&letters).ok_or_else(|| {
            D::Error::invalid_value(Unexpected::Str(&letters), &"letters out of c, d, r, w and a")
        })
    }
}

/// The permissions of one identity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AclEntry {
    /// The authentication scheme: `world`, `digest`, `ip`, `sasl`, `x509`, or one that a server
    /// adds.
    pub scheme: String,
    /// The identity.
    pub id: String,
    /// The permissions of the identity.
    pub perms: Permissions,
}

impl AclEntry {
    /// Returns `world:anyone` with these permissions.
    pub fn world(perms: Permissions) -> Self {
        Self { scheme: "world".to_owned(), id: "anyone".to_owned(), perms }
    }
}

/// The ACL of a znode, in the server's order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Acl(pub Vec<AclEntry>);

impl Acl {
    /// Returns the ACL that allows everyone everything: `world:anyone:cdrwa`.
    pub fn open() -> Self {
        Self(vec![AclEntry::world(Permissions::ALL)])
    }

    /// Returns whether both ACLs allow the same. The order of entries means nothing to a server.
    pub fn is_same(&self, other: &Self) -> bool {
        self.0 == other.0 || {
            let sorted = |acl: &Self| {
                let mut entries = acl.0.clone();
                entries.sort();
                entries.dedup();
                entries
            };
            sorted(self) == sorted(other)
        }
    }

    /// Returns whether everyone has these permissions.
    pub fn lets_all(&self, perms: Permissions) -> bool {
        self.0.iter().any(|entry| {
            entry.scheme == "world" && entry.id == "anyone" && entry.perms.contains(perms)
        })
    }

    /// Returns whether a server has replaced the digests by `x`, as it does for users who may not
    /// change the ACL (`FinalRequestProcessor`, since 3.5).
    pub fn is_masked(&self) -> bool {
        self.0.iter().any(|entry| entry.scheme == "digest" && entry.id.ends_with(":x"))
    }

    /// Returns whether this ACL grants everything that `other` grants.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.iter().all(|old| {
            let same = |new: &&AclEntry| new.scheme == old.scheme && new.id == old.id;
            let granted = self.0.iter().filter(same).map(|new| new.perms);
            granted.fold(Permissions(0), Permissions::union).contains(old.perms)
        })
    }
}

impl From<&zk::Acl> for Acl {
    fn from(acl: &zk::Acl) -> Self {
        let entry = |entry: &zk::AclEntry| AclEntry {
            scheme: entry.scheme.clone(),
            id: entry.id.clone(),
            perms: Permissions::from_wire(entry.permissions),
        };
        Self(acl.entries().iter().map(entry).collect())
    }
}

impl From<&AclReply> for Acl {
    fn from(acl: &AclReply) -> Self {
        let entry = |(permissions, scheme, id): (i32, &str, &str)| AclEntry {
            scheme: scheme.to_owned(),
            id: id.to_owned(),
            perms: Permissions::from_wire(permissions),
        };
        Self(acl.entries().map(entry).collect())
    }
}

impl From<&Acl> for zk::Acl {
    fn from(acl: &Acl) -> Self {
        let entry = |entry: &AclEntry| zk::AclEntry {
            permissions: i32::from(entry.perms.bits()),
            scheme: entry.scheme.clone(),
            id: entry.id.clone(),
        };
        Self::new(acl.0.iter().map(entry).collect())
    }
}

impl fmt::Display for Acl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, AclEntry { scheme, id, perms }) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{scheme}:{id}:{perms}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acl(entries: &[(&str, &str, &str)]) -> Acl {
        let entry = |(scheme, id, perms): &(&str, &str, &str)| AclEntry {
            scheme: (*scheme).to_owned(),
            id: (*id).to_owned(),
            perms: Permissions::from_letters(perms).expect("letters"),
        };
        Acl(entries.iter().map(entry).collect())
    }

    #[test]
    fn permissions_are_letters_and_bits() {
        for bits in 0..=31 {
            let set = Permissions::from_bits(bits).expect("five bits");
            assert_eq!(Permissions::from_letters(&set.to_string()), Some(set));
        }
        assert_eq!(Permissions::from_letters("awrdc"), Some(Permissions::ALL));
        assert_eq!(Permissions::ALL.to_string(), "cdrwa");
        assert_eq!(Permissions::from_letters("x"), None);
        assert_eq!(Permissions::from_bits(32), None);
        assert_eq!(Permissions::from_bits(-1), None);
    }

    #[test]
    fn the_order_of_entries_does_not_matter() {
        let one = acl(&[("world", "anyone", "r"), ("ip", "10.0.0.1", "cdrwa")]);
        let other = acl(&[("ip", "10.0.0.1", "cdrwa"), ("world", "anyone", "r")]);
        assert!(one.is_same(&other));
        assert!(!one.is_same(&Acl::open()));
        assert!(Acl::open().covers(&acl(&[("world", "anyone", "rw")])));
        assert!(!one.covers(&Acl::open()));
        assert!(one.lets_all(Permissions::READ) && !one.lets_all(Permissions::CREATE));
    }

    #[test]
    fn ids_are_kept_unchanged() {
        let odd = acl(&[("sasl", "a:b,c\"\n", "r")]);
        let json = serde_json::to_string(&odd).expect("JSON");
        assert_eq!(json, r#"[{"scheme":"sasl","id":"a:b,c\"\n","perms":"r"}]"#);
        assert_eq!(serde_json::from_str::<Acl>(&json).expect("an ACL"), odd);
        let wrong = serde_json::from_str::<Acl>(r#"[{"scheme":"a","id":"b","perms":"z"}]"#);
        assert!(wrong.is_err_and(|error| error.to_string().contains("letters out of c, d, r")));
    }
}
