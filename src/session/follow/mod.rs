//! Follows a znode through all its changes, and reports a gap wherever a change may have been
//! missed.

mod baseline;
mod one_shot;
mod persistent;

use std::sync::Arc;

use tokio::task::JoinHandle;
use zookeeper::{AddWatch, Exists};

use self::baseline::Baseline;
use self::one_shot::OneShotFollower;
use self::persistent::PersistentFollower;
use super::operation::stat;
use super::waiting_queue::WaitingQueue;
use super::watches::{Observer, observer};
use super::{Session, Stamp};
use crate::bounded_queue::Taken;
use crate::error::{Error, Kind, Result};
use crate::zk::{Event, Feature, WatchKind, ZnodePath};

/// Maximum bytes of steps in the queue, which are some thousands. A slow consumer must not let the
/// queue fill the memory.
const WAITING_BYTES: usize = 1024 * 1024;

/// Bytes that a step costs besides its text.
const STEP_COST: usize = 128;

/// One step in the history of a znode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The znode has changed.
    Event(Event),
    /// Changes may be missing here, for this reason.
    Gap(String),
}

/// The history of a znode from now on. A separate task follows the znode, however slowly the steps
/// are consumed.
pub struct Follow {
    steps: Arc<WaitingQueue<Step>>,
    follower: JoinHandle<()>,
}

impl Follow {
    /// Waits for the next step. An error means that the session has ended.
    pub async fn next(&mut self) -> Result<Step> {
        Ok(match self.steps.next().await? {
            Taken::Item(step) => step,
            Taken::Gap(count) => Step::Gap(left_out(count)),
        })
    }
}

impl Drop for Follow {
    fn drop(&mut self) {
        self.follower.abort();
    }
}

fn left_out(count: u64) -> String {
    match count {
        1 => "1 event was dropped: it arrived faster than it was read".to_owned(),
        count => format!("{count} events were dropped: they arrived faster than they were read"),
    }
}

impl Session {
    /// Follows a znode, which need not exist. With `recursive`, follows its descendants as well.
    pub async fn follow(&self, path: &ZnodePath, recursive: bool) -> Result<Follow> {
        let kind = if recursive { WatchKind::PersistentRecursive } else { WatchKind::Persistent };
        let steps = Arc::new(WaitingQueue::new(WAITING_BYTES));
        let follower =
            Follower { session: self.clone(), path: path.clone(), steps: Arc::clone(&steps) };
        // Take the baseline before setting the watch, so that no change goes unnoticed. From then
        // on a lost connection is waited out.
        let before = follower.baseline().await?;
        let feature = if recursive { Feature::WatchRecursive } else { Feature::AddWatch };
        let held = match self.require(feature).await {
            Ok(()) => follower.retried(|| follower.hold(kind)).await,
            Err(error) => Err(error),
        };
        let follower = match held {
            Ok(held) => {
                let mut follower = PersistentFollower::new(follower, kind, held, before.baseline);
                tokio::spawn(async move { follower.run().await })
            }
            Err(error) if error.kind() == Kind::Lost || recursive => return Err(error),
            Err(_) => {
                let mut follower = OneShotFollower::new(follower, before.baseline).await?;
                tokio::spawn(async move { follower.run().await })
            }
        };
        Ok(Follow { steps, follower })
    }
}

/// The task that follows a znode.
struct Follower {
    session: Session,
    path: ZnodePath,
    steps: Arc<WaitingQueue<Step>>,
}

/// The reason for a gap after a lost connection, if the znode does not match the reported events.
const LOST: &str = "the connection was lost";

/// A baseline, and the stamps of the first and last reply it was made from.
struct Read {
    baseline: Baseline,
    first: Stamp,
    last: Stamp,
}

/// A persistent watch that the user does not see; dropping it removes the watch.
struct Held {
    observer: Observer,
    session: Session,
    path: ZnodePath,
    id: u64,
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.session.0.watches.release(self.id) {
            self.session.forget_in_background(&self.path);
        }
    }
}

impl Follower {
    fn tell(&self, event: Event) {
        let cost = STEP_COST + event.path.as_ref().map_or(0, String::len);
        self.steps.push(Step::Event(event), cost);
    }

    fn tell_gap(&self, reason: &str) {
        self.steps.push(Step::Gap(reason.to_owned()), STEP_COST + reason.len());
    }

    async fn hold(&self, kind: WatchKind) -> Result<Held> {
        let observer = observer();
        let at = self.path.as_str();
        let registration = self.session.0.watches.observe(&self.path, kind, &observer);
        let request = AddWatch::new(at, super::watching::mode(kind));
        let ((), stamp, _) = self.session.call(at, request).await?;
        let id = self.session.confirm(registration, stamp);
        Ok(Held { observer, session: self.session.clone(), path: self.path.clone(), id })
    }

    /// Reads the stat of the znode, or of its nearest existing ancestor.
    async fn baseline(&self) -> Result<Read> {
        let mut at = self.path.clone();
        let mut first = None;
        loop {
            let request = Exists::new(at.as_str());
            let (found, last, _) = self.session.call(at.as_str(), request).await?;
            let first = *first.get_or_insert(last);
            if let Some(found) = found {
                let baseline = Baseline::new(&self.path, Some((at, stat(found))));
                return Ok(Read { baseline, first, last });
            }
            match at.parent() {
                Some(above) => at = above,
                None => return Ok(Read { baseline: Baseline::new(&self.path, None), first, last }),
            }
        }
    }

    /// Retries until a server answers or the session has ended.
    async fn retried<T, A>(&self, question: impl Fn() -> A) -> Result<T>
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
