//! Holds each event until its turn: after the replies that arrived before it and before those that
//! arrived after it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use futures_util::task::AtomicWaker;

use crate::bounded_queue::BoundedQueue;
use crate::session::Stamp;

/// Bytes of events that are held: some ten thousand. Whoever reads the output more slowly than
/// others change znodes must not fill the memory, and the session, whose pings must go on, cannot
/// wait for him.
const MOST_HELD: usize = 1024 * 1024;

/// What an event takes besides its text, in bytes.
const EVENT_COST: usize = 64;

/// Bytes of events that are let out at a time.
const PART: usize = 64 * 1024;

/// Events on their way to the screen of a script.
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

/// What is let out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Passage {
    /// Events, as they are to be shown.
    Events(Vec<u8>),
    /// So many events are missing here.
    LeftOut(u64),
}

impl EventBuffer {
    /// Takes an event, as it is to be shown, that arrived at `stamp`; from any thread. Where there
    /// is no room, it is only counted.
    pub fn hold(&self, stamp: Stamp, text: Vec<u8>) {
        self.events().push(stamp, text.len() + EVENT_COST, text);
        self.0.script.wake();
    }

    /// Calls `waker` for every event from now on.
    pub(super) fn tell(&self, waker: &Waker) {
        self.0.script.register(waker);
    }

    /// Lets a part of the events out that arrived before `stamp`; none when all of them are out.
    pub(super) fn before(&self, stamp: Stamp) -> Option<Passage> {
        let mut events = self.events();
        let mut part = Vec::new();
        while part.len() < PART
            && let Some(text) = events.take_item_if(|arrived| *arrived < stamp)
        {
            part.extend(text);
        }
        if !part.is_empty() {
            return Some(Passage::Events(part));
        }
        events.take_gap_if(|arrived| *arrived < stamp).map(Passage::LeftOut)
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
            Some(Passage::Events(texts)) => Some(texts),
            _ => None,
        }
    }

    /// Counts the places in the order of arrival.
    struct Order(std::cell::Cell<u64>);

    impl Order {
        fn now(&self) -> Stamp {
            self.0.update(|place| place + 1);
            Stamp::test(self.0.get())
        }
    }

    #[test]
    fn events_go_before_the_replies_that_came_after_them() {
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
    fn what_finds_no_room_is_counted_and_told_in_its_place() {
        let (event_buffer, order) = (EventBuffer::default(), Order(std::cell::Cell::default()));
        let text = vec![b'x'; PART];
        let limit = MOST_HELD / (PART + EVENT_COST);
        for _ in 0..limit + 2 {
            event_buffer.hold(order.now(), text.clone());
        }
        let reply = order.now();
        for number in 0..limit {
            assert_eq!(texts(&event_buffer, reply).as_deref(), Some(&text[..]), "{number}");
            // There is room again, but not between what was left out.
            event_buffer.hold(order.now(), b"y".to_vec());
        }
        assert_eq!(event_buffer.before(reply), Some(Passage::LeftOut(limit as u64 + 2)));
        assert_eq!(event_buffer.before(reply), None);
        event_buffer.hold(order.now(), b"z".to_vec());
        assert_eq!(event_buffer.before(reply), None);
        assert_eq!(texts(&event_buffer, order.now()).as_deref(), Some(&b"z"[..]));
    }
}
