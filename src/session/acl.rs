//! Access control lists as they are written: `scheme:id:perms[,scheme:id:perms…]`.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// The permissions in the order in which zkCli writes them (`ZKUtil.getPermString`).
const PERMISSIONS: &[(char, zookeeper::Permission)] = &[
    ('c', zookeeper::Permission::CREATE),
    ('d', zookeeper::Permission::DELETE),
    ('r', zookeeper::Permission::READ),
    ('w', zookeeper::Permission::WRITE),
    ('a', zookeeper::Permission::ADMIN),
];

/// Who may do what with one znode.
#[derive(Debug, Clone)]
pub struct Acl(Vec<zookeeper::Acl>);

impl Acl {
    /// Everyone may do everything: `world:anyone:cdrwa`.
    pub fn open() -> Self {
        Self(vec![zookeeper::Acl::new(zookeeper::Permission::ALL, zookeeper::AuthId::anyone())])
    }

    pub(super) fn entries(&self) -> &[zookeeper::Acl] {
        &self.0
    }

    /// Returns the size on the wire, in bytes.
    pub(super) fn wire_length(&self) -> usize {
        4 + self.0.iter().map(|acl| 12 + acl.scheme().len() + acl.id().len()).sum::<usize>()
    }
}

impl FromStr for Acl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        text.split(',').map(entry).collect::<Result<_>>().map(Self)
    }
}

/// Reads one `scheme:id:perms`; the id may contain colons.
fn entry(text: &str) -> Result<zookeeper::Acl> {
    let wrong = |why: String| {
        Error::usage(format!("{text} does not have the form scheme:id:perm: {why}"))
            .with_hint("for example world:anyone:r or auth::cdrwa or ip:10.0.0.0/8:rw")
    };
    let Some((scheme, rest)) = text.split_once(':') else {
        return Err(wrong("there is no colon".to_owned()));
    };
    let Some((id, letters)) = rest.rsplit_once(':') else {
        return Err(wrong("there is only one colon".to_owned()));
    };
    if scheme.is_empty() {
        return Err(wrong("the scheme is empty".to_owned()));
    }
    let mut permission = zookeeper::Permission::NONE;
    for letter in letters.chars() {
        let known = PERMISSIONS.iter().find(|known| known.0 == letter);
        let known = known
            .ok_or_else(|| wrong(format!("{letter} is not a permission (c, d, r, w and a are)")))?;
        permission = permission | known.1;
    }
    if letters.is_empty() {
        return Err(wrong("it gives no permission (c, d, r, w, a)".to_owned()));
    }
    Ok(zookeeper::Acl::new(permission, zookeeper::AuthId::new(scheme, id)))
}

/// One entry's permissions as letters.
fn letters(permission: zookeeper::Permission) -> String {
    PERMISSIONS.iter().filter(|known| permission.has(known.1)).map(|known| known.0).collect()
}

impl fmt::Display for Acl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, acl) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{}:{}:{}", acl.scheme(), acl.id(), letters(acl.permission()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> String {
        text.parse::<Acl>().map_or_else(|e| e.to_string(), |acl| acl.to_string())
    }

    #[test]
    fn entries_are_read_and_written() {
        for (typed, written) in [
            ("world:anyone:adwrc", "world:anyone:cdrwa"),
            ("auth::r", "auth::r"),
            ("digest:ann:x=:cd,ip:10.0.0.0/8:rw", "digest:ann:x=:cd,ip:10.0.0.0/8:rw"),
        ] {
            assert_eq!(seen(typed), written);
        }
    }

    #[test]
    fn a_wrong_entry_is_named_and_nothing_is_taken() {
        assert!(seen("world:anyone:rz").contains("z is not a permission"));
        assert!(seen("world:anyone:r,foo").starts_with("foo does not have the form"));
        assert!(seen("world:anyone:").contains("gives no permission"));
        assert!(seen("a:b").contains("only one colon"));
    }
}
