//! Computes how much may be in flight to a server: as much as the link holds, and a least amount
//! that keeps the server busy.
//!
//! A link is kept busy by the bandwidth-delay product: the rate of replies times the round trip of
//! a single request. More waits in the server, ahead of the requests of its other clients. The
//! least amount waits in any server, because requests arrive many at a time. Both factors are
//! measured as in BBR: the highest recent rate, and the shortest recent round trip. The caller
//! chooses the unit of amounts: commands, or the cost of requests for a server. The caller passes
//! the time.

mod burst;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use self::burst::Burst;

/// Until a rate is known, we assume that a server answers the least amount in this time. A server
/// near its client needs about this time for 128 requests.
const ASSUMED_TIME: Duration = Duration::from_millis(10);

/// Until a rate is known, at most this multiple of the least amount is in flight. For 128 requests
/// this is about the number that a server accepts from all its clients (`globalOutstandingLimit`).
const MOST_GUESSED: usize = 8;

/// How long the shortest round trip is valid. Then it is measured again, with little in flight. The
/// route may have changed, and with much in flight each request waits behind others.
const VALIDITY: Duration = Duration::from_secs(30);

/// The divisor of the product that is added as spare. The spare reveals a higher rate, and keeps
/// the link busy if round trips are often longer than the shortest.
const SPARE_DIVISOR: usize = 2;

/// The maximum spare, as a multiple of the least amount. The spare waits in the server.
const MOST_SPARE: usize = 4;

/// The divisor of the least amount that is in flight while the round trip is measured.
const PROBE_DIVISOR: usize = 32;

/// The limit for the amount in flight.
#[derive(Debug)]
pub struct LinkLimit {
    least: usize,
    most: usize,
    in_flight: usize,
    /// The total amount that was answered.
    answered: u64,
    /// The requests in flight, oldest first.
    sent: VecDeque<Sent>,
    round_trip: Option<RoundTrip>,
    /// The highest recent rate per second, or 0 before the first reply.
    rate: f64,
    round: Round,
    burst: Burst,
    stage: Stage,
    /// How much may be in flight by what is known.
    size: usize,
}

#[derive(Debug)]
struct Sent {
    amount: usize,
    at: Instant,
    /// The total amount that was answered before it was sent.
    answered: u64,
    /// Whether it used up the limit.
    fills: bool,
    /// Whether little enough was in flight to measure the round trip.
    is_alone: bool,
}

#[derive(Debug, Clone, Copy)]
struct RoundTrip {
    shortest: Duration,
    at: Instant,
    /// Whether it must be measured again.
    is_old: bool,
}

/// The knowledge about the link.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    /// No full round has shown a rate.
    Unknown,
    /// The last full round had this rate, and the next may have a much higher one.
    Rising(f64),
    /// More in flight gave no higher rate, or only longer round trips.
    Full,
}

/// A round trip of a stream of requests: from one reply to the reply of the next request that was
/// sent after it.
#[derive(Debug, Default)]
struct Round {
    /// The total amount that was answered when the round began.
    from: u64,
    /// The highest rate in the round.
    rate: f64,
    /// Whether the limit was reached in the round.
    is_full: bool,
}

impl LinkLimit {
    /// Returns a limit that is always between `least` and `most`.
    pub fn new(least: usize, most: usize) -> Self {
        Self {
            least,
            most: most.max(least),
            in_flight: 0,
            answered: 0,
            sent: VecDeque::new(),
            round_trip: None,
            rate: 0.0,
            round: Round::default(),
            burst: Burst::default(),
            stage: Stage::Unknown,
            size: least,
        }
    }

    /// Returns a constant limit.
    pub fn fixed(amount: usize) -> Self {
        Self::new(amount, amount)
    }

    /// Returns how much may be in flight.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Computes how much may be in flight from what is known about the link.
    fn compute_size(&self) -> usize {
        if self.least == self.most {
            return self.most;
        }
        let Some(round_trip) = self.round_trip else { return self.least };
        if round_trip.is_old {
            return (self.least / PROBE_DIVISOR).max(1);
        }
        let time = round_trip.shortest.as_secs_f64();
        let link = amount(self.rate * time);
        let size = match self.stage {
            // Each round has half as much again in flight as the last one. The first one uses a
            // guess.
            Stage::Unknown => {
                let guess = amount(to_float(self.least) * time / ASSUMED_TIME.as_secs_f64());
                let guess = guess.min(self.least * MOST_GUESSED);
                guess.max(link + link / 2).max(self.first_rise(guess, time))
            }
            // A round that did not fill the link shows too low a rate.
            Stage::Rising(_) => {
                let next = link + link / 2;
                next.max(self.first_rise(next, time))
            }
            Stage::Full => link + (link / SPARE_DIVISOR).min(self.least * MOST_SPARE),
        };
        // The least amount waits in a server that is far, as in one that is near.
        let size = size.max(link + self.least);
        size.clamp(self.least, self.most)
    }

    /// Returns how much the link holds by the rate of the first replies, but adds at most one
    /// request for each of them.
    fn first_rise(&self, guess: usize, time: f64) -> usize {
        self.burst.rate().map_or(0, |rate| amount(rate * time).min(guess + self.burst.amount()))
    }

    /// Returns the amount for which there is room.
    pub fn room(&self) -> usize {
        self.size().saturating_sub(self.in_flight)
    }

    /// Returns the shortest recent round trip.
    pub fn round_trip(&self) -> Option<Duration> {
        self.round_trip.map(|known| known.shortest)
    }

    /// Records a round trip before the first reply, such as that of a handshake.
    pub fn record_round_trip(&mut self, now: Instant, round_trip: Option<Duration>) {
        if let Some(round_trip) = round_trip {
            self.note_round_trip(now, round_trip, false);
            self.size = self.compute_size();
        }
    }

    /// Records that an amount was sent.
    pub fn record_sent(&mut self, now: Instant, amount: usize) {
        let is_measured = self.round_trip.is_some_and(|known| known.is_old);
        self.in_flight += amount;
        let is_full = self.in_flight >= self.size();
        self.sent.push_back(Sent {
            amount,
            at: now,
            answered: self.answered,
            fills: is_full && !is_measured,
            // A request that exceeds the limit is alone if nothing else is in flight.
            is_alone: is_measured && self.in_flight <= self.size().max(amount),
        });
    }

    /// Records that the oldest request was answered. `shortest` is the shortest round trip since
    /// the last reply, as the reader of the replies has measured it.
    pub fn record_answered(&mut self, now: Instant, shortest: Option<Duration>) {
        let Some(sent) = self.sent.pop_front() else { return };
        self.in_flight -= sent.amount;
        self.burst.record(now, &sent, self.answered, self.round_trip());
        self.answered += sent.amount as u64;
        let took = now.saturating_duration_since(sent.at);
        if let Some(shortest) = shortest {
            self.note_round_trip(now, shortest, sent.is_alone);
        }
        if sent.answered >= self.round.from && self.round.rate > 0.0 {
            self.end_round();
        }
        let amount = to_float(usize::try_from(self.answered - sent.answered).unwrap_or(usize::MAX));
        let rate = amount / took.as_secs_f64().max(1e-6);
        self.round.rate = self.round.rate.max(rate);
        self.round.is_full |= sent.fills;
        self.rate = self.rate.max(rate);
        self.size = self.compute_size();
    }

    /// Discards the requests in flight, which will get no replies, and the knowledge about the
    /// link.
    pub fn forget(&mut self) {
        *self = Self::new(self.least, self.most);
    }

    fn note_round_trip(&mut self, now: Instant, took: Duration, is_alone: bool) {
        let fresh = RoundTrip { shortest: took, at: now, is_old: false };
        let Some(known) = &mut self.round_trip else {
            self.round_trip = Some(fresh);
            return;
        };
        if known.is_old {
            if is_alone {
                *known = fresh;
                self.restart();
            }
            return;
        }
        known.shortest = known.shortest.min(took);
        known.is_old = now.saturating_duration_since(known.at) >= VALIDITY;
    }

    /// Starts to measure the rate again. Little is in flight, and the server must not get a burst.
    fn restart(&mut self) {
        self.rate = 0.0;
        self.round = Round { from: self.answered, ..Round::default() };
        self.burst = Burst::default();
        self.stage = Stage::Unknown;
    }

    fn end_round(&mut self) {
        let Round { rate, is_full, .. } = std::mem::take(&mut self.round);
        self.round.from = self.answered;
        // A round with too few requests says nothing about the link.
        if !is_full {
            return;
        }
        // Higher rates decay.
        self.rate = rate.max(self.rate * 0.875);
        self.stage = match self.stage {
            Stage::Unknown => Stage::Rising(rate),
            Stage::Rising(last) if rate > 1.25 * last => Stage::Rising(rate),
            Stage::Rising(_) | Stage::Full => Stage::Full,
        };
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2⁵²")]
fn to_float(amount: usize) -> f64 {
    amount as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is never negative, and the cast saturates"
)]
fn amount(value: f64) -> usize {
    value.round() as usize
}

#[cfg(test)]
mod tests;
