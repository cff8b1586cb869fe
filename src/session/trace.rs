//! Counts the requests and replies of one command.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;

use super::Stamp;

tokio::task_local! {
    /// Of the command that is being polled, and of those that it runs in.
    static SCOPE: Rc<Scope>;
}

struct Scope {
    counts: Rc<Counts>,
    outer: Option<Rc<Scope>>,
}

#[derive(Debug, Default)]
struct Counts {
    requests: Cell<u64>,
    writes: Cell<u64>,
    last_reply: Cell<Option<Stamp>>,
    /// When the first replies arrived.
    replies: RefCell<Vec<Stamp>>,
}

/// Replies whose place is kept.
const MOST_REPLIES: usize = 64;

/// Counts the requests of the future that runs in its scope.
#[derive(Debug, Clone, Default)]
pub struct Trace(Rc<Counts>);

impl Trace {
    /// Runs a future, counting what it sends; a scope around this one counts it too.
    pub fn scope<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        let outer = SCOPE.try_with(Rc::clone).ok();
        let scope = Rc::new(Scope { counts: Rc::clone(&self.0), outer });
        // No `async fn`: that would hold the future twice, and move it.
        SCOPE.scope(scope, future)
    }

    /// Returns whether a request has left, or waits only for others to leave with them.
    pub fn has_sent(&self) -> bool {
        self.0.requests.get() > 0
    }

    /// Returns how many writes have been applied, or may have been.
    pub fn writes(&self) -> u64 {
        self.0.writes.get()
    }

    /// Returns how many requests have left.
    pub fn requests(&self) -> u64 {
        self.0.requests.get()
    }

    /// Returns when the replies arrived: of many, the first 64.
    pub fn replies(&self) -> Vec<Stamp> {
        self.0.replies.borrow().clone()
    }

    /// Returns when the last reply arrived, if there was any.
    pub fn last_reply(&self) -> Option<Stamp> {
        self.0.last_reply.get()
    }
}

fn note(change: impl Fn(&Counts)) {
    // Where nobody counts, that is no matter.
    let _ = SCOPE.try_with(|scope| {
        let mut scope = Some(scope);
        while let Some(Scope { counts, outer }) = scope.map(Rc::as_ref) {
            change(counts);
            scope = outer.as_ref();
        }
    });
}

/// Notes that the running command has sent a request.
pub(super) fn note_request() {
    note(|counts| counts.requests.update(|count| count + 1));
}

/// Notes that a write of the running command was applied, or may have been.
pub(super) fn note_write() {
    note(|counts| counts.writes.update(|count| count + 1));
}

/// Notes that a reply to the running command has arrived.
pub(super) fn note_reply(stamp: Stamp) {
    note(|counts| {
        counts.last_reply.set(Some(stamp));
        let mut replies = counts.replies.borrow_mut();
        if replies.len() < MOST_REPLIES {
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
