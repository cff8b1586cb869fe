//! Waiting for a server that answers, and what is said where none does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use zookeeper::Client;

use super::{GRACE, Session, State, Status};
use crate::error::{Code, Error, Kind, Result};

impl Session {
    /// Waits until a server answers, for `patience` at most, or until the session is over.
    pub async fn connected(&self, patience: Duration) -> Result<()> {
        let begun = Instant::now();
        let mut status = self.0.status.subscribe();
        let settled = async {
            let settled = |status: &Status| status.state.is_connected() || status.state.is_over();
            status.wait_for(settled).await.map(|status| status.clone()).ok()
        };
        let settled = tokio::select! {
            status = tokio::time::timeout(patience, settled) => status.ok().flatten(),
            () = self.refused() => None,
        };
        match settled {
            Some(status) if status.state.is_connected() => Ok(()),
            Some(status) => Err(over(&status)),
            // The wait is told as it was asked for, and otherwise in tenths of a second.
            None => Err(self.unanswered(patience.min(tenths(begun.elapsed())))),
        }
    }

    /// Waits until every server has refused connections for as long as that is borne.
    async fn refused(&self) {
        let mut status = self.0.status.subscribe();
        loop {
            let since = status.borrow_and_update().refused;
            let left = since.map(|since| self.0.settings.refused.saturating_sub(since.elapsed()));
            tokio::select! {
                () = tokio::time::sleep(left.unwrap_or(Duration::MAX)) => return,
                changed = status.changed() => {
                    if changed.is_err() {
                        std::future::pending::<()>().await;
                    }
                }
            }
        }
    }

    /// Waits until a server answers again, as long as it takes, or until the session is over.
    pub async fn reconnected(&self) -> Result<()> {
        self.connected(Duration::MAX).await
    }

    /// Gives a server that is there the time to answer, so that the next prompt says CONNECTED.
    pub async fn settle(&self) {
        // Why it failed, if it did, is told by the session itself.
        let _ = self.connected(GRACE).await;
    }

    fn unanswered(&self, patience: Duration) -> Error {
        let trouble = self.0.status.borrow().trouble.clone();
        let trouble = trouble.unwrap_or_else(|| "the connection has broken".to_owned());
        let waited = match patience {
            Duration::ZERO => String::new(),
            patience => format!("waited {patience:?}, "),
        };
        Error::new(Kind::Lost, format!("Not connected: {trouble}; {waited}nothing was sent"))
            .with_hint("check the servers' addresses; connect host:port tries others")
    }

    /// Returns the client, connected; waits for it as long as the session timeout. Where one wait
    /// was in vain, the next request does not wait again: a script may have a thousand.
    pub(super) async fn client(&self) -> Result<Arc<Client>> {
        if !self.state().is_connected() {
            let given_up = self.0.status.borrow().given_up;
            let patience = if given_up { Duration::ZERO } else { self.0.settings.timeout };
            let connected = self.connected(patience).await;
            if connected.is_err() {
                self.0.status.send_modify(|status| status.given_up = true);
            }
            connected?;
        }
        self.link().client.clone().ok_or_else(not_connected)
    }
}

/// Rounds up to tenths of a second.
fn tenths(time: Duration) -> Duration {
    let tenths = time.as_millis().div_ceil(100);
    Duration::from_millis(u64::try_from(tenths).unwrap_or(u64::MAX / 100) * 100)
}

pub(crate) fn not_connected() -> Error {
    Error::new(Kind::Lost, "Not connected").with_hint("connect host:port opens a session")
}

fn over(status: &Status) -> Error {
    match status {
        Status { state: State::AuthFailed, .. } => {
            Error::code(Code::AuthFailed, "").with_hint("connect opens a new session")
        }
        Status { expired: true, .. } => Error::code(Code::SessionExpired, "")
            .with_hint("reconnect opens a new session; ephemerals and watches are to be made anew"),
        _ => not_connected(),
    }
}
