//! In what order replies and events arrived.
//!
//! The client crate hands each over on a channel of its own, in the order in which the server sent
//! them, and wakes whoever waits there. The moment of that wake is stamped here; when the receiver
//! gets its turn is another matter.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// A place in the order of arrival; a later one is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(u64);

/// The order of arrival of one session's replies and events.
#[derive(Debug, Clone, Default)]
pub struct Order(Arc<AtomicU64>);

impl Order {
    /// Returns the stamp of what arrives now.
    pub fn now(&self) -> Stamp {
        Stamp(self.next())
    }

    fn next(&self) -> u64 {
        // From 1 on: 0 stands for no stamp.
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Makes a future tell when what it waited for arrived.
    pub fn dated<F: Future + Unpin>(&self, future: F) -> Dated<F> {
        let bell = Arc::new(Bell {
            order: self.clone(),
            rung: AtomicU64::new(0),
            outer: Mutex::new(Waker::noop().clone()),
        });
        Dated { future, waker: Waker::from(Arc::clone(&bell)), bell }
    }
}

/// A future that gives the stamp of the wake that led to its end beside its output.
pub struct Dated<F> {
    future: F,
    waker: Waker,
    bell: Arc<Bell>,
}

struct Bell {
    order: Order,
    /// The stamp of the first wake since the last poll; 0 if there was none.
    rung: AtomicU64,
    outer: Mutex<Waker>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let stamp = self.order.next();
        let _ = self.rung.compare_exchange(0, stamp, Ordering::SeqCst, Ordering::SeqCst);
        let outer = self.outer.lock().unwrap_or_else(PoisonError::into_inner).clone();
        outer.wake();
    }
}

impl<F: Future + Unpin> Future for Dated<F> {
    type Output = (F::Output, Stamp);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.bell.outer.lock().unwrap_or_else(PoisonError::into_inner).clone_from(context.waker());
        let rung = this.bell.rung.swap(0, Ordering::SeqCst);
        let mut inner = Context::from_waker(&this.waker);
        Pin::new(&mut this.future).poll(&mut inner).map(|output| {
            // What was ready without a wake arrived just now, as far as anyone can tell.
            let stamp = if rung == 0 { this.bell.order.now() } else { Stamp(rung) };
            (output, stamp)
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio::sync::oneshot;

    #[test]
    fn the_stamp_is_that_of_the_arrival_not_of_the_poll() {
        let order = Order::default();
        let ((first, early), (second, late)) = (oneshot::channel(), oneshot::channel());
        let mut early = order.dated(early);
        let mut late = order.dated(late);
        let mut context = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut late).poll(&mut context).is_pending());
        assert!(Pin::new(&mut early).poll(&mut context).is_pending());
        first.send("early").unwrap();
        let between = order.now();
        second.send("late").unwrap();
        let Poll::Ready((Ok("late"), late)) = Pin::new(&mut late).poll(&mut context) else {
            panic!("it was sent");
        };
        let Poll::Ready((Ok("early"), early)) = Pin::new(&mut early).poll(&mut context) else {
            panic!("it was sent");
        };
        assert!(early < between && between < late);
    }

    #[test]
    fn what_is_ready_at_once_arrives_when_it_is_asked_for() {
        let order = Order::default();
        let before = order.now();
        let mut ready = order.dated(std::future::ready(()));
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(((), stamp)) = Pin::new(&mut ready).poll(&mut context) else {
            panic!("it is ready");
        };
        assert!(before < stamp && stamp < order.now());
    }
}
