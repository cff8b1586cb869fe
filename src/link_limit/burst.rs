//! The first requests in flight, which leave at once. Their replies arrive at the speed of the
//! server, long before the rate of a full round is known.

use std::time::{Duration, Instant};

use super::Sent;

/// The minimum number of replies that tell a rate. Fewer may have been read together.
const LEAST_REPLIES: usize = 32;

/// The first requests, and their replies.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Burst {
    /// When the first reply arrived, and when its request had been sent.
    begun: Option<(Instant, Instant)>,
    /// The amount that had been answered then, over all.
    from: u64,
    /// The number of replies after the first, and their amount.
    replies: usize,
    amount: usize,
    /// The rate per second, once it is known.
    rate: f64,
    is_over: bool,
}

impl Burst {
    /// Records the reply to a request. `answered` is the total amount that was answered before.
    pub(super) fn record(
        &mut self,
        now: Instant,
        sent: &Sent,
        answered: u64,
        round_trip: Option<Duration>,
    ) {
        if self.is_over {
            return;
        }
        let restarted = Self { begun: Some((now, sent.at)), from: answered, ..Self::default() };
        let Some((begun, first_sent)) = self.begun else {
            *self = restarted;
            return;
        };
        // The request left after the first reply, or long after the first request: a read that
        // left before the session was open is alone for a round trip.
        let is_later = sent.answered > self.from
            || round_trip.is_some_and(|time| sent.at.duration_since(first_sent) > time / 2);
        if is_later {
            if self.replies < LEAST_REPLIES {
                *self = restarted;
            } else {
                self.is_over = true;
            }
            return;
        }
        self.replies += 1;
        self.amount += sent.amount;
        let time = now.saturating_duration_since(begun).as_secs_f64();
        self.rate = super::to_float(self.amount) / time.max(1e-6);
    }

    /// Returns the rate per second, once enough replies have arrived.
    pub(super) fn rate(&self) -> Option<f64> {
        (self.replies >= LEAST_REPLIES).then_some(self.rate)
    }

    /// Returns the amount that was answered since the first reply.
    pub(super) fn amount(&self) -> usize {
        self.amount
    }
}
