//! The version of the connected server, asked with `srvr` when a command needs to know it.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use zookeeper::{Client, Host};

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
        self.connected_and_asked().await?;
        match self.version().await {
            Some(version) if !version.has(feature) => Err(too_old(version, feature)),
            _ => Ok(()),
        }
    }

    /// Waits for a server as [`Session::connection`] does, and asks it meanwhile what it runs: so the
    /// answer is there as soon as the session is.
    async fn connected_and_asked(&self) -> Result<()> {
        self.renew_if_spent();
        let searching = self.current().filter(|_| !self.state().is_connected());
        let Some(searching) = searching else { return self.connection().await.map(drop) };
        let client = &searching.client;
        let Some(host) = client.target().await else { return self.connection().await.map(drop) };
        let connecting = pin!(self.connection());
        let asking = pin!(ask(client, &host));
        let version = match select(connecting, asking).await {
            Either::Left((connected, asking)) => {
                connected?;
                if client.facts().host.as_ref() != Some(&host) {
                    // Another host serves than the one that was tried first.
                    return Ok(());
                }
                asking.await
            }
            Either::Right((version, connecting)) => {
                connecting.await?;
                version
            }
        };
        let facts = client.facts();
        if facts.host.as_ref() == Some(&host) {
            searching.learn_version(facts.connections, version);
        }
        Ok(())
    }

    /// Returns what the connected server runs, if it says so; it is asked once for each connection.
    pub async fn version(&self) -> Option<ServerVersion> {
        let connection = self.current()?;
        if let Version::Answered(version) = connection.version() {
            return version;
        }
        connection.asks();
        let facts = connection.client.facts();
        let version = match facts.host {
            Some(host) => ask(&connection.client, &host).await,
            None => None,
        };
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

/// Asks a server what it runs, with the one word that every release answers unless it is told not to.
async fn ask(client: &Client, host: &Host) -> Option<ServerVersion> {
    let answer = client.ask(host, "srvr", PATIENCE).await.ok()?;
    ServerVersion::parse(&answer)
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
