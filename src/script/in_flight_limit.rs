//! How many commands of a script may be in flight: as many as keep the link busy, fewer when results
//! are long. The server holds each result in memory until it is sent, and we hold it until it is shown.

use std::time::{Duration, Instant};

use crate::link_limit::LinkLimit;

/// Commands in flight at least, where results are short. A server's own limit is 1000 requests for
/// all its clients; beyond about 100 a near one is no quicker.
const LEAST: usize = 128;

/// Commands in flight at most, however far the server is: what we hold of them stays below a few tens
/// of megabytes.
const MOST: usize = 4096;

/// Bytes of results that may be on their way at a time, as far as the last results tell how long the
/// next ones will be.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// The length that the first results of reads may have, for all that is known: that of the longest
/// data which servers take unless they are told otherwise, in bytes.
const UNKNOWN: usize = 1024 * 1024;

/// How many results tell what the next ones are like: as many as are asked for while nothing is known.
const ENOUGH: usize = MOST_BYTES / UNKNOWN;

/// How many commands may be in flight.
#[derive(Debug)]
pub(super) struct InFlightLimit {
    link: LinkLimit,
    /// The longest result recently, in bytes.
    longest: usize,
    /// Results that have come, as far as they count.
    results: usize,
    /// Whether anything that reads was begun.
    reads: bool,
}

impl InFlightLimit {
    /// Makes a limit; a given `window` is never exceeded, and left only where results are long.
    pub(super) fn new(window: Option<usize>) -> Self {
        let link = window.map_or_else(|| LinkLimit::new(LEAST, MOST), LinkLimit::fixed);
        Self { link, longest: 0, results: 0, reads: false }
    }

    /// Returns to how many commands there is room, at least 1.
    pub(super) fn size(&self) -> usize {
        let is_unknown = self.reads && self.results < ENOUGH;
        let longest = if is_unknown { self.longest.max(UNKNOWN) } else { self.longest };
        (MOST_BYTES / longest.max(1)).min(self.link.size()).max(1)
    }

    /// Returns whether a round trip to the server is known.
    pub(super) fn knows_round_trip(&self) -> bool {
        self.link.knows_round_trip()
    }

    /// Notes a round trip before the first reply: that of the handshake.
    pub(super) fn heard(&mut self, now: Instant, round_trip: Option<Duration>) {
        self.link.heard(now, round_trip);
    }

    /// Notes that something which reads begins.
    pub(super) fn reads(&mut self) {
        self.reads = true;
    }

    /// Notes that a request has left.
    pub(super) fn sends(&mut self, now: Instant) {
        self.link.sends(now, 1);
    }

    /// Notes that the reply to the oldest request is there, and the shortest round trip of late.
    pub(super) fn answered(&mut self, now: Instant, round_trip: Option<Duration>) {
        self.link.answered(now, round_trip);
    }

    /// Notes that the connection was lost, and with it what was in flight.
    pub(super) fn lost(&mut self) {
        self.link.forget();
    }

    /// Notes a result of so many bytes. Longer ones before it are forgotten little by
    /// little.
    pub(super) fn took(&mut self, bytes: usize) {
        self.results = self.results.saturating_add(1);
        self.longest = bytes.max(self.longest - self.longest / 8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_results_leave_room_to_few_commands() {
        let mut limit = InFlightLimit::new(None);
        assert_eq!(limit.size(), 128, "writes have short results");
        limit.reads();
        assert_eq!(limit.size(), 16);
        for _ in 0..ENOUGH {
            limit.took(100);
        }
        assert_eq!(limit.size(), 128);
        limit.took(512 * 1024);
        assert_eq!(limit.size(), 32);
        limit.took(2 * MOST_BYTES);
        assert_eq!(limit.size(), 1);
        for _ in 0..100 {
            limit.took(0);
        }
        assert_eq!(limit.size(), 128);
        assert_eq!(InFlightLimit::new(Some(1)).size(), 1);
    }
}
