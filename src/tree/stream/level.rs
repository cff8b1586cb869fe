//! The levels of the tree on the path to the current znode of a walk, and the search for the next
//! znodes to request.

use std::collections::{HashMap, VecDeque};

use super::names::{Children, OrderedNames};
use super::read::Read;
use crate::session::ChildNames;
use crate::zk::ZnodePath;

/// The replies that have arrived, by slot number. `None` means that the znode is gone.
pub(super) type Arrived = HashMap<u64, Option<Read>>;

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

#[derive(Debug)]
pub(super) struct Slot {
    pub(super) path: ZnodePath,
    pub(super) state: State,
}

#[derive(Debug)]
pub(super) enum State {
    Asked(u64),
    Here(Box<(Read, Level)>),
    Gone,
}

impl Level {
    pub(super) fn new(parent: ZnodePath, names: ChildNames, depth: usize, bounds: Bounds) -> Self {
        let is_hidden = |name: &str| {
            depth > bounds.deepest
                || bounds.skips_zookeeper && name == "zookeeper" && parent.is_root()
        };
        let names = OrderedNames::new(names, |name| !is_hidden(name));
        Self { parent, depth, names, slots: VecDeque::new() }
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
        found: &mut Vec<(u64, ZnodePath)>,
        next_slot: &mut u64,
        arrived: &mut Arrived,
        bounds: Bounds,
    ) {
        for slot in &mut self.slots {
            if found.len() >= wanted {
                return;
            }
            slot.take_reply(arrived, bounds, self.depth);
            if let State::Here(here) = &mut slot.state {
                here.1.find(wanted, found, next_slot, arrived, bounds);
            }
        }
        while found.len() < wanted
            && let Some(name) = self.names.take()
        {
            let (path, number) = (self.parent.child(name), *next_slot);
            *next_slot += 1;
            found.push((number, path.clone()));
            self.slots.push_back(Slot { path, state: State::Asked(number) });
        }
    }
}

impl Slot {
    /// Takes its reply if that has arrived.
    pub(super) fn take_reply(&mut self, arrived: &mut Arrived, bounds: Bounds, depth: usize) {
        let State::Asked(number) = self.state else { return };
        let Some(read) = arrived.remove(&number) else { return };
        self.state = match read {
            None => State::Gone,
            Some(mut read) => {
                let names = std::mem::take(&mut read.names);
                let below = Level::new(self.path.clone(), names, depth + 1, bounds);
                State::Here(Box::new((read, below)))
            }
        };
    }
}
