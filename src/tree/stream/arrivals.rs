//! The replies of a walk that have arrived, until the walk takes them.

use super::read::Reply;

/// The number of an expected reply. It is used again once the reply was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket(u32);

/// The expected replies by ticket, so that each is found without a search.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    /// `None` means that the reply has not arrived, or that nobody expects one.
    replies: Vec<Option<Reply>>,
    /// The tickets that are not in use.
    free: Vec<Ticket>,
}

impl Arrivals {
    /// Returns the ticket of a new request.
    pub(super) fn expect(&mut self) -> Ticket {
        self.free.pop().unwrap_or_else(|| {
            // The limit of znodes that are read ahead is far below 2³².
            let ticket = Ticket(u32::try_from(self.replies.len()).unwrap_or(u32::MAX));
            self.replies.push(None);
            ticket
        })
    }

    /// Adds a reply.
    pub(super) fn add(&mut self, ticket: Ticket, reply: Reply) {
        if let Some(place) = self.replies.get_mut(ticket.0 as usize) {
            *place = Some(reply);
        }
    }

    /// Takes a reply, or returns `None` if it has not arrived.
    pub(super) fn take(&mut self, ticket: Ticket) -> Option<Reply> {
        let reply = self.replies.get_mut(ticket.0 as usize)?.take();
        if reply.is_some() {
            self.free.push(ticket);
        }
        reply
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_used_again_once_its_reply_was_taken() {
        let mut arrivals = Arrivals::default();
        let (one, two) = (arrivals.expect(), arrivals.expect());
        assert_ne!(one, two);
        assert!(arrivals.take(one).is_none());
        arrivals.add(one, None);
        assert!(matches!(arrivals.take(one), Some(None)));
        assert!(arrivals.take(one).is_none());
        assert_eq!(arrivals.expect(), one);
        assert_eq!(arrivals.replies.len(), 2);
    }
}
