//! Sessions on other servers that a command opens for its own use. They have no names.

use std::sync::Mutex;

use futures_util::future::join_all;

use super::{Session, Settings, Transport, lock};
use crate::error::Result;
use crate::zk::Servers;

/// The sessions that commands have opened on other servers, each with the name given for it.
#[derive(Default)]
pub(super) struct Elsewhere(Mutex<Vec<(String, Session)>>);

impl Elsewhere {
    fn find(&self, name: &str) -> Option<Session> {
        let sessions = lock(&self.0);
        let known = sessions.iter().find(|(known, _)| known == name);
        known.map(|(_, session)| session.clone()).filter(|session| !session.state().is_over())
    }

    fn take(&self) -> Vec<(String, Session)> {
        std::mem::take(&mut lock(&self.0))
    }
}

impl super::Sessions {
    /// Returns a session on other servers, without credentials. It stays open until
    /// [`close_elsewhere`](Self::close_elsewhere). Until then the same `name` returns the same
    /// session. Without `transport`, connections are secured as in the current session.
    ///
    /// # Errors
    /// If no server opens a session.
    pub async fn elsewhere(
        &self,
        name: &str,
        servers: Servers,
        transport: Option<impl Future<Output = Result<Transport>>>,
    ) -> Result<Session> {
        if let Some(session) = self.opened_elsewhere().find(name) {
            return Ok(session);
        }
        let settings = self.0.settings.clone();
        let transport = match transport {
            Some(transport) => transport.await?,
            None => settings.transport.clone(),
        };
        transport.require(&servers)?;
        let session = Session::new(Settings { transport, ..settings }, |_| {});
        session.open(servers);
        lock(&self.opened_elsewhere().0).push((name.to_owned(), session.clone()));
        session.established().await.map_err(|error| error.with_detail(format!("at {name}")))?;
        Ok(session)
    }

    /// Closes the sessions on other servers.
    pub async fn close_elsewhere(&self) {
        let opened = self.opened_elsewhere().take();
        join_all(opened.iter().map(|(_, session)| session.close())).await;
    }
}
