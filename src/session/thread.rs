//! The thread on which the client crate reads and writes its socket.
//!
//! The crate waits for its socket with `async-io`. On a tokio runtime each wait is a matter of two
//! threads: the one that learns of the reply wakes the one that reads it. A thread that waits and
//! reads by itself saves that at every reply.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::thread;

use spawns_core::{Spawn, Task};

/// Runs `future`; what the client crate starts meanwhile gets a thread of its own.
pub(super) async fn on_its_own<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|context| {
        let _scope = spawns_core::enter(&OwnThread);
        future.as_mut().poll(context)
    })
    .await
}

struct OwnThread;

impl Spawn for OwnThread {
    fn spawn(&self, task: Task) {
        thread::Builder::new()
            .name("session".to_owned())
            .spawn(move || async_io::block_on(Box::into_pin(task.future)))
            .expect("the system has room for one more thread");
    }
}
