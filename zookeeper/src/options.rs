//! Options of a session.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::dial::{Dial, Tcp};
use crate::host::{Host, InvalidServers};
use crate::request::AddAuth;
use crate::sasl::Sasl;
use crate::watches::Registered;

/// The password of a session. With it and the session id anyone can resume the session.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Password(pub(crate) Bytes);

impl Password {
    /// Creates a password from its bytes.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self(bytes.into())
    }

    /// Returns the bytes.
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// What a client needs to resume a session (`Options::resume`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resume {
    /// The session id.
    pub session: i64,
    /// Its password.
    pub password: Password,
    /// The last zxid that was seen. A server that is behind it refuses the session.
    pub last_zxid: i64,
    /// Watches to set again.
    pub watches: Vec<Registered>,
}

impl Resume {
    /// Creates a value from a session id and a password.
    pub fn new(session: i64, password: Password) -> Self {
        Self { session, password, last_zxid: 0, watches: Vec::new() }
    }
}

/// Options of a session. Start from [`Options::new`] or [`Options::parse`] and change what you
/// need.
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// The servers, which are tried in random order.
    pub hosts: Vec<Host>,
    /// The prefix of every path; `/` means none.
    pub chroot: String,
    /// The session timeout to request. The server may choose another.
    pub timeout: Duration,
    /// Whether to accept a read-only server, which has no quorum. The client then looks for a
    /// server that accepts writes in the background.
    pub read_only: bool,
    /// Maximum size of a received frame in bytes. The default of 16 MiB holds the names of about
    /// 300,000 children of 50 characters each.
    pub max_frame: usize,
    /// Maximum size of a request in bytes: the server's `jute.maxbuffer`. A server breaks the
    /// connection on a larger one, and everything in flight fails with it.
    pub max_request: usize,
    /// Maximum bytes of requests in flight and their expected replies; see
    /// [`Client::admit`](crate::Client::admit).
    pub budget: usize,
    /// Maximum bytes of unread events in the [`Feed`](crate::Feed); events beyond it are only
    /// counted.
    pub feed: usize,
    /// Credentials, sent to every server before any request.
    pub auth: Vec<AddAuth>,
    /// SASL authentication, which comes before the credentials.
    pub sasl: Option<Arc<dyn Sasl>>,
    /// A session to resume, instead of opening a new one.
    pub resume: Option<Resume>,
    /// The transport.
    pub dial: Arc<dyn Dial>,
    /// Whether the feed gives an [`Exchange`](crate::Exchange) for each reply.
    pub observe: bool,
    /// Timeout for one address to accept a connection and open the session. The default is a part
    /// of the session timeout, which is smaller the more hosts there are.
    pub connect_timeout: Option<Duration>,
    /// The seed for the order of hosts and the jitter of pauses. `None` uses a random seed.
    pub seed: Option<u64>,
}

impl Options {
    /// Creates options for these servers.
    pub fn new(hosts: impl IntoIterator<Item = Host>) -> Self {
        Self {
            hosts: hosts.into_iter().collect(),
            chroot: "/".to_owned(),
            timeout: Duration::from_secs(30),
            read_only: false,
            max_frame: 16 << 20,
            max_request: 0xf_ffff,
            budget: 16 << 20,
            feed: 1 << 20,
            auth: Vec::new(),
            sasl: None,
            resume: None,
            dial: Arc::new(Tcp),
            observe: false,
            connect_timeout: None,
            seed: None,
        }
    }

    /// Creates options from a connection string, `host:port,host:port/chroot`. The default port is
    /// 2181.
    ///
    /// ```
    /// let options = zookeeper::Options::parse("zk1:2281,[::1]/app")?;
    /// assert_eq!(options.hosts[1].port, 2181);
    /// assert_eq!(options.chroot, "/app");
    /// # Ok::<(), zookeeper::InvalidServers>(())
    /// ```
    pub fn parse(servers: &str) -> Result<Self, InvalidServers> {
        let (hosts, chroot) = match servers.find('/') {
            Some(at) => servers.split_at(at),
            None => (servers, "/"),
        };
        crate::chroot::check_path(chroot).map_err(InvalidServers)?;
        let hosts = hosts.split(',').map(|host| host.trim().parse());
        let mut options = Self::new(hosts.collect::<Result<Vec<Host>, _>>()?);
        chroot.clone_into(&mut options.chroot);
        Ok(options)
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("hosts", &self.hosts)
            .field("chroot", &self.chroot)
            .field("timeout", &self.timeout)
            .field("read_only", &self.read_only)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_and_shown() {
        for (text, shown) in [
            ("zk1", "zk1:2181"),
            ("zk1:2281", "zk1:2281"),
            ("[::1]", "[::1]:2181"),
            ("[::1]:99", "[::1]:99"),
        ] {
            assert_eq!(text.parse::<Host>().unwrap().to_string(), shown);
        }
        for text in ["", ":2181", "a:0", "a:x", "a:70000", "[::1", "[::1]x"] {
            assert!(text.parse::<Host>().is_err(), "{text}");
        }
        assert!(Options::parse("a,,b").is_err() && Options::parse("a/x/").is_err());
    }

    #[test]
    fn secrets_are_not_shown() {
        let resume = Resume::new(7, Password::new(&b"secret"[..]));
        let mut options = Options::parse("a").unwrap();
        options.auth = vec![AddAuth::new("digest", &b"ann:secret"[..])];
        let shown = format!("{resume:?} {options:?} {:?}", options.auth);
        assert!(!shown.contains("secret") && !shown.contains("115, 101"), "{shown}");
    }
}
