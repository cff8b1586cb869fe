//! The credentials that the user gave, and the identities that the server accepted.
//!
//! A new session on the same servers gets the credentials again. Other servers never see them.

use std::fmt;

use zookeeper::{AddAuth, WhoAmI};

use super::Session;
use super::server::having;
use crate::error::Result;
use crate::zk::{Feature, Servers};

/// An identity that the server has accepted (`whoami`).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Identity {
    /// The scheme, such as `ip` or `digest`.
    pub scheme: String,
    /// The user under that scheme.
    pub user: String,
}

/// The credentials that the user gave with `addauth`, and the servers they were meant for.
#[derive(Default)]
pub(super) struct Credentials {
    servers: Option<Servers>,
    given: Vec<(String, Vec<u8>)>,
    /// Whether the session was opened with these credentials and no others were added, so that a
    /// refusal must concern them.
    offered: bool,
}

impl Credentials {
    /// Stores credentials that `servers` have accepted.
    fn keep(&mut self, servers: Option<Servers>, scheme: &str, auth: &[u8]) {
        if !self.are_for(servers.as_ref()) {
            self.given.clear();
            self.servers = servers;
        }
        if !self.given.iter().any(|known| known.0 == scheme && known.1 == auth) {
            self.given.push((scheme.to_owned(), auth.to_vec()));
        }
    }

    /// Returns whether the credentials were given for these servers; the chroot does not matter.
    fn are_for(&self, servers: Option<&Servers>) -> bool {
        self.servers.as_ref().map(Servers::hosts) == servers.map(Servers::hosts)
    }

    /// Returns the credentials for a new session on these servers.
    pub(super) fn offer(&mut self, servers: &Servers) -> Vec<AddAuth> {
        self.offered = true;
        if !self.are_for(Some(servers)) {
            return Vec::new();
        }
        let given = self.given.iter();
        given.map(|(scheme, auth)| AddAuth::new(scheme.as_str(), auth.clone())).collect()
    }

    /// Discards the credentials after a refusal, since the server would refuse them again.
    pub(super) fn refused(&mut self) {
        if self.offered {
            self.given.clear();
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let schemes: Vec<&str> = self.given.iter().map(|given| given.0.as_str()).collect();
        f.debug_struct("Credentials").field("schemes", &schemes).finish_non_exhaustive()
    }
}

impl Session {
    /// Adds an identity to the session. If the server does not accept it, it ends the session.
    pub async fn add_auth(&self, scheme: &str, auth: &[u8]) -> Result<()> {
        self.credentials().offered = false;
        self.ask("", AddAuth::new(scheme, auth.to_vec())).await?;
        let servers = self.servers();
        self.credentials().keep(servers, scheme, auth);
        Ok(())
    }

    /// Returns whether the session has credentials of a scheme.
    pub fn has_credentials(&self, scheme: &str) -> bool {
        let servers = self.servers();
        let credentials = self.credentials();
        credentials.are_for(servers.as_ref())
            && credentials.given.iter().any(|given| given.0 == scheme)
    }

    /// Returns the schemes of the credentials that a new session on the same servers would get.
    pub fn credential_schemes(&self) -> Vec<String> {
        let servers = self.servers();
        let credentials = self.credentials();
        let given = credentials.given.iter().filter(|_| credentials.are_for(servers.as_ref()));
        given.map(|(scheme, _)| scheme.clone()).collect()
    }

    /// Discards the credentials, so that the next session is not authenticated.
    pub fn forget_credentials(&self) {
        self.credentials().given.clear();
    }

    /// Returns the identities that the server has accepted for this session.
    pub async fn identities(&self) -> Result<Vec<Identity>> {
        self.require(Feature::WhoAmI).await?;
        let users = self.ask("", WhoAmI).await;
        let users = having(Feature::WhoAmI, users)?;
        let identity =
            |user: zookeeper::Identity| Identity { scheme: user.scheme, user: user.user };
        Ok(users.into_iter().map(identity).collect())
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
        assert_eq!(credentials.offer(&servers("a:1,b:2/other")).len(), 2);
        assert!(credentials.offer(&servers("a:1")).is_empty());
        credentials.keep(Some(servers("c:3")), "digest", b"ann:secret");
        assert_eq!(credentials.offer(&servers("c:3")).len(), 1);
        credentials.refused();
        assert!(credentials.offer(&servers("c:3")).is_empty());
    }

    #[test]
    fn debug_shows_no_secret() {
        let mut credentials = Credentials::default();
        credentials.keep(Some(servers("a:1")), "digest", b"ann:secret");
        let shown = format!("{credentials:?}");
        assert!(shown.contains("digest") && !shown.contains("ann") && !shown.contains("secret"));
    }
}
