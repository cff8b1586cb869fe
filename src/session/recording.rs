//! Records what the writes of a command replace, so that `undo` can restore it.
//!
//! Within the scope of a [`Recording`], each write first reads what it replaces. It is then sent
//! with the version that was read, so the recorded image is exactly what the write replaced. If
//! another client wrote in between, both the read and the write are repeated: the user gave no
//! version, so a changed version is not an error.

mod item;
mod send;

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use tokio::sync::oneshot;

pub(super) use self::item::Item;
use super::{OpResult, Session};
use crate::zk::{Acl, Servers, Stat, ZnodeData};

/// The maximum number of znodes in a recording. Above it, nothing more is read and nothing is kept.
pub const MOST_ZNODES: usize = 10_000;

/// The maximum number of bytes of data, ACLs and paths in a recording.
pub const MOST_BYTES: usize = 4 << 20;

/// The bytes that a znode takes besides its data, ACL and path.
const FIXED_BYTES: usize = 128;

tokio::task_local! {
    static CURRENT: Option<Recording>;
}

/// What a write replaced. Parts that the write did not replace are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    /// The data, if the write replaced it.
    pub data: Option<ZnodeData>,
    /// The ACL, if the write replaced it.
    pub acl: Option<Acl>,
    /// The stat before the write.
    pub stat: Stat,
}

/// Identifies the state after a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct After {
    /// The zxid of the creation, or 0 if unknown.
    pub czxid: i64,
    /// The version of the data, if the write has changed the data.
    pub version: Option<i32>,
    /// The version of the ACL, if the write has changed the ACL.
    pub aversion: Option<i32>,
}

/// A write. `before` is none for a creation, `after` is none for a deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The path of the znode, inside the chroot.
    pub path: String,
    /// What the write replaced.
    pub before: Option<Before>,
    /// The state that it left.
    pub after: Option<After>,
    /// Whether the server has confirmed it. Otherwise it may or may not have been applied.
    pub is_certain: bool,
    /// Whether the server appends a number to the path. The full path is known only from the reply.
    is_prefix: bool,
}

/// The result of a recording.
#[derive(Debug, Default)]
pub struct Recorded {
    /// The writes in the order in which they were sent.
    pub written: Vec<Written>,
    /// Why the writes cannot be undone, if so. In that case `written` is empty.
    pub lost: Option<String>,
    /// The servers that received the writes, and the session.
    pub origin: Option<(Servers, i64)>,
    /// The number of writes that were applied or may have been.
    pub writes: u64,
}

/// Records writes. Clones share the same recording.
#[derive(Debug, Clone, Default)]
pub struct Recording(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    /// The writes. A refused one is replaced by none.
    written: Vec<Option<Written>>,
    bytes: usize,
    lost: Option<String>,
    is_unkept: bool,
    origin: Option<(Servers, i64)>,
    writes: u64,
    /// Completes when the previous write has been sent.
    last: Option<oneshot::Receiver<()>>,
}

impl Recording {
    /// Creates a recording that stores only that something was written, and why it stores nothing
    /// else.
    pub fn unkept(why: &str) -> Self {
        let inner = Inner { lost: Some(why.to_owned()), is_unkept: true, ..Inner::default() };
        Self(Arc::new(Mutex::new(inner)))
    }

    /// Returns whether this recording was created by [`unkept`](Self::unkept).
    pub fn is_unkept(&self) -> bool {
        self.inner().is_unkept
    }

    /// Runs a future and records its writes.
    pub fn scope<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        CURRENT.scope(Some(self.clone()), future)
    }

    /// Runs a future without recording its writes.
    pub fn without<F: Future>(future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(None, future)
    }

    /// Returns the recording of the running command.
    pub(super) fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok().flatten()
    }

    /// Takes what was recorded so far. Writes without a reply count as possibly applied.
    pub fn take(&self) -> Recorded {
        let mut inner = self.inner();
        let mut written: Vec<Written> =
            std::mem::take(&mut inner.written).into_iter().flatten().collect();
        let unanswered = written.iter().filter(|write| !write.is_certain);
        inner.writes += unanswered.clone().count() as u64;
        if unanswered.clone().any(|write| write.is_prefix) {
            inner.lost.get_or_insert("the name of the sequential znode is not known".to_owned());
        }
        if inner.lost.is_some() {
            written.clear();
        }
        Recorded {
            written,
            lost: inner.lost.take(),
            origin: inner.origin.take(),
            writes: std::mem::take(&mut inner.writes),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks the recording as not undoable, with the reason. From now on nothing is kept.
    fn lose(&self, why: impl FnOnce() -> String) {
        let mut inner = self.inner();
        if inner.lost.is_none() {
            inner.lost = Some(why());
        }
        inner.written = Vec::new();
    }

    /// Returns whether writes to `count` znodes are to be recorded.
    fn wants(&self, session: &Session, count: usize) -> bool {
        let mut inner = self.inner();
        let here = session.servers().zip(session.id());
        if inner.origin.is_none() {
            inner.origin = here;
        } else if inner.origin != here {
            inner.lost.get_or_insert("it wrote to more than one session".to_owned());
        }
        let is_too_many = inner.written.len() + count > MOST_ZNODES;
        drop(inner);
        if is_too_many {
            self.lose(too_much);
        }
        self.inner().lost.is_none()
    }

    /// Returns whether `bytes` more bytes fit into the recording.
    fn fits(&self, bytes: usize) -> bool {
        self.inner().bytes + bytes <= MOST_BYTES
    }

    /// Records writes that are about to be sent. Returns the index of the first.
    fn open(&self, drafts: Vec<Written>) -> usize {
        let mut inner = self.inner();
        inner.bytes += drafts.iter().map(Written::bytes).sum::<usize>();
        let place = inner.written.len();
        inner.written.extend(drafts.into_iter().map(Some));
        place
    }

    /// Removes writes that the server refused.
    fn refused(&self, place: usize, count: usize) {
        for write in self.inner().written.iter_mut().skip(place).take(count) {
            *write = None;
        }
    }

    /// Marks writes as applied. `zxid` is the zxid of their transaction.
    fn applied<'r>(
        &self,
        place: usize,
        results: impl IntoIterator<Item = &'r OpResult>,
        zxid: i64,
    ) {
        let results = results.into_iter();
        let mut wrong = None;
        let mut inner = self.inner();
        for (write, result) in inner.written.iter_mut().skip(place).zip(results) {
            let Some(write) = write else { continue };
            write.is_certain = true;
            if !write.is_confirmed_by(result, zxid) {
                wrong.get_or_insert_with(|| write.path.clone());
            }
        }
        drop(inner);
        if let Some(path) = wrong {
            self.lose(|| format!("somebody else wrote {path} at the same moment"));
        }
    }

    /// Adds to the number of applied writes.
    fn count(&self, writes: usize) {
        self.inner().writes += writes as u64;
    }

    /// Returns the next turn in the order of writes.
    fn turn(&self) -> Turn {
        let (done, last) = oneshot::channel();
        Turn { before: self.inner().last.replace(last), done: Some(done) }
    }
}

fn too_much() -> String {
    format!("it changed more than {MOST_ZNODES} znodes or {} MiB", MOST_BYTES >> 20)
}

impl Before {
    fn bytes(&self) -> usize {
        self.data.as_ref().map_or(0, ZnodeData::len) + self.acl.as_ref().map_or(0, Acl::wire_length)
    }
}

impl Written {
    fn bytes(&self) -> usize {
        FIXED_BYTES + self.path.len() + self.before.as_ref().map_or(0, Before::bytes)
    }

    /// Updates the state after the write from the reply. Returns whether the write changed the same
    /// znode that was read. A znode that was deleted and created again can have the same version.
    fn is_confirmed_by(&mut self, result: &OpResult, zxid: i64) -> bool {
        match (result, &mut self.after) {
            (OpResult::Created(path), Some(after)) => {
                self.path.clone_from(path);
                after.czxid = zxid;
                true
            }
            (OpResult::Set(stat), Some(after)) => {
                let expected = (after.czxid, after.version, after.aversion);
                after.czxid = stat.czxid;
                after.version = after.version.map(|_| stat.version);
                after.aversion = after.aversion.map(|_| stat.aversion);
                // The zxid of a znode that was created in the same transaction is not known yet.
                let is_new = expected.0 == 0;
                let same = (after.version, after.aversion) == (expected.1, expected.2);
                same && (is_new || expected.0 == stat.czxid)
            }
            (OpResult::Deleted, None) => true,
            _ => false,
        }
    }
}

/// The position of a write in the order of a recording. The reads before the writes take different
/// times, but the writes leave in the order in which they were started.
#[derive(Debug)]
struct Turn {
    before: Option<oneshot::Receiver<()>>,
    done: Option<oneshot::Sender<()>>,
}

impl Turn {
    /// Waits until the write before this one has been sent. Returns whether there was one.
    async fn wait(&mut self) -> bool {
        match self.before.take() {
            // The sender is dropped without a message, so this also covers a write that was
            // abandoned.
            Some(before) => before.await.is_err(),
            None => false,
        }
    }

    /// Runs a future that sends its request when it is first polled. After that poll the next write
    /// may be sent.
    async fn send<F: Future>(&mut self, sending: F) -> F::Output {
        let mut sending = pin!(sending);
        let first =
            std::future::poll_fn(|context| Poll::Ready(sending.as_mut().poll(context))).await;
        drop(self.done.take());
        match first {
            Poll::Ready(output) => output,
            Poll::Pending => sending.await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn writes_leave_in_the_order_in_which_they_were_started() {
        let recording = Recording::default();
        let order = Mutex::new(Vec::new());
        let write = async |number: usize, pauses: usize| {
            let mut turn = recording.turn();
            for _ in 0..pauses {
                tokio::task::yield_now().await;
            }
            turn.wait().await;
            turn.send(async {
                order.lock().expect("whole").push(number);
                tokio::task::yield_now().await;
            })
            .await;
        };
        futures_util::future::join4(write(1, 5), write(2, 0), write(3, 9), write(4, 1)).await;
        assert_eq!(*order.lock().expect("whole"), [1, 2, 3, 4]);
    }

    #[tokio::test]
    async fn nothing_is_recorded_outside_a_scope() {
        assert!(Recording::current().is_none());
        let recording = Recording::default();
        recording
            .scope(async {
                assert!(Recording::current().is_some());
                Recording::without(async { assert!(Recording::current().is_none()) }).await;
            })
            .await;
    }
}
