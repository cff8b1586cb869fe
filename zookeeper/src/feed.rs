//! What a client tells without being asked: events, changes of the state, exchanges.

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

/// What an item takes besides its path, in bytes.
const ITEM_COST: usize = 96;

/// Changes of the state that wait to be read. They are few a second; nobody needs more of them.
const MOST_CHANGES: usize = 10_000;

/// What a client tells without being asked.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Item {
    /// A watched znode has changed.
    Event(Event),
    /// The state has changed, or a host could not be connected to.
    State(Change),
    /// The server may have lost a persistent watch.
    Weakened(Weakened),
    /// A request was answered; only with [`Options::observe`](crate::Options::observe). Where what
    /// waits to be read takes half of what it may, exchanges are left out.
    Exchange(Box<Exchange>),
    /// Here so many items are missing, since nobody has read them in time.
    Missed(u64),
}

/// A request and its reply.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Exchange {
    /// When the reply arrived.
    pub at: Seq,
    /// The number of the request on its connection.
    pub xid: i32,
    /// The request; credentials are empty.
    pub request: AnyRequest,
    /// The reply, or the server's refusal.
    pub reply: Result<Reply, Code>,
    /// The zxid of the reply.
    pub zxid: Option<Zxid>,
    /// Bytes of the request's frame.
    pub sent_bytes: usize,
    /// Bytes of the reply's frame.
    pub received_bytes: usize,
    /// The time from the moment in which the request was queued.
    pub took: Duration,
}

#[derive(Debug, Default)]
struct Waiting {
    items: VecDeque<Item>,
    bytes: usize,
    /// While it is not 0, new items are only counted, so that the gap is told where it happened.
    missed: u64,
    waker: Option<Waker>,
    ended: bool,
    dropped: bool,
}

/// Where the connection puts items and the [`Feed`] takes them.
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
            // A change of the state is always told, behind the gap.
            let missed = std::mem::take(&mut waiting.missed);
            if missed > 0 {
                waiting.items.push_back(Item::Missed(missed));
            }
            waiting.items.push_back(item);
        } else if matches!(item, Item::Exchange(_)) && waiting.bytes + cost > self.most / 2 {
            // Events come first: an exchange is never the reason why one is missing.
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

/// Events, changes of the state and exchanges, in their order. An event is in here before the reply
/// that the server sent after it completes.
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
/// What waits to be read is bounded ([`Options::feed`](crate::Options::feed)). A feed that is
/// dropped costs nothing more.
#[derive(Debug)]
pub struct Feed(pub(crate) Arc<Queue>);

impl Feed {
    /// Waits for the next item; none comes after the session is over.
    pub async fn next(&mut self) -> Option<Item> {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// Takes the next item, if one is there.
    pub fn try_next(&mut self) -> Option<Item> {
        self.0.pop().ok()
    }

    /// Polls for the next item.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Item>> {
        for _ in 0..2 {
            match self.0.pop() {
                Ok(item) => return Poll::Ready(Some(item)),
                Err(true) => return Poll::Ready(None),
                // Looked at once more after the waker is in its place.
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
