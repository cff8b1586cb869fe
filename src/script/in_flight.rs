//! A line of a script on its way: read, begun, done.

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
    /// Given back with the entry.
    pub(super) _share: OwnedSemaphorePermit,
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
            self.reply = Reply::Known(result, reply.trace.last_reply());
        }
        matches!(self.reply, Reply::Known(..))
    }
}

/// What a command has come to by now.
pub(super) enum Reply<'a> {
    /// It is still to come.
    Awaited(Awaited<'a>),
    /// It is there: with its stamp where a server was asked.
    Known(Result<Outcome>, Option<Stamp>),
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
}
