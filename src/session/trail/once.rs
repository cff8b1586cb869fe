//! Following a znode on a server that tells of one change and must be asked again (before 3.6).

use futures_util::future::{Either, pending, select};

use super::super::look::Change;
use super::super::{EventKind, Facet, Stat};
use super::{Follower, LOST, Mark};
use crate::error::{Error, Result};

/// Why a server that tells of one change at a time may hide some.
const BETWEEN: &str = "more has changed before the server could be asked again";

/// A znode as it was last seen, and its next changes.
pub(super) struct Once {
    stat: Option<Stat>,
    data: Change,
    children: Option<Change>,
    /// Where it is absent: a lost connection could hide that it came and went.
    absent: Option<Mark>,
}

impl Once {
    /// Looks at the znode, which was so just before.
    pub(super) async fn look(follower: &Follower, mark: Mark) -> Result<Self> {
        let look = || follower.session.look(&follower.path, Facet::Stat);
        let (seen, data) = follower.asked(look).await?;
        let children = follower.asked(|| follower.look_at_children(seen.stat)).await?;
        let absent = seen.stat.is_none().then_some(mark);
        Ok(Self { stat: seen.stat, data, children, absent })
    }
}

impl Follower {
    /// Follows the znode; returns why that has ended.
    pub(super) async fn follow_again_and_again(&self, mut once: Once) -> Error {
        loop {
            if let Err(end) = self.change(&mut once).await {
                return end;
            }
        }
    }

    /// Waits for the next change of the children of a znode that exists.
    async fn look_at_children(&self, stat: Option<Stat>) -> Result<Option<Change>> {
        if stat.is_none() {
            return Ok(None);
        }
        let (seen, change) = self.session.look(&self.path, Facet::Children).await?;
        Ok(seen.stat.map(|_| change))
    }

    /// Marks what a znode that does not exist can be known by.
    async fn absent(&self, stat: Option<Stat>) -> Result<Option<Mark>> {
        match stat {
            Some(_) => Ok(None),
            None => self.mark().await.map(Some),
        }
    }

    /// Waits until a server answers again after a while, and tells a gap if the znode, which did
    /// not exist, may have come and gone meanwhile: one that has come and stayed has an event.
    async fn absence(&self, before: Option<&mut Mark>) -> Result<()> {
        let Some(before) = before else { return pending().await };
        let mut status = self.session.0.status.subscribe();
        loop {
            // The sender lives as long as the session.
            let _ = status.changed().await;
            if !status.borrow_and_update().state.is_connected() {
                continue;
            }
            let now = self.asked(|| self.mark()).await?;
            if !now.exists() {
                if !before.leads_to(&now, false) {
                    self.tell_gap(LOST);
                }
                *before = now;
            }
        }
    }

    async fn change(&self, once: &mut Once) -> Result<()> {
        let Once { stat, data, children, absent } = once;
        let of_children = async {
            match children {
                Some(children) => children.await,
                None => pending().await,
            }
        };
        let of_children = std::pin::pin!(of_children);
        let event = tokio::select! {
            event = select(&mut *data, of_children) => match event {
                Either::Left((event, _)) | Either::Right((event, _)) => event?,
            },
            end = self.absence(absent.as_mut()) => return end,
        };
        let before = *stat;
        let kind = event.kind;
        self.tell(event);
        if kind == EventKind::NodeChildrenChanged {
            let (seen, change) =
                self.asked(|| self.session.look(&self.path, Facet::Children)).await?;
            // A znode that is gone by now is told by the other watch.
            *children = seen.stat.map(|_| change);
            if let (Some(stat), Some(now)) = (stat.as_mut(), seen.stat) {
                if now.czxid == stat.czxid && now.cversion != stat.cversion + 1 {
                    self.tell_gap(BETWEEN);
                }
                (stat.cversion, stat.pzxid) = (now.cversion, now.pzxid);
            }
            return Ok(());
        }
        let (seen, change) = self.asked(|| self.session.look(&self.path, Facet::Stat)).await?;
        if !follows(kind, before.as_ref(), seen.stat.as_ref()) {
            self.tell_gap(BETWEEN);
        }
        *data = change;
        *stat = seen.stat;
        if kind != EventKind::NodeDataChanged {
            let now = *stat;
            *children = self.asked(|| self.look_at_children(now)).await?;
            *absent = self.asked(|| self.absent(now)).await?;
        }
        Ok(())
    }
}

/// Returns whether one event of this kind leads from one stat to the other.
fn follows(kind: EventKind, before: Option<&Stat>, now: Option<&Stat>) -> bool {
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
        assert!(follows(EventKind::NodeDataChanged, Some(&one), Some(&two)));
        assert!(!follows(EventKind::NodeDataChanged, Some(&one), Some(&three)));
        assert!(!follows(EventKind::NodeDataChanged, Some(&one), None));
        let anew = Stat { czxid: 5, mzxid: 5, version: 0, ..Stat::default() };
        assert!(!follows(EventKind::NodeDataChanged, Some(&one), Some(&anew)));
        assert!(follows(EventKind::NodeCreated, None, Some(&anew)));
        assert!(follows(EventKind::NodeDeleted, Some(&one), None));
        assert!(!follows(EventKind::NodeDeleted, Some(&one), Some(&anew)));
    }
}
