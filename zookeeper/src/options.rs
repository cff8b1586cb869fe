//! How a session is opened and kept.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::dial::{Dial, Tcp};
use crate::request::AddAuth;
use crate::sasl::Sasl;
use crate::watches::Registered;

/// The port that servers listen at unless they are told otherwise.
const DEFAULT_PORT: u16 = 2181;

/// A server, by name or address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Host {
    /// Name or address; of IPv6 without brackets.
    pub name: String,
    /// TCP port.
    pub port: u16,
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.contains(':') {
            write!(f, "[{}]:{}", self.name, self.port)
        } else {
            write!(f, "{}:{}", self.name, self.port)
        }
    }
}

impl FromStr for Host {
    type Err = InvalidServers;

    fn from_str(text: &str) -> Result<Self, InvalidServers> {
        let (name, port) = if let Some(rest) = text.strip_prefix('[') {
            let (name, rest) = rest.split_once(']').ok_or(InvalidServers("a [ has no ]"))?;
            let port = rest.strip_prefix(':');
            if port.is_none() && !rest.is_empty() {
                return Err(InvalidServers("after ] only a port can follow"));
            }
            (name, port)
        } else {
            match text.split_once(':') {
                Some((name, port)) => (name, Some(port)),
                None => (text, None),
            }
        };
        if name.is_empty() {
            return Err(InvalidServers("a host has no name"));
        }
        let port = match port {
            None => DEFAULT_PORT,
            Some(port) => match port.parse() {
                Ok(0) | Err(_) => {
                    return Err(InvalidServers("a port is no number from 1 to 65535"));
                }
                Ok(port) => port,
            },
        };
        Ok(Self { name: name.to_owned(), port })
    }
}

/// What is wrong with a list of servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidServers(&'static str);

impl fmt::Display for InvalidServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for InvalidServers {}

/// The password of a session: who has it and the id can take the session over.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Password(pub(crate) Bytes);

impl Password {
    /// Makes a password of its bytes.
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

/// A session that another client can take up (`Options::resume`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resume {
    /// The session's id.
    pub session: i64,
    /// Its password.
    pub password: Password,
    /// The last zxid that was seen: a server that is behind it refuses the session.
    pub last_zxid: i64,
    /// Watches to register again.
    pub watches: Vec<Registered>,
}

impl Resume {
    /// Makes one of an id and a password.
    pub fn new(session: i64, password: Password) -> Self {
        Self { session, password, last_zxid: 0, watches: Vec::new() }
    }
}

/// How a session is opened and kept. Start from [`Options::new`] or [`Options::parse`] and set
/// what is to differ.
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// The servers, of which any may be connected to. They are tried in random order.
    pub hosts: Vec<Host>,
    /// What stands in front of every path; `/` is nothing.
    pub chroot: String,
    /// The session timeout asked of the server, which may give another.
    pub timeout: Duration,
    /// Whether a server will do that takes no writes because it has no quorum. One that takes
    /// writes is looked for in the background.
    pub read_only: bool,
    /// The longest frame that is read, in bytes. The default of 16 MiB holds the names of some
    /// 300,000 children of 50 characters each.
    pub max_frame: usize,
    /// The longest request that is sent, in bytes: the server's `jute.maxbuffer`. A server breaks
    /// the connection at a longer one, and everything in flight fails with it.
    pub max_request: usize,
    /// Bytes that requests and their expected replies may take in all, see
    /// [`Client::admit`](crate::Client::admit).
    pub budget: usize,
    /// Bytes of events that wait in the [`Feed`](crate::Feed) to be read; what does not fit is
    /// counted.
    pub feed: usize,
    /// Credentials, given to every server before anything else.
    pub auth: Vec<AddAuth>,
    /// SASL authentication, before credentials.
    pub sasl: Option<Arc<dyn Sasl>>,
    /// A session to take up instead of opening a new one.
    pub resume: Option<Resume>,
    /// The transport.
    pub dial: Arc<dyn Dial>,
    /// Whether the feed gives an [`Exchange`](crate::Exchange) for each reply.
    pub observe: bool,
    /// How long an address may take to accept a connection, and a server to open the session. The
    /// default is a part of the session timeout, less the more hosts there are.
    pub connect_timeout: Option<Duration>,
    /// Where the order of hosts and the jitter of pauses come from; none is different each time.
    pub seed: Option<u64>,
}

impl Options {
    /// Makes options for these servers.
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

    /// Makes options of a connect string, `host:port,host:port/chroot`; the port is 2181 where none
    /// is given.
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
