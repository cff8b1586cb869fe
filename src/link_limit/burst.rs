//! The first requests in flight, which leave at once. Their replies arrive at the speed of the
//! server, long before the rate of a full round is known.

use std::time::Instant;

/// The minimum number of replies that tell a rate. Fewer may have been read together.
const LEAST_REPLIES: usize = 32;

/// The first requests, and their replies.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Burst {
    /// When the first reply arrived.
    begun: Option<Instant>,
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
    /// Records a reply to `amount`. `answered` is the total that was answered before, and
    /// `answered_then` what had been answered when the request was sent.
    pub(super) fn record(
        &mut self,
        now: Instant,
        amount: usize,
        answered: u64,
        answered_then: u64,
    ) {
        if self.is_over {
            return;
        }
        let Some(begun) = self.begun else {
            (self.begun, self.from) = (Some(now), answered);
            return;
        };
        if answered_then > self.from {
            // The request left after the first reply, so the burst has ended.
            if self.replies < LEAST_REPLIES {
                *self = Self { begun: Some(now), from: answered, ..Self::default() };
            } else {
                self.is_over = true;
            }
            return;
        }
        self.replies += 1;
        self.amount += amount;
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
