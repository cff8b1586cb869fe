//! Asks the connected server for its version with `srvr`, when a command needs to know it.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use zookeeper::{Client, Host};

use super::Session;
use super::connection::{Connection, Version};
use crate::error::{Code, Error, Kind, Result};
use crate::zk::{Feature, ServerStatus, ServerVersion};

/// Timeout for the version request. A server that takes longer is not asked again on this
/// connection.
const PATIENCE: Duration = Duration::from_secs(2);

impl Session {
    /// Returns an error if the connected server lacks a feature. Sending an unsupported request
    /// would break the connection, and fail everything in flight.
    pub(super) async fn require(&self, feature: Feature) -> Result<()> {
        // Without a session, report that instead of the server's version.
        self.connected_and_asked().await?;
        match self.version().await {
            Some(version) if !version.has(feature) => Err(too_old(version, feature)),
            _ => Ok(()),
        }
    }

    /// Waits for a server like [`Session::connection`], and asks for its status at the same time,
    /// so that its version is known as soon as the session is open. Returns the answer, or `None` if
    /// the session was open already, or was opened on another server than the one that was asked.
    async fn connected_and_asked(&self) -> Result<Option<String>> {
        self.renew_if_spent();
        let searching = self.current().filter(|_| !self.state().is_connected());
        let Some(searching) = searching else { return self.connection().await.map(|_| None) };
        let client = &searching.client;
        let Some(host) = client.target().await else {
            return self.connection().await.map(|_| None);
        };
        let connecting = pin!(self.connection());
        let asking = pin!(ask(client, &host));
        let answer = match select(connecting, asking).await {
            Either::Left((connected, asking)) => {
                connected?;
                if client.facts().host.as_ref() != Some(&host) {
                    return Ok(None);
                }
                asking.await
            }
            Either::Right((answer, connecting)) => {
                connecting.await?;
                answer
            }
        };
        let facts = client.facts();
        if facts.host.as_ref() != Some(&host) {
            return Ok(None);
        }
        searching.learn_version(facts.connections, version_in(answer.as_deref()));
        Ok(answer)
    }

    /// Returns the version of the connected server, if it tells it. It is asked once per
    /// connection.
    pub async fn version(&self) -> Option<ServerVersion> {
        let connection = self.current()?;
        if let Version::Answered(version) = connection.version() {
            return version;
        }
        connection.asks();
        version_in(ask_and_learn(&connection).await.as_deref())
    }

    /// Waits briefly for a server, and asks it for its status at the same time. If
    /// `until_open`, a new session may take as long to open as it may for any request. Returns
    /// `None` if there is no session, or if the server does not tell its status.
    pub async fn settle_and_ask(&self, until_open: bool) -> Option<ServerStatus> {
        let settle = async {
            if until_open && self.sends_early() {
                // Ignore the error: the caller shows the state.
                let _ = self.connection().await;
            } else {
                self.settle().await;
            }
        };
        let answer = match select(pin!(settle), pin!(self.connected_and_asked())).await {
            Either::Left(((), asking)) if self.state().is_connected() => asking.await,
            Either::Left(_) => return None,
            Either::Right((answer, settling)) => {
                settling.await;
                answer
            }
        };
        let answer = match answer.ok()? {
            Some(answer) => Some(answer),
            None => ask_and_learn(&*self.current()?).await,
        };
        answer.map(|answer| ServerStatus::parse(&answer))
    }

    /// Returns whether the connected server is known to support a feature. If nobody has asked for
    /// its version yet, that is started in the background.
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

/// Asks the connected server for its status, and records the version in the answer.
async fn ask_and_learn(connection: &Connection) -> Option<String> {
    let facts = connection.client.facts();
    let answer = ask(&connection.client, &facts.host?).await;
    connection.learn_version(facts.connections, version_in(answer.as_deref()));
    answer
}

/// Asks a server for its status, with a four-letter word that is enabled by default in every
/// release.
async fn ask(client: &Client, host: &Host) -> Option<String> {
    client.ask(host, "srvr", PATIENCE).await.ok()
}

fn version_in(answer: Option<&str>) -> Option<ServerVersion> {
    answer.and_then(ServerVersion::parse)
}

/// Returns the error for a server that is too old.
fn too_old(version: ServerVersion, feature: Feature) -> Error {
    let name = feature.name();
    Error::new(Kind::Refused, format!("this server ({version}) has no {name}"))
        .with_hint(format!("ZooKeeper has it since {}", feature.since()))
}

/// Improves the error of a server that does not support the operation.
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
