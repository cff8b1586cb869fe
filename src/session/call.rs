//! One request: waits for a server, sends the request, waits for the reply and reports the outcome.

use std::sync::Arc;
use std::time::{Duration, Instant};

use zookeeper::{Cost, Request};

use super::connection::Connection;
use super::failure::{Status, not_connected, refused};
use super::{GRACE, Session, Stamp, State, trace};
use crate::error::{Error, Result};

/// Bytes that a request costs besides its own: its entry in our tables, and a short reply.
pub(super) const REQUEST_COST: usize = 512;

impl Session {
    /// Waits until a server answers, for at most `patience`, or until the session is over.
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
                // The error names the requested timeout; if the wait ended early, it is rounded up
                // to tenths of a second.
                let waited = patience.min(tenths(begun.elapsed()));
                Err(self.0.status.borrow().unanswered(waited))
            }
        }
    }

    /// Waits until every server has refused connections for the configured time.
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

    /// Waits without a timeout until a server answers, or until the session is over.
    pub async fn reconnected(&self) -> Result<()> {
        self.connected(Duration::MAX).await
    }

    /// Waits briefly for a server, so that the next prompt usually says CONNECTED.
    pub async fn settle(&self) {
        // Ignore the error: the session reports the failure itself.
        let _ = self.connected(GRACE).await;
    }

    /// Returns the connection, and waits for a server for at most the session timeout. Once such a
    /// wait has timed out, later requests fail at once, because a script may have thousands of
    /// them.
    pub(super) async fn connection(&self) -> Result<Arc<Connection>> {
        self.renew_if_spent();
        self.ready().await?;
        if self.is_spent() {
            // An earlier request of the command has ended the session when it opened.
            self.renew_if_spent();
            self.ready().await?;
        }
        self.current().ok_or_else(not_connected)
    }

    async fn ready(&self) -> Result<()> {
        if !self.state().is_connected() {
            let given_up = self.0.status.borrow().given_up;
            let patience = if given_up { Duration::ZERO } else { self.0.settings.timeout };
            let connected = self.connected(patience).await;
            if connected.is_err() {
                self.0.status.send_modify(|status| status.given_up = true);
            }
            connected?;
        }
        Ok(())
    }

    /// Returns the connection while the first server has not answered yet, if this request need not
    /// wait for that.
    fn opening(&self, request: &impl Request) -> Option<Arc<Connection>> {
        {
            let status = self.0.status.borrow();
            if status.state != State::Connecting || status.given_up {
                return None;
            }
        }
        let is_early = self.sends_early() && request.clone().into().is_plain_read();
        if is_early { self.current() } else { None }
    }

    /// Takes the shortest round trip of a request since the last call; at first that of the
    /// handshake.
    pub fn take_round_trip(&self) -> Option<Duration> {
        self.current()?.client.take_round_trip()
    }

    /// Sends a read request and waits for its reply. The error names `path`.
    pub(super) async fn ask<R: Request>(&self, path: &str, request: R) -> Result<R::Reply> {
        self.call(path, request).await.map(|(reply, ..)| reply)
    }

    /// Sends a write request and waits for its reply. The error names `path`, and says whether the
    /// write may have been applied.
    pub(super) async fn write<R: Request>(&self, path: &str, request: R) -> Result<R::Reply> {
        self.write_at(path, request).await.map(|(reply, _)| reply)
    }

    /// Like [`Session::write`]. Also returns the zxid of the write.
    pub(super) async fn write_at<R: Request>(
        &self,
        path: &str,
        request: R,
    ) -> Result<(R::Reply, i64)> {
        let result = self.call(path, request).await;
        if result.as_ref().err().is_none_or(Error::is_uncertain) {
            trace::note_write();
        }
        result.map(|(reply, _, zxid)| (reply, zxid))
    }

    /// Sends a request and waits for its reply. Also returns when the reply arrived, and the zxid in
    /// it, 0 if it has none.
    pub(super) async fn call<R: Request>(
        &self,
        path: &str,
        request: R,
    ) -> Result<(R::Reply, Stamp, i64)> {
        let opening = self.opening(&request);
        let is_early = opening.is_some();
        let connection = match opening.or_else(|| self.ready_connection()) {
            Some(connection) => connection,
            // Boxed, so that this rare case does not enlarge the future of every line.
            None => Box::pin(self.connection()).await.map_err(|error| error.at(path))?,
        };
        // Earlier requests must be sent first.
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
        if is_early {
            trace::note_early();
            Box::pin(self.ready()).await.map_err(|error| error.at(path))?;
            trace::note_early_sent();
        } else {
            trace::note_request();
        }
        let arrived = pending.within(self.0.settings.timeout).await;
        let stamp = connection.stamp(arrived.at);
        trace::note_reply(stamp);
        match arrived.value {
            Ok(reply) => Ok((reply, stamp, arrived.zxid.map_or(0, |zxid| zxid.0))),
            Err(error) => Err(refused(&error).at(path)),
        }
    }
}

/// Rounds up to tenths of a second.
fn tenths(time: Duration) -> Duration {
    let tenths = time.as_millis().div_ceil(100);
    Duration::from_millis(u64::try_from(tenths).unwrap_or(u64::MAX / 100) * 100)
}
