//! A server, by name or address.

use std::fmt;
use std::str::FromStr;

/// The default port of servers.
const DEFAULT_PORT: u16 = 2181;

/// A server, by name or address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Host {
    /// Host name or address; an IPv6 address has no brackets.
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

/// Why a list of servers is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidServers(pub(crate) &'static str);

impl fmt::Display for InvalidServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for InvalidServers {}
