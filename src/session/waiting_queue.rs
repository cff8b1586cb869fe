//! A bounded queue whose reader can wait for items. It ends with an error.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::bounded_queue::{BoundedQueue, Taken};
use crate::error::{Error, Result};

/// A queue of items for a waiting reader.
#[derive(Debug)]
pub(super) struct WaitingQueue<T> {
    waiting: Mutex<Waiting<T>>,
    is_new: Notify,
}

#[derive(Debug)]
struct Waiting<T> {
    items: BoundedQueue<T>,
    /// Why the queue has ended.
    end: Option<Error>,
}

impl<T> WaitingQueue<T> {
    /// Creates a queue for items of at most `limit` bytes in total.
    pub(super) fn new(limit: usize) -> Self {
        let waiting = Waiting { items: BoundedQueue::new(limit), end: None };
        Self { waiting: Mutex::new(waiting), is_new: Notify::new() }
    }

    /// Adds an item of `cost` bytes. If the queue is full, the item is only counted.
    pub(super) fn push(&self, item: T, cost: usize) {
        self.waiting().items.push((), cost, item);
        self.is_new.notify_one();
    }

    /// Ends the queue with this error.
    pub(super) fn end(&self, why: Error) {
        self.waiting().end.get_or_insert(why);
        self.is_new.notify_one();
    }

    /// Waits for the oldest item. The error is the one given to [`WaitingQueue::end`].
    pub(super) async fn next(&self) -> Result<Taken<T>> {
        loop {
            if let Some(next) = self.take() {
                return next;
            }
            self.is_new.notified().await;
        }
    }

    /// Takes the oldest item, or returns `None` if the queue is empty.
    pub(super) fn take(&self) -> Option<Result<Taken<T>>> {
        self.take_if(|_| true)
    }

    /// Takes the oldest item if `wanted` accepts it.
    pub(super) fn take_if(&self, wanted: impl FnOnce(&T) -> bool) -> Option<Result<Taken<T>>> {
        let mut waiting = self.waiting();
        if waiting.items.first().is_some_and(|item| !wanted(item)) {
            return None;
        }
        let taken = waiting.items.take();
        taken.map(Ok).or_else(|| waiting.end.clone().map(Err))
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn what_finds_no_room_is_counted_in_its_place() {
        let queue = WaitingQueue::new(100);
        for number in 0..13 {
            queue.push(number, 10);
        }
        for number in 0..10 {
            assert_eq!(queue.take(), Some(Ok(Taken::Item(number))));
            // There is room again, but items may not follow a gap that was not taken.
            queue.push(0, 10);
        }
        assert_eq!(queue.take(), Some(Ok(Taken::Gap(13))));
        assert_eq!(queue.take(), None);
        queue.push(7, 10);
        let end = Error::new(Kind::Lost, "over");
        queue.end(end.clone());
        queue.end(Error::new(Kind::Lost, "a second end"));
        assert_eq!(queue.take_if(|number| *number == 8), None);
        assert_eq!(queue.take(), Some(Ok(Taken::Item(7))));
        assert_eq!(queue.take(), Some(Err(end.clone())));
        assert_eq!(queue.take(), Some(Err(end)));
    }
}
