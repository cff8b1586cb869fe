//! The permission to send a request, and its share of the budget.

use tokio::sync::OwnedSemaphorePermit;

/// The bytes of the budget that a request and its expected reply take; see
/// [`Client::admit`](crate::Client::admit).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost(pub usize);

/// The permission to send a request. It is released when the reply has arrived or has failed.
#[derive(Debug, Default)]
pub struct Permit(
    #[expect(dead_code, reason = "it is given back when it is dropped")]
    pub(crate)  Option<OwnedSemaphorePermit>,
);

impl Permit {
    /// Returns a permit that takes nothing of the budget, for callers that limit their requests
    /// themselves.
    pub fn unmetered() -> Self {
        Self(None)
    }
}
