//! Buffers events so that each is shown after the replies that arrived before it and before those
//! that arrived later.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use futures_util::task::AtomicWaker;

use crate::bounded_queue::BoundedQueue;
use crate::session::Stamp;

/// The maximum size of the buffered events in bytes, which is some ten thousand events. If the
/// output is read more slowly than events arrive, they must not fill the memory. The session cannot
/// wait for the reader either, because it must send pings.
const MOST_HELD: usize = 1024 * 1024;

/// The bytes that each event counts in addition to its text.
const EVENT_COST: usize = 64;

/// The bytes of events that are returned at a time.
const PART: usize = 64 * 1024;

/// Events that wait to be shown by a script.
#[derive(Debug, Clone, Default)]
pub struct EventBuffer(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    events: Mutex<BoundedQueue<Vec<u8>, Stamp>>,
    script: AtomicWaker,
}

impl Default for Shared {
    fn default() -> Self {
        Self { events: Mutex::new(BoundedQueue::new(MOST_HELD)), script: AtomicWaker::new() }
    }
}

/// A part of the buffer's contents.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Rendered events.
    Events(Vec<u8>),
    /// The number of events that were dropped here.
    LeftOut(u64),
}

impl EventBuffer {
    /// Buffers a rendered event that arrived at `stamp`. Any thread may call it. If the buffer is
    /// full, the event is only counted.
    pub fn hold(&self, stamp: Stamp, text: Vec<u8>) {
        self.events().push(stamp, text.len() + EVENT_COST, text);
        self.0.script.wake();
    }

    /// Registers the waker that new events wake.
    pub(super) fn register(&self, waker: &Waker) {
        self.0.script.register(waker);
    }

    /// Returns a part of the events that arrived before `stamp`, or `None` if there are no more.
    pub(super) fn before(&self, stamp: Stamp) -> Option<Part> {
        let mut events = self.events();
        let mut part = Vec::new();
        while part.len() < PART
            && let Some(text) = events.take_item_if(|arrived| *arrived < stamp)
        {
            part.extend(text);
        }
        if !part.is_empty() {
            return Some(Part::Events(part));
        }
        events.take_gap_if(|arrived| *arrived < stamp).map(Part::LeftOut)
    }

    fn events(&self) -> MutexGuard<'_, BoundedQueue<Vec<u8>, Stamp>> {
        self.0.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(event_buffer: &EventBuffer, stamp: Stamp) -> Option<Vec<u8>> {
        match event_buffer.before(stamp) {
            Some(Part::Events(texts)) => Some(texts),
            _ => None,
        }
    }

    /// Returns increasing stamps.
    struct Order(std::cell::Cell<u64>);

    impl Order {
        fn now(&self) -> Stamp {
            self.0.update(|place| place + 1);
            Stamp::test(self.0.get())
        }
    }

    #[test]
    fn events_are_shown_before_replies_that_arrived_later() {
        let (event_buffer, order) = (EventBuffer::default(), Order(std::cell::Cell::default()));
        let first = order.now();
        event_buffer.hold(order.now(), b"a".to_vec());
        let second = order.now();
        event_buffer.hold(order.now(), b"b".to_vec());
        event_buffer.hold(order.now(), b"c".to_vec());
        assert_eq!(event_buffer.before(first), None);
        assert_eq!(texts(&event_buffer, second).as_deref(), Some(&b"a"[..]));
        assert_eq!(event_buffer.before(second), None);
        assert_eq!(texts(&event_buffer, order.now()).as_deref(), Some(&b"bc"[..]));
        assert_eq!(event_buffer.before(order.now()), None);
    }

    #[test]
    fn events_beyond_the_limit_are_counted_and_reported_in_place() {
        let (event_buffer, order) = (EventBuffer::default(), Order(std::cell::Cell::default()));
        let text = vec![b'x'; PART];
        let limit = MOST_HELD / (PART + EVENT_COST);
        for _ in 0..limit + 2 {
            event_buffer.hold(order.now(), text.clone());
        }
        let reply = order.now();
        for number in 0..limit {
            assert_eq!(texts(&event_buffer, reply).as_deref(), Some(&text[..]), "{number}");
            // There is room again, but events are only counted until the gap is reported.
            event_buffer.hold(order.now(), b"y".to_vec());
        }
        assert_eq!(event_buffer.before(reply), Some(Part::LeftOut(limit as u64 + 2)));
        assert_eq!(event_buffer.before(reply), None);
        event_buffer.hold(order.now(), b"z".to_vec());
        assert_eq!(event_buffer.before(reply), None);
        assert_eq!(texts(&event_buffer, order.now()).as_deref(), Some(&b"z"[..]));
    }
}
