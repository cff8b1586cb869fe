//! The queue of requests that were not sent yet.

use std::collections::VecDeque;
use std::task::Waker;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::arrived::Outcome;
use crate::encode::AUTH_XID;
use crate::error::Cause;
use crate::permit::Permit;
use crate::request::AnyRequest;

/// Number of collected requests that are sent at once even while corked, so that the server does
/// not wait for long.
const MOST_CORKED: usize = 32;

/// Maximum size, in bytes, of the requests that leave before the session is open. The buffers of a
/// socket hold so much, and a refused session wastes no more.
const MOST_EARLY: usize = 8 * 1024;

/// A request in the queue or in flight.
pub(crate) struct Entry {
    /// Number of the request, with credentials counted too.
    pub(crate) id: u64,
    pub(crate) xid: i32,
    /// Size of its frame in bytes.
    pub(crate) length: usize,
    pub(crate) request: AnyRequest,
    pub(crate) reply: oneshot::Sender<Outcome>,
    pub(crate) permit: Permit,
    /// When it was queued, if exchanges are observed.
    pub(crate) queued: Option<Instant>,
    /// Where its frame ends in the output stream of the connection.
    pub(crate) ends_at: u64,
    /// When it was passed to the connection.
    pub(crate) sent: Option<Instant>,
}

impl Entry {
    /// Returns whether the reply comes outside the order of the others.
    pub(crate) fn is_auth(&self) -> bool {
        self.xid == AUTH_XID
    }

    /// Returns whether the request is a plain read or the close of the session.
    fn is_read_or_close(&self) -> bool {
        self.request.is_plain_read() || matches!(self.request, AnyRequest::Close)
    }
}

/// A command to the connection's task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    Break,
    Abandon,
}

/// Requests that were not sent yet.
#[derive(Default)]
pub(crate) struct Queue {
    pub(crate) bytes: Vec<u8>,
    pub(crate) entries: VecDeque<Entry>,
    pub(crate) next_id: u64,
    next_xid: i32,
    /// Whether the last request is in the queue or was sent.
    pub(crate) closing: bool,
    pub(crate) command: Option<Command>,
    /// Why the session is over.
    pub(crate) ended: Option<Cause>,
    pub(crate) waker: Option<Waker>,
    /// Number of callers that collect requests.
    pub(crate) corks: usize,
    /// Number of requests, at the front, that were sent together with the request for a session.
    pub(crate) early: usize,
}

impl Queue {
    /// Returns whether the session is closing and no caller waits for a queued request.
    pub(crate) fn only_closes(&self) -> bool {
        let is_waited_for = |entry: &Entry| !entry.reply.is_closed();
        self.closing && !self.entries.iter().any(is_waited_for)
    }

    /// Returns whether the queued requests change nothing: they are reads and the close.
    pub(crate) fn has_no_effect(&self) -> bool {
        self.entries.iter().all(Entry::is_read_or_close)
    }

    /// Returns the frames of the next requests that need not wait for the answer to the request for a
    /// session: the reads at the front, and a close behind them. From now on they count as sent.
    pub(crate) fn take_early(&mut self) -> Vec<u8> {
        let sent: usize = self.entries.iter().take(self.early).map(|entry| entry.length).sum();
        let mut end = sent;
        for entry in self.entries.iter_mut().skip(self.early) {
            if !entry.is_read_or_close() || end + entry.length > MOST_EARLY {
                break;
            }
            end += entry.length;
            entry.sent = Some(Instant::now());
            self.early += 1;
        }
        self.bytes[sent..end].to_vec()
    }

    /// Takes the requests that were sent early, because their replies will come.
    pub(crate) fn drain_early(&mut self) -> Vec<Entry> {
        let early: Vec<Entry> = self.entries.drain(..std::mem::take(&mut self.early)).collect();
        self.bytes.drain(..early.iter().map(|entry| entry.length).sum::<usize>());
        early
    }

    /// Takes the waker of the task, unless the queued requests may wait for more.
    pub(crate) fn waker_for_request(&mut self) -> Option<Waker> {
        let waits = self.corks > 0 && self.entries.len() < MOST_CORKED && !self.closing;
        if waits { None } else { self.waker.take() }
    }

    pub(crate) fn next_xid(&mut self) -> i32 {
        // Xids count from 1, as in other clients; negative ones have special meanings.
        self.next_xid = if self.next_xid == i32::MAX { 1 } else { self.next_xid + 1 };
        self.next_xid
    }
}
