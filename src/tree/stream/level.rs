//! The levels of the tree on the path to the current znode of a walk, and the search for the next
//! znodes to request.

use std::collections::VecDeque;

use super::arrivals::{Arrivals, Ticket};
use super::names::{Children, OrderedNames};
use super::read::Read;
use crate::session::ChildNames;
use crate::zk::ZnodePath;

/// The limits of a walk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// The number of levels below the top that are visited.
    pub(super) deepest: usize,
    /// Whether `/zookeeper` is skipped.
    pub(super) skips_zookeeper: bool,
}

/// The children of a znode.
#[derive(Debug)]
pub(super) struct Level {
    pub(super) parent: ZnodePath,
    /// Their depth below the top.
    pub(super) depth: usize,
    /// The names that were not requested yet, in order.
    pub(super) names: OrderedNames,
    /// The slots of those that were requested, in order.
    pub(super) slots: VecDeque<Slot>,
}

/// The place of a child whose znode was requested.
#[derive(Debug)]
pub(super) enum Slot {
    Asked(Ticket),
    Here(Here),
    Gone,
}

/// A znode that was read, and its children if it has any.
#[derive(Debug)]
pub(super) struct Here {
    pub(super) read: Box<Read>,
    pub(super) below: Option<Box<Level>>,
}

impl Level {
    /// Returns the level of a znode's children, or `None` if no child is visited.
    pub(super) fn new(
        parent: &ZnodePath,
        names: ChildNames,
        depth: usize,
        bounds: Bounds,
    ) -> Option<Box<Self>> {
        if names.is_empty() || depth > bounds.deepest {
            return None;
        }
        let hides_zookeeper = bounds.skips_zookeeper && parent.is_root();
        let names = OrderedNames::new(names, |name| !(hides_zookeeper && name == "zookeeper"));
        (names.left() > 0).then(|| {
            Box::new(Self { parent: parent.clone(), depth, names, slots: VecDeque::new() })
        })
    }

    /// Returns the paths of the children, in order.
    pub(super) fn children(&self) -> Children {
        Children::new(self.parent.clone(), &self.names)
    }

    /// Finds the next znodes that were not requested yet, in walk order, until there are `wanted`
    /// in `found`.
    pub(super) fn find(
        &mut self,
        wanted: usize,
        found: &mut Vec<(Ticket, ZnodePath)>,
        arrivals: &mut Arrivals,
        bounds: Bounds,
    ) {
        for slot in &mut self.slots {
            if found.len() >= wanted {
                return;
            }
            slot.take_reply(arrivals, bounds, self.depth);
            if let Slot::Here(Here { below: Some(below), .. }) = slot {
                below.find(wanted, found, arrivals, bounds);
            }
        }
        while found.len() < wanted
            && let Some(name) = self.names.take()
        {
            let ticket = arrivals.expect();
            found.push((ticket, self.parent.child(name)));
            self.slots.push_back(Slot::Asked(ticket));
        }
    }
}

impl Slot {
    /// Takes its reply if that has arrived.
    pub(super) fn take_reply(&mut self, arrivals: &mut Arrivals, bounds: Bounds, depth: usize) {
        let Self::Asked(ticket) = *self else { return };
        let Some(read) = arrivals.take(ticket) else { return };
        *self = match read {
            None => Self::Gone,
            Some(mut read) => {
                let names = std::mem::take(&mut read.names);
                let below = Level::new(&read.record.path, names, depth + 1, bounds);
                Self::Here(Here { read, below })
            }
        };
    }
}
