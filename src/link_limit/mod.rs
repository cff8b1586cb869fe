//! How much may be in flight to a server: a fixed amount where it is near, and where it is far as
//! much as the link holds.
//!
//! A link is kept busy by the rate at which replies come times the round trip that one request takes
//! alone, the bandwidth-delay product. More would only wait inside the server, before the requests of
//! its other clients. Both factors are measured as in BBR: the rate is the highest of late, the round
//! trip the shortest. An amount is whatever the caller counts: commands, or the work that requests
//! are for a server. Clocks stay outside.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// As long as no rate is known, a server is taken to answer the least amount in this time: one beside
/// its client takes about so long for 128 requests.
const USUAL: Duration = Duration::from_millis(10);

/// So many times the least amount leave at once at most, before a rate is known: 128 requests become
/// about as many as a server has in hand for all its clients (`globalOutstandingLimit`).
const MOST_GUESSED: usize = 8;

/// How long the shortest round trip holds. Then it is measured anew, with little in flight: the route
/// may have changed, and where much is in flight each request waits behind others.
const HOLDS: Duration = Duration::from_secs(30);

/// The part of a link's product that is in flight beyond it: so a rise is noticed, and round trips that
/// are often longer than the shortest do not make less of the link than it holds.
const SPARE: usize = 2;

/// So many times the least amount are in flight beyond the product at most. That waits in the server.
const MOST_SPARE: usize = 4;

/// The part of the least amount that is in flight while the round trip is measured.
const LITTLE: usize = 32;

/// How much may be in flight.
#[derive(Debug)]
pub struct LinkLimit {
    least: usize,
    most: usize,
    in_flight: usize,
    /// All that was answered.
    answered: u64,
    /// What is in flight, the oldest first.
    sent: VecDeque<Sent>,
    round_trip: Option<RoundTrip>,
    /// The highest rate of late, per second; 0 before the first reply.
    rate: f64,
    round: Round,
    stage: Stage,
}

#[derive(Debug)]
struct Sent {
    amount: usize,
    at: Instant,
    /// What was answered before.
    answered: u64,
    /// Whether there was no room for more behind it.
    fills: bool,
    /// Whether little enough was in flight to measure the round trip.
    is_alone: bool,
}

#[derive(Debug, Clone, Copy)]
struct RoundTrip {
    shortest: Duration,
    at: Instant,
    /// Whether it is to be measured anew.
    is_old: bool,
}

/// How far the link is known.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    /// No full round has told a rate.
    Unknown,
    /// The last full round had this rate, and the next may have a much higher one.
    Rising(f64),
    /// More in flight gave no higher rate, or only longer round trips.
    Full,
}

/// From a reply to the reply of what was sent next: a round trip of a stream of requests.
#[derive(Debug, Default)]
struct Round {
    /// What was answered when it began.
    from: u64,
    /// Its highest rate.
    rate: f64,
    /// Whether the limit was reached in it.
    is_full: bool,
}

impl LinkLimit {
    /// Makes a limit that is never below `least` and never above `most`.
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
            stage: Stage::Unknown,
        }
    }

    /// Makes a limit that stays as it is.
    pub fn fixed(amount: usize) -> Self {
        Self::new(amount, amount)
    }

    /// Returns how much may be in flight.
    pub fn size(&self) -> usize {
        if self.least == self.most {
            return self.most;
        }
        let Some(round_trip) = self.round_trip else { return self.least };
        if round_trip.is_old {
            return (self.least / LITTLE).max(1);
        }
        let time = round_trip.shortest.as_secs_f64();
        let link = amount(self.rate * time);
        let size = match self.stage {
            // Each round has half as much again in flight as the last one, and the first one a guess.
            Stage::Unknown => {
                let guess = amount(to_float(self.least) * time / USUAL.as_secs_f64());
                guess.min(self.least * MOST_GUESSED).max(link + link / 2)
            }
            Stage::Rising(_) => link + link / 2,
            Stage::Full => {
                let spare = (link / SPARE).clamp(self.least, self.least * MOST_SPARE);
                link + link.min(spare)
            }
        };
        size.clamp(self.least, self.most)
    }

    /// Returns how much there is room for.
    pub fn room(&self) -> usize {
        self.size().saturating_sub(self.in_flight)
    }

    /// Returns whether any round trip is known.
    pub fn knows_round_trip(&self) -> bool {
        self.round_trip.is_some()
    }

    /// Notes a round trip before the first reply, such as that of a handshake.
    pub fn heard(&mut self, now: Instant, round_trip: Option<Duration>) {
        if let Some(round_trip) = round_trip {
            self.note_round_trip(now, round_trip, false);
        }
    }

    /// Notes that so much leaves.
    pub fn sends(&mut self, now: Instant, amount: usize) {
        let is_measured = self.round_trip.is_some_and(|known| known.is_old);
        self.in_flight += amount;
        let is_full = self.in_flight >= self.size();
        self.sent.push_back(Sent {
            amount,
            at: now,
            answered: self.answered,
            fills: is_full && !is_measured,
            // What is more than that is alone where nothing else is in flight.
            is_alone: is_measured && self.in_flight <= self.size().max(amount),
        });
    }

    /// Notes that the oldest of what was sent is answered; `shortest` is the shortest round trip since
    /// the last reply, as whoever reads the replies has seen it.
    pub fn answered(&mut self, now: Instant, shortest: Option<Duration>) {
        let Some(sent) = self.sent.pop_front() else { return };
        self.in_flight -= sent.amount;
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
    }

    /// Forgets what was in flight, since there will be no replies, and what is known of the link.
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
                self.begin_anew();
            }
            return;
        }
        known.shortest = known.shortest.min(took);
        known.is_old = now.saturating_duration_since(known.at) >= HOLDS;
    }

    /// Looks for the rate as at first: little is in flight, and a server is not sent all at once.
    fn begin_anew(&mut self) {
        self.rate = 0.0;
        self.round = Round { from: self.answered, ..Round::default() };
        self.stage = Stage::Unknown;
    }

    fn end_round(&mut self) {
        let Round { rate, is_full, .. } = std::mem::take(&mut self.round);
        self.round.from = self.answered;
        // Where there was little to send, that says nothing of the link.
        if !is_full {
            return;
        }
        // Higher rates are forgotten little by little.
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
    reason = "it is never negative, and what is too large becomes the largest"
)]
fn amount(value: f64) -> usize {
    value.round() as usize
}

#[cfg(test)]
mod tests;
