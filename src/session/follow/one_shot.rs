//! Follows a znode with one-shot watches, which must be set again after each event (servers before
//! 3.6).

use futures_util::future::{Either, pending, select};

use super::{Baseline, Follower, LOST};
use crate::error::Result;
use crate::session::{Aspect, NextChange};
use crate::zk::{EventKind, Stat};

/// The reason for a gap between two one-shot watches.
const BETWEEN: &str = "it changed again before the watch was set again";

/// The last known state of a znode, and its pending watches.
pub(super) struct OneShotFollower {
    follower: Follower,
    stat: Option<Stat>,
    data: NextChange,
    children: Option<NextChange>,
    /// The baseline of an absent znode, which could be created and deleted during a lost
    /// connection.
    absent: Option<Baseline>,
}

impl OneShotFollower {
    /// Sets the first watches; `before` is a baseline taken just before.
    pub(super) async fn new(follower: Follower, before: Baseline) -> Result<Self> {
        let (seen, data) = follower.retried(|| follower.watch(Aspect::Stat)).await?;
        let stat = seen.stat;
        let children = follower.retried(|| follower.watch_children(stat)).await?;
        let absent = stat.is_none().then_some(before);
        Ok(Self { follower, stat, data, children, absent })
    }

    /// Follows the znode until the session is over.
    pub(super) async fn run(&mut self) {
        loop {
            if let Err(end) = self.change().await {
                return self.follower.steps.end(end);
            }
        }
    }

    async fn change(&mut self) -> Result<()> {
        let Self { follower, stat, data, children, absent } = self;
        let of_children = async {
            match children {
                Some(children) => children.await,
                None => pending().await,
            }
        };
        let of_children = std::pin::pin!(of_children);
        let (event, is_of_children) = tokio::select! {
            event = select(&mut *data, of_children) => match event {
                Either::Left((event, _)) => (event?, false),
                Either::Right((event, _)) => (event?, true),
            },
            end = follower.absence(absent.as_mut()) => return end,
        };
        let before = *stat;
        let kind = event.as_ref().map(|event| event.kind);
        match event {
            // The child watch also reports a deletion, which the data watch reports already.
            Some(event) if is_of_children && event.kind == EventKind::NodeDeleted => {
                *children = None;
                return Ok(());
            }
            Some(event) => follower.tell(event),
            None => follower.tell_gap(BETWEEN),
        }
        if is_of_children {
            let (seen, change) = follower.retried(|| follower.watch(Aspect::Children)).await?;
            // If the znode is gone by now, the data watch reports that.
            *children = seen.stat.map(|_| change);
            if let (Some(stat), Some(now)) = (stat.as_mut(), seen.stat) {
                if now.czxid == stat.czxid && now.cversion != stat.cversion + 1 {
                    follower.tell_gap(BETWEEN);
                }
                (stat.cversion, stat.pzxid) = (now.cversion, now.pzxid);
            }
            return Ok(());
        }
        let (seen, change) = follower.retried(|| follower.watch(Aspect::Stat)).await?;
        if kind.is_some_and(|kind| !leads_to(kind, before.as_ref(), seen.stat.as_ref())) {
            follower.tell_gap(BETWEEN);
        }
        *data = change;
        *stat = seen.stat;
        if kind != Some(EventKind::NodeDataChanged) {
            let now = *stat;
            *children = follower.retried(|| follower.watch_children(now)).await?;
            *absent = follower.retried(|| follower.absent(now)).await?;
        }
        Ok(())
    }
}

impl Follower {
    async fn watch(&self, aspect: Aspect) -> Result<(crate::session::Snapshot, NextChange)> {
        self.session.watch_znode(&self.path, aspect).await
    }

    /// Waits for the next change of the children, if the znode exists.
    async fn watch_children(&self, stat: Option<Stat>) -> Result<Option<NextChange>> {
        if stat.is_none() {
            return Ok(None);
        }
        let (seen, change) = self.watch(Aspect::Children).await?;
        Ok(seen.stat.map(|_| change))
    }

    /// Returns a new baseline if the znode does not exist.
    async fn absent(&self, stat: Option<Stat>) -> Result<Option<Baseline>> {
        match stat {
            Some(_) => Ok(None),
            None => self.baseline().await.map(|read| Some(read.baseline)),
        }
    }

    /// Compares the baselines of an absent znode after each reconnect. Reports a gap if it may have
    /// been created and deleted meanwhile; if it still exists, its watch has fired. Never returns
    /// on success.
    async fn absence(&self, before: Option<&mut Baseline>) -> Result<()> {
        let Some(before) = before else { return pending().await };
        let mut status = self.session.0.status.subscribe();
        loop {
            // The sender lives as long as the session.
            let _ = status.changed().await;
            if !status.borrow_and_update().state.is_connected() {
                continue;
            }
            let now = self.retried(|| self.baseline()).await?.baseline;
            if !now.exists() {
                if !before.leads_to(&now, false) {
                    self.tell_gap(LOST);
                }
                *before = now;
            }
        }
    }
}

/// Returns whether one event of this kind explains the step from one stat to the other.
fn leads_to(kind: EventKind, before: Option<&Stat>, now: Option<&Stat>) -> bool {
    match (kind, before, now) {
        (EventKind::NodeDataChanged, Some(before), Some(now)) => {
            now.czxid == before.czxid && now.version == before.version + 1
        }
        (EventKind::NodeCreated, None, Some(now)) => now.mzxid == now.czxid && now.cversion == 0,
        (EventKind::NodeDeleted, _, None) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_was_skipped_is_a_gap() {
        let stat = |version| Stat { czxid: 1, mzxid: 1, version, ..Stat::default() };
        let [one, two, three] = [stat(1), stat(2), stat(3)];
        assert!(leads_to(EventKind::NodeDataChanged, Some(&one), Some(&two)));
        assert!(!leads_to(EventKind::NodeDataChanged, Some(&one), Some(&three)));
        assert!(!leads_to(EventKind::NodeDataChanged, Some(&one), None));
        let anew = Stat { czxid: 5, mzxid: 5, version: 0, ..Stat::default() };
        assert!(!leads_to(EventKind::NodeDataChanged, Some(&one), Some(&anew)));
        assert!(leads_to(EventKind::NodeCreated, None, Some(&anew)));
        assert!(leads_to(EventKind::NodeDeleted, Some(&one), None));
        assert!(!leads_to(EventKind::NodeDeleted, Some(&one), Some(&anew)));
    }
}
