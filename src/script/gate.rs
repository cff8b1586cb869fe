//! Holds an event back until its place has come: after the replies that arrived before it, and
//! before those that arrived after it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use futures_util::task::AtomicWaker;

use crate::session::Stamp;

/// Events on their way to the screen of a script.
#[derive(Debug, Clone, Default)]
pub struct Gate(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    events: Mutex<VecDeque<(Stamp, Vec<u8>)>>,
    script: AtomicWaker,
}

impl Gate {
    /// Takes an event, as it is to be shown, that arrived at `stamp`; from any thread.
    pub fn hold(&self, stamp: Stamp, text: Vec<u8>) {
        self.events().push_back((stamp, text));
        self.0.script.wake();
    }

    /// Has `waker` called for every event from now on.
    pub(super) fn tell(&self, waker: &Waker) {
        self.0.script.register(waker);
    }

    /// Returns how many events are held.
    pub(super) fn held(&self) -> usize {
        self.events().len()
    }

    /// Lets the events out that arrived before `stamp`.
    pub(super) fn before(&self, stamp: Stamp) -> Vec<u8> {
        let mut events = self.events();
        let count = events.iter().take_while(|(arrived, _)| *arrived < stamp).count();
        out(events.drain(..count))
    }

    /// Lets the `count` oldest events out.
    pub(super) fn oldest(&self, count: usize) -> Vec<u8> {
        let mut events = self.events();
        let count = count.min(events.len());
        out(events.drain(..count))
    }

    fn events(&self) -> MutexGuard<'_, VecDeque<(Stamp, Vec<u8>)>> {
        self.0.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn out(events: impl Iterator<Item = (Stamp, Vec<u8>)>) -> Vec<u8> {
    events.flat_map(|(_, text)| text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Order;

    #[test]
    fn events_go_before_the_replies_that_came_after_them() {
        let (gate, order) = (Gate::default(), Order::default());
        let first = order.now();
        gate.hold(order.now(), b"a".to_vec());
        let second = order.now();
        gate.hold(order.now(), b"b".to_vec());
        gate.hold(order.now(), b"c".to_vec());
        assert_eq!(gate.before(first), b"");
        assert_eq!(gate.before(second), b"a");
        assert_eq!(gate.held(), 2);
        assert_eq!(gate.oldest(1), b"b");
        assert_eq!(gate.oldest(5), b"c");
    }
}
