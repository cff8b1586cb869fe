//! The version of the connected server, asked with `srvr` when a command needs to know it.

use std::time::Duration;

use super::Session;
use super::connection::Version;
use crate::error::{Code, Error, Kind, Result};
use crate::zk::{Feature, ServerStatus, ServerVersion};

/// How long a server may take to say which it is; one that takes longer is not asked again as long
/// as the connection holds.
const PATIENCE: Duration = Duration::from_secs(2);

impl Session {
    /// Fails where the connected server does not know an operation: it would break the connection,
    /// and everything in flight with it.
    pub(super) async fn require(&self, feature: Feature) -> Result<()> {
        // Without a session that is what is wrong, whatever the server lacks.
        self.connection().await?;
        match self.version().await {
            Some(version) if !version.has(feature) => Err(too_old(version, feature)),
            _ => Ok(()),
        }
    }

    /// Returns what the connected server runs, if it says so; it is asked once for each connection.
    pub(super) async fn version(&self) -> Option<ServerVersion> {
        let connection = self.current()?;
        if let Version::Answered(version) = connection.version() {
            return version;
        }
        connection.asks();
        let facts = connection.client.facts();
        // The one word that every release answers unless it is told not to.
        let version = match facts.host {
            Some(host) => connection.client.ask(&host, "srvr", PATIENCE).await.ok(),
            None => None,
        };
        let version = version.and_then(|answer| ServerVersion::parse(&answer));
        connection.learn_version(facts.connections, version);
        version
    }

    /// Asks the connected server what it is; none where it does not say.
    pub async fn server_status(&self) -> Option<ServerStatus> {
        let connection = self.current()?;
        let host = connection.client.facts().host?;
        let answer = connection.client.ask(&host, "srvr", PATIENCE).await.ok()?;
        Some(ServerStatus::parse(&answer))
    }

    /// Returns whether the connected server is known to have an operation. Where nobody has asked
    /// it, that is begun in the background.
    pub(super) fn is_known_to_have(&self, feature: Feature) -> bool {
        let Some(connection) = self.current() else { return false };
        match connection.version() {
            Version::Answered(version) => version.is_some_and(|version| version.has(feature)),
            Version::Asking => false,
            Version::Unasked => {
                connection.asks();
                let session = self.clone();
                tokio::spawn(async move { session.version().await });
                false
            }
        }
    }
}

/// Says that a server is too old.
fn too_old(version: ServerVersion, feature: Feature) -> Error {
    let name = feature.name();
    Error::new(Kind::Refused, format!("this server ({version}) has no {name}"))
        .with_hint(format!("ZooKeeper has it since {}", feature.since()))
}

/// Puts words to the answer of a server that does not know the operation.
pub(super) fn having<T>(feature: Feature, result: Result<T>) -> Result<T> {
    result.map_err(|error| match error.code_of() {
        Some(Code::Unimplemented) => {
            let name = feature.name();
            let message = format!("this server has no {name} (KeeperErrorCode = Unimplemented)");
            Error::new(Kind::Refused, message)
        }
        _ => error,
    })
}
