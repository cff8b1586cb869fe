//! Follows a znode with a persistent watch (servers since 3.6).

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, pending};

use super::super::watches::{Observation, Observed};
use super::{Baseline, Follower, Held, LOST, Read, left_out};
use crate::bounded_queue::Taken;
use crate::error::{Error, Result};
use crate::session::Stamp;
use crate::zk::WatchKind;

/// A persistent watch on a znode, and a baseline to detect what a lost connection has hidden.
pub(super) struct PersistentFollower {
    follower: Follower,
    kind: WatchKind,
    held: Held,
    baseline: Baseline,
}

impl PersistentFollower {
    pub(super) fn new(follower: Follower, kind: WatchKind, held: Held, baseline: Baseline) -> Self {
        Self { follower, kind, held, baseline }
    }

    /// Follows the znode until the session is over.
    pub(super) async fn run(&mut self) {
        let end = self.follow().await;
        self.follower.steps.end(end);
    }

    /// Follows the znode. Returns the error that ended it.
    async fn follow(&mut self) -> Error {
        let mut is_stale = true;
        loop {
            let observed = {
                let reading = is_stale.then(|| self.follower.baseline().boxed());
                tokio::select! {
                    biased;
                    observed = self.held.observer.next() => Ok(observed),
                    read = finished(reading) => Err(read),
                }
            };
            is_stale = match observed {
                Ok(Ok(Taken::Item(observed))) => match self.take(observed).await {
                    Ok(is_stale) => is_stale,
                    Err(end) => return end,
                },
                Ok(Ok(Taken::Gap(count))) => {
                    self.follower.tell_gap(&left_out(count));
                    true
                }
                Ok(Err(end)) => return end,
                // If the read failed, the old baseline and the events since then are still valid.
                Err(Err(_)) => false,
                Err(Ok(read)) => match self.renew(read).await {
                    Ok(is_stale) => is_stale,
                    Err(end) => return end,
                },
            };
        }
    }

    /// Handles an observation. Returns whether the znode must be read again.
    async fn take(&mut self, observed: Observed) -> Result<bool> {
        match observed.what {
            Observation::Event(event) => {
                self.baseline.tell(&self.follower.path, event.kind, event.path.as_deref());
                self.follower.tell(event);
                Ok(true)
            }
            // Missed changes are detected after the reconnect.
            Observation::Disconnected => Ok(false),
            Observation::Missed(count) => {
                self.follower.tell_gap(&left_out(count));
                Ok(true)
            }
            Observation::Reconnected => self.compare(observed.stamp).await,
        }
    }

    /// Replaces the baseline. Returns whether the znode must be read again.
    async fn renew(&mut self, read: Read) -> Result<bool> {
        let CaughtUp { is_stale, reconnected } = self.catch_up(&read)?;
        if let Some(since) = reconnected {
            return self.compare(since).await;
        }
        self.baseline = read.baseline;
        Ok(is_stale)
    }

    /// Compares the znode with the reported events after a reconnect. Returns whether the znode
    /// must be read again.
    async fn compare(&mut self, since: Stamp) -> Result<bool> {
        loop {
            let read = self.follower.retried(|| self.follower.baseline()).await?;
            let is_stale = self.catch_up(&read)?.is_stale;
            if is_stale || read.first < since {
                continue;
            }
            let is_recursive = self.kind == WatchKind::PersistentRecursive;
            if !self.baseline.leads_to(&read.baseline, is_recursive) {
                self.follower.tell_gap(LOST);
            }
            self.baseline = read.baseline;
            return Ok(false);
        }
    }

    /// Reports all events that arrived before the read.
    fn catch_up(&mut self, read: &Read) -> Result<CaughtUp> {
        self.follower.session.deliver();
        let (mut is_stale, mut reconnected) = (false, None);
        while let Some(queued) = self.held.observer.take_if(|next| next.stamp < read.last) {
            match queued? {
                Taken::Item(Observed { what: Observation::Event(event), stamp }) => {
                    is_stale |= read.first < stamp;
                    self.baseline.tell(&self.follower.path, event.kind, event.path.as_deref());
                    self.follower.tell(event);
                }
                Taken::Item(Observed { what: Observation::Missed(count), .. })
                | Taken::Gap(count) => {
                    self.follower.tell_gap(&left_out(count));
                    is_stale = true;
                }
                Taken::Item(Observed { what: Observation::Reconnected, stamp }) => {
                    reconnected = Some(stamp);
                }
                Taken::Item(Observed { what: Observation::Disconnected, .. }) => {}
            }
        }
        Ok(CaughtUp { is_stale, reconnected })
    }
}

/// The events that arrived before the znode was read.
struct CaughtUp {
    /// Whether some arrived during the read, so that it must be repeated.
    is_stale: bool,
    /// When a server answered again, if that happened.
    reconnected: Option<Stamp>,
}

/// Waits for the read in progress. Never returns if there is none.
async fn finished(reading: Option<BoxFuture<'_, Result<Read>>>) -> Result<Read> {
    match reading {
        Some(reading) => reading.await,
        None => pending().await,
    }
}
