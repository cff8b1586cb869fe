//! Stops a script early after a signal.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, Waker};

use futures_util::task::AtomicWaker;

/// Asks a script to start nothing more. The script shares it with the signal handler.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    is_asked: AtomicBool,
    script: AtomicWaker,
}

impl Stop {
    /// Asks the script to stop. Any thread may call it.
    pub fn ask(&self) {
        self.0.is_asked.store(true, Ordering::SeqCst);
        self.0.script.wake();
    }

    /// Waits until the script is asked to stop.
    pub(super) async fn asked(&self) {
        std::future::poll_fn(|context| {
            if self.is_asked(context.waker()) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Returns whether the script was asked to stop. If not, `waker` is woken when it is.
    pub(super) fn is_asked(&self, waker: &Waker) -> bool {
        self.0.script.register(waker);
        self.0.is_asked.load(Ordering::SeqCst)
    }
}
