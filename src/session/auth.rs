//! Who the session is: credentials as they were given, and identities as the server sees them.
//!
//! Credentials live as long as the shell works with the same servers: a new session is given them
//! again. Other servers never see them.

use std::fmt;
use std::sync::{MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha1::{Digest, Sha1};
use zookeeper::Client;

use super::Session;
use super::release::{Release, lacking};
use crate::error::Result;
use crate::zk::Servers;

/// One identity that the server has accepted (`whoami`).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Identity {
    /// The scheme, such as `ip` or `digest`.
    pub scheme: String,
    /// Who the session is by that scheme.
    pub user: String,
}

/// Returns the id that stands for a user and a password in an ACL: `user:` and the base64 of the
/// SHA-1 of both (`DigestAuthenticationProvider.generateDigest`).
pub fn digest(user: &str, password: &str) -> String {
    let hash = Sha1::digest(format!("{user}:{password}"));
    format!("{user}:{}", BASE64.encode(hash))
}

/// What was given to `addauth`, for the servers that it was given to.
#[derive(Default)]
pub(super) struct Credentials {
    servers: Option<Servers>,
    given: Vec<(String, Vec<u8>)>,
    /// Whether the session was given them and nothing since, so that a refusal is theirs.
    offered: bool,
}

impl Credentials {
    /// Keeps what `servers` have accepted.
    fn keep(&mut self, servers: Option<Servers>, scheme: &str, auth: &[u8]) {
        if !self.are_for(servers.as_ref()) {
            self.given.clear();
            self.servers = servers;
        }
        if !self.given.iter().any(|known| known.0 == scheme && known.1 == auth) {
            self.given.push((scheme.to_owned(), auth.to_vec()));
        }
    }

    /// Returns whether these servers have seen the credentials; the chroot does not matter.
    fn are_for(&self, servers: Option<&Servers>) -> bool {
        self.servers.as_ref().map(Servers::hosts) == servers.map(Servers::hosts)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let schemes: Vec<&str> = self.given.iter().map(|given| given.0.as_str()).collect();
        f.debug_struct("Credentials").field("schemes", &schemes).finish_non_exhaustive()
    }
}

impl Session {
    /// Adds an identity to the session; the server is asked to accept it. One that it does not
    /// accept ends the session.
    pub async fn add_auth(&self, scheme: &str, auth: &[u8]) -> Result<()> {
        self.credentials().offered = false;
        self.call("", async |client| client.auth(scheme, auth).await).await?;
        let servers = self.servers();
        self.credentials().keep(servers, scheme, auth);
        Ok(())
    }

    /// Gives a new session the credentials of the last one. Their requests leave before any other;
    /// a refusal ends the session.
    pub(super) fn authenticate(&self, client: &Client, servers: &Servers) {
        let mut credentials = self.credentials();
        credentials.offered = true;
        if credentials.are_for(Some(servers)) {
            for (scheme, auth) in &credentials.given {
                // Sent now; the answer comes as a state of the session.
                drop(client.auth(scheme, auth));
            }
        }
    }

    /// Returns whether the session was given credentials of a scheme.
    pub fn has_credentials(&self, scheme: &str) -> bool {
        let servers = self.servers();
        let credentials = self.credentials();
        credentials.are_for(servers.as_ref())
            && credentials.given.iter().any(|given| given.0 == scheme)
    }

    /// Returns who the server takes the session for.
    pub async fn identities(&self) -> Result<Vec<Identity>> {
        self.needs("whoami", Release(3, 7)).await?;
        let users = self.call("", async |client| client.list_auth_users().await).await;
        let users = users.map_err(|error| lacking(error, "whoami"))?;
        let identity = |user: zookeeper::AuthUser| Identity {
            scheme: user.scheme().to_owned(),
            user: user.user().to_owned(),
        };
        Ok(users.into_iter().map(identity).collect())
    }

    /// Gives up the credentials if one of them was refused: it would be again.
    pub(super) fn forget_refused(&self) {
        let mut credentials = self.credentials();
        if credentials.offered {
            credentials.given.clear();
        }
    }

    fn credentials(&self) -> MutexGuard<'_, Credentials> {
        self.0.credentials.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(text: &str) -> Servers {
        text.parse().expect("servers")
    }

    #[test]
    fn credentials_stay_with_their_servers() {
        let mut credentials = Credentials::default();
        credentials.keep(Some(servers("a:1,b:2")), "digest", b"ann:secret");
        credentials.keep(Some(servers("a:1,b:2/app")), "digest", b"ann:secret");
        credentials.keep(Some(servers("a:1,b:2")), "digest", b"bob:secret");
        assert_eq!(credentials.given.len(), 2);
        assert!(credentials.are_for(Some(&servers("a:1,b:2/other"))));
        assert!(!credentials.are_for(Some(&servers("a:1"))));
        credentials.keep(Some(servers("c:3")), "digest", b"ann:secret");
        assert_eq!(credentials.given.len(), 1);
    }

    #[test]
    fn digests_are_those_of_the_server() {
        // `java -cp … DigestAuthenticationProvider super:secret` prints the same.
        assert_eq!(digest("ann", "secret"), "ann:7RJfAeIvrl4zdj6sS2fXrQHDvHM=");
    }

    #[test]
    fn debug_shows_no_secret() {
        let mut credentials = Credentials::default();
        credentials.keep(Some(servers("a:1")), "digest", b"ann:secret");
        let shown = format!("{credentials:?}");
        assert!(shown.contains("digest") && !shown.contains("ann") && !shown.contains("secret"));
    }
}
