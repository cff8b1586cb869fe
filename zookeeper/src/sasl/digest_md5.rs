//! SASL DIGEST-MD5 (RFC 2831), which the feature `sasl` enables. It is compatible with Java's
//! `DigestLoginModule` and servers of every release. The password is never sent; each side proves
//! that it knows the password.

use std::fmt::Write as _;

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use md5::{Digest, Md5};
use zeroize::Zeroizing;

use super::{Sasl, SaslSession, SaslStep};
use crate::error::{Cause, Fault, FaultKind};
use crate::host::Host;

/// The digest URI of ZooKeeper's client, which is the same for every host.
const URI: &str = "zookeeper/zk-sasl-md5";

/// The realm if the server names none.
const REALM: &str = "zk-sasl-md5";

/// The use count of the nonce, which is always 1: each connection has its own nonce.
const COUNT: &str = "00000001";

/// A user and a password.
#[derive(Clone)]
pub struct DigestMd5 {
    user: String,
    password: Arc<Zeroizing<String>>,
}

impl DigestMd5 {
    /// Creates the user. The password is wiped from memory when it is dropped.
    pub fn new(user: impl Into<String>, password: Zeroizing<String>) -> Self {
        Self { user: user.into(), password: Arc::new(password) }
    }

    /// Returns the response to a challenge, and the response that the server must send to prove
    /// itself.
    fn answer(&self, challenge: &Challenge, nonce: &str) -> (String, String) {
        let Challenge { realm, nonce: theirs, utf8 } = challenge;
        let secret = {
            let mut hash = Md5::new();
            hash.update(encode(&self.user, *utf8));
            hash.update(b":");
            hash.update(encode(realm, *utf8));
            hash.update(b":");
            hash.update(&*Zeroizing::new(encode(&self.password, *utf8)));
            hash.finalize()
        };
        let session =
            Md5::new().chain_update(secret).chain_update(format!(":{theirs}:{nonce}")).finalize();
        let session = hex(&session);
        let response = |method: &str| {
            let target = hex(&Md5::digest(format!("{method}:{URI}")));
            hex(&Md5::digest(format!("{session}:{theirs}:{COUNT}:{nonce}:auth:{target}")))
        };
        let text = format!(
            "charset=utf-8,username=\"{}\",realm=\"{}\",nonce=\"{}\",nc={COUNT},cnonce=\"{nonce}\",\
             digest-uri=\"{URI}\",maxbuf=65536,response={},qop=auth",
            escaped(&self.user),
            escaped(realm),
            escaped(theirs),
            response("AUTHENTICATE"),
        );
        (text, response(""))
    }
}

impl fmt::Debug for DigestMd5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DigestMd5").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Sasl for DigestMd5 {
    fn begin(&self, _host: &Host) -> Result<Box<dyn SaslSession>, Cause> {
        Ok(Box::new(Session { who: self.clone(), state: State::Begun }))
    }
}

struct Session {
    who: DigestMd5,
    state: State,
}

enum State {
    Begun,
    /// The first, empty token was sent; the server must send a challenge.
    Asked,
    /// The response was sent; the server must reply with this value.
    Answered(String),
}

impl SaslSession for Session {
    fn step(&mut self, challenge: Option<&[u8]>) -> Result<SaslStep, Cause> {
        let challenge = challenge.unwrap_or_default();
        match std::mem::replace(&mut self.state, State::Begun) {
            State::Begun => {
                self.state = State::Asked;
                Ok(SaslStep::Send(Vec::new()))
            }
            // A server without SASL sends an empty token, and does not authenticate the session.
            State::Asked if challenge.is_empty() => {
                Err(lasting(FaultKind::NoSasl, "the server has no SASL: it ignores credentials"))
            }
            State::Asked => {
                let challenge = Challenge::read(challenge).ok_or_else(|| {
                    lasting(
                        FaultKind::NoSasl,
                        "the server's SASL is not DIGEST-MD5, or its challenge cannot be read",
                    )
                })?;
                let (answer, theirs) = self.who.answer(&challenge, &random());
                self.state = State::Answered(theirs);
                Ok(SaslStep::Send(answer.into_bytes()))
            }
            State::Answered(theirs) => {
                let proof = fields(challenge).into_iter().find(|(name, _)| name == "rspauth");
                if proof.is_some_and(|(_, proof)| proof == theirs) {
                    Ok(SaslStep::Done)
                } else {
                    Err(lasting(
                        FaultKind::NoProof,
                        "the server does not prove that it knows the password",
                    ))
                }
            }
        }
    }
}

fn lasting(kind: FaultKind, text: &str) -> Cause {
    Cause::Transport(Fault::new(text).of_kind(kind).lasting())
}

/// The challenge of a server.
struct Challenge {
    realm: String,
    nonce: String,
    utf8: bool,
}

impl Challenge {
    fn read(bytes: &[u8]) -> Option<Self> {
        let fields = fields(bytes);
        let get =
            |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        let speaks = get("qop").is_none_or(|all| all.split(',').any(|one| one.trim() == "auth"));
        let algorithm = get("algorithm").is_some_and(|name| name == "md5-sess");
        (speaks && algorithm).then_some(())?;
        Some(Self {
            realm: get("realm").map_or(REALM, String::as_str).to_owned(),
            nonce: get("nonce")?.clone(),
            utf8: get("charset").is_some_and(|name| name.eq_ignore_ascii_case("utf-8")),
        })
    }
}

/// Parses `name=value,name="value"`.
fn fields(bytes: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(bytes);
    let mut found = Vec::new();
    let mut chars = text.chars().peekable();
    loop {
        let name: String = std::iter::from_fn(|| chars.next_if(|c| *c != '=')).collect();
        if chars.next().is_none() {
            return found;
        }
        let mut value = String::new();
        if chars.next_if_eq(&'"').is_some() {
            while let Some(c) = chars.next() {
                match c {
                    '"' => break,
                    '\\' => value.extend(chars.next()),
                    c => value.push(c),
                }
            }
        }
        value.extend(std::iter::from_fn(|| chars.next_if(|c| *c != ',')));
        chars.next();
        found.push((name.trim().to_lowercase(), value));
    }
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

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing into memory cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Returns a nonce that no server can predict, seeded by the system's random numbers.
fn random() -> String {
    let parts = [RandomState::new().hash_one(1), RandomState::new().hash_one(2)];
    let mut text = String::new();
    for part in parts {
        let _ = write!(text, "{part:016x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ann(password: &str) -> DigestMd5 {
        DigestMd5::new("ann", Zeroizing::new(password.to_owned()))
    }

    /// The example of RFC 2831 has another URI; these digests were made with Python's `hashlib`.
    #[test]
    fn a_challenge_is_answered_as_in_the_rfc() {
        let challenge = b"realm=\"zk-sasl-md5\",nonce=\"abc\",charset=utf-8,algorithm=md5-sess";
        let challenge = Challenge::read(challenge).unwrap();
        let (answer, theirs) = ann("secret").answer(&challenge, "xyz");
        assert!(
            answer.contains("username=\"ann\",realm=\"zk-sasl-md5\",nonce=\"abc\",nc=00000001")
        );
        assert!(answer.contains(",response=ac7ecd44386750b5edc1832c6a23a178,"), "{answer}");
        assert_eq!(theirs, "021a1c83df2cb0a19f15f99d06cb5132");
    }

    #[test]
    fn a_server_must_prove_itself_and_have_sasl() {
        let host = Host { name: "h".to_owned(), port: 1 };
        let begin = || {
            let mut session = ann("secret").begin(&host).unwrap();
            assert_eq!(session.step(None), Ok(SaslStep::Send(Vec::new())));
            session
        };
        let none = begin().step(Some(b"")).unwrap_err();
        assert!(none.is_final() && none.to_string().contains("has no SASL"), "{none}");
        assert!(begin().step(Some(b"nonce=\"a\"")).is_err());
        let mut session = begin();
        let challenge = b"realm=\"r\",nonce=\"a\",qop=\"auth,auth-int\",algorithm=md5-sess";
        assert!(session.step(Some(challenge)).is_ok());
        assert!(session.step(Some(b"rspauth=0123")).is_err());
    }

    #[test]
    fn secrets_are_hidden_and_unusual_names_are_accepted() {
        assert!(!format!("{:?}", ann("secret")).contains("secret"));
        let read = fields(b"a=\"x \\\"y\\\\\", B = z ,c=\"\"");
        let pairs: Vec<(&str, &str)> = read.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(pairs, [("a", "x \"y\\"), ("b", " z "), ("c", "")]);
        assert_eq!(encode("é", true), [0xe9]);
        assert_eq!(encode("湖", true), "湖".as_bytes());
    }
}
