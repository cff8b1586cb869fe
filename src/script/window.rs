//! The window of commands in flight: waits for the oldest command, and for more lines if there is
//! room.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{self, Poll, Waker};
use std::time::{Duration, Instant};

use tokio::time::Sleep;

use super::Run;
use super::in_flight::{Completed, InFlight};
use super::lines::{Lines, SourceLine};
use crate::dispatch::Switch;
use crate::error::{Error, Kind};

/// How long the replies of a full window may accumulate before they are shown.
const BATCH_WAIT: Duration = Duration::from_millis(2);

/// The maximum number of replies that accumulate, and of requests that leave together. So many make
/// the cost of waking a thread small, and so few keep a distant server busy.
const BATCH: usize = 64;

/// How long a stopped script waits for the replies to requests that were sent.
const GRACE: Duration = Duration::from_secs(1);

/// The next event in the main loop.
pub(super) enum Next {
    /// The oldest command has completed.
    Completed,
    /// Another line was read.
    Line(SourceLine),
    /// No other line is ready, so the lines that were read may start.
    Begin,
    /// There are no more lines.
    End,
    /// The script was asked to stop.
    Stop,
}

/// Returns how many replies accumulate in a window of this size.
pub(super) fn batch(size: usize) -> usize {
    size.div_ceil(2).min(BATCH)
}

impl Run<'_> {
    /// Returns another line if `lines` is given and has one, and otherwise waits for the oldest
    /// command. Flushes the output before it waits.
    pub(super) async fn next(&mut self, mut lines: Option<&mut Lines>) -> Next {
        let full = self.window.len() >= self.limit.size();
        let mut rest = full.then(|| Box::pin(tokio::time::sleep(BATCH_WAIT)));
        poll_fn(|context| {
            if self.stop.is_asked(context.waker()) && !self.is_stopped {
                return Poll::Ready(Next::Stop);
            }
            self.cx.session.send_reads();
            self.cork = None;
            if self.window.is_empty() {
                // No command waits for a reply that these events could precede.
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
            self.event_buffer.register(context.waker());
            if rest.as_mut().is_some_and(|rest| !self.batch_is_done(rest, context)) {
                self.screen.flush();
                return Poll::Pending;
            }
            let now = self.now();
            if self.window.front_mut().is_some_and(|oldest| oldest.is_done(context)) {
                return Poll::Ready(Next::Completed);
            }
            // When these events arrived, the oldest command had no reply yet.
            self.show_events(now);
            self.screen.flush();
            Poll::Pending
        })
        .await
    }

    /// Returns whether a part of a full window is completed, or has taken too long. So the thread
    /// wakes once for all of it, not for every reply.
    fn batch_is_done(
        &mut self,
        rest: &mut Pin<Box<Sleep>>,
        context: &mut task::Context<'_>,
    ) -> bool {
        let last = batch(self.window.len()) - 1;
        self.window[last].is_done(context) || rest.as_mut().poll(context).is_ready()
    }

    /// Shows the results of the oldest commands that have completed, or starts their lines again,
    /// until there is room for a batch of lines. The first one has completed.
    pub(super) fn show_completed(&mut self) {
        let size = self.limit.size();
        loop {
            if let Some(done) = self.take_oldest() {
                self.completed(done);
            }
            // The main loop polls the next command again with its own waker.
            let mut context = task::Context::from_waker(Waker::noop());
            let has_room = self.window.len() + batch(size) <= size;
            if has_room
                || self.is_over()
                || !self.window.front_mut().is_some_and(|oldest| oldest.is_done(&mut context))
            {
                return;
            }
        }
    }

    /// Removes the oldest command, which has completed, from the window.
    fn take_oldest(&mut self) -> Option<Completed> {
        let in_flight = self.window.pop_front()?;
        self.holding -= usize::from(in_flight.may_hold_up());
        let (is_counted, completed) = (in_flight.is_counted, in_flight.into_completed().ok()?);
        if is_counted && completed.stamp.is_some() {
            self.limit.record_answered(Instant::now(), self.cx.session.take_round_trip());
        } else if is_counted {
            self.limit.lost();
        }
        Some(completed)
    }

    /// After the last line: ends the session behind the requests in flight if none of the commands
    /// sends another one. This takes a round trip less than to end it after the last reply.
    pub(super) fn end_session_early(&mut self) {
        let has_sent_all = |line: &InFlight<'_>| line.is_one_request && line.has_left();
        if !self.has_ended_session
            && self.rules.reconnect.is_none()
            && self.parsed.is_empty()
            && !self.cx.switches.is_on(Switch::Explain)
            && !self.cx.transaction.is_open()
            && self.window.iter().all(has_sent_all)
        {
            self.has_ended_session = true;
            self.cork = None;
            self.cx.session.end_behind_requests();
        }
    }

    /// Finishes all commands in flight.
    pub(super) async fn drain(&mut self) {
        while !self.is_over() && !self.window.is_empty() {
            self.finish_one().await;
        }
    }

    /// Waits for the oldest command, unless the script is asked to stop.
    pub(super) async fn finish_one(&mut self) {
        match self.next(None).await {
            Next::Completed => self.show_completed(),
            Next::Stop => self.is_stopped = true,
            Next::Line(_) | Next::Begin | Next::End => {}
        }
    }

    /// Waits a short time for the replies to requests that were sent, and reports the rest as
    /// unknown.
    pub(super) async fn settle(&mut self) {
        let deadline = tokio::time::Instant::now() + GRACE;
        self.is_stopped = true;
        while !self.window.is_empty() {
            match tokio::time::timeout_at(deadline, self.next(None)).await {
                Ok(Next::Completed) => {
                    if let Some(done) = self.take_oldest() {
                        self.show(done);
                    }
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
        for mut in_flight in std::mem::take(&mut self.window) {
            // The reply may have arrived, but after a missing earlier one.
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
            self.report_error(&line, &error);
        }
    }
}
