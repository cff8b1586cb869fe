//! Limits the requests in flight about the znodes of a tree.

use std::time::{Duration, Instant};

use crate::link_limit::LinkLimit;
use crate::session::Session;

/// The cost of a request for a server without its znodes, measured in znodes: with this many more
/// znodes, a request takes twice as long.
const REQUEST: usize = 8;

/// The minimum of the limit: 128 requests about one znode each, or four about 256, so that one is
/// answered while the next is on its way.
const LEAST: usize = 128 * (REQUEST + 1);

/// The maximum of the limit, however far the server is.
const MOST: usize = 64 * 1024;

/// The cost of an operation that takes the server longer than a list of names.
pub(super) const HEAVY: usize = 8;

/// The round trip to a server that is near. A request about many znodes takes about this long.
const NEAR: Duration = Duration::from_millis(2);

/// The requests in flight and their limit.
pub(super) struct InFlight {
    session: Session,
    limit: LinkLimit,
    requests: usize,
}

impl InFlight {
    pub(super) fn new(session: &Session) -> Self {
        let limit = LinkLimit::new(LEAST, MOST);
        let mut in_flight = Self { session: session.clone(), limit, requests: 0 };
        in_flight.measure();
        in_flight
    }

    /// Records the round trip of the handshake, and the shortest of the last replies.
    pub(super) fn measure(&mut self) {
        let handshake = self.session.facts().and_then(|facts| facts.round_trip);
        // Use the shorter of both, because recent replies may have waited behind others.
        for round_trip in [handshake, self.session.take_round_trip()] {
            self.limit.record_round_trip(Instant::now(), round_trip);
        }
    }

    /// Returns a limit of `requests` requests about one znode each.
    pub(super) fn fixed(session: &Session, requests: usize) -> Self {
        let limit = LinkLimit::fixed(requests.max(1) * (REQUEST + 1));
        Self { session: session.clone(), limit, requests: 0 }
    }

    /// Returns whether there is room for a request about `znodes` znodes. The first request always
    /// fits.
    pub(super) fn has_room(&self, znodes: usize) -> bool {
        self.requests == 0 || self.limit.room() >= REQUEST + znodes
    }

    /// Returns whether another round trip takes the server less time than a request does.
    pub(super) fn is_near(&self) -> bool {
        self.limit.round_trip().is_some_and(|round_trip| round_trip < NEAR)
    }

    /// Returns how many requests are in flight.
    pub(super) fn requests(&self) -> usize {
        self.requests
    }

    /// Returns how many znodes the requests in flight may be about.
    pub(super) fn znodes(&self) -> usize {
        self.limit.size()
    }

    /// Records that a request about `znodes` znodes is sent.
    pub(super) fn record_sent(&mut self, znodes: usize) {
        self.requests += 1;
        self.limit.record_sent(Instant::now(), REQUEST + znodes);
    }

    /// Records that a request was answered.
    pub(super) fn record_answered(&mut self) {
        self.requests = self.requests.saturating_sub(1);
        self.limit.record_answered(Instant::now(), self.session.take_round_trip());
    }
}
