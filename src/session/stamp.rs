//! The order in which replies and events arrive.

use zookeeper::Seq;

/// A place in the order of arrival; a later one is greater. Each client begins a new generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Stamp {
    generation: u32,
    place: Seq,
}

impl Stamp {
    /// The place behind everything.
    pub(super) const LAST: Self = Self { generation: u32::MAX, place: Seq(u64::MAX) };

    /// Returns the next place.
    pub(super) fn next(self) -> Self {
        Self { place: Seq(self.place.0 + 1), ..self }
    }

    /// Makes the stamp of what the client of a generation has numbered so.
    pub(super) fn new(generation: u32, place: Seq) -> Self {
        Self { generation, place }
    }

    /// Makes a stamp for tests of what is ordered by stamps.
    #[cfg(test)]
    pub fn test(place: u64) -> Self {
        Self::new(0, Seq(place))
    }
}
