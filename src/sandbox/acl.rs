//! Access control: authentication schemes, client identities and ACL entries.
//!
//! This module knows nothing of znodes and connections.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

use super::address;

/// An identity under one scheme, such as `digest` or `ip`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Id {
    pub(crate) scheme: String,
    pub(crate) id: String,
}

impl Id {
    pub(crate) fn new(scheme: &str, id: impl Into<String>) -> Self {
        Self { scheme: scheme.to_owned(), id: id.into() }
    }

    pub(crate) fn is_anyone(&self) -> bool {
        self.scheme == "world" && self.id == "anyone"
    }
}

/// One ACL entry: the permissions that it gives to one identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Acl {
    pub(crate) permissions: i32,
    pub(crate) id: Id,
}

/// Bits of [`Acl::permissions`].
pub(crate) mod permission {
    pub(crate) const READ: i32 = 1;
    pub(crate) const WRITE: i32 = 2;
    pub(crate) const CREATE: i32 = 4;
    pub(crate) const DELETE: i32 = 8;
    pub(crate) const ADMIN: i32 = 16;
    pub(crate) const ALL: i32 = READ | WRITE | CREATE | DELETE | ADMIN;
}

/// The ACL of almost every znode: `world:anyone` has all permissions.
pub(crate) static OPEN: LazyLock<Arc<[Acl]>> = LazyLock::new(|| {
    Arc::new([Acl { permissions: permission::ALL, id: Id::new("world", "anyone") }])
});

/// The scheme of the superuser, whom every ACL allows everything.
const SUPER: &str = "super";

/// Returns the identities that the credentials prove, or `None` if authentication fails.
pub(crate) fn authenticate(
    scheme: &str,
    credentials: &[u8],
    peer: SocketAddr,
    super_digest: Option<&str>,
) -> Option<Vec<Id>> {
    match scheme {
        "digest" => {
            let text = String::from_utf8_lossy(credentials);
            let user = text.split(':').next().unwrap_or_default();
            let digest = format!("{user}:{}", STANDARD.encode(Sha1::digest(text.as_bytes())));
            let mut ids = Vec::new();
            if super_digest == Some(&*digest) {
                ids.push(Id::new(SUPER, ""));
            }
            ids.push(Id::new("digest", digest));
            Some(ids)
        }
        "ip" => Some(vec![of_peer(peer)]),
        _ => None,
    }
}

/// Returns the `ip` identity, which every connection has from the start.
pub(crate) fn of_peer(peer: SocketAddr) -> Id {
    Id::new("ip", address::host(peer))
}

/// Which of the optional schemes are configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Schemes {
    /// SASL.
    pub(crate) sasl: bool,
    /// The certificates of TLS.
    pub(crate) x509: bool,
}

/// Returns an identity's name for the reply to `whoAmI`, without the digest.
pub(crate) fn user(id: &Id) -> &str {
    match &*id.scheme {
        "digest" => id.id.split(':').next().unwrap_or_default(),
        "ip" | "sasl" | "x509" => &id.id,
        _ => "",
    }
}

/// Returns whether `acl` gives any of `permissions` to one of `ids`.
pub(crate) fn allows(acl: &[Acl], permissions: i32, ids: &[Id]) -> bool {
    acl.is_empty()
        || ids.iter().any(|id| id.scheme == SUPER)
        || acl
            .iter()
            .filter(|entry| entry.permissions & permissions != 0)
            .any(|entry| entry.id.is_anyone() || ids.iter().any(|id| matches(id, &entry.id)))
}

fn matches(id: &Id, pattern: &Id) -> bool {
    id.scheme == pattern.scheme
        && match &*id.scheme {
            "digest" | "x509" => id.id == pattern.id,
            // The user named super is everybody (SASLAuthenticationProvider).
            "sasl" => id.id == "super" || id.id == pattern.id,
            "ip" => network(&pattern.id).is_some_and(|(network, bits)| {
                id.id.parse().is_ok_and(|address| mask(address, bits) == mask(network, bits))
            }),
            _ => false,
        }
}

/// Returns the ACL to store when a client with `ids` sets `acl`: duplicate entries are dropped, and
/// `auth` entries become the client's own identities (PrepRequestProcessor.fixupACL). Returns
/// `None` for an invalid ACL.
pub(crate) fn resolve(acl: &[Acl], ids: &[Id], schemes: Schemes) -> Option<Arc<[Acl]>> {
    if acl == &**OPEN {
        return Some(Arc::clone(&OPEN));
    }
    let mut resolved: Vec<Acl> = Vec::new();
    for (index, entry) in acl.iter().enumerate() {
        if acl[..index].contains(entry) {
            continue;
        }
        match &*entry.id.scheme {
            "auth" => {
                let known = resolved.len();
                // `auth` stands for authenticated identities only, and an address is not
                // authenticated.
                resolved.extend(
                    ids.iter()
                        .filter(|id| matches!(&*id.scheme, "digest" | "sasl" | "x509"))
                        .map(|id| Acl { permissions: entry.permissions, id: id.clone() }),
                );
                if resolved.len() == known {
                    return None;
                }
            }
            _ if is_valid(&entry.id, schemes) => resolved.push(entry.clone()),
            _ => return None,
        }
    }
    if resolved.is_empty() { None } else { Some(resolved.into()) }
}

fn is_valid(id: &Id, schemes: Schemes) -> bool {
    match &*id.scheme {
        "world" => id.is_anyone(),
        // The id has two parts. Empty parts at the end do not count, because Java's `split` drops
        // them.
        "digest" => {
            let parts = id.id.trim_end_matches(':');
            !parts.is_empty() && parts.matches(':').count() == 1
        }
        "ip" => network(&id.id).is_some(),
        // A Kerberos name is user, user/host or user/host@realm (`KerberosName`).
        "sasl" => schemes.sasl && (!id.id.contains('@') || id.id.matches(['@']).count() == 1),
        "x509" => schemes.x509 && is_distinguished_name(&id.id),
        _ => false,
    }
}

/// Returns whether a text is like `CN=ann,O=zksh`.
fn is_distinguished_name(text: &str) -> bool {
    let mut parts = vec![String::new()];
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, parts.last_mut()) {
            (',' | '+' | ';', _) => parts.push(String::new()),
            ('\\', Some(part)) => part.extend(chars.next()),
            (c, Some(part)) => part.push(c),
            (_, None) => {}
        }
    }
    parts.iter().all(|part| part.split_once('=').is_some_and(|(kind, _)| !kind.trim().is_empty()))
}

/// Parses `10.1.2.3` and `10.1.0.0/16`. Apache's servers accept only IPv4 here and refuse IPv6.
fn network(text: &str) -> Option<(Ipv4Addr, u32)> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, bits.parse().ok().filter(|bits| *bits <= 32)?),
        None => (text, 32),
    };
    let parts: Vec<u8> = address.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let octets: [u8; 4] = parts.try_into().ok()?;
    Some((octets.into(), bits))
}

fn mask(address: Ipv4Addr, bits: u32) -> u32 {
    u32::from(address) & u32::MAX.checked_shl(32 - bits).unwrap_or(0)
}

/// Returns an ACL without its digests, for clients that may read the znode but not administer it.
pub(crate) fn redact(acl: &[Acl]) -> Arc<[Acl]> {
    let mut acl = acl.to_vec();
    for entry in &mut acl {
        if entry.id.scheme == "digest" {
            let user = entry.id.id.split(':').next().unwrap_or_default();
            entry.id.id = format!("{user}:x");
        }
    }
    acl.into()
}

/// Returns the bytes that an ACL takes in memory: none for the shared [`OPEN`].
pub(crate) fn weight(acl: &Arc<[Acl]>) -> usize {
    if Arc::ptr_eq(acl, &OPEN) {
        return 0;
    }
    let entry = |acl: &Acl| size_of::<Acl>() + acl.id.scheme.len() + acl.id.id.len();
    acl.iter().map(entry).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(permissions: i32, scheme: &str, id: &str) -> Acl {
        Acl { permissions, id: Id::new(scheme, id) }
    }

    #[test]
    fn a_digest_hides_the_password() {
        let home = SocketAddr::from(([127, 0, 0, 1], 4711));
        let digest = "super:xQJmxLMiHGwaqBvst5y6rkB6HQs=";
        let ids = authenticate("digest", b"super:admin", home, None).expect("proved");
        assert_eq!(ids, [Id::new("digest", digest)]);
        let ids = authenticate("digest", b"super:admin", home, Some(digest)).expect("proved");
        assert!(allows(&[entry(1, "digest", "x:y")], 31, &ids));
        assert_eq!(authenticate("world", b"anyone", home, None), None);
        assert_eq!(user(&ids[1]), "super");
    }

    #[test]
    fn addresses_match_their_network() {
        let here = [Id::new("ip", "10.1.2.3")];
        let allows = |pattern| allows(&[entry(1, "ip", pattern)], 1, &here);
        assert!(allows("10.1.2.3") && allows("10.1.0.0/16") && allows("0.0.0.0/0"));
        assert!(!allows("10.1.2.4") && !allows("10.2.0.0/16"));
        assert!(network("10.1.2").is_none() && network("10.1.2.3/33").is_none());
    }

    #[test]
    fn auth_stands_for_what_was_proved() {
        let ids = [Id::new("ip", "127.0.0.1"), Id::new("digest", "a:x")];
        let resolve = |acl: &[Acl], ids: &[Id]| resolve(acl, ids, Schemes::default());
        let resolved = resolve(&[entry(31, "auth", ""), entry(31, "auth", "")], &ids);
        assert_eq!(&*resolved.expect("valid"), [entry(31, "digest", "a:x")]);
        assert_eq!(resolve(&[entry(31, "auth", "")], &ids[..1]), None);
    }

    #[test]
    fn entries_that_nobody_could_match_are_refused() {
        let resolve = |acl: &[Acl], ids: &[Id]| resolve(acl, ids, Schemes::default());
        for (scheme, id) in [
            ("world", "me"),
            ("digest", "a"),
            ("digest", "a:"),
            ("ip", "::1"),
            ("sasl", "a"),
            ("", ""),
        ] {
            assert_eq!(resolve(&[entry(1, scheme, id)], &[]), None, "{scheme}");
        }
        assert_eq!(resolve(&[], &[]), None);
    }

    #[test]
    fn users_and_certificates_count_where_the_server_knows_them() {
        let all = Schemes { sasl: true, x509: true };
        let valid = |scheme, id| resolve(&[entry(1, scheme, id)], &[], all).is_some();
        assert!(valid("sasl", "ann") && valid("sasl", "zookeeper/host@REALM"));
        assert!(!valid("sasl", "a@b@c"));
        assert!(valid("x509", "CN=ann,O=a\\, b") && !valid("x509", "ann") && !valid("x509", ""));
        let ids = [Id::new("sasl", "ann"), Id::new("x509", "CN=ann")];
        let resolved = resolve(&[entry(31, "auth", "")], &ids, all).expect("both are proved");
        assert_eq!(resolved.len(), 2);
        let bobs = [entry(1, "sasl", "bob")];
        assert!(!allows(&bobs, 1, &ids) && allows(&bobs, 1, &[Id::new("sasl", "super")]));
        assert!(allows(&[entry(1, "x509", "CN=ann")], 1, &ids));
        assert_eq!(user(&ids[1]), "CN=ann");
    }

    #[test]
    fn digests_are_shown_to_admins_only() {
        assert_eq!(&*redact(&[entry(31, "digest", "a:secret")]), [entry(31, "digest", "a:x")]);
    }
}
