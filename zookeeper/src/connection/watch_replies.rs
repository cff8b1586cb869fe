//! Handles events and the replies that concern watches.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::After;
use super::replies::{Header, NewWatches, Replies};
use crate::code::Code;
use crate::data::{Seq, Zxid};
use crate::error::Cause;
use crate::event::{Event, EventKind, Notification};
use crate::feed::Item;
use crate::op::Op;
use crate::reply::Reply;
use crate::request::AnyRequest;
use crate::watch_kind::WatchKind;
use crate::watches::Weakened;

impl Replies {
    pub(super) fn event(&mut self, at: Seq, header: &Header, body: &[u8]) -> Result<(), After> {
        let malformed = |why| After::Search(Cause::Malformed { op: None, why });
        let notification = Notification::read(body).map_err(malformed)?;
        if header.code != 0 {
            return Err(malformed("an event has an error"));
        }
        let Some(kind) = notification.kind else { return Ok(()) };
        let zxid = (header.zxid > 0).then_some(Zxid(header.zxid));
        self.modern |= zxid.is_some();
        let full = notification.path;
        if self.report(at, kind, full, zxid) {
            self.report_to_parent(kind, full, zxid);
        }
        Ok(())
    }

    /// Reports an event if somebody watches the path. Returns whether it was reported.
    fn report(&self, at: Seq, kind: EventKind, full: &str, zxid: Option<Zxid>) -> bool {
        if !self.shared.registry().fire(full, kind) {
            self.shared.unwatched.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        // The configuration is outside every chroot.
        let path: Arc<str> = self.shared.chroot.inside(full).unwrap_or(full).into();
        self.shared.feed.push(Item::Event(Event { at, kind, path, zxid }));
        true
    }

    /// Reports that the children of a parent have changed, if the server does not.
    fn report_to_parent(&self, kind: EventKind, full: &str, zxid: Option<Zxid>) {
        if !matches!(kind, EventKind::NodeCreated | EventKind::NodeDeleted) {
            return;
        }
        let parent = match full.rsplit_once('/') {
            Some(("", "")) | None => return,
            Some(("", _)) => "/",
            Some((parent, _)) => parent,
        };
        if self.shared.registry().hides_from_parent(parent, self.modern) {
            let at = self.shared.next_seq();
            self.report(at, EventKind::NodeChildrenChanged, parent, zxid);
        }
    }

    pub(super) fn weakened(&self, at: Seq, path: &Arc<str>, kinds: Vec<WatchKind>) {
        for kind in kinds {
            let path = Arc::clone(path);
            self.shared.feed.push(Item::Weakened(Weakened { at, path, kind }));
        }
    }

    pub(super) fn watches_set_again(&mut self, header: &Header, body: &[u8]) -> Result<(), After> {
        let Some(new) = self.watches.pop_front() else {
            return Err(self.malformed("an answer to setWatches was not asked for"));
        };
        let op = if new { Op::SetWatches2 } else { Op::SetWatches };
        if header.code != 0 || !body.is_empty() {
            if new && header.code == Code::Unimplemented.number() {
                self.new_watches = NewWatches::Refused;
            }
            let why = "the watches are not set again";
            return Err(After::Search(Cause::Malformed { op: Some(op), why }));
        }
        self.saw(header);
        self.proven = true;
        if self.watches.is_empty() && new {
            self.new_watches = NewWatches::Answered;
            self.shared.registry().strengthen();
        }
        Ok(())
    }

    /// Updates the registry of watches after a reply.
    pub(super) fn watched(&mut self, at: Seq, request: &AnyRequest, result: &Result<Reply, Code>) {
        if let (AnyRequest::RemoveWatches(remove), Ok(_)) = (request, result) {
            let full = self.shared.chroot.full(&remove.path).into_owned();
            let removed = self.shared.registry().removed(&full, remove.kind, self.modern);
            self.weakened(at, &remove.path, removed);
            return;
        }
        let left = match (request, result) {
            (_, Err(_)) => None,
            (AnyRequest::Exists(_), Ok(Reply::Exists(None))) => Some(WatchKind::Exists),
            (AnyRequest::AddWatch(add), Ok(_)) => Some(add.mode.kind()),
            (AnyRequest::GetChildren(_) | AnyRequest::GetChildren2(_), Ok(_)) => {
                Some(WatchKind::Child)
            }
            (_, Ok(_)) => Some(WatchKind::Data),
        };
        self.shared.settle(request, left);
    }
}
