//! A line of a script while it is read, running, and completed.

use std::task::{Context, Poll};

use futures_util::future::LocalBoxFuture;
use tokio::sync::OwnedSemaphorePermit;

use super::barrier::Change;
use super::lines::SourceLine;
use crate::command::Invocation;
use crate::dispatch::Outcome;
use crate::error::Result;
use crate::output::json::Origin;
use crate::session::{Stamp, Trace};

/// A line of the script.
pub(super) struct Line {
    pub(super) number: u64,
    pub(super) typed: String,
    /// What its records name beside its number.
    pub(super) origin: Origin,
}

/// A line that was read and has not begun.
pub(super) struct ParsedLine {
    pub(super) typed: SourceLine,
    pub(super) invocation: Result<Option<Invocation>>,
}

/// A line whose result has not been shown.
pub(super) struct InFlight<'a> {
    pub(super) line: Line,
    pub(super) reply: Reply<'a>,
    /// The write that it is, if it is one.
    pub(super) change: Option<Change>,
    /// Whether it may have changed something.
    pub(super) writes: bool,
    /// Whether it may begin again if nothing of it has left.
    pub(super) can_repeat: bool,
    /// Whether the limit of what is in flight counts it: whether a reply is waited for.
    pub(super) is_counted: bool,
    /// Its part of what is read ahead, given back when it is done with.
    pub(super) share: OwnedSemaphorePermit,
}

impl InFlight<'_> {
    /// Returns whether a later write may have to wait for this one.
    pub(super) fn may_hold_up(&self) -> bool {
        self.change.as_ref().is_some_and(Change::may_hold_up)
    }

    /// Returns whether the reply is there.
    pub(super) fn is_done(&mut self, context: &mut Context<'_>) -> bool {
        if let Reply::Awaited(reply) = &mut self.reply
            && let Poll::Ready(result) = reply.result.as_mut().poll(context)
        {
            self.reply = Reply::Known(result, reply.trace.last_reply(), reply.trace.has_sent());
        }
        matches!(self.reply, Reply::Known(..))
    }

    /// Returns whether a request of it has left.
    pub(super) fn has_sent(&self) -> bool {
        match &self.reply {
            Reply::Awaited(reply) => reply.trace.has_sent(),
            Reply::Known(_, _, has_sent) => *has_sent,
        }
    }

    /// Returns what came of it, or where the reply is not there, the line and whether it writes.
    pub(super) fn into_completed(self) -> Result<Completed, (Box<Line>, bool)> {
        let Self { line, reply, writes, can_repeat, share, .. } = self;
        match reply {
            Reply::Known(result, stamp, has_sent) => {
                Ok(Completed { line, result, stamp, has_sent, writes, can_repeat, share })
            }
            Reply::Awaited(_) => Err((Box::new(line), writes)),
        }
    }
}

/// What a command has come to by now.
pub(super) enum Reply<'a> {
    /// It is still to come.
    Awaited(Awaited<'a>),
    /// It is there: with its stamp where a server has answered, and whether a request has left.
    Known(Result<Outcome>, Option<Stamp>, bool),
}

/// A command that is running.
pub(super) struct Awaited<'a> {
    pub(super) result: LocalBoxFuture<'a, Result<Outcome>>,
    /// Tells when its last reply arrived.
    pub(super) trace: Trace,
}

/// What came of a line.
pub(super) struct Completed {
    pub(super) line: Line,
    pub(super) result: Result<Outcome>,
    /// When the reply arrived, if there was one.
    pub(super) stamp: Option<Stamp>,
    /// Whether a request has left.
    pub(super) has_sent: bool,
    /// Whether it may have changed something.
    pub(super) writes: bool,
    /// Whether the line may begin again if none has.
    pub(super) can_repeat: bool,
    /// Its part of what is read ahead, given back when it is done with.
    pub(super) share: OwnedSemaphorePermit,
}
