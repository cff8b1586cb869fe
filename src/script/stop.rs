//! Stops a script early, after a signal.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, Waker};

use futures_util::task::AtomicWaker;

/// Asks a script to begin nothing more; shared by the script and whoever hears the signal.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    is_asked: AtomicBool,
    script: AtomicWaker,
}

impl Stop {
    /// Asks for the end; from any thread.
    pub fn ask(&self) {
        self.0.is_asked.store(true, Ordering::SeqCst);
        self.0.script.wake();
    }

    /// Waits until the end is asked for.
    pub(super) async fn asked(&self) {
        std::future::poll_fn(|context| {
            if self.is_asked(context.waker()) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Returns whether the end was asked for; if not yet, `waker` is called when it is.
    pub(super) fn is_asked(&self, waker: &Waker) -> bool {
        self.0.script.register(waker);
        self.0.is_asked.load(Ordering::SeqCst)
    }
}
