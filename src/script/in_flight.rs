//! The states of a script line: read, in flight, and completed.

use std::task::{Context, Poll};

use futures_util::future::LocalBoxFuture;
use tokio::sync::OwnedSemaphorePermit;

use super::barrier::Change;
use super::lines::SourceLine;
use crate::command::Invocation;
use crate::dispatch::{Outcome, Reader};
use crate::error::Result;
use crate::output::json::Origin;
use crate::session::{Stamp, Trace};

/// A line of the script.
pub(super) struct Line {
    pub(super) number: u64,
    pub(super) typed: String,
    /// The origin that its JSON records name in addition to the line number.
    pub(super) origin: Origin,
}

/// A line that was read but not started.
pub(super) struct ParsedLine {
    pub(super) typed: SourceLine,
    pub(super) invocation: Result<Option<Box<Invocation>>>,
}

impl ParsedLine {
    /// Parses a line.
    pub(super) fn new(typed: SourceLine, reader: &Reader) -> Self {
        let invocation = match &typed.text {
            Ok(text) => reader.read(text).map(|invocation| invocation.map(Box::new)),
            Err(error) => Err(error.clone()),
        };
        Self { typed, invocation }
    }
}

/// A started line whose result was not shown.
#[expect(clippy::struct_excessive_bools, reason = "independent facts about a line")]
pub(super) struct InFlight<'a> {
    pub(super) line: Line,
    pub(super) reply: Reply<'a>,
    /// The write that the command makes, if later writes may depend on it.
    pub(super) change: Option<Change>,
    /// Whether the command may write.
    pub(super) writes: bool,
    /// Whether the command sends one request at most.
    pub(super) is_one_request: bool,
    /// Whether the line can start again if no request was sent.
    pub(super) can_repeat: bool,
    /// Whether [`InFlightLimit`](super::InFlightLimit) counts the command, because it awaits a
    /// reply.
    pub(super) is_counted: bool,
    /// The line's part of the read-ahead, released when the line is finished.
    pub(super) permit: OwnedSemaphorePermit,
}

impl InFlight<'_> {
    /// Returns whether a later write may have to wait for this one.
    pub(super) fn may_hold_up(&self) -> bool {
        self.change.as_ref().is_some_and(Change::may_hold_up)
    }

    /// Polls the command and returns whether it has completed.
    pub(super) fn is_done(&mut self, context: &mut Context<'_>) -> bool {
        if let Reply::Awaited(reply) = &mut self.reply
            && let Poll::Ready(result) = reply.result.as_mut().poll(context)
        {
            self.reply = Reply::Known(result, reply.trace.last_reply(), reply.trace.has_sent());
        }
        matches!(self.reply, Reply::Known(..))
    }

    /// Returns whether later requests cannot overtake the first request of the command.
    pub(super) fn has_left(&self) -> bool {
        match &self.reply {
            Reply::Awaited(reply) => reply.trace.has_left(),
            Reply::Known(_, _, has_sent) => *has_sent,
        }
    }

    /// Returns the result. If the command has not completed, returns the line and whether it
    /// writes.
    pub(super) fn into_completed(self) -> Result<Completed, (Box<Line>, bool)> {
        let Self { line, reply, writes, can_repeat, permit, .. } = self;
        match reply {
            Reply::Known(result, stamp, has_sent) => {
                Ok(Completed { line, result, stamp, has_sent, writes, can_repeat, permit })
            }
            Reply::Awaited(_) => Err((Box::new(line), writes)),
        }
    }
}

/// The state of a started command.
pub(super) enum Reply<'a> {
    /// The command is still running.
    Awaited(Awaited<'a>),
    /// The result, the stamp of the last reply if there was one, and whether a request was sent.
    Known(Result<Outcome>, Option<Stamp>, bool),
}

/// A command that is running.
pub(super) struct Awaited<'a> {
    pub(super) result: LocalBoxFuture<'a, Result<Outcome>>,
    /// Records when the last reply arrived.
    pub(super) trace: Trace,
}

/// A completed line.
pub(super) struct Completed {
    pub(super) line: Line,
    pub(super) result: Result<Outcome>,
    /// When the last reply arrived, if there was one.
    pub(super) stamp: Option<Stamp>,
    /// Whether a request was sent.
    pub(super) has_sent: bool,
    /// Whether the command may have written.
    pub(super) writes: bool,
    /// Whether the line can start again if no request was sent.
    pub(super) can_repeat: bool,
    /// The line's part of the read-ahead, released when the line is finished.
    pub(super) permit: OwnedSemaphorePermit,
}
