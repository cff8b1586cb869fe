//! Four-letter words, which query a server without a session.

use std::fmt;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::dial::{Dial, Wire};
use crate::error::Cause;
use crate::host::Host;

/// Maximum size of a reply in bytes.
const LONGEST: u64 = 64 * 1024;

/// Sends a word to the first address of a host that accepts a connection.
pub(crate) async fn ask(
    dial: &dyn Dial,
    host: &Host,
    word: &str,
    time: Duration,
) -> Result<String, Cause> {
    let asked = async {
        let mut last = Cause::NoSuchHost;
        for address in dial.resolve(host).await? {
            match dial.dial(host, address).await {
                Ok(wire) => return ask_at(wire, word).await,
                Err(cause) => last = cause,
            }
        }
        Err(last)
    };
    tokio::time::timeout(time, asked).await.unwrap_or(Err(Cause::Silent(time)))
}

pub(crate) async fn ask_at(mut wire: Wire, word: &str) -> Result<String, Cause> {
    let broken = |error: io::Error| Cause::Disconnected(Some(error.kind()));
    wire.stream.write_all(word.as_bytes()).await.map_err(broken)?;
    wire.stream.flush().await.map_err(broken)?;
    let mut answer = Vec::new();
    // A partial reply counts: servers may close the connection before they have read everything.
    let ended = wire.stream.take(LONGEST).read_to_end(&mut answer).await;
    match ended {
        Err(error) if answer.is_empty() => Err(broken(error)),
        _ => Ok(String::from_utf8_lossy(&answer).into_owned()),
    }
}

/// The product and version that a server reports in reply to `srvr`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Release {
    /// Apache ZooKeeper: major, minor, patch.
    Apache(u32, u32, u32),
    /// ClickHouse Keeper: major, minor.
    ClickHouseKeeper(u32, u32),
}

impl Release {
    /// Parses the reply to `srvr`.
    ///
    /// ```
    /// use zookeeper::Release;
    ///
    /// let answer = "Zookeeper version: 3.8.0-…, built on …";
    /// assert_eq!(Release::parse(answer), Some(Release::Apache(3, 8, 0)));
    /// ```
    pub fn parse(answer: &str) -> Option<Self> {
        answer.lines().find_map(|line| {
            let numbers = |text: &str| -> Vec<u32> {
                let parts = text.split(['.', '-', ',', ' ']);
                parts.map_while(|part| part.parse().ok()).collect()
            };
            if let Some(version) = line.strip_prefix("Zookeeper version: ") {
                let numbers = numbers(version);
                let patch = numbers.get(2).copied().unwrap_or_default();
                return Some(Self::Apache(*numbers.first()?, *numbers.get(1)?, patch));
            }
            let version = line.strip_prefix("ClickHouse Keeper version: ")?;
            let numbers = numbers(version.trim_start_matches('v'));
            Some(Self::ClickHouseKeeper(*numbers.first()?, *numbers.get(1)?))
        })
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Apache(major, minor, patch) => write!(f, "{major}.{minor}.{patch}"),
            Self::ClickHouseKeeper(major, minor) => {
                write!(f, "ClickHouse Keeper {major}.{minor}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_name_server_and_release() {
        let apache = "Zookeeper version: 3.4.14-4c25d48, built on 03/06/2019 16:18 GMT\nLatency";
        assert_eq!(Release::parse(apache), Some(Release::Apache(3, 4, 14)));
        let keeper = "ClickHouse Keeper version: v23.8.2.7-stable-f73c8f3\nLatency min/avg/max: 0";
        assert_eq!(Release::parse(keeper), Some(Release::ClickHouseKeeper(23, 8)));
        for none in
            ["", "srvr is not executed because it is not in the whitelist.", "Zookeeper version: x"]
        {
            assert_eq!(Release::parse(none), None);
        }
    }
}
