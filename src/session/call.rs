//! One request: waits for a server, sends the request, waits for the reply and reports the outcome.

use std::sync::Arc;
use std::time::{Duration, Instant};

use zookeeper::{Cost, Request};

use super::connection::Connection;
use super::failure::{Status, not_connected, refused};
use super::{GRACE, Session, Stamp, trace};
use crate::error::{Error, Result};

/// What a request costs besides its own bytes: its entry in our tables and a short reply.
const REQUEST_COST: usize = 512;

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
            Some(status) => Err(status.over()),
            None => {
                // The wait is told as it was asked for, and otherwise in tenths of a second.
                let waited = patience.min(tenths(begun.elapsed()));
                Err(self.0.status.borrow().unanswered(waited))
            }
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

    /// Returns the connection once a server answers; waits for it as long as the session timeout.
    /// Where one wait has timed out, the next request does not wait again: a script may have a
    /// thousand.
    pub(super) async fn connection(&self) -> Result<Arc<Connection>> {
        self.renew_if_spent();
        if !self.state().is_connected() {
            let given_up = self.0.status.borrow().given_up;
            let patience = if given_up { Duration::ZERO } else { self.0.settings.timeout };
            let connected = self.connected(patience).await;
            if connected.is_err() {
                self.0.status.send_modify(|status| status.given_up = true);
            }
            connected?;
        }
        self.current().ok_or_else(not_connected)
    }

    /// Takes the shortest round trip of a request since the last call; at first that of the handshake.
    pub fn take_round_trip(&self) -> Option<Duration> {
        self.current()?.client.take_round_trip()
    }

    /// Sends a request that changes nothing, and waits for its reply. The error names `path`.
    pub(super) async fn ask<R: Request>(&self, path: &str, request: R) -> Result<R::Reply> {
        self.call(path, request).await.map(|(reply, _)| reply)
    }

    /// Sends a request that changes something, and waits for its reply. The error names `path` and
    /// says whether the change may have been made.
    pub(super) async fn write<R: Request>(&self, path: &str, request: R) -> Result<R::Reply> {
        let result = self.ask(path, request).await;
        if result.as_ref().err().is_none_or(Error::is_uncertain) {
            trace::note_write();
        }
        result
    }

    /// Sends a request and waits for its reply; returns also when that arrived.
    pub(super) async fn call<R: Request>(
        &self,
        path: &str,
        request: R,
    ) -> Result<(R::Reply, Stamp)> {
        let connection = self.connection().await.map_err(|error| error.at(path))?;
        // What has begun before leaves before.
        self.send_reads();
        let client = &connection.client;
        let cost = Cost(REQUEST_COST + path.len());
        let permit = match client.try_admit(cost) {
            Some(permit) => permit,
            None => client.admit(cost).await,
        };
        let pending = if self.takes_last() {
            client.send_last(permit, request)
        } else {
            client.send(permit, request)
        };
        trace::note_request();
        let arrived = pending.within(self.0.settings.timeout).await;
        let stamp = connection.stamp(arrived.at);
        trace::note_reply(stamp);
        match arrived.value {
            Ok(reply) => Ok((reply, stamp)),
            Err(error) => Err(refused(&error).at(path)),
        }
    }
}

/// Rounds up to tenths of a second.
fn tenths(time: Duration) -> Duration {
    let tenths = time.as_millis().div_ceil(100);
    Duration::from_millis(u64::try_from(tenths).unwrap_or(u64::MAX / 100) * 100)
}
