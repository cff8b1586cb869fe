//! Messages for failures: each cause reported by the client crate has exactly one sentence.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use zookeeper::{Attempt, Cause, FaultKind};

use super::State;
use crate::error::{Code, Error, Kind};
use crate::zk::Servers;

/// The state of a session, and the reasons for it.
#[derive(Debug, Clone)]
pub(super) struct Status {
    pub(super) state: State,
    /// Why no server accepts the session, according to the latest attempts.
    pub(super) failing: Option<String>,
    /// What to report before any attempt has ended; `None` once a server has answered.
    pub(super) silent: Option<String>,
    /// Since when every server has refused connections.
    pub(super) refused: Option<Instant>,
    /// Why the session is over.
    pub(super) ended: Option<Cause>,
    /// Whether a request has timed out waiting for a server since the state last changed.
    pub(super) given_up: bool,
}

impl Default for Status {
    fn default() -> Self {
        Self {
            state: State::Closed,
            failing: None,
            silent: None,
            refused: None,
            ended: None,
            given_up: false,
        }
    }
}

impl Status {
    /// Returns the error of a request after the end of the session.
    pub(super) fn over(&self) -> Error {
        match (&self.ended, &self.failing) {
            (Some(cause @ Cause::Transport(_)), Some(failing)) => {
                unconnected(failing).with_hint(advice(cause))
            }
            (Some(cause), _) => ended(cause),
            (None, _) => not_connected(),
        }
    }

    /// Returns the error of a request that found no server within `patience`.
    pub(super) fn unanswered(&self, patience: Duration) -> Error {
        let known = self.failing.as_ref().or(self.silent.as_ref());
        let failing = known.map_or("the connection broke", String::as_str);
        let waited = match patience {
            Duration::ZERO => String::new(),
            patience => format!("waited {patience:?}, "),
        };
        unconnected(&format!("{failing}; {waited}nothing was sent"))
    }
}

/// Returns the error for a failure to connect.
pub(super) fn unconnected(why: &str) -> Error {
    Error::new(Kind::Lost, format!("Not connected: {why}"))
        .with_hint("check the servers' addresses; connect host:port tries others")
}

/// Returns the error for a session that has ended.
pub(super) fn ended(cause: &Cause) -> Error {
    match cause {
        Cause::Expired => Error::code(Code::SessionExpired, "")
            .with_hint("reconnect opens a new session; create ephemerals and watches again"),
        Cause::AuthFailed(_) => {
            Error::code(Code::AuthFailed, "").with_hint("connect opens a new session")
        }
        Cause::NeedsAuthentication => {
            Error::code(Code::SessionClosedRequireSaslAuth, "").with_hint(advice(cause))
        }
        Cause::Closed | Cause::Abandoned | Cause::RuntimeEnded => not_connected(),
        Cause::Transport(fault) => unconnected(&fault.to_string()).with_hint(advice(cause)),
        other => unconnected(&why(other, false)),
    }
}

/// Returns what a user may do about a server that accepts no session.
pub(super) fn advice(cause: &Cause) -> &'static str {
    match cause {
        Cause::NoSuchHost => "check the spelling of the host, and the DNS of this machine",
        Cause::Refused => "check that a server runs there, and its port",
        Cause::Unreachable(_) => "check the network and the firewalls on the way",
        Cause::Silent(_) => {
            "check that the port is a ZooKeeper server's, and that it is not stopped"
        }
        Cause::NotZooKeeper(_) => "check the port: clientPort or secureClientPort of zoo.cfg",
        Cause::NotServing => "wait until most servers of the ensemble run",
        Cause::ReadOnly => "pass -r to read, or wait until most servers of the ensemble run",
        Cause::TooManyConnections => "close other clients of this machine, or raise maxClientCnxns",
        Cause::NoSession => "the server's log says why",
        Cause::NeedsAuthentication => "pass --sasl digest-md5 --user NAME",
        Cause::AuthFailed(_) => "check the user's name and password",
        Cause::Transport(fault) => match fault.kind {
            FaultKind::PortIsTls => "write tls://host:port, with --cacert FILE",
            FaultKind::PortIsPlain => "leave out tls:// and --cacert, or use secureClientPort",
            FaultKind::NoHandshake => "check that the port is secureClientPort of zoo.cfg",
            FaultKind::NothingInCommon => {
                "the server needs TLS 1.2 or 1.3 with a GCM or ChaCha20 cipher"
            }
            FaultKind::UnknownIssuer => {
                "--cacert takes the issuer's certificate, or the server's own"
            }
            FaultKind::WrongHost => "use a name of the certificate, or pass --insecure-hostname",
            FaultKind::OutOfDate => {
                "the server needs a new certificate; check this machine's clock"
            }
            FaultKind::BadCertificate => "the server needs another certificate",
            FaultKind::CertificateWanted => {
                "pass --cert FILE, and --key FILE if the key is in another file"
            }
            FaultKind::CertificateRefused => {
                "check the end of its validity (doctor), and that the server trusts its issuer"
            }
            FaultKind::Files => "check the files of --cacert, --cert and --key",
            FaultKind::NoSasl => {
                "the server needs DIGEST-MD5 in its JAAS file; otherwise leave out --sasl"
            }
            FaultKind::Kerberos => {
                "klist shows the tickets, kinit gets one; the service is zookeeper/HOST"
            }
            FaultKind::NoProof => {
                "check the password; if it is right, the server is not the one that it claims to be"
            }
            _ => "the server's log may say more",
        },
        _ => "try again; the server's log may say more",
    }
}

/// Describes why a host accepts no session, in words that follow the host's name. `read_only` tells
/// whether the user accepts a read-only server.
pub(super) fn why(cause: &Cause, read_only: bool) -> String {
    match cause {
        Cause::NoSuchHost => "is not a known host".to_owned(),
        Cause::Refused => "refuses connections".to_owned(),
        Cause::Unreachable(kind) => format!("cannot be reached ({kind})"),
        Cause::Silent(_) => "does not answer".to_owned(),
        Cause::NotZooKeeper(why) => format!("is not a ZooKeeper server ({why})"),
        Cause::NoSession => "closes the connection before it opens a session".to_owned(),
        Cause::NotServing => "is not serving: it is starting or has no quorum".to_owned(),
        Cause::ReadOnly if read_only => {
            "has no quorum, and gives no session for reads either (localSessionsEnabled)".to_owned()
        }
        Cause::ReadOnly => "has no quorum and serves reads only (-r accepts that)".to_owned(),
        Cause::TooManyConnections => {
            "takes no more connections from this address (maxClientCnxns)".to_owned()
        }
        Cause::ServerBehind => "is behind what this session has seen".to_owned(),
        Cause::NeedsAuthentication => "requires SASL authentication".to_owned(),
        Cause::AuthFailed(_) => "does not accept the user and the password".to_owned(),
        Cause::Disconnected(None) => "closed the connection".to_owned(),
        Cause::Disconnected(Some(kind)) => format!("broke the connection ({kind})"),
        other => format!("cannot be used: {other}"),
    }
}

/// Converts the client crate's error.
pub(super) fn refused(error: &zookeeper::Error) -> Error {
    use zookeeper::Error as E;
    let path = error.path();
    match error {
        E::Refused { code, .. } => Error::code(Code::from_number(code.number()), path),
        E::Unknown { cause, .. } => lost(cause, path).maybe_applied(),
        E::Lost { cause, .. } => lost(cause, path),
        E::NotSent { cause, .. } => match cause {
            Cause::Deadline | Cause::Cancelled => {
                Error::code(Code::OperationTimeout, path).with_detail("nothing was sent")
            }
            Cause::Expired | Cause::AuthFailed(_) | Cause::Closed | Cause::Abandoned => {
                ended(cause)
            }
            _ => Error::code(Code::ConnectionLoss, path).with_detail("nothing was sent"),
        },
        E::Invalid { why, .. } => Error::usage(format!("Not a path: {path}: {why}")),
        E::TooLarge { bytes, most, .. } => too_large(path, *bytes, *most),
        E::Malformed { .. } if error.is_uncertain() => unreadable(path).maybe_applied(),
        E::Malformed { .. } => unreadable(path),
        _ => Error::new(Kind::Bug, error.to_string()),
    }
}

/// Returns the error of a request whose reply was lost.
fn lost(cause: &Cause, path: &str) -> Error {
    let code = match cause {
        Cause::Expired => Code::SessionExpired,
        Cause::AuthFailed(_) => Code::AuthFailed,
        Cause::NeedsAuthentication => Code::SessionClosedRequireSaslAuth,
        Cause::SessionMoved => Code::SessionMoved,
        Cause::Deadline | Cause::Cancelled => Code::OperationTimeout,
        _ => Code::ConnectionLoss,
    };
    Error::code(code, path)
}

/// Returns the error of a request so large that the server would break the connection.
pub(super) fn too_large(path: &str, bytes: usize, most: usize) -> Error {
    Error::new(
        Kind::Refused,
        format!(
            "Too large for one request: {path} with its data takes {bytes} bytes, --max-request \
             allows {most}"
        ),
    )
    .with_hint("where the servers have a larger jute.maxbuffer, give it with --max-request")
}

/// Returns the error of a reply that does not match its request.
pub(super) fn unreadable(path: &str) -> Error {
    Error::new(Kind::Bug, format!("The server's reply cannot be read: {path}"))
}

/// Returns the error of a request without an open session.
pub(crate) fn not_connected() -> Error {
    Error::new(Kind::Lost, "Not connected").with_hint("connect host:port opens a session")
}

/// Returns the cause of failure per host. If a host has several addresses, the attempt that got
/// furthest counts.
pub(super) fn failing(attempts: &[Attempt]) -> BTreeMap<String, &Cause> {
    let mut hosts: BTreeMap<String, &Cause> = BTreeMap::new();
    for attempt in attempts {
        let cause = hosts.entry(attempt.host.to_string()).or_insert(&attempt.cause);
        if reach(&attempt.cause) > reach(cause) {
            *cause = &attempt.cause;
        }
    }
    hosts
}

/// Returns how far an attempt got; higher is further.
fn reach(cause: &Cause) -> u8 {
    match cause {
        Cause::NoSuchHost => 0,
        Cause::Refused => 1,
        Cause::Unreachable(_) => 2,
        Cause::Silent(_) => 3,
        _ => 4,
    }
}

pub(super) fn sentence(failing: &BTreeMap<String, &Cause>, read_only: bool) -> String {
    let part = |(host, cause): (&String, &&Cause)| format!("{host} {}", why(cause, read_only));
    let parts = failing.iter().map(part);
    parts.collect::<Vec<_>>().join(", ")
}

/// Describes that none of the servers has answered.
pub(super) fn silent(servers: &Servers) -> String {
    let parts = servers.hosts().iter().map(|host| format!("{host} does not answer"));
    parts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use zookeeper::Op;

    #[test]
    fn a_write_without_a_reply_is_open_and_a_read_is_not() {
        let (path, cause): (Arc<str>, _) = ("/a".into(), Cause::Disconnected(None));
        let unknown =
            zookeeper::Error::Unknown { op: Op::SetData, path: path.clone(), cause: cause.clone() };
        let error = refused(&unknown);
        assert!(error.is_uncertain() && error.code_of() == Some(Code::ConnectionLoss));
        let lost = zookeeper::Error::Lost { op: Op::GetData, path: path.clone(), cause };
        assert!(!refused(&lost).is_uncertain());
        let expired = zookeeper::Error::Unknown { op: Op::Delete, path, cause: Cause::Expired };
        let error = refused(&expired);
        assert!(error.is_uncertain() && error.code_of() == Some(Code::SessionExpired));
    }

    #[test]
    fn a_host_fails_in_its_own_words() {
        assert_eq!(why(&Cause::Refused, false), "refuses connections");
        assert_eq!(why(&Cause::NoSuchHost, false), "is not a known host");
        assert!(why(&Cause::NotServing, true).starts_with("is not serving"));
        // The hint must not recommend an option that is already set.
        assert!(why(&Cause::ReadOnly, false).contains("-r accepts that"));
        assert!(!why(&Cause::ReadOnly, true).contains("-r"));
    }
}
