//! Counts the requests and replies of a command.

use std::cell::{Cell, OnceCell, RefCell};
use std::future::Future;
use std::rc::Rc;

use super::Stamp;

tokio::task_local! {
    /// The trace of the command that is being polled.
    static SCOPE: Trace;
}

#[derive(Debug, Default)]
struct Counts {
    /// The trace of the scope around this one.
    outer: OnceCell<Trace>,
    requests: Cell<u64>,
    /// The requests that wait for the session to open, but need not be held back.
    early: Cell<u64>,
    writes: Cell<u64>,
    last_reply: Cell<Option<Stamp>>,
    /// The stamps of the first replies, if they are kept.
    replies: RefCell<Option<Vec<Stamp>>>,
}

/// Maximum number of stamps to keep.
const MOST_REPLIES: usize = 64;

/// Counts the requests of futures that run in its scope.
#[derive(Debug, Clone, Default)]
pub struct Trace(Rc<Counts>);

impl Trace {
    /// Runs a future and counts its requests. The scope around the first call counts them too.
    pub fn scope<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        if let Ok(outer) = SCOPE.try_with(Self::clone) {
            self.0.outer.get_or_init(|| outer);
        }
        // An `async fn` would store the future twice and move it.
        SCOPE.scope(self.clone(), future)
    }

    /// Keeps the stamps of replies from now on.
    pub fn keep_replies(&self) {
        self.0.replies.borrow_mut().get_or_insert_default();
    }

    /// Returns whether the command has started a request, even if that still waits in a batch.
    pub fn has_sent(&self) -> bool {
        self.0.requests.get() > 0
    }

    /// Returns whether later requests cannot overtake the first request of the command, because it
    /// was sent or leaves as soon as there is a connection.
    pub fn has_left(&self) -> bool {
        self.has_sent() || self.0.early.get() > 0
    }

    /// Returns the number of writes that were applied or may have been.
    pub fn writes(&self) -> u64 {
        self.0.writes.get()
    }

    /// Returns the number of requests.
    pub fn requests(&self) -> u64 {
        self.0.requests.get()
    }

    /// Returns the stamps of the first 64 replies since [`Trace::keep_replies`].
    pub fn replies(&self) -> Vec<Stamp> {
        self.0.replies.borrow().clone().unwrap_or_default()
    }

    /// Returns the stamp of the last reply, if there was one.
    pub fn last_reply(&self) -> Option<Stamp> {
        self.0.last_reply.get()
    }
}

fn note(change: impl Fn(&Counts)) {
    // Outside a scope nothing is counted.
    let _ = SCOPE.try_with(|scope| {
        let mut scope = Some(scope);
        while let Some(Trace(counts)) = scope {
            change(counts);
            scope = counts.outer.get();
        }
    });
}

/// Counts a request of the running command.
pub(super) fn note_request() {
    note(|counts| counts.requests.update(|count| count + 1));
}

/// Counts a request of the running command that leaves as soon as there is a connection.
pub(super) fn note_early() {
    note(|counts| counts.early.update(|count| count + 1));
}

/// Records that the session has opened, so that an early request was sent.
pub(super) fn note_early_sent() {
    note(|counts| {
        counts.early.update(|count| count - 1);
        counts.requests.update(|count| count + 1);
    });
}

/// Counts a write of the running command that was applied or may have been.
pub(super) fn note_write() {
    note(|counts| counts.writes.update(|count| count + 1));
}

/// Records a reply to the running command.
pub(super) fn note_reply(stamp: Stamp) {
    note(|counts| {
        counts.last_reply.set(Some(stamp));
        if let Some(replies) = &mut *counts.replies.borrow_mut()
            && replies.len() < MOST_REPLIES
        {
            replies.push(stamp);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_trace_counts_the_requests_of_its_scope() {
        let (mine, other) = (Trace::default(), Trace::default());
        note_request();
        mine.scope(async {
            note_request();
            other.scope(async { note_write() }).await;
        })
        .await;
        assert!(mine.has_sent() && !other.has_sent());
        assert_eq!((mine.writes(), other.writes()), (1, 1), "the outer scope counts it too");
    }
}
