//! Combines consecutive reads of a script into one request, if the server supports `multiRead`
//! (since 3.6): the server's cost is per request, not per znode.

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

/// Bytes of a reply that count as one child name for the batch size, so that replies stay small.
const NAME_BYTES: usize = 32;

/// Maximum number of znodes in one request. A server builds the whole reply in memory before it
/// sends any of it, and each znode may have as much data as a request can carry.
const MOST_READS: usize = 32;

/// A znode's data and stat.
type Data = Result<(ZnodeData, Stat)>;

/// The results of the reads of a request, until each is taken, and the stamp of the reply.
type Replies = (Arc<Mutex<Vec<Option<Data>>>>, Stamp);

/// The future reply to a request, and the index of a read in it.
type Sent = (Shared<BoxFuture<'static, Replies>>, usize);

/// The state of a session's batched reads.
#[derive(Default)]
pub(super) struct ReadBatcher {
    /// Whether a new read waits for others.
    is_open: bool,
    size: BatchSize,
    /// The number of batchable reads since the connection was established.
    reads: usize,
    waiting: Batch,
}

/// A guard: while it lives, requests are collected instead of sent.
#[derive(Debug)]
pub struct Cork(
    #[expect(dead_code, reason = "it acts when it is dropped")] Option<zookeeper::Cork>,
);

/// Reads that wait to be sent, each with the channel for its result.
#[derive(Default)]
struct Batch {
    reads: Vec<(ZnodePath, oneshot::Sender<Sent>)>,
    bytes: usize,
}

impl Batch {
    /// Returns whether a read of `cost` bytes fits into the batch. An empty batch accepts any read.
    fn has_room(&self, cost: usize, most_reads: usize, most_bytes: usize) -> bool {
        self.reads.is_empty() || self.reads.len() < most_reads && self.bytes + cost <= most_bytes
    }
}

impl Session {
    /// Calls `begin`. Reads that it starts wait for others, until [`Session::send_reads`] is called
    /// or any other request is about to be sent, so that nothing overtakes them.
    pub fn gather<T>(&self, begin: impl FnOnce() -> T) -> T {
        lock(&self.0.reads).is_open = true;
        let result = begin();
        lock(&self.0.reads).is_open = false;
        result
    }

    /// Announces about `count` reads. If they are many, this asks in the background whether the
    /// server supports `multiRead`, while the first reads are in flight.
    pub fn expects_reads(&self, count: usize) {
        if count >= FEW && self.state().is_connected() {
            self.is_known_to_have(Feature::MultiRead);
        }
    }

    /// Returns a znode's data and stat. The read may share a request with others.
    pub async fn read(&self, path: &ZnodePath) -> Data {
        let Some(sent) = self.join(path) else { return self.get_data(path, false).await };
        // If the connection was lost before the batch was sent, the read is sent again alone.
        let Ok((reply, place)) = sent.await else { return self.get_data(path, false).await };
        let (replies, stamp) = reply.await;
        trace::note_reply(stamp);
        let reply = lock(&replies).get_mut(place).and_then(Option::take);
        reply.unwrap_or_else(|| Err(unreadable(path.as_str())))
    }

    /// Collects requests while the returned guard lives, and then sends them together. The guard
    /// must not live while a reply is awaited.
    pub fn cork(&self) -> Cork {
        Cork(self.current().map(|connection| connection.client.cork()))
    }

    /// Sends the waiting reads.
    pub fn send_reads(&self) {
        let mut reads = lock(&self.0.reads);
        if reads.waiting.reads.is_empty() {
            return;
        }
        let batch = std::mem::take(&mut reads.waiting);
        drop(reads);
        self.send_batch(batch);
    }

    /// Forgets what is known of the server, because the session may be on another one now.
    pub(super) fn forget_reads(&self) {
        self.send_reads();
        let mut reads = lock(&self.0.reads);
        *reads = ReadBatcher { is_open: reads.is_open, ..ReadBatcher::default() };
    }

    fn send_batch(&self, batch: Batch) {
        let (paths, senders): (Vec<_>, Vec<_>) = batch.reads.into_iter().unzip();
        let (Some(connection), false) = (self.current(), paths.is_empty()) else { return };
        let client = &connection.client;
        // The reads have already started, so they are sent even if the budget has no room for them.
        let permit = client.try_admit(Cost(batch.bytes)).unwrap_or_default();
        let timeout = self.0.settings.timeout;
        let reply: BoxFuture<'static, Replies> = if let [path] = &paths[..] {
            let path = path.clone();
            let pending = client.send(permit, GetData::new(path.to_shared()));
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
            // The receiver may have cancelled the read.
            let _ = sender.send((reply.clone(), place));
        }
    }

    /// Adds a read to the batch. Returns `None` if it must be sent alone.
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
        // Nothing can overtake the read, so it counts as sent.
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
