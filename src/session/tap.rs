//! A watcher that hands over each event in the moment in which it arrives.
//!
//! A task that waits for a watcher learns of an event when it gets its turn, and of the second of
//! two only after the first: too late to know which replies came between. So a watcher is polled
//! inside its own waker, which the client crate calls as it reads the event from its socket.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::Stream;
use tokio::sync::Notify;

use super::event::Event;
use super::order::{Order, Stamp};

/// The events of one watcher, as long as it gives any.
pub(super) type Source = Pin<Box<dyn Stream<Item = Event> + Send>>;

/// What a watcher has given.
pub(super) struct Arrived {
    /// The number of the watcher's entry.
    pub(super) id: u64,
    /// When it arrived.
    pub(super) stamp: Stamp,
    /// The event; none when the watcher is through.
    pub(super) event: Option<Event>,
}

/// Where the taps of a session put what arrives, in the order in which it does.
pub(super) struct Tray {
    arrived: Mutex<VecDeque<Arrived>>,
    order: Order,
    /// Rung when something has arrived.
    pub(super) news: Notify,
}

impl Tray {
    pub(super) fn new(order: Order) -> Self {
        Self { arrived: Mutex::default(), order, news: Notify::new() }
    }

    fn arrived(&self) -> MutexGuard<'_, VecDeque<Arrived>> {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, id: u64, event: Option<Event>) {
        let mut arrived = self.arrived();
        arrived.push_back(Arrived { id, stamp: self.order.now(), event });
        drop(arrived);
        self.news.notify_one();
    }

    /// Takes the oldest.
    pub(super) fn take(&self) -> Option<Arrived> {
        self.arrived().pop_front()
    }
}

/// One watcher that is listened to.
pub(super) struct Tap {
    id: u64,
    tray: Arc<Tray>,
    source: Mutex<Option<Source>>,
    /// Whether it was woken since the last poll began.
    woken: AtomicBool,
}

impl Tap {
    /// Listens to a watcher; what has arrived by now is in the tray when this returns.
    pub(super) fn open(id: u64, source: Source, tray: &Arc<Tray>) -> Arc<Self> {
        let tray = Arc::clone(tray);
        let source = Mutex::new(Some(source));
        let tap = Arc::new(Self { id, tray, source, woken: AtomicBool::new(true) });
        tap.listen();
        tap
    }

    /// Lets go of the watcher.
    pub(super) fn close(&self) {
        let source = self.source.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Dropped without the lock: it wakes the client.
        drop(source);
    }

    fn listen(self: &Arc<Self>) {
        let waker = Waker::from(Arc::clone(self));
        while self.woken.load(Ordering::SeqCst) {
            let mut source = match self.source.try_lock() {
                Ok(source) => source,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                // Whoever polls now looks again afterwards.
                Err(TryLockError::WouldBlock) => return,
            };
            self.woken.store(false, Ordering::SeqCst);
            let mut context = Context::from_waker(&waker);
            while let Some(open) = source.as_mut()
                && let Poll::Ready(event) = open.as_mut().poll_next(&mut context)
            {
                if event.is_none() {
                    // With it goes the waker that it holds, and so this tap.
                    *source = None;
                }
                self.tray.put(self.id, event);
            }
        }
    }
}

impl Wake for Tap {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        self.listen();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::EventKind;
    use futures_util::StreamExt;
    use tokio::sync::mpsc;

    #[test]
    fn every_event_is_stamped_as_it_arrives() {
        let order = Order::default();
        let tray = Arc::new(Tray::new(order.clone()));
        let (sender, receiver) = mpsc::unbounded_channel::<Event>();
        let events = futures_util::stream::unfold(receiver, |mut receiver| async {
            receiver.recv().await.map(|event| (event, receiver))
        });
        let _tap = Tap::open(7, events.boxed(), &tray);
        let mut stamps = Vec::new();
        for path in ["/a", "/b"] {
            let event = Event {
                state: "SyncConnected",
                kind: EventKind::NodeCreated,
                path: Some(path.to_owned()),
                zxid: None,
            };
            assert!(sender.send(event).is_ok());
            stamps.push(order.now());
        }
        drop(sender);
        let mut seen = Vec::new();
        while let Some(arrived) = tray.take() {
            assert_eq!(arrived.id, 7);
            seen.push((arrived.event.and_then(|event| event.path), arrived.stamp));
        }
        let [(first, one), (second, two), (None, _)] = &seen[..] else { panic!("{seen:?}") };
        assert_eq!((first.as_deref(), second.as_deref()), (Some("/a"), Some("/b")));
        assert!(*one < stamps[0] && stamps[0] < *two && *two < stamps[1]);
    }
}
