//! How many requests about the znodes of a tree are in flight.

use std::time::Instant;

use crate::link_limit::LinkLimit;
use crate::session::Session;

/// What a request is for a server besides its znodes, measured in znodes: so many more of them in one
/// request take it as long again.
const REQUEST: usize = 8;

/// What is in flight at least: 128 requests about one znode each, or four about 256, of which one is
/// answered while the next is on its way.
const LEAST: usize = 128 * (REQUEST + 1);

/// What is in flight at most, however far the server is.
const MOST: usize = 64 * 1024;

/// What an operation that needs more of the server than a list of names counts as.
pub(super) const HEAVY: usize = 8;

/// What is in flight.
pub(super) struct InFlight {
    session: Session,
    limit: LinkLimit,
    requests: usize,
}

impl InFlight {
    pub(super) fn new(session: &Session) -> Self {
        let mut limit = LinkLimit::new(LEAST, MOST);
        let handshake = session.facts().and_then(|facts| facts.round_trip);
        limit.heard(Instant::now(), session.take_round_trip().or(handshake));
        Self { session: session.clone(), limit, requests: 0 }
    }

    /// Never has more in flight than so many requests about one znode each.
    pub(super) fn fixed(session: &Session, requests: usize) -> Self {
        let limit = LinkLimit::fixed(requests.max(1) * (REQUEST + 1));
        Self { session: session.clone(), limit, requests: 0 }
    }

    /// Returns whether there is room for a request about so many znodes. The first always has room.
    pub(super) fn has_room(&self, znodes: usize) -> bool {
        self.requests == 0 || self.limit.room() >= REQUEST + znodes
    }

    /// Returns how many requests are in flight.
    pub(super) fn requests(&self) -> usize {
        self.requests
    }

    /// Returns how many znodes may be asked about at a time.
    pub(super) fn znodes(&self) -> usize {
        self.limit.size()
    }

    /// Notes that a request about so many znodes leaves.
    pub(super) fn sends(&mut self, znodes: usize) {
        self.requests += 1;
        self.limit.sends(Instant::now(), REQUEST + znodes);
    }

    /// Notes that a request was answered.
    pub(super) fn answered(&mut self) {
        self.requests = self.requests.saturating_sub(1);
        self.limit.answered(Instant::now(), self.session.take_round_trip());
    }
}
