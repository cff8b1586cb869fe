//! The number of commands of a script that may be in flight: as many as keep the link busy, and
//! fewer when results are long. The server holds each result in memory until it is sent, and we
//! hold it until it is shown.

use std::time::{Duration, Instant};

use crate::link_limit::LinkLimit;

/// The minimum number of commands in flight, if results are short. A server accepts 1000 requests
/// from all its clients together, and a nearby server is no faster beyond about 100.
const LEAST: usize = 128;

/// The maximum number of commands in flight, however far the server is. It limits the memory for
/// them to a few tens of megabytes.
const MOST: usize = 4096;

/// The bytes of results that may be in flight, predicted from the last results.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// The assumed length of the first results of reads in bytes: the maximum data length of a server
/// with default settings.
const UNKNOWN: usize = 1024 * 1024;

/// The number of results after which the prediction is used: as many as are requested before there
/// is one.
const ENOUGH: usize = MOST_BYTES / UNKNOWN;

/// The number of commands that may be in flight.
#[derive(Debug)]
pub(super) struct InFlightLimit {
    link: LinkLimit,
    /// The length of the longest recent result in bytes.
    longest: usize,
    /// The number of results so far.
    results: usize,
    /// Whether a command that reads was started.
    reads: bool,
}

impl InFlightLimit {
    /// Returns a new limit. With a `window`, that many commands are in flight, fewer only if
    /// results are long.
    pub(super) fn new(window: Option<usize>) -> Self {
        let link = window.map_or_else(|| LinkLimit::new(LEAST, MOST), LinkLimit::fixed);
        Self { link, longest: 0, results: 0, reads: false }
    }

    /// Returns the number of commands that may be in flight, at least 1.
    pub(super) fn size(&self) -> usize {
        let is_unknown = self.reads && self.results < ENOUGH;
        let longest = if is_unknown { self.longest.max(UNKNOWN) } else { self.longest };
        (MOST_BYTES / longest.max(1)).min(self.link.size()).max(1)
    }

    /// Returns whether a round trip was measured.
    pub(super) fn knows_round_trip(&self) -> bool {
        self.link.round_trip().is_some()
    }

    /// Records a round trip from before the first reply: that of the handshake.
    pub(super) fn record_round_trip(&mut self, now: Instant, round_trip: Option<Duration>) {
        self.link.record_round_trip(now, round_trip);
    }

    /// Records that a command that reads starts.
    pub(super) fn reads(&mut self) {
        self.reads = true;
    }

    /// Records that a request was sent.
    pub(super) fn record_sent(&mut self, now: Instant) {
        self.link.record_sent(now, 1);
    }

    /// Records the reply to the oldest request, and the shortest recent round trip.
    pub(super) fn record_answered(&mut self, now: Instant, round_trip: Option<Duration>) {
        self.link.record_answered(now, round_trip);
    }

    /// Records that the connection was lost, with everything in flight.
    pub(super) fn lost(&mut self) {
        self.link.forget();
    }

    /// Records the length of a result in bytes. The influence of longer earlier results decays.
    pub(super) fn record_length(&mut self, bytes: usize) {
        self.results = self.results.saturating_add(1);
        self.longest = bytes.max(self.longest - self.longest / 8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_results_lower_the_limit() {
        let mut limit = InFlightLimit::new(None);
        assert_eq!(limit.size(), 128, "writes have short results");
        limit.reads();
        assert_eq!(limit.size(), 16);
        for _ in 0..ENOUGH {
            limit.record_length(100);
        }
        assert_eq!(limit.size(), 128);
        limit.record_length(512 * 1024);
        assert_eq!(limit.size(), 32);
        limit.record_length(2 * MOST_BYTES);
        assert_eq!(limit.size(), 1);
        for _ in 0..100 {
            limit.record_length(0);
        }
        assert_eq!(limit.size(), 128);
        assert_eq!(InFlightLimit::new(Some(1)).size(), 1);
    }
}
