//! The commands of a script that are in flight: waits for the oldest, and for more lines where there
//! is room.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{self, Poll, Waker};
use std::time::{Duration, Instant};

use tokio::time::Sleep;

use super::Run;
use super::in_flight::Completed;
use super::lines::{Lines, SourceLine};
use crate::error::{Error, Kind};

/// How long the replies to a part of a full window may gather before they are shown.
const REST: Duration = Duration::from_millis(20);

/// How many replies gather, and requests leave together, where half of the window is not less: so
/// many that waking a thread for them costs little, and so few that a far server is kept busy.
const PART: usize = 64;

/// How long a script that is ended early waits for the replies to what has left.
const GRACE: Duration = Duration::from_secs(1);

/// What comes up next.
pub(super) enum Next {
    /// The oldest command is done.
    Completed(Box<Completed>),
    /// Here is another line.
    Line(SourceLine),
    /// No other line is there just now: those that were read may begin.
    Begin,
    /// No more lines will come.
    End,
    /// Nothing more is to begin.
    Stop,
}

/// Returns how many replies gather of a window of this size.
pub(super) fn part(size: usize) -> usize {
    size.div_ceil(2).min(PART)
}

impl Run<'_> {
    /// Takes another line where lines are given and one is there, or else waits for the oldest
    /// command to be done; what was gathered is written out before it waits.
    pub(super) async fn next(&mut self, mut lines: Option<&mut Lines>) -> Next {
        let full = self.window.len() >= self.limit.size();
        let mut rest = full.then(|| Box::pin(tokio::time::sleep(REST)));
        poll_fn(|context| {
            if self.stop.is_asked(context.waker()) && !self.is_stopped {
                return Poll::Ready(Next::Stop);
            }
            self.cx.session.send_reads();
            self.cork = None;
            if self.window.is_empty() {
                // No reply is to come before these.
                self.show_events(self.cx.session.all_arrived());
            }
            if let Some(lines) = lines.as_deref_mut()
                && let Poll::Ready(line) = lines.poll_recv(context)
            {
                return Poll::Ready(line.map_or(Next::End, Next::Line));
            }
            if lines.is_some() && !self.parsed.is_empty() {
                return Poll::Ready(Next::Begin);
            }
            self.event_buffer.tell(context.waker());
            if rest.as_mut().is_some_and(|rest| !self.part_is_done(rest, context)) {
                self.screen.flush();
                return Poll::Pending;
            }
            let now = self.now();
            if let Some(done) = self.oldest(context) {
                return Poll::Ready(Next::Completed(Box::new(done)));
            }
            // When these had arrived, the reply to the oldest was still to come.
            self.show_events(now);
            self.screen.flush();
            Poll::Pending
        })
        .await
    }

    /// Returns whether a part of a full window is done, or has not been for long: then whoever waits
    /// is woken once for all of it, not at every reply.
    fn part_is_done(
        &mut self,
        rest: &mut Pin<Box<Sleep>>,
        context: &mut task::Context<'_>,
    ) -> bool {
        let last = part(self.window.len()) - 1;
        self.window[last].is_done(context) || rest.as_mut().poll(context).is_ready()
    }

    /// Takes the oldest command out of the window if it is done.
    fn oldest(&mut self, context: &mut task::Context<'_>) -> Option<Completed> {
        if !self.window.front_mut()?.is_done(context) {
            return None;
        }
        let in_flight = self.window.pop_front()?;
        self.holding -= usize::from(in_flight.may_hold_up());
        let (is_counted, completed) = (in_flight.is_counted, in_flight.into_completed().ok()?);
        if is_counted && completed.stamp.is_some() {
            self.limit.answered(Instant::now(), self.cx.session.take_round_trip());
        } else if is_counted {
            self.limit.lost();
        }
        Some(completed)
    }

    /// Finishes all that is in flight.
    pub(super) async fn drain(&mut self) {
        while !self.is_over() && !self.window.is_empty() {
            self.finish_one().await;
        }
    }

    /// Waits for the oldest command, unless the script is to end.
    pub(super) async fn finish_one(&mut self) {
        match self.next(None).await {
            Next::Completed(done) => self.completed(*done),
            Next::Stop => self.is_stopped = true,
            Next::Line(_) | Next::Begin | Next::End => {}
        }
    }

    /// Gives what has left a while to be answered, and says of the rest that nobody knows.
    pub(super) async fn settle(&mut self) {
        let deadline = tokio::time::Instant::now() + GRACE;
        self.is_stopped = true;
        while !self.window.is_empty() {
            match tokio::time::timeout_at(deadline, self.next(None)).await {
                Ok(Next::Completed(done)) => self.show(*done),
                Ok(_) => {}
                Err(_) => break,
            }
        }
        for mut in_flight in std::mem::take(&mut self.window) {
            // Its reply may be there, behind that of an earlier one which is not.
            in_flight.is_done(&mut task::Context::from_waker(Waker::noop()));
            let (line, writes) = match in_flight.into_completed() {
                Ok(done) => {
                    self.show(done);
                    continue;
                }
                Err(unknown) => unknown,
            };
            let error = Error::new(Kind::Interrupted, "Interrupted before the reply arrived");
            let error = if writes { error.maybe_applied() } else { error };
            self.failed = true;
            self.complain(&line, &error);
        }
    }
}
