//! A queue with an end to its size: what finds no room is counted, and the count stands in its place.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::error::{Error, Result};

/// Items on their way from whoever learns of them to whoever takes them.
#[derive(Debug)]
pub(super) struct BoundedQueue<T> {
    most: usize,
    waiting: Mutex<Waiting<T>>,
    news: Notify,
}

#[derive(Debug)]
struct Waiting<T> {
    items: VecDeque<(T, usize)>,
    /// What the items cost together, in bytes.
    taken: usize,
    /// Items that found no room. While this is non-zero, new items are only counted, so the gap is
    /// reported where it happened.
    left_out: u64,
    /// Why there are no more.
    end: Option<Error>,
}

/// What comes out of a queue.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Queued<T> {
    Item(T),
    /// So many items are missing here.
    LeftOut(u64),
}

impl<T> BoundedQueue<T> {
    /// Makes a queue for items that cost `most` bytes together.
    pub(super) fn new(most: usize) -> Self {
        let waiting = Waiting { items: VecDeque::new(), taken: 0, left_out: 0, end: None };
        Self { most, waiting: Mutex::new(waiting), news: Notify::new() }
    }

    /// Adds an item; where there is no room, it is only counted.
    pub(super) fn push(&self, item: T, cost: usize) {
        let mut waiting = self.waiting();
        if waiting.left_out > 0 || waiting.taken >= self.most {
            waiting.left_out += 1;
        } else {
            waiting.taken += cost;
            waiting.items.push_back((item, cost));
        }
        drop(waiting);
        self.news.notify_one();
    }

    /// Tells that there are no more, and why.
    pub(super) fn end(&self, why: Error) {
        self.waiting().end.get_or_insert(why);
        self.news.notify_one();
    }

    /// Waits for the oldest item. The error is the one given to [`BoundedQueue::end`].
    pub(super) async fn next(&self) -> Result<Queued<T>> {
        loop {
            if let Some(next) = self.take() {
                return next;
            }
            self.news.notified().await;
        }
    }

    /// Takes the oldest item; none where there is none now.
    pub(super) fn take(&self) -> Option<Result<Queued<T>>> {
        self.take_if(|_| true)
    }

    /// Takes the oldest item if it is the one that is wanted.
    pub(super) fn take_if(&self, wanted: impl FnOnce(&T) -> bool) -> Option<Result<Queued<T>>> {
        let mut waiting = self.waiting();
        if let Some((item, _)) = waiting.items.front() {
            if !wanted(item) {
                return None;
            }
            let (item, cost) = waiting.items.pop_front()?;
            waiting.taken -= cost;
            return Some(Ok(Queued::Item(item)));
        }
        match std::mem::take(&mut waiting.left_out) {
            0 => waiting.end.clone().map(Err),
            count => Some(Ok(Queued::LeftOut(count))),
        }
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
        let queue = BoundedQueue::new(100);
        for number in 0..13 {
            queue.push(number, 10);
        }
        for number in 0..10 {
            assert_eq!(queue.take(), Some(Ok(Queued::Item(number))));
            // There is room again, but not between what was left out.
            queue.push(0, 10);
        }
        assert_eq!(queue.take(), Some(Ok(Queued::LeftOut(13))));
        assert_eq!(queue.take(), None);
        queue.push(7, 10);
        let end = Error::new(Kind::Lost, "over");
        queue.end(end.clone());
        queue.end(Error::new(Kind::Lost, "a second end"));
        assert_eq!(queue.take_if(|number| *number == 8), None);
        assert_eq!(queue.take(), Some(Ok(Queued::Item(7))));
        assert_eq!(queue.take(), Some(Err(end.clone())));
        assert_eq!(queue.take(), Some(Err(end)));
    }
}
