//! Waiting for a server, which ends early if the session must end.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::{End, Task};
use crate::error::Cause;
use crate::queue::Command;
use crate::state::State;

/// How long to look for a server only to close the session, which would expire anyway.
const CLOSE_TIME: Duration = Duration::from_secs(2);

impl Task {
    /// Waits for a future, unless the session must end first.
    pub(super) async fn unless_interrupted<T>(
        &mut self,
        future: impl Future<Output = T>,
    ) -> Result<T, End> {
        let mut future = pin!(future);
        let mut give_up: Option<Pin<Box<Sleep>>> = None;
        let is_open = self.session.is_real;
        let (shared, close_by) = (&self.shared, &mut self.close_by);
        poll_fn(|context| {
            {
                let mut queue = shared.queue();
                match queue.command.take() {
                    Some(Command::Abandon) => {
                        return Poll::Ready(Err(End(State::Abandoned, Cause::Abandoned)));
                    }
                    // There is no connection to break.
                    Some(Command::Break) | None => {}
                }
                if queue.only_closes() {
                    if !is_open && queue.has_no_effect() {
                        // There is no session to close, and nobody waits for the queued reads.
                        return Poll::Ready(Err(End(State::Closed, Cause::Closed)));
                    }
                    let by = *close_by.get_or_insert_with(|| Instant::now() + CLOSE_TIME);
                    give_up.get_or_insert_with(|| Box::pin(sleep_until(by)));
                }
                queue.waker = Some(context.waker().clone());
            }
            if let Some(give_up) = &mut give_up
                && give_up.as_mut().poll(context).is_ready()
            {
                return Poll::Ready(Err(End(State::Closed, Cause::Deadline)));
            }
            future.as_mut().poll(context).map(Ok)
        })
        .await
    }
}
