//! Reports changes of the session's state, and its end.

use std::net::SocketAddr;

use super::End;
use crate::error::{Cause, Error};
use crate::feed::Item;
use crate::host::Host;
use crate::queue::Entry;
use crate::request::AnyRequest;
use crate::shared::{Shared, Target};
use crate::state::{Change, State};

/// Reports a change in the feed, and then publishes the new state.
pub(super) fn tell(
    shared: &Shared,
    state: State,
    cause: Option<Cause>,
    host: Option<&Host>,
    address: Option<SocketAddr>,
) {
    let session = shared.known().facts.session;
    let (at, host) = (shared.next_seq(), host.cloned());
    shared.feed.push(Item::State(Change { at, state, cause, host, address, session }));
    shared.state.send_replace(state);
}

/// Fails the remaining requests, and reports that the session is over.
pub(super) fn finish(shared: &Shared, End(state, cause): &End) {
    let entries = {
        let mut queue = shared.queue();
        queue.ended = Some(cause.clone());
        queue.bytes = Vec::new();
        queue.waker = None;
        std::mem::take(&mut queue.entries)
    };
    for entry in entries {
        not_sent(shared, entry, cause);
    }
    {
        let mut known = shared.known();
        let facts = &mut known.facts;
        facts.state = *state;
        facts.ended = Some(cause.clone());
        facts.host = None;
        facts.peer = None;
        facts.connected_since = None;
    }
    let cause = (*cause != Cause::Closed).then(|| cause.clone());
    tell(shared, *state, cause, None, None);
    shared.target.send_replace(Target::Over);
    shared.feed.end();
}

/// Fails a request that was never sent.
pub(super) fn not_sent(shared: &Shared, entry: Entry, cause: &Cause) {
    let Entry { request, reply, permit, .. } = entry;
    shared.settle(&request, None);
    drop(permit);
    if !matches!(request, AnyRequest::Close) {
        let (op, path, cause) = (request.op(), request.path(), cause.clone());
        // The receiver may be gone.
        let _ = reply.send(shared.local(Error::NotSent { op, path, cause }));
    }
}
