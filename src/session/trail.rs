//! A znode followed through all its changes, and a word wherever some may have been missed.

mod mark;
mod once;
mod persistent;
mod steps;

use std::sync::Arc;

use tokio::task::JoinHandle;
use zookeeper::{AddWatchMode, PersistentWatcher};

use self::mark::Mark;
use self::once::Once;
use self::steps::Steps;
use super::release::Release;
use super::{Event, Session};
use crate::error::{Error, Kind, Result};
use crate::zk::ZnodePath;

/// One step of a znode's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It has changed.
    Event(Event),
    /// Here changes may be missing, for this reason.
    Gap(String),
}

/// The history of a znode from now on. It is followed by a task of its own, whoever takes the steps
/// when.
pub struct Trail {
    steps: Arc<Steps>,
    follower: JoinHandle<()>,
}

impl Trail {
    /// Waits for the next step. The error says that the session has ended.
    pub async fn next(&mut self) -> Result<Step> {
        self.steps.next().await
    }
}

impl Drop for Trail {
    fn drop(&mut self) {
        self.follower.abort();
    }
}

impl Session {
    /// Follows a znode, which need not exist; with `recursive`, all below it too.
    pub async fn trail(&self, path: &ZnodePath, recursive: bool) -> Result<Trail> {
        self.check_watchable(path)?;
        let mode =
            if recursive { AddWatchMode::PersistentRecursive } else { AddWatchMode::Persistent };
        let steps = Arc::<Steps>::default();
        let task = Follower { session: self.clone(), path: path.clone(), steps: steps.clone() };
        // Before the watch, so that it is known from the first moment what a loss may hide. Once a
        // server has answered, a loss is waited for.
        let mark = task.mark().await?;
        let persistent = match self.needs("watch -R", Release(3, 6)).await {
            Ok(()) => task.asked(|| task.watch_for_ever(mode)).await,
            Err(error) => Err(error),
        };
        let follower = match persistent {
            Ok(watcher) => tokio::spawn(async move {
                let end = task.follow_for_ever(watcher, mode, mark).await;
                task.steps.end(end);
            }),
            Err(error) if error.kind() == Kind::Lost || recursive => return Err(error),
            Err(_) => {
                let once = Once::look(&task, mark).await?;
                tokio::spawn(async move {
                    let end = task.follow_again_and_again(once).await;
                    task.steps.end(end);
                })
            }
        };
        Ok(Trail { steps, follower })
    }
}

/// Whoever follows a znode.
struct Follower {
    session: Session,
    path: ZnodePath,
    steps: Arc<Steps>,
}

/// Why a step is missing where the connection was lost and the znode is not what was told of it.
const LOST: &str = "the connection was lost";

impl Follower {
    fn tell(&self, event: Event) {
        self.steps.add(Step::Event(event));
    }

    fn tell_gap(&self, reason: &str) {
        self.steps.add(Step::Gap(reason.to_owned()));
    }

    async fn watch_for_ever(&self, mode: AddWatchMode) -> Result<PersistentWatcher> {
        let at = self.path.as_str();
        self.session.call(at, async |client| client.watch(at, mode).await).await
    }

    /// Looks at the znode, or at the nearest one above it that exists.
    async fn mark(&self) -> Result<Mark> {
        let mut at = self.path.clone();
        loop {
            if let Some(stat) = self.session.exists(&at, false).await? {
                return Ok(Mark::new(&self.path, Some((at, stat))));
            }
            match at.parent() {
                Some(above) => at = above,
                None => return Ok(Mark::new(&self.path, None)),
            }
        }
    }

    /// Asks until a server answers or the session has ended.
    async fn asked<T, A>(&self, question: impl Fn() -> A) -> Result<T>
    where
        A: Future<Output = Result<T>>,
    {
        loop {
            match question().await {
                Err(error) if is_lost(&error) && !self.session.state().is_over() => {
                    self.session.reconnected().await?;
                }
                result => return result,
            }
        }
    }
}

fn is_lost(error: &Error) -> bool {
    error.kind() == Kind::Lost
}
