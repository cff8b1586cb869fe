//! A znode followed through all its changes, and a word wherever some may have been missed.

use std::collections::VecDeque;

use futures_util::future::{Either, pending, select};
use zookeeper::{AddWatchMode, PersistentWatcher, SessionState};

use super::look::{Change, ended};
use super::release::Release;
use super::{Event, EventKind, Facet, Session, Stat};
use crate::error::{Error, Kind, Result};
use crate::path::ZnodePath;

/// One step of a znode's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It has changed.
    Event(Event),
    /// Here changes may be missing, for this reason.
    Gap(&'static str),
}

/// The history of a znode from now on.
pub struct Trail {
    session: Session,
    path: ZnodePath,
    source: Source,
    /// Steps that are known and not yet given.
    next: VecDeque<Step>,
}

enum Source {
    /// The server tells of every change (3.6 and later).
    Persistent { watcher: PersistentWatcher, mode: AddWatchMode, lost: bool },
    /// The server tells of one change and must be asked again.
    Once { stat: Option<Stat>, data: Change, children: Option<Change> },
}

impl Session {
    /// Follows a znode, which need not exist; with `recursive`, all below it too.
    pub async fn trail(&self, path: &ZnodePath, recursive: bool) -> Result<Trail> {
        self.check_watchable(path)?;
        let mode =
            if recursive { AddWatchMode::PersistentRecursive } else { AddWatchMode::Persistent };
        let persistent = match self.needs("watch -R", Release(3, 6)).await {
            Ok(()) => self.watch_for_ever(path, mode).await,
            Err(error) => Err(error),
        };
        let source = match persistent {
            Ok(watcher) => Source::Persistent { watcher, mode, lost: false },
            Err(error) if error.kind() == Kind::Lost || recursive => return Err(error),
            Err(_) => {
                let (seen, data) = self.look(path, Facet::Stat).await?;
                let children = self.look_at_children(path, seen.stat).await?;
                Source::Once { stat: seen.stat, data, children }
            }
        };
        Ok(Trail { session: self.clone(), path: path.clone(), source, next: VecDeque::new() })
    }

    async fn watch_for_ever(
        &self,
        path: &ZnodePath,
        mode: AddWatchMode,
    ) -> Result<PersistentWatcher> {
        let at = path.as_str();
        self.call(at, async |client| client.watch(at, mode).await).await
    }

    /// Waits for the next change of the children of a znode that exists.
    async fn look_at_children(
        &self,
        path: &ZnodePath,
        stat: Option<Stat>,
    ) -> Result<Option<Change>> {
        if stat.is_none() {
            return Ok(None);
        }
        let (seen, change) = self.look(path, Facet::Children).await?;
        Ok(seen.stat.map(|_| change))
    }
}

impl Trail {
    /// Waits for the next step. The error says that the session has ended.
    pub async fn next(&mut self) -> Result<Step> {
        loop {
            if let Some(step) = self.next.pop_front() {
                return Ok(step);
            }
            match self.source {
                Source::Persistent { .. } => self.persistent().await?,
                Source::Once { .. } => self.once().await?,
            }
        }
    }

    async fn persistent(&mut self) -> Result<()> {
        let Source::Persistent { watcher, mode, lost } = &mut self.source else { return Ok(()) };
        let event = watcher.changed().await;
        let state = event.session_state;
        if state.is_terminated() {
            return Err(ended(state));
        }
        if let Some(event) = Event::of_node(event) {
            self.next.push_back(Step::Event(event));
            return Ok(());
        }
        match state {
            SessionState::Disconnected => *lost = true,
            _ if *lost => {
                // The client crate does not set persistent watches again.
                let mode = *mode;
                let renewed =
                    asked(&self.session, async |s| s.watch_for_ever(&self.path, mode).await);
                *watcher = renewed.await?;
                *lost = false;
                self.next.push_back(Step::Gap("the connection was lost"));
            }
            _ => {}
        }
        Ok(())
    }

    async fn once(&mut self) -> Result<()> {
        let Source::Once { stat, data, children } = &mut self.source else { return Ok(()) };
        let of_children = async {
            match children {
                Some(children) => children.await,
                None => pending().await,
            }
        };
        let of_children = std::pin::pin!(of_children);
        let event = match select(&mut *data, of_children).await {
            Either::Left((event, _)) | Either::Right((event, _)) => event?,
        };
        let before = *stat;
        let kind = event.kind;
        self.next.push_back(Step::Event(event));
        if kind == EventKind::NodeChildrenChanged {
            let (seen, change) =
                asked(&self.session, async |s| s.look(&self.path, Facet::Children).await).await?;
            // A znode that is gone by now is told by the other watch.
            *children = seen.stat.map(|_| change);
            if let (Some(stat), Some(now)) = (stat.as_mut(), seen.stat) {
                if now.czxid == stat.czxid && now.cversion != stat.cversion + 1 {
                    self.next.push_back(Step::Gap(BETWEEN));
                }
                (stat.cversion, stat.pzxid) = (now.cversion, now.pzxid);
            }
            return Ok(());
        }
        let (seen, change) =
            asked(&self.session, async |s| s.look(&self.path, Facet::Stat).await).await?;
        if !follows(kind, before.as_ref(), seen.stat.as_ref()) {
            self.next.push_back(Step::Gap(BETWEEN));
        }
        *data = change;
        *stat = seen.stat;
        if kind != EventKind::NodeDataChanged {
            let now = *stat;
            *children =
                asked(&self.session, async |s| s.look_at_children(&self.path, now).await).await?;
        }
        Ok(())
    }
}

/// Why a server that tells of one change at a time may hide some.
const BETWEEN: &str = "more has changed before the server could be asked again";

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

/// Asks until a server answers or the session has ended.
async fn asked<T>(session: &Session, question: impl AsyncFn(&Session) -> Result<T>) -> Result<T> {
    loop {
        match question(session).await {
            Err(error) if is_lost(&error) && !session.state().is_over() => {
                session.reconnected().await?;
            }
            result => return result,
        }
    }
}

fn is_lost(error: &Error) -> bool {
    error.kind() == Kind::Lost
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
