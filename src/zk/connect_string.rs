//! Connection strings: `host:port[,host:port…][/chroot]`.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::zk::ZnodePath;

/// The default port of ZooKeeper.
pub const DEFAULT_PORT: u16 = 2181;

/// The servers of one ensemble, and the chroot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Servers {
    hosts: Vec<Host>,
    chroot: ZnodePath,
    tls: bool,
}

/// The address of one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// A DNS name, or an IPv4 or IPv6 address without brackets.
    pub name: String,
    /// A TCP port, never 0.
    pub port: u16,
}

impl Servers {
    /// Returns the servers, in the order given.
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// Returns whether the string started with `tls://`.
    pub fn tls(&self) -> bool {
        self.tls
    }

    /// Returns the servers as the user types them, without the chroot.
    pub fn hosts_alone(&self) -> String {
        self.hosts.iter().map(Host::to_string).collect::<Vec<_>>().join(",")
    }

    /// Returns the znode that the user sees as `/`.
    pub fn chroot(&self) -> &ZnodePath {
        &self.chroot
    }

    /// Returns the same servers with another znode as their root.
    #[must_use]
    pub fn below(&self, chroot: ZnodePath) -> Self {
        Self { chroot, ..self.clone() }
    }
}

impl Default for Servers {
    fn default() -> Self {
        let hosts = vec![Host { name: "localhost".to_owned(), port: DEFAULT_PORT }];
        Self { hosts, chroot: ZnodePath::root(), tls: false }
    }
}

impl FromStr for Servers {
    type Err = Error;

    /// Parses a connection string like zkCli (`ConnectStringParser` and `NetUtils`, release 3.9),
    /// but refuses strings that cannot lead to a server, and says why.
    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        let (tls, text) = match text.strip_prefix("tls://") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if text.contains("://") {
            return Err(wrong(text, "only tls:// is allowed, once, at the start"));
        }
        let (hosts, chroot) = match text.find('/') {
            Some(at) => text.split_at(at),
            None => (text, ""),
        };
        let list: Vec<&str> =
            hosts.split(',').map(str::trim).filter(|host| !host.is_empty()).collect();
        let chroot = match chroot.trim_end_matches('/') {
            "" => ZnodePath::root(),
            path => {
                check_chroot(text, &list, path)?;
                ZnodePath::new(path)?
            }
        };
        let hosts: Vec<Host> = list.into_iter().map(str::parse).collect::<Result<_>>()?;
        if hosts.is_empty() {
            return Err(wrong(text, "it names no host"));
        }
        Ok(Self { hosts, chroot, tls })
    }
}

/// Refuses a chroot that contains further servers. zkCli takes everything after the first `/` as
/// the chroot, so `a:1/app,b:2/app` would be a znode on a single server.
fn check_chroot(text: &str, hosts: &[&str], chroot: &str) -> Result<()> {
    let mut parts = chroot.split(',').map(str::trim);
    let first = parts.next().unwrap_or_default();
    let mut list = hosts.to_vec();
    let mut are_servers = false;
    let mut same_chroot = true;
    for part in parts {
        if part.is_empty() {
            return Err(wrong(text, "the chroot comes last, but a comma follows it"));
        }
        let at = part.find('/').unwrap_or(part.len());
        let (host, rest) = part.split_at(at);
        let has_port = host
            .rsplit_once(':')
            .is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()));
        are_servers |= has_port || rest == first;
        same_chroot &= rest.is_empty() || rest == first;
        list.push(host);
    }
    if !are_servers {
        return Ok(());
    }
    let why = if same_chroot {
        format!("write the chroot once, after the last server: {}{first}", list.join(","))
    } else {
        "the servers have one chroot, written after the last server".to_owned()
    };
    Err(wrong(text, &why))
}

impl FromStr for Host {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match host_and_port(text)? {
            (_, 0) => Err(wrong(text, NO_PORT)),
            (name, port) => Ok(Self { name, port }),
        }
    }
}

/// The message for an invalid port.
const NO_PORT: &str = "a port is a number from 1 to 65535";

/// Parses `host`, `host:port`, `[IPv6]` or `[IPv6]:port`; the port may be 0. An IPv6 address
/// without brackets needs a port, because zkCli takes the text after the last colon as the port.
pub fn host_and_port(text: &str) -> Result<(String, u16)> {
    let (name, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (name, behind) =
                rest.split_once(']').ok_or_else(|| wrong(text, "a bracket is not closed"))?;
            if !is_ipv6(name) {
                return Err(wrong(text, "brackets hold an IPv6 address"));
            }
            let port = if behind.is_empty() { Some("") } else { behind.strip_prefix(':') };
            (name, port.ok_or_else(|| wrong(text, "a colon and a port follow the bracket"))?)
        }
        None => text.rsplit_once(':').unwrap_or((text, "")),
    };
    if name.contains(':') && !is_ipv6(name) {
        return Err(if is_ipv6(text) {
            wrong(text, &format!("put an IPv6 address in brackets: [{text}]:{DEFAULT_PORT}"))
        } else {
            wrong(text, "it has more than one colon; separate servers with commas")
        });
    }
    if name.is_empty() {
        return Err(wrong(text, "the host's name is missing"));
    }
    if !name.contains(':')
        && let Some(odd) = name.chars().find(|c| !is_of_host_name(*c))
    {
        let why = if odd.is_whitespace() || odd.is_control() {
            "a host's name has no blanks".to_owned()
        } else {
            format!("a host's name has no {odd}")
        };
        return Err(wrong(text, &why));
    }
    let port = match port {
        "" => DEFAULT_PORT,
        port => port.parse().map_err(|_| wrong(text, NO_PORT))?,
    };
    Ok((name.to_owned(), port))
}

/// Returns whether this is an IPv6 address, with or without a zone: `fe80::1%eth0`.
fn is_ipv6(text: &str) -> bool {
    let (address, zone) = text.split_once('%').unwrap_or((text, "0"));
    let is_zone = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    address.parse::<Ipv6Addr>().is_ok() && !zone.is_empty() && zone.chars().all(is_zone)
}

fn is_of_host_name(c: char) -> bool {
    // Beyond ASCII we allow letters of internationalised names, but no typographic quotes, dashes
    // or blanks.
    c.is_ascii_alphanumeric()
        || matches!(c, '-' | '.' | '_')
        || (!c.is_ascii() && c.is_alphanumeric())
}

fn wrong(text: &str, why: &str) -> Error {
    Error::usage(format!("Not a server: {text}: {why}"))
        .with_hint("servers are written host:port[,host:port...][/chroot]")
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

impl fmt::Display for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hosts_alone())?;
        if self.chroot.is_root() { Ok(()) } else { write!(f, "{}", self.chroot) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> String {
        text.parse::<Servers>().map_or_else(|e| e.to_string(), |servers| servers.to_string())
    }

    #[test]
    fn what_is_typed_loosely_is_written_strictly() {
        for (typed, meant) in [
            ("localhost", "localhost:2181"),
            (" a:1 , b:2,, ", "a:1,b:2"),
            (",a:1", "a:1"),
            ("a:", "a:2181"),
            ("a/app/", "a:2181/app"),
            ("a:/", "a:2181"),
            ("a:1,b:2/app,dev", "a:1,b:2/app,dev"),
            ("a:1/app,dev/x", "a:1/app,dev/x"),
            ("[::1]:7,::2:8", "[::1]:7,[::2]:8"),
            ("[::1]", "[::1]:2181"),
            ("[::1]:", "[::1]:2181"),
            ("::1:", "[::1]:2181"),
            ("0:0:0:0:0:0:0:1:2181", "[0:0:0:0:0:0:0:1]:2181"),
            ("[fe80::1%eth0]:7", "[fe80::1%eth0]:7"),
            ("fe80::1%eth0:7/a", "[fe80::1%eth0]:7/a"),
            ("[::ffff:10.0.0.1]:7", "[::ffff:10.0.0.1]:7"),
            ("tls://a:1,b/c", "a:1,b:2181/c"),
            ("127.1,zk_1.example.org", "127.1:2181,zk_1.example.org:2181"),
            ("bücher.example:1", "bücher.example:1"),
        ] {
            assert_eq!(seen(typed), meant);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (typed, words) in [
            ("", "it names no host"),
            (" , ", "it names no host"),
            ("/app", "it names no host"),
            ("a:0", "a port is a number"),
            ("a:x", "a port is a number"),
            ("a:-1", "a port is a number"),
            ("a:65536", "a port is a number"),
            ("[::1]:65536", "a port is a number"),
            (":2181", "the host's name is missing"),
            ("a b:1", "a host's name has no blanks"),
            ("a\tb", "a host's name has no blanks"),
            ("a:1;b:2", "more than one colon"),
            ("a;b", "a host's name has no ;"),
            ("“a:1", "a host's name has no “"),
            ("a:1:2", "more than one colon"),
            ("[::1", "a bracket is not closed"),
            ("[::1]7", "a colon and a port"),
            ("[a]:1", "brackets hold an IPv6 address"),
            ("[fe80::1%]:1", "brackets hold an IPv6 address"),
            ("::1", "in brackets: [::1]:2181"),
            ("fe80::1%eth0", "in brackets: [fe80::1%eth0]:2181"),
            ("a:1,2001:db8::7", "in brackets: [2001:db8::7]:2181"),
            ("a//b", "empty node name"),
            ("a:1/app,", "the chroot comes last, but a comma follows it"),
            ("a:1/app,b:2/app", "write the chroot once, after the last server: a:1,b:2/app"),
            ("a/app,b/app", "write the chroot once, after the last server: a,b/app"),
            ("a:1/app , b:2", "write the chroot once, after the last server: a:1,b:2/app"),
            ("a:1/app,b:2/other", "the servers have one chroot"),
            ("http://a:1", "only tls:// is allowed"),
            ("tls://a:1,tls://b:1", "only tls:// is allowed"),
        ] {
            assert!(seen(typed).contains(words), "{typed}: {}", seen(typed));
        }
    }
}
