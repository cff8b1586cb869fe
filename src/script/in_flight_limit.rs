//! How many commands of a script may be in flight: fewer when results are long. The server holds
//! each result in memory until it is sent, and we hold it until it is shown.

/// Bytes of results that may be on their way at a time, as far as the last results tell how long the
/// next ones will be.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// The length that the first results may have, for all that is known: that of the longest data which
/// servers take unless they are told otherwise, in bytes.
const UNKNOWN: usize = 1024 * 1024;

/// How many commands may be in flight.
#[derive(Debug)]
pub(super) struct InFlightLimit {
    most: usize,
    /// The longest result recently, in bytes.
    longest: usize,
}

impl InFlightLimit {
    /// Never gives room to more than `most` commands, which is at least 1.
    pub(super) fn new(most: usize) -> Self {
        Self { most, longest: UNKNOWN }
    }

    /// Returns to how many commands there is room, at least 1.
    pub(super) fn size(&self) -> usize {
        (MOST_BYTES / self.longest.max(1)).clamp(1, self.most)
    }

    /// Notes a result of so many bytes. Longer ones before it are forgotten little by
    /// little.
    pub(super) fn took(&mut self, bytes: usize) {
        self.longest = bytes.max(self.longest - self.longest / 8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_results_leave_room_to_few_commands() {
        let mut limit = InFlightLimit::new(128);
        assert_eq!(limit.size(), 16);
        for _ in 0..20 {
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
        assert_eq!(InFlightLimit::new(1).size(), 1);
    }
}
