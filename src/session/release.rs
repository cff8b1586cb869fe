//! Which release of ZooKeeper the servers run, and what it lacks.
//!
//! A server that does not know a request says so and breaks the connection, which fails all that
//! is in flight. So requests that old releases lack are not sent to them.

use std::fmt;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Session;
use crate::error::{Code, Error, Kind, Result};
use crate::zk::Host;

/// How long a server may take to say which release it is; one that takes longer is not asked again
/// as long as the connection holds.
const PATIENCE: Duration = Duration::from_secs(2);

/// The longest answer that is read, in bytes: it has nine short lines.
const LONGEST_ANSWER: u64 = 4096;

/// A line of releases, such as 3.8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Release(pub(super) u32, pub(super) u32);

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

impl Release {
    /// Reads the answer to `srvr`: `Zookeeper version: 3.8.0-…, built on …`.
    fn parse(answer: &str) -> Option<Self> {
        let version = answer.lines().find_map(|line| line.strip_prefix("Zookeeper version: "))?;
        let mut numbers = version.split(['.', '-', ',']);
        let mut number = || numbers.next()?.parse().ok();
        Some(Self(number()?, number()?))
    }
}

impl Session {
    /// Fails where no server of the ensemble is as new as `since`, of which `what` is a part.
    pub(super) async fn needs(&self, what: &str, since: Release) -> Result<()> {
        // Without a session that is what is wrong, whatever the server lacks.
        self.client().await?;
        match self.releases().await.into_iter().max() {
            Some(newest) if newest < since => Err(lacks(newest, what, since)),
            _ => Ok(()),
        }
    }

    /// Returns the releases of the servers that say which they are, as far as anyone answers.
    pub(super) async fn releases(&self) -> Vec<Release> {
        if let Some(known) = self.known_releases() {
            return known;
        }
        let Some(servers) = self.servers() else { return Vec::new() };
        let answers = futures_util::future::join_all(servers.hosts().iter().map(ask)).await;
        let releases: Vec<Release> = answers.into_iter().flatten().collect();
        self.link().releases = Some(releases.clone());
        releases
    }

    /// Returns the same, if the servers were asked since the connection was made.
    pub(super) fn known_releases(&self) -> Option<Vec<Release>> {
        self.link().releases.clone()
    }
}

/// Says that a release is too old.
pub(super) fn lacks(release: Release, what: &str, since: Release) -> Error {
    Error::new(Kind::Refused, format!("this server ({release}) has no {what}"))
        .with_hint(format!("ZooKeeper has it since {since}"))
}

/// Puts words to the answer of a server that does not know `what`.
pub(super) fn lacking(error: Error, what: &str) -> Error {
    match error.code_of() {
        Some(Code::Unimplemented) => Error::new(
            Kind::Refused,
            format!("this server has no {what} (KeeperErrorCode = Unimplemented)"),
        ),
        _ => error,
    }
}

/// Asks a server with the one word that every release answers unless it is told not to.
async fn ask(host: &Host) -> Option<Release> {
    let asked = tokio::time::timeout(PATIENCE, async {
        let mut stream = TcpStream::connect((host.name.as_str(), host.port)).await?;
        stream.write_all(b"srvr").await?;
        let mut answer = Vec::new();
        stream.take(LONGEST_ANSWER).read_to_end(&mut answer).await?;
        std::io::Result::Ok(answer)
    });
    let answer = asked.await.ok()?.ok()?;
    Release::parse(&String::from_utf8_lossy(&answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_names_the_release() {
        let answer = "Zookeeper version: 3.4.14-4c25d480e66aadd371de8bd2fd8da255ac140bcf, built on \
                      03/06/2019 16:18 GMT\nLatency min/avg/max: 0/0/0\n";
        assert_eq!(Release::parse(answer), Some(Release(3, 4)));
        assert!(Release(3, 10) > Release(3, 9));
        assert_eq!(
            Release::parse("srvr is not executed because it is not in the whitelist."),
            None
        );
    }
}
