//! ACLs as users write them: `scheme:id:perms[,scheme:id:perms…]`.
//!
//! The parser refuses what is certainly wrong, before anything is sent, and names the wrong part.
//! It leaves unknown schemes to the server.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha1::{Digest, Sha1};

use crate::error::{Error, Result};

/// The permissions in zkCli's order (`ZKUtil.getPermString`), with their bits (`ZooDefs.Perms`).
const PERMISSIONS: &[(char, i32)] = &[('c', 4), ('d', 8), ('r', 1), ('w', 2), ('a', 16)];

/// All permissions.
const ALL: i32 = 31;

/// The shortest digest in use, in bytes: SHA-1. A server can be configured to use a longer one
/// (`zookeeper.DigestAuthenticationProvider.digestAlg`).
const SHORTEST_DIGEST: usize = 20;

/// The ACL of one znode. Clones share the entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acl(Arc<[AclEntry]>);

/// The permissions that an ACL gives to one identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AclEntry {
    /// The permissions as the bits of `ZooDefs.Perms`.
    pub permissions: i32,
    /// The authentication scheme, such as `digest`.
    pub scheme: String,
    /// The identity under that scheme.
    pub id: String,
}

/// Returns the ACL id for a user and a password: `user:`, then the base64 of the SHA-1 of both
/// (`DigestAuthenticationProvider.generateDigest`).
pub fn digest(user: &str, password: &str) -> String {
    let hash = Sha1::digest(format!("{user}:{password}"));
    format!("{user}:{}", BASE64.encode(hash))
}

impl Acl {
    /// Returns the ACL that allows everyone everything: `world:anyone:cdrwa`.
    pub fn open() -> Self {
        static OPEN: LazyLock<Acl> = LazyLock::new(|| {
            let (scheme, id) = ("world".to_owned(), "anyone".to_owned());
            Acl([AclEntry { permissions: ALL, scheme, id }].into())
        });
        OPEN.clone()
    }

    /// Creates an ACL from its entries.
    pub fn new(entries: Vec<AclEntry>) -> Self {
        Self(entries.into())
    }

    /// Returns the entries in the server's order.
    pub fn entries(&self) -> &[AclEntry] {
        &self.0
    }

    /// Returns the scheme, the id and the permission letters of each entry, in the server's order.
    pub fn parts(&self) -> impl Iterator<Item = (&str, &str, String)> {
        self.0.iter().map(|acl| (acl.scheme.as_str(), acl.id.as_str(), letters(acl.permissions)))
    }

    /// Returns the users of entries `digest:user:?`, whose passwords must still be asked for.
    pub fn unanswered(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|acl| acl.scheme == "digest").filter_map(|acl| asks(&acl.id))
    }

    /// Replaces the `?` of a user with the digest of the password.
    pub fn answer(&mut self, user: &str, password: &str) {
        for acl in Arc::make_mut(&mut self.0) {
            if acl.scheme == "digest" && asks(&acl.id) == Some(user) {
                acl.id = digest(user, password);
            }
        }
    }

    /// Returns the size on the wire in bytes.
    pub fn wire_length(&self) -> usize {
        4 + self.0.iter().map(|acl| 12 + acl.scheme.len() + acl.id.len()).sum::<usize>()
    }
}

impl FromStr for Acl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut entries: Vec<String> = Vec::new();
        for part in text.split(',') {
            match entries.last_mut() {
                // The name of an X.500 certificate contains commas, so the entry goes on until the
                // colon before its permissions.
                Some(last) if last.starts_with("x509:") && last.matches(':').count() < 2 => {
                    last.push(',');
                    last.push_str(part);
                }
                _ => entries.push(part.to_owned()),
            }
        }
        entries.iter().map(|text| entry(text)).collect::<Result<_>>().map(Self)
    }
}

/// Parses one `scheme:id:perms`; the id may contain colons.
fn entry(text: &str) -> Result<AclEntry> {
    let wrong = |why: String| {
        Error::usage(format!("{} does not have the form scheme:id:perm: {why}", veiled(text)))
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
    if let Some(why) = fault(scheme, id) {
        return Err(wrong(why));
    }
    let mut permissions = 0;
    for letter in letters.chars() {
        let known = PERMISSIONS.iter().find(|known| known.0 == letter);
        let known = known
            .ok_or_else(|| wrong(format!("{letter} is not a permission (c, d, r, w and a are)")))?;
        permissions |= known.1;
    }
    if letters.is_empty() {
        return Err(wrong("it gives no permission (c, d, r, w, a)".to_owned()));
    }
    Ok(AclEntry { permissions, scheme: scheme.to_owned(), id: id.to_owned() })
}

/// Returns an entry with possible passwords masked, so that it can be shown.
fn veiled(text: &str) -> String {
    let parts: Vec<&str> = text.split(':').collect();
    match parts.as_slice() {
        ["digest" | "auth", _, letters] if letters.chars().all(|c| "cdrwa".contains(c)) => {
            text.to_owned()
        }
        [scheme @ ("digest" | "auth"), user, _, letters] => {
            format!("{scheme}:{user}:****:{letters}")
        }
        [scheme @ ("digest" | "auth"), user, _, ..] => format!("{scheme}:{user}:****"),
        _ => text.to_owned(),
    }
}

/// Describes what is wrong with an id of one of ZooKeeper's own schemes.
fn fault(scheme: &str, id: &str) -> Option<String> {
    match scheme {
        "world" if id != "anyone" => {
            Some(format!("the only id of world is anyone, not {}", quoted(id)))
        }
        "ip" => ip_fault(id),
        "digest" => digest_fault(id),
        "x509" => {
            // The server parses it as an X.500 name.
            let named = id
                .split(',')
                .all(|part| part.split_once('=').is_some_and(|(key, _)| !key.trim().is_empty()));
            (!named).then(|| {
                format!(
                    "the id of x509 is the name of a certificate such as CN=ann,O=lake, not {}",
                    quoted(id)
                )
            })
        }
        _ => None,
    }
}

fn ip_fault(id: &str) -> Option<String> {
    let (address, bits) = match id.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (id, None),
    };
    let most = if address.parse::<Ipv4Addr>().is_ok() {
        32
    } else if address.parse::<Ipv6Addr>().is_ok() {
        128
    } else {
        return Some(format!("{} is not an IP address", quoted(address)));
    };
    let bits = bits?;
    let fits = bits.parse::<u8>().is_ok_and(|bits| bits <= most);
    (!fits).then(|| format!("{} is not a number of bits from 0 to {most}", quoted(bits)))
}

/// Returns the user of an id `user:?`.
fn asks(id: &str) -> Option<&str> {
    id.strip_suffix(":?").filter(|user| !user.is_empty() && !user.contains(':'))
}

/// Describes what is wrong with a digest id. A password in place of its digest would lock everyone
/// out, and be readable by everyone.
fn digest_fault(id: &str) -> Option<String> {
    let Some((user, digest)) = id.split_once(':') else {
        return Some("the id of digest is user:digest".to_owned());
    };
    if user.is_empty() {
        return Some("the user is empty".to_owned());
    }
    if asks(id).is_some() {
        return None;
    }
    let sound = BASE64.decode(digest).is_ok_and(|bytes| bytes.len() >= SHORTEST_DIGEST);
    (!sound).then(|| format!("what follows {user}: is not the digest of a password"))
}

fn quoted(text: &str) -> String {
    if text.is_empty() { "nothing".to_owned() } else { text.to_owned() }
}

/// Returns the permissions of an entry as letters.
fn letters(permissions: i32) -> String {
    PERMISSIONS.iter().filter(|known| permissions & known.1 != 0).map(|known| known.0).collect()
}

impl serde::Serialize for Acl {
    fn serialize<S: serde::Serializer>(
        &self,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct Entry<'a> {
            scheme: &'a str,
            id: &'a str,
            perms: String,
        }
        serializer.collect_seq(self.parts().map(|(scheme, id, perms)| Entry { scheme, id, perms }))
    }
}

impl fmt::Display for Acl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (scheme, id, letters)) in self.parts().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{scheme}:{id}:{letters}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The digest of `ann:secret`.
    const ANN: &str = "ann:7RJfAeIvrl4zdj6sS2fXrQHDvHM=";

    #[test]
    fn digests_are_those_of_the_server() {
        // `java -cp … DigestAuthenticationProvider ann:secret` prints the same.
        assert_eq!(digest("ann", "secret"), ANN);
    }

    fn seen(text: &str) -> String {
        text.parse::<Acl>().map_or_else(|e| e.to_string(), |acl| acl.to_string())
    }

    #[test]
    fn entries_are_read_and_written() {
        for (typed, written) in [
            ("world:anyone:adwrc", "world:anyone:cdrwa".to_owned()),
            ("auth::r", "auth::r".to_owned()),
            ("auth:ann:secret:r", "auth:ann:secret:r".to_owned()),
            ("sasl:ann/h@REALM:r", "sasl:ann/h@REALM:r".to_owned()),
            ("ip:::1/64:r", "ip:::1/64:r".to_owned()),
            (
                "x509:CN=ann,O=lake:rw,world:anyone:r",
                "x509:CN=ann,O=lake:rw,world:anyone:r".to_owned(),
            ),
            (
                &format!("digest:{ANN}:cd,ip:10.0.0.0/8:rw"),
                format!("digest:{ANN}:cd,ip:10.0.0.0/8:rw"),
            ),
        ] {
            assert_eq!(seen(typed), written);
        }
    }

    #[test]
    fn passwords_are_asked_for_and_only_their_digests_kept() {
        let mut acl: Acl = "digest:ann:?:r,digest:bob:?:w,auth:x:?:r".parse().expect("an ACL");
        assert_eq!(acl.unanswered().collect::<Vec<_>>(), ["ann", "bob"]);
        acl.answer("ann", "secret");
        assert_eq!(acl.unanswered().collect::<Vec<_>>(), ["bob"]);
        assert_eq!(acl.to_string(), format!("digest:{ANN}:r,digest:bob:?:w,auth:x:?:r"));
    }

    #[test]
    fn a_wrong_entry_is_named_and_nothing_is_taken() {
        for (typed, words) in [
            ("world:anyone:rz", "z is not a permission"),
            ("world:anyone:", "gives no permission"),
            ("a:b", "only one colon"),
            ("world:all:r", "the only id of world is anyone, not all"),
            ("world::r", "not nothing"),
            ("ip:10.0.0:r", "10.0.0 is not an IP address"),
            ("ip:10.0.0.1/33:r", "33 is not a number of bits from 0 to 32"),
            ("digest:ann:r", "the id of digest is user:digest"),
            ("x509:ann:r", "not ann"),
        ] {
            assert!(seen(typed).contains(words), "{typed}: {}", seen(typed));
            assert!(seen(typed).starts_with(typed), "{typed}: {}", seen(typed));
        }
        let veiled = seen("digest:ann:secret:r");
        assert!(veiled.starts_with("digest:ann:****:r does not have the form"), "{veiled}");
        assert!(veiled.ends_with("what follows ann: is not the digest of a password"), "{veiled}");
        assert!(seen("digest::x:r").ends_with("the user is empty"));
        assert!(!seen("auth:ann:secret:z").contains("secret"));
        assert!(seen("world:anyone:r,foo").starts_with("foo does not have the form"));
    }
}
