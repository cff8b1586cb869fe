//! Reads of single znodes that a script begins one right after the other. They leave together, in
//! one request, where the servers know `multiRead` (since 3.6): what costs a server is the request,
//! not the znode.

use std::future::poll_fn;
use std::mem;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use zookeeper::{MultiReadResult, MultiReader};

use super::many::Share;
use super::operation::unreadable;
use super::{Session, Stat};
use crate::error::Result;
use crate::zk::ZnodePath;

/// Bytes that a znode takes in a request besides its path.
const FIXED_BYTES: usize = 16;

/// Bytes of a reply that count as one name of a child: so that replies stay small here too.
const NAME_BYTES: usize = 32;

/// The most znodes that are read in one request. A server makes its whole reply in memory before it
/// sends any of it, and each may have as much data as a request may carry.
const MOST_READS: usize = 32;

/// A znode's data and stat.
type Data = Result<(Vec<u8>, Stat)>;

/// What came of each read, by its place, until it is taken.
type Replies = Arc<Mutex<Vec<Option<Data>>>>;

/// The reply to a request that has left.
type Reply = Shared<BoxFuture<'static, Replies>>;

/// What a session knows of reads that may leave together.
#[derive(Default)]
pub(super) struct Gather {
    /// Whether a read that begins now waits for others.
    is_open: bool,
    share: Share,
    /// Reads that might have left together with others, since the connection was made.
    reads: usize,
    batch: Option<Arc<Batch>>,
}

/// How much goes into one request.
#[derive(Debug, Clone, Copy)]
struct Most {
    reads: usize,
    bytes: usize,
}

/// Reads that wait for others, or have left with them.
struct Batch(Mutex<Stage>);

impl Default for Batch {
    fn default() -> Self {
        Self(Mutex::new(Stage::Waiting { reads: Vec::new(), bytes: 0 }))
    }
}

enum Stage {
    /// Each with whoever waits for it.
    Waiting { reads: Vec<(ZnodePath, Waker)>, bytes: usize },
    /// Each with its own handle of the reply, until it is taken.
    Left(Vec<Option<Reply>>),
}

impl Batch {
    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a read that takes so many bytes, and returns its place; none where the batch is full,
    /// which an empty one never is, or has left.
    fn add(&self, path: &ZnodePath, cost: usize, most: Most) -> Option<usize> {
        let mut stage = self.stage();
        let Stage::Waiting { reads, bytes } = &mut *stage else { return None };
        let fits = reads.len() < most.reads && *bytes + cost <= most.bytes;
        (fits || reads.is_empty()).then(|| {
            reads.push((path.clone(), Waker::noop().clone()));
            *bytes += cost;
            reads.len() - 1
        })
    }

    /// Lets the reads leave, if they still wait: with a request that leaves at its first poll.
    fn leave(&self, request: impl FnOnce(Vec<ZnodePath>) -> Reply) {
        let mut stage = self.stage();
        let Stage::Waiting { reads, .. } = &mut *stage else { return };
        let (paths, wakers): (_, Vec<_>) = mem::take(reads).into_iter().unzip();
        let reply = request(paths);
        // Each has a handle of its own, so that each is woken at the moment of the reply.
        let handles = wakers.iter().map(|waker| {
            let mut handle = reply.clone();
            match handle.poll_unpin(&mut Context::from_waker(waker)) {
                Poll::Pending => Some(handle),
                // It is there already; that handle has given it away.
                Poll::Ready(_) => Some(reply.clone()),
            }
        });
        *stage = Stage::Left(handles.collect());
    }

    /// Waits until the read has left, and returns its handle of the reply.
    fn poll_left(&self, place: usize, context: &mut Context<'_>) -> Poll<Option<Reply>> {
        match &mut *self.stage() {
            Stage::Waiting { reads, .. } => {
                reads[place].1.clone_from(context.waker());
                Poll::Pending
            }
            Stage::Left(replies) => Poll::Ready(replies[place].take()),
        }
    }
}

impl Session {
    /// Calls `begin`. The reads that it begins wait for others until [`Session::send_reads`] is
    /// called or any other request is to leave, so that nothing overtakes them. Whoever began them
    /// polls them again only after that.
    pub fn gather<T>(&self, begin: impl FnOnce() -> T) -> T {
        self.gathered().is_open = true;
        let result = begin();
        self.gathered().is_open = false;
        result
    }

    /// Reads a znode's data and stat, together with others where it begins among them.
    pub async fn read(&self, path: &ZnodePath) -> Data {
        let Some((batch, place)) = self.join(path) else {
            return self.get_data(path, false).await;
        };
        let reply = poll_fn(|context| batch.poll_left(place, context)).await;
        let data = match reply {
            Some(reply) => {
                let replies = reply.await;
                let mut replies = replies.lock().unwrap_or_else(PoisonError::into_inner);
                replies.get_mut(place).and_then(Option::take)
            }
            None => None,
        };
        data.unwrap_or_else(|| Err(unreadable(path.as_str())))
    }

    fn gathered(&self) -> MutexGuard<'_, Gather> {
        self.0.gather.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what is known of the servers: they may be others now.
    pub(super) fn gather_anew(&self) {
        self.send_reads();
        let mut gather = self.gathered();
        *gather = Gather { is_open: gather.is_open, ..Gather::default() };
    }

    /// Takes a place among the reads that are to leave together; none where this one is to leave
    /// alone.
    fn join(&self, path: &ZnodePath) -> Option<(Arc<Batch>, usize)> {
        let mut gather = self.gathered();
        if !gather.is_open || !self.state().is_connected() {
            return None;
        }
        gather.reads = gather.reads.saturating_add(1);
        let reads = gather.reads;
        let share = gather.share.of(self, reads).min(MOST_READS);
        let most = Most { reads: share, bytes: self.room() };
        if most.reads == 1 {
            return None;
        }
        let cost = path.as_str().len() + self.chroot_bytes() + FIXED_BYTES;
        // It is as good as sent, since nothing overtakes it.
        self.0.sent.fetch_add(1, Ordering::Relaxed);
        if let Some(batch) = &gather.batch
            && let Some(place) = batch.add(path, cost, most)
        {
            return Some((Arc::clone(batch), place));
        }
        let full = gather.batch.take();
        let batch = Arc::new(Batch::default());
        let place = batch.add(path, cost, most)?;
        gather.batch = Some(Arc::clone(&batch));
        drop(gather);
        if let Some(full) = full {
            self.send(&full);
        }
        Some((batch, place))
    }

    /// Sends the reads that wait for others.
    pub fn send_reads(&self) {
        let batch = self.gathered().batch.take();
        if let Some(batch) = batch {
            self.send(&batch);
        }
    }

    fn send(&self, batch: &Batch) {
        batch.leave(|paths| {
            let session = self.clone();
            let reply = async move { Arc::new(Mutex::new(session.data_of(&paths).await)) };
            reply.boxed().shared()
        });
    }

    /// Reads the data and stat of each of these znodes, in one request.
    async fn data_of(&self, paths: &[ZnodePath]) -> Vec<Option<Data>> {
        if let [path] = paths {
            return vec![Some(self.get_data(path, false).await)];
        }
        let ask = |reader: &mut MultiReader<'_>, path: &str| reader.add_get_data(path);
        let answer = |result: MultiReadResult| match result {
            MultiReadResult::Data { data, stat } => Some((data, stat.into())),
            _ => None,
        };
        let read = self.read_each(paths, ask, answer).await;
        let bytes: usize = read.iter().flatten().map(|(data, _)| data.len()).sum();
        self.gathered().share.landed(bytes / NAME_BYTES);
        read.into_iter().map(Some).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio::sync::oneshot;

    const MOST: Most = Most { reads: 2, bytes: 10 };

    /// Returns a batch of reads that take as many bytes as their paths have, and their places.
    fn batch(paths: &[&str]) -> (Batch, Vec<Option<usize>>) {
        let batch = Batch::default();
        let add = |path: &&str| batch.add(&ZnodePath::new(*path).unwrap(), path.len(), MOST);
        let places = paths.iter().map(add).collect();
        (batch, places)
    }

    fn replies(paths: &[ZnodePath]) -> Replies {
        let data = |path: &ZnodePath| Some(Err(unreadable(path.as_str())));
        Arc::new(Mutex::new(paths.iter().map(data).collect()))
    }

    #[test]
    fn a_batch_has_an_end() {
        assert_eq!(batch(&["/a", "/b", "/c"]).1, [Some(0), Some(1), None]);
        assert_eq!(batch(&["/long", "/longer", "/b"]).1, [Some(0), None, Some(1)]);
        assert_eq!(batch(&["/longer-than-any", "/b"]).1, [Some(0), None]);
        let (batch, _) = batch(&["/a"]);
        batch.leave(|paths| async move { replies(&paths) }.boxed().shared());
        assert_eq!(batch.add(&ZnodePath::root(), 1, MOST), None);
    }

    #[test]
    fn everyone_is_woken_at_the_moment_of_the_reply() {
        let order = crate::session::Order::default();
        let (batch, _) = batch(&["/a", "/b"]);
        let wait = |place| {
            let batch = &batch;
            order.dated(Box::pin(async move {
                let reply = poll_fn(|context| batch.poll_left(place, context)).await.unwrap();
                reply.await.lock().unwrap()[place].take().unwrap().unwrap_err().to_string()
            }))
        };
        let mut waiting = [wait(0), wait(1)];
        let mut context = Context::from_waker(Waker::noop());
        assert!(waiting.iter_mut().all(|read| read.poll_unpin(&mut context).is_pending()));
        let (answer, answered) = oneshot::channel();
        batch.leave(|paths| {
            async move {
                answered.await.unwrap();
                replies(&paths)
            }
            .boxed()
            .shared()
        });
        answer.send(()).unwrap();
        let later = order.now();
        let done = waiting.each_mut().map(|read| read.poll_unpin(&mut context));
        for (done, path) in done.into_iter().zip(["/a", "/b"]) {
            let Poll::Ready((text, stamp)) = done else { panic!("{path} is still waiting") };
            assert!(text.ends_with(path) && stamp < later, "{text}");
        }
    }

    #[test]
    fn a_reply_may_be_there_before_everyone_has_asked() {
        let (batch, _) = batch(&["/a", "/b"]);
        batch.leave(|paths| async move { replies(&paths) }.boxed().shared());
        let mut context = Context::from_waker(Waker::noop());
        for place in 0..2 {
            let Poll::Ready(Some(reply)) = batch.poll_left(place, &mut context) else {
                panic!("it has left");
            };
            let replies = reply.now_or_never().unwrap();
            assert!(replies.lock().unwrap()[place].is_some());
        }
    }
}
