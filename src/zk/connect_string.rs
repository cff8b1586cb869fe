//! A connection string, `host:port[,host:port…][/chroot]`, as it is typed and as it is meant.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::zk::ZnodePath;

/// The port that ZooKeeper listens on when none is given.
pub const DEFAULT_PORT: u16 = 2181;

/// The servers of one ensemble, and the znode under which the shell is confined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Servers {
    hosts: Vec<Host>,
    chroot: ZnodePath,
}

/// One server's address; `name` is a host name or a number, without brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// A DNS name, an IPv4 or an IPv6 address.
    pub name: String,
    /// A TCP port, never 0.
    pub port: u16,
}

impl Servers {
    /// Returns the servers, in the order given.
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// Returns the znode that the user sees as `/`.
    pub fn chroot(&self) -> &ZnodePath {
        &self.chroot
    }
}

impl Default for Servers {
    fn default() -> Self {
        let hosts = vec![Host { name: "localhost".to_owned(), port: DEFAULT_PORT }];
        Self { hosts, chroot: ZnodePath::root() }
    }
}

impl FromStr for Servers {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        let (hosts, chroot) = match text.find('/') {
            Some(at) => text.split_at(at),
            None => (text, ""),
        };
        let chroot = match chroot.trim_end_matches('/') {
            "" => ZnodePath::root(),
            path => ZnodePath::new(path)?,
        };
        let hosts: Vec<Host> = hosts
            .split(',')
            .map(str::trim)
            .filter(|host| !host.is_empty())
            .map(str::parse)
            .collect::<Result<_>>()?;
        if hosts.is_empty() {
            return Err(wrong(text, "it names no host"));
        }
        Ok(Self { hosts, chroot })
    }
}

impl FromStr for Host {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (name, port) =
                    rest.split_once(']').ok_or_else(|| wrong(text, "a bracket is not closed"))?;
                (name, port.strip_prefix(':').or(port.is_empty().then_some("")))
            }
            // More than one colon is an IPv6 address without brackets.
            None if text.matches(':').count() > 1 => (text, Some("")),
            None => match text.split_once(':') {
                Some((name, port)) => (name, Some(port)),
                None => (text, Some("")),
            },
        };
        let port = match port {
            Some("") => DEFAULT_PORT,
            Some(port) => port
                .parse()
                .ok()
                .filter(|port| *port != 0)
                .ok_or_else(|| wrong(text, "a port is a number from 1 to 65535"))?,
            None => return Err(wrong(text, "a colon and a port follow the bracket")),
        };
        if name.is_empty() || name.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(wrong(text, "the host's name is empty or has blanks"));
        }
        Ok(Self { name: name.to_owned(), port })
    }
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
        for (index, host) in self.hosts.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{host}")?;
        }
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
            ("a/app/", "a:2181/app"),
            ("a:/", "a:2181"),
            ("[::1]:7,::2", "[::1]:7,[::2]:2181"),
            ("[::1]", "[::1]:2181"),
        ] {
            assert_eq!(seen(typed), meant);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (typed, words) in [
            ("", "it names no host"),
            ("a:0", "a port is a number"),
            ("a:x", "a port is a number"),
            ("a:65536", "a port is a number"),
            (":2181", "the host's name is empty"),
            ("[::1", "bracket"),
            ("[::1]7", "a colon and a port"),
            ("a//b", "empty node name"),
        ] {
            assert!(seen(typed).contains(words), "{typed}: {}", seen(typed));
        }
    }
}
