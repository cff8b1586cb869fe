//! Combines reads that a script starts one after the other into one request, if the server knows
//! `multiRead` (since 3.6): the server's cost is the request, not the znode.

use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use tokio::sync::oneshot;
use zookeeper::{Cost, GetData};

use super::failure::{refused, unreadable};
use super::multi_read::{FEW, data_replies, data_request};
use super::operation::stat;
use super::{BatchSize, Session, Stamp, lock, trace};
use crate::error::Result;
use crate::zk::{Feature, Stat, ZnodeData, ZnodePath};

/// Bytes that a znode takes in a request besides its path.
const FIXED_BYTES: usize = 16;

/// Bytes of a reply that count as one name of a child: so that replies stay small here too.
const NAME_BYTES: usize = 32;

/// The most znodes that are read in one request. A server makes its whole reply in memory before it
/// sends any of it, and each may have as much data as a request may carry.
const MOST_READS: usize = 32;

/// A znode's data and stat.
type Data = Result<(ZnodeData, Stat)>;

/// What came of the reads of a request, by their places, until each is taken; and when.
type Replies = (Arc<Mutex<Vec<Option<Data>>>>, Stamp);

/// The reply to a request that has left, and the place of a read in it.
type Sent = (Shared<BoxFuture<'static, Replies>>, usize);

/// What a session knows of reads that may leave together.
#[derive(Default)]
pub(super) struct ReadBatcher {
    /// Whether a read that begins now waits for others.
    is_open: bool,
    size: BatchSize,
    /// Reads that might have left together with others, since the connection was made.
    reads: usize,
    waiting: Batch,
}

/// Requests gather as long as it lives.
#[derive(Debug)]
pub struct Cork(
    #[expect(dead_code, reason = "it acts when it is dropped")] Option<zookeeper::Cork>,
);

/// Reads that wait for others, each with whoever waits for it.
#[derive(Default)]
struct Batch {
    reads: Vec<(ZnodePath, oneshot::Sender<Sent>)>,
    bytes: usize,
}

impl Batch {
    /// Returns whether a read that takes so many bytes has a place; an empty batch has one for each.
    fn has_room(&self, cost: usize, most_reads: usize, most_bytes: usize) -> bool {
        self.reads.is_empty() || self.reads.len() < most_reads && self.bytes + cost <= most_bytes
    }
}

impl Session {
    /// Calls `begin`. The reads that it begins wait for others until [`Session::send_reads`] is
    /// called or any other request is to leave, so that nothing overtakes them.
    pub fn gather<T>(&self, begin: impl FnOnce() -> T) -> T {
        lock(&self.0.reads).is_open = true;
        let result = begin();
        lock(&self.0.reads).is_open = false;
        result
    }

    /// Notes that about so many reads are to begin: whether the server knows how to answer many
    /// together is asked while the first are on their way.
    pub fn expects_reads(&self, count: usize) {
        if count >= FEW && self.state().is_connected() {
            self.is_known_to_have(Feature::MultiRead);
        }
    }

    /// Reads a znode's data and stat, together with others where it begins among them.
    pub async fn read(&self, path: &ZnodePath) -> Data {
        let Some(sent) = self.join(path) else { return self.get_data(path, false).await };
        // Where the connection went before it could leave, it is asked again.
        let Ok((reply, place)) = sent.await else { return self.get_data(path, false).await };
        let (replies, stamp) = reply.await;
        trace::note_reply(stamp);
        let reply = lock(&replies).get_mut(place).and_then(Option::take);
        reply.unwrap_or_else(|| Err(unreadable(path.as_str())))
    }

    /// Lets requests gather, as long as what is returned lives: they leave many at a time. It must not
    /// live while a reply is waited for.
    pub fn cork(&self) -> Cork {
        Cork(self.current().map(|connection| connection.client.cork()))
    }

    /// Sends the reads that wait for others.
    pub fn send_reads(&self) {
        let batch = std::mem::take(&mut lock(&self.0.reads).waiting);
        self.send_batch(batch);
    }

    /// Forgets what is known of the server: it may be another one now.
    pub(super) fn forget_reads(&self) {
        self.send_reads();
        let mut reads = lock(&self.0.reads);
        *reads = ReadBatcher { is_open: reads.is_open, ..ReadBatcher::default() };
    }

    fn send_batch(&self, batch: Batch) {
        let (paths, senders): (Vec<_>, Vec<_>) = batch.reads.into_iter().unzip();
        let (Some(connection), false) = (self.current(), paths.is_empty()) else { return };
        let client = &connection.client;
        // They have begun already; what is not admitted yet leaves all the same.
        let permit = client.try_admit(Cost(batch.bytes)).unwrap_or_default();
        let timeout = self.0.settings.timeout;
        let reply: BoxFuture<'static, Replies> = if let [path] = &paths[..] {
            let path = path.clone();
            let pending = client.send(permit, GetData::new(path.as_str()));
            async move {
                let arrived = pending.within(timeout).await;
                let data = match arrived.value {
                    Ok(data) => Ok((data.data.into(), stat(data.stat))),
                    Err(error) => Err(refused(&error).at(path.as_str())),
                };
                (Arc::new(Mutex::new(vec![Some(data)])), connection.stamp(arrived.at))
            }
            .boxed()
        } else {
            let session = self.clone();
            let pending = client.send(permit, data_request(&paths));
            async move {
                let arrived = pending.within(timeout).await;
                let replies = data_replies(&paths, arrived.value.map_err(|error| refused(&error)));
                let bytes: usize = replies.iter().flatten().map(|(data, _)| data.len()).sum();
                lock(&session.0.reads).size.received(bytes / NAME_BYTES);
                let replies = replies.into_iter().map(Some).collect();
                (Arc::new(Mutex::new(replies)), connection.stamp(arrived.at))
            }
            .boxed()
        };
        let reply = reply.shared();
        for (place, sender) in senders.into_iter().enumerate() {
            // Whoever began the read may have given it up.
            let _ = sender.send((reply.clone(), place));
        }
    }

    /// Takes a place among the reads that are to leave together, or none if this one is to leave
    /// alone.
    fn join(&self, path: &ZnodePath) -> Option<oneshot::Receiver<Sent>> {
        if !self.state().is_connected() {
            return None;
        }
        let mut reads = lock(&self.0.reads);
        if !reads.is_open {
            return None;
        }
        reads.reads = reads.reads.saturating_add(1);
        let count = reads.reads;
        let most = reads.size.of(self, count).min(MOST_READS);
        if most == 1 {
            return None;
        }
        let cost = path.as_str().len() + self.chroot_bytes() + FIXED_BYTES;
        let full = if reads.waiting.has_room(cost, most, self.request_room()) {
            None
        } else {
            Some(std::mem::take(&mut reads.waiting))
        };
        let (sender, receiver) = oneshot::channel();
        reads.waiting.bytes += cost;
        reads.waiting.reads.push((path.clone(), sender));
        drop(reads);
        if let Some(full) = full {
            self.send_batch(full);
        }
        // It is as good as sent, since nothing overtakes it.
        trace::note_request();
        Some(receiver)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_batch_has_an_end() {
        let mut batch = Batch::default();
        let has_room = |batch: &Batch, cost| batch.has_room(cost, 2, 10);
        assert!(has_room(&batch, 100), "the first always has a place");
        batch.reads.push((ZnodePath::root(), oneshot::channel().0));
        batch.bytes = 8;
        assert!(has_room(&batch, 2) && !has_room(&batch, 3));
        batch.reads.push((ZnodePath::root(), oneshot::channel().0));
        assert!(!has_room(&batch, 0));
    }
}
