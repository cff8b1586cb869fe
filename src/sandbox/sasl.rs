//! The server side of SASL DIGEST-MD5 (RFC 2831), as in Apache's server with a `DigestLoginModule`.
//!
//! This module is independent of connections: the nonce is an argument.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use md5::{Digest as _, Md5};
use zeroize::Zeroizing;

/// The realm, which is also the name of the server.
const REALM: &str = "zk-sasl-md5";

/// The digest URI that clients must use.
const URI: &str = "zookeeper/zk-sasl-md5";

/// The users of a sandbox and their passwords. Passwords are never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Users(Arc<BTreeMap<String, Zeroizing<String>>>);

impl Users {
    /// Creates the list. Without users the sandbox does not support SASL.
    pub fn new(users: impl IntoIterator<Item = (String, String)>) -> Self {
        let users = users.into_iter().map(|(user, password)| (user, Zeroizing::new(password)));
        Self(Arc::new(users.collect()))
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the user and the proof for the client, if this is the correct response to the
    /// challenge with this nonce.
    pub(super) fn verify(&self, nonce: &str, response: &[u8]) -> Option<(String, Vec<u8>)> {
        let fields = fields(response)?;
        let get = |name: &str| fields.get(name).map(String::as_str);
        let user = get("username")?;
        let as_asked = get("nonce")? == nonce
            && get("realm")? == REALM
            && get("nc")? == "00000001"
            && get("digest-uri")?.eq_ignore_ascii_case(URI)
            && get("qop").is_none_or(|qop| qop == "auth");
        let password = self.0.get(user).filter(|_| as_asked)?;
        let utf8 = get("charset").is_some_and(|name| name.eq_ignore_ascii_case("utf-8"));
        let secret = Md5::new()
            .chain_update(encode(user, utf8))
            .chain_update(format!(":{REALM}:"))
            .chain_update(&*Zeroizing::new(encode(password, utf8)))
            .finalize();
        let theirs = get("cnonce")?;
        let session = hex(&Md5::new()
            .chain_update(secret)
            .chain_update(format!(":{nonce}:{theirs}"))
            .finalize());
        let uri = get("digest-uri")?;
        let digest = |method: &str| {
            let target = hex(&Md5::digest(format!("{method}:{uri}")));
            hex(&Md5::digest(format!("{session}:{nonce}:00000001:{theirs}:auth:{target}")))
        };
        (get("response")? == digest("AUTHENTICATE"))
            .then(|| (user.to_owned(), format!("rspauth={}", digest("")).into_bytes()))
    }
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Returns the challenge with this nonce.
pub(super) fn challenge(nonce: &str) -> Vec<u8> {
    format!("realm=\"{REALM}\",nonce=\"{nonce}\",charset=utf-8,algorithm=md5-sess").into_bytes()
}

/// Parses `name=value,name="value"`. Each name may occur once.
fn fields(bytes: &[u8]) -> Option<BTreeMap<String, String>> {
    let mut chars = std::str::from_utf8(bytes).ok()?.chars().peekable();
    let mut found = BTreeMap::new();
    while chars.peek().is_some() {
        let name: String = std::iter::from_fn(|| chars.next_if(|c| *c != '=')).collect();
        chars.next()?;
        let mut value = String::new();
        if chars.next_if_eq(&'"').is_some() {
            loop {
                match chars.next()? {
                    '"' => break,
                    '\\' => value.push(chars.next()?),
                    c => value.push(c),
                }
            }
        } else {
            value.extend(std::iter::from_fn(|| chars.next_if(|c| *c != ',')));
        }
        if chars.next().is_some_and(|c| c != ',') || found.insert(name, value).is_some() {
            return None;
        }
    }
    Some(found)
}

/// Encodes a text for hashing: as Latin-1 if possible, whatever the charset (RFC 2831, 2.1.2.1).
fn encode(text: &str, utf8: bool) -> Vec<u8> {
    let latin: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    match latin {
        Some(latin) => latin,
        None if utf8 => text.as_bytes().to_vec(),
        None => text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect(),
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing into memory cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The digests were made with Python's `hashlib`.
    const RESPONSE: &str = "charset=utf-8,username=\"ann\",realm=\"zk-sasl-md5\",nonce=\"abc\",\
        nc=00000001,cnonce=\"xyz\",digest-uri=\"zookeeper/zk-sasl-md5\",maxbuf=65536,\
        response=ac7ecd44386750b5edc1832c6a23a178,qop=auth";

    #[test]
    fn a_right_response_proves_the_user_and_gets_a_proof() {
        let users = Users::new([("ann".to_owned(), "secret".to_owned())]);
        let (user, proof) = users.verify("abc", RESPONSE.as_bytes()).expect("it is right");
        assert_eq!(user, "ann");
        assert_eq!(proof, b"rspauth=021a1c83df2cb0a19f15f99d06cb5132");
        for (from, to) in [
            ("=\"ann\"", "=\"bob\""),
            ("nonce=\"abc\"", "nonce=\"abd\""),
            ("cnonce=\"xyz\"", "cnonce=\"xyy\""),
            ("nc=00000001", "nc=00000002"),
            ("response=a", "response=b"),
            ("zookeeper/zk", "hdfs/zk"),
            ("qop=auth", "qop=auth-int"),
            (",qop=auth", ",nc=00000001"),
            ("username=", "username"),
        ] {
            let wrong = RESPONSE.replace(from, to);
            assert_ne!(wrong, RESPONSE);
            assert_eq!(users.verify("abc", wrong.as_bytes()), None, "{to}");
        }
        assert_eq!(users.verify("abc", b""), None);
        assert_eq!(Users::default().verify("abc", RESPONSE.as_bytes()), None);
        assert_eq!(format!("{users:?}"), "{\"ann\"}");
    }
}
