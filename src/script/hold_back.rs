//! Holds a write back until the writes in flight that affect its check are finished.

use std::task::{self, Waker};

use futures_util::future::LocalBoxFuture;

use super::Run;
use super::barrier::{Change, HardLimits};
use super::in_flight::InFlight;
use crate::command::Invocation;
use crate::dispatch::Write;
use crate::error::Result;
use crate::tree;
use crate::zk::ZnodePath;

/// A running request for the hard limits.
pub(super) type ReadLimits<'a> = LocalBoxFuture<'a, Result<Vec<ZnodePath>>>;

impl<'a> Run<'a> {
    /// Returns what a write changes, after waiting for the writes in flight that affect its check.
    pub(super) async fn change(&mut self, invocation: &Invocation, write: Write) -> Option<Change> {
        let typed = invocation.path.as_ref()?;
        // The name of a sequential znode may consist of the digits alone.
        let sequential = || ZnodePath::new(format!("{}0", self.cx.sequential(typed)?));
        let path = self.cx.path(typed).or_else(|_| sequential()).ok()?;
        if !self.rules.barrier {
            return None;
        }
        if self.limits.is_none() {
            self.cork = None;
            // Boxed, so that this rare case does not enlarge the future of every line.
            Box::pin(self.read_limits()).await;
        }
        let change = match &self.limits {
            Some(limits) => limits.change(write, path),
            // Before the first connection no other request is in flight.
            None => HardLimits::default().change(write, path),
        };
        let waits = |in_flight: &InFlight<'_>| {
            in_flight.change.as_ref().is_some_and(|earlier| change.waits_for(earlier))
        };
        while !self.is_over() && self.holding > 0 && self.window.iter().any(waits) {
            self.finish_one().await;
        }
        if change.is_of_limits() {
            self.drain().await;
            self.forget_limits();
        }
        Some(change)
    }

    /// Reads the hard limits. Before the first connection, only their request is queued, so that it
    /// leaves as soon as possible.
    async fn read_limits(&mut self) {
        let session = &self.cx.session;
        if !session.state().is_connected() {
            if self.limits_asked.is_some() {
                return;
            }
            let mut reading: ReadLimits<'a> = Box::pin(tree::hard_limits(session));
            // A write without a session reports why there is none.
            let polled = reading.as_mut().poll(&mut task::Context::from_waker(Waker::noop()));
            self.limits_asked = polled.is_pending().then_some(reading);
            return;
        }
        let asked = match self.limits_asked.take() {
            Some(asked) => asked.await.ok(),
            None => None,
        };
        let known = match asked {
            Some(known) => known,
            // A session that may not read the limits cannot take them into account.
            None => tree::hard_limits(session).await.unwrap_or_default(),
        };
        self.limits = Some(HardLimits::new(known));
    }

    /// Forgets the hard limits, because they may have changed.
    pub(super) fn forget_limits(&mut self) {
        self.limits = None;
        self.limits_asked = None;
    }
}
