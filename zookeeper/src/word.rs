//! Four-letter words, which query a server without a session.

use std::fmt;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use crate::dial::{Dial, Wire, connect};
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
    let asked = async { ask_at(connect(dial, host).await?, word).await };
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

/// The reply to a four-letter word.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WordReply {
    /// The bytes of the reply, as far as they were read.
    pub bytes: Vec<u8>,
    /// Why the reply may be incomplete, if it may.
    pub cut: Option<Cut>,
    /// Whether the connection was encrypted.
    pub is_encrypted: bool,
}

/// Why the rest of a reply was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cut {
    /// The reply is longer than the caller wants.
    TooLong,
    /// The time was up.
    TooLate,
    /// The connection broke.
    Broken(Cause),
}

/// Sends a four-letter word to the first address of a host that accepts a connection, and reads the
/// reply: at most `most` bytes, and for at most `time`. The server closes the connection at the end
/// of its reply.
pub async fn ask_word(
    dial: &dyn Dial,
    host: &Host,
    word: &str,
    time: Duration,
    most: usize,
) -> Result<WordReply, Cause> {
    let deadline = Instant::now() + time;
    let late = Cause::Silent(time);
    let wire = timeout_at(deadline, connect(dial, host)).await;
    let mut wire = wire.unwrap_or_else(|_| Err(late.clone()))?;
    let sent = async {
        wire.stream.write_all(word.as_bytes()).await?;
        wire.stream.flush().await
    };
    match timeout_at(deadline, sent).await {
        Ok(sent) => sent.map_err(|error| Cause::of_io(&error))?,
        Err(_) => return Err(late),
    }
    let mut bytes = Vec::new();
    let cut = loop {
        match timeout_at(deadline, wire.stream.read_buf(&mut bytes)).await {
            Ok(Ok(0)) => break None,
            Ok(Ok(_)) if bytes.len() > most => {
                bytes.truncate(most);
                break Some(Cut::TooLong);
            }
            Ok(Ok(_)) => {}
            Ok(Err(error)) if bytes.is_empty() => return Err(Cause::of_io(&error)),
            Ok(Err(error)) => break Some(Cut::Broken(Cause::of_io(&error))),
            Err(_) if bytes.is_empty() => return Err(late),
            Err(_) => break Some(Cut::TooLate),
        }
    };
    Ok(WordReply { bytes, cut, is_encrypted: wire.peer.tls.is_some() })
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
