//! A queue that holds a bounded number of bytes and counts the items that do not fit.
//!
//! Producers decide how fast items arrive, and a slow reader decides how fast they leave; neither
//! may fill the memory. Once an item does not fit, all later ones are only counted until the reader
//! takes the count, so the gap is reported exactly where items are missing.

use std::collections::VecDeque;

/// Items in order. Each has a mark, which is its place among other things, or `()` if there are
/// none.
#[derive(Debug)]
pub struct BoundedQueue<T, M = ()> {
    items: VecDeque<Entry<T, M>>,
    /// The total cost of the items in bytes.
    size: usize,
    limit: usize,
    gap: Option<Gap<M>>,
}

#[derive(Debug)]
struct Entry<T, M> {
    mark: M,
    cost: usize,
    item: T,
}

/// Items that did not fit.
#[derive(Debug)]
struct Gap<M> {
    /// The mark of the first missing item.
    mark: M,
    count: u64,
}

/// The result of taking from the queue.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken<T> {
    /// The oldest item.
    Item(T),
    /// This many items are missing here.
    Gap(u64),
}

impl<T, M> BoundedQueue<T, M> {
    /// Creates an empty queue for at most `limit` bytes.
    pub const fn new(limit: usize) -> Self {
        Self { items: VecDeque::new(), size: 0, limit, gap: None }
    }

    /// Returns the total cost of the items in bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Returns the oldest item.
    pub fn first(&self) -> Option<&T> {
        self.items.front().map(|entry| &entry.item)
    }

    /// Returns whether there are no items. A gap may still be waiting.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Returns whether `cost` more bytes fit, with `elsewhere` bytes also counted against the
    /// limit. If they do not fit, a gap starts or grows by one.
    pub fn admit(&mut self, mark: M, cost: usize, elsewhere: usize) -> bool {
        let used = self.size + elsewhere;
        if let Some(gap) = &mut self.gap {
            gap.count += 1;
        } else if used > 0 && used + cost > self.limit {
            self.gap = Some(Gap { mark, count: 1 });
        } else {
            return true;
        }
        false
    }

    /// Adds an item, even beyond the limit.
    fn add(&mut self, mark: M, cost: usize, item: T) {
        self.size += cost;
        self.items.push_back(Entry { mark, cost, item });
    }

    /// Takes the oldest item if its mark is `due`.
    pub fn take_item_if(&mut self, due: impl FnOnce(&M) -> bool) -> Option<T> {
        let entry = self.items.pop_front_if(|entry| due(&entry.mark))?;
        self.size -= entry.cost;
        Some(entry.item)
    }

    /// Takes the number of missing items if all items before the gap are taken and the mark of the
    /// first missing item is `due`.
    pub fn take_gap_if(&mut self, due: impl FnOnce(&M) -> bool) -> Option<u64> {
        let is_next = self.items.is_empty();
        self.gap.take_if(|gap| is_next && due(&gap.mark)).map(|gap| gap.count)
    }

    /// Takes the oldest item, or the gap after the last one, if its mark is `due`.
    pub fn take_if(&mut self, due: impl Fn(&M) -> bool) -> Option<Taken<T>> {
        let item = self.take_item_if(&due).map(Taken::Item);
        item.or_else(|| self.take_gap_if(&due).map(Taken::Gap))
    }
}

impl<T, M: Clone> BoundedQueue<T, M> {
    /// Adds an item of `cost` bytes, or only counts it if it does not fit. An empty queue accepts
    /// any item.
    pub fn push(&mut self, mark: M, cost: usize, item: T) {
        self.push_beside(0, mark, cost, item);
    }

    /// Like [`BoundedQueue::push`], with `elsewhere` bytes also counted against the limit.
    pub fn push_beside(&mut self, elsewhere: usize, mark: M, cost: usize, item: T) {
        if self.admit(mark.clone(), cost, elsewhere) {
            self.add(mark, cost, item);
        }
    }
}

impl<T> BoundedQueue<T> {
    /// Adds an item that must not be lost, even beyond the limit.
    pub fn push_always(&mut self, cost: usize, item: T) {
        self.add((), cost, item);
    }

    /// Takes the oldest item, or the gap after the last one.
    pub fn take(&mut self) -> Option<Taken<T>> {
        self.take_if(|()| true)
    }

    /// Takes the oldest item.
    pub fn take_item(&mut self) -> Option<T> {
        self.take_item_if(|()| true)
    }

    /// Takes the number of missing items, once all items before the gap are taken.
    pub fn take_gap(&mut self) -> Option<u64> {
        self.take_gap_if(|()| true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_is_counted_in_its_place() {
        let mut queue = BoundedQueue::new(10);
        queue.push((), 6, "a");
        queue.push((), 4, "b");
        queue.push((), 1, "c");
        assert_eq!(queue.take(), Some(Taken::Item("a")));
        // There is room again, but items may not follow a gap that was not taken.
        queue.push((), 1, "d");
        assert_eq!(queue.take_gap(), None);
        assert_eq!(queue.take(), Some(Taken::Item("b")));
        assert_eq!(queue.take(), Some(Taken::Gap(2)));
        assert_eq!(queue.take(), None);
        queue.push((), 1, "e");
        assert_eq!((queue.size(), queue.take_item()), (1, Some("e")));
        assert_eq!((queue.size(), queue.is_empty()), (0, true));
    }

    #[test]
    fn marks_decide_what_is_due() {
        let mut queue = BoundedQueue::new(2);
        for mark in 1..=4 {
            queue.push(mark, 1, mark);
        }
        let until = |queue: &mut BoundedQueue<i32, i32>, end| {
            std::iter::from_fn(|| queue.take_if(|mark| *mark < end)).collect::<Vec<_>>()
        };
        assert_eq!(until(&mut queue, 2), [Taken::Item(1)]);
        assert_eq!(until(&mut queue, 3), [Taken::Item(2)]);
        assert_eq!(until(&mut queue, 3), []);
        assert_eq!(until(&mut queue, 4), [Taken::Gap(2)]);
    }

    #[test]
    fn what_waits_elsewhere_takes_room_too() {
        let mut queue: BoundedQueue<&str> = BoundedQueue::new(10);
        queue.push_beside(9, (), 2, "a");
        assert_eq!(queue.take_gap(), Some(1));
        // An item larger than the limit still fits into an empty queue.
        queue.push((), 100, "large");
        assert!(!queue.admit((), 1, 0));
        queue.push_always(1, "notice");
        assert_eq!(queue.take_item(), Some("large"));
        assert_eq!(queue.take_item(), Some("notice"));
        assert_eq!(queue.take_gap(), Some(1));
    }
}
