//! The order in which replies and events arrive.

use zookeeper::Seq;

/// A place in the order of arrival; later places compare greater. Each client starts a new
/// generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Stamp {
    generation: u32,
    place: Seq,
}

impl Stamp {
    /// The place after everything.
    pub(super) const LAST: Self = Self { generation: u32::MAX, place: Seq(u64::MAX) };

    /// Returns the next place.
    pub(super) fn next(self) -> Self {
        Self { place: Seq(self.place.0 + 1), ..self }
    }

    /// Creates the stamp for a sequence number of the client of this generation.
    pub(super) fn new(generation: u32, place: Seq) -> Self {
        Self { generation, place }
    }

    /// Creates a stamp for tests.
    #[cfg(test)]
    pub fn test(place: u64) -> Self {
        Self::new(0, Seq(place))
    }
}
