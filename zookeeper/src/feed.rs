//! The feed of a client: events, changes of state, and exchanges.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::code::Code;
use crate::data::{Seq, Zxid};
use crate::event::Event;
use crate::reply::Reply;
use crate::request::AnyRequest;
use crate::state::Change;
use crate::watches::Weakened;

/// Bytes that an item costs besides its path.
const ITEM_COST: usize = 96;

/// Maximum number of unread changes of state. There are only a few per second.
const MOST_CHANGES: usize = 10_000;

/// An item of the feed.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Item {
    /// A watched znode has changed.
    Event(Event),
    /// The state has changed, or a connection attempt has failed.
    State(Change),
    /// The server may have lost a persistent watch.
    Weakened(Weakened),
    /// A request was answered. Reported only with [`Options::observe`](crate::Options::observe),
    /// and dropped while the feed is more than half full.
    Exchange(Box<Exchange>),
    /// This many items are missing here, because they were not read in time.
    Missed(u64),
}

/// A request and its reply.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Exchange {
    /// The sequence number of the reply.
    pub at: Seq,
    /// The number of the request on its connection.
    pub xid: i32,
    /// The request, without the bytes of credentials.
    pub request: AnyRequest,
    /// The reply, or the server's refusal.
    pub reply: Result<Reply, Code>,
    /// The zxid of the reply.
    pub zxid: Option<Zxid>,
    /// Size of the request's frame in bytes.
    pub sent_bytes: usize,
    /// Size of the reply's frame in bytes.
    pub received_bytes: usize,
    /// Time from queueing the request to receiving the reply.
    pub took: Duration,
}

#[derive(Debug, Default)]
struct Waiting {
    items: VecDeque<Item>,
    bytes: usize,
    /// While this is not 0, new items are only counted, so that the gap is reported where it
    /// happened.
    missed: u64,
    waker: Option<Waker>,
    ended: bool,
    dropped: bool,
}

/// The queue between the connection, which adds items, and the [`Feed`].
#[derive(Debug)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    most: usize,
}

impl Queue {
    pub(crate) fn new(most: usize) -> Self {
        Self { waiting: Mutex::default(), most }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn push(&self, item: Item) {
        let mut waiting = self.lock();
        if waiting.dropped {
            return;
        }
        let cost = cost(&item);
        let is_change = matches!(item, Item::State(_));
        if is_change && waiting.items.len() < MOST_CHANGES {
            // A change of state is always reported, after the gap.
            let missed = std::mem::take(&mut waiting.missed);
            if missed > 0 {
                waiting.items.push_back(Item::Missed(missed));
            }
            waiting.items.push_back(item);
        } else if matches!(item, Item::Exchange(_)) && waiting.bytes + cost > self.most / 2 {
            // Events have priority: an exchange must never be the reason why an event is missing.
            return;
        } else if is_change || waiting.missed > 0 || waiting.bytes + cost > self.most {
            waiting.missed += 1;
        } else {
            waiting.bytes += cost;
            waiting.items.push_back(item);
        }
        let waker = waiting.waker.take();
        drop(waiting);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn end(&self) {
        let mut waiting = self.lock();
        waiting.ended = true;
        if let Some(waker) = waiting.waker.take() {
            waker.wake();
        }
    }

    fn pop(&self) -> Result<Item, bool> {
        let mut waiting = self.lock();
        if let Some(item) = waiting.items.pop_front() {
            if !matches!(item, Item::State(_) | Item::Missed(_)) {
                waiting.bytes -= cost(&item);
            }
            return Ok(item);
        }
        match std::mem::take(&mut waiting.missed) {
            0 => Err(waiting.ended),
            missed => Ok(Item::Missed(missed)),
        }
    }
}

fn cost(item: &Item) -> usize {
    match item {
        Item::Event(event) => ITEM_COST + event.path.len(),
        Item::Weakened(weakened) => ITEM_COST + weakened.path.len(),
        Item::Exchange(exchange) => ITEM_COST + exchange.sent_bytes + exchange.received_bytes,
        Item::State(_) | Item::Missed(_) => 0,
    }
}

/// The events, changes of state and exchanges of a client, in order. An event is queued here before
/// the next reply from the server completes.
///
/// ```no_run
/// # async fn tell(mut feed: zookeeper::Feed) {
/// use zookeeper::Item;
///
/// while let Some(item) = feed.next().await {
///     match item {
///         Item::Event(event) => println!("{} {}", event.kind.name(), event.path),
///         Item::State(change) => println!("{:?}, since {:?}", change.state, change.cause),
///         Item::Missed(count) => println!("{count} were not read in time"),
///         _ => {}
///     }
/// }
/// # }
/// ```
///
/// The number of unread items is limited ([`Options::feed`](crate::Options::feed)). A dropped feed
/// uses no memory.
#[derive(Debug)]
pub struct Feed(pub(crate) Arc<Queue>);

impl Feed {
    /// Waits for the next item. Returns `None` after the session is over and all items are read.
    pub async fn next(&mut self) -> Option<Item> {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// Takes the next item, if there is one.
    pub fn try_next(&mut self) -> Option<Item> {
        self.0.pop().ok()
    }

    /// Polls for the next item.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Item>> {
        for _ in 0..2 {
            match self.0.pop() {
                Ok(item) => return Poll::Ready(Some(item)),
                Err(true) => return Poll::Ready(None),
                // Look once more after the waker is set, so that no item is missed.
                Err(false) => self.0.lock().waker = Some(context.waker().clone()),
            }
        }
        Poll::Pending
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        waiting.dropped = true;
        waiting.items.clear();
        waiting.bytes = 0;
        waiting.missed = 0;
    }
}
