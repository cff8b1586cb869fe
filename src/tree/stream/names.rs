//! Names of children in order.

use std::sync::Arc;

use crate::session::ChildNames;
use crate::zk::ZnodePath;

/// The longest list whose names are sorted themselves, and not by index. This takes half the time, but
/// memory for a copy of the list.
const MOST_COPIED: usize = 4096;

/// The names of the children of a znode in order, taken one after the other. They stay in the form
/// in which they arrived: as strings of their own a million of them would take 50 MB more.
#[derive(Debug, Clone, Default)]
pub(super) struct OrderedNames {
    /// The names, or `None` if there are none, as in most znodes.
    list: Option<Arc<List>>,
    /// The number of names that were taken.
    taken: usize,
}

#[derive(Debug)]
struct List {
    names: ChildNames,
    /// The indexes of the names, in the order of the names.
    order: Vec<u32>,
}

impl OrderedNames {
    /// Sorts the names for which `is_wanted` returns true.
    pub(super) fn new(names: ChildNames, is_wanted: impl Fn(&str) -> bool) -> Self {
        let wanted = (0..).zip(names.iter()).filter(|(_, name)| is_wanted(name));
        let order: Vec<u32> = if names.len() <= MOST_COPIED {
            let mut wanted: Vec<(u32, &str)> = wanted.collect();
            wanted.sort_unstable_by_key(|(_, name)| *name);
            wanted.into_iter().map(|(index, _)| index).collect()
        } else {
            let mut order: Vec<u32> = wanted.map(|(index, _)| index).collect();
            let name = |index: &u32| names.get(*index as usize);
            order.sort_unstable_by(|one, other| name(one).cmp(name(other)));
            order
        };
        if order.is_empty() {
            return Self::default();
        }
        Self { list: Some(Arc::new(List { names, order })), taken: 0 }
    }

    /// Returns the number of names that were not taken.
    pub(super) fn left(&self) -> usize {
        self.list.as_ref().map_or(0, |list| list.order.len() - self.taken)
    }

    /// Takes the next name.
    pub(super) fn take(&mut self) -> Option<&str> {
        let list = self.list.as_ref()?;
        let index = *list.order.get(self.taken)?;
        self.taken += 1;
        Some(list.names.get(index as usize))
    }
}

/// The children of a znode in order. They share the names with the walk.
#[derive(Debug)]
pub(in crate::tree) struct Children {
    parent: ZnodePath,
    names: OrderedNames,
}

impl Children {
    /// Returns all children, also those whose names were taken from `names`.
    pub(super) fn new(parent: ZnodePath, names: &OrderedNames) -> Self {
        Self { parent, names: OrderedNames { taken: 0, ..names.clone() } }
    }
}

impl Iterator for Children {
    type Item = ZnodePath;

    fn next(&mut self) -> Option<ZnodePath> {
        let Self { parent, names } = self;
        names.take().map(|name| parent.child(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_in_order_and_children_are_all() {
        let names = ["reed", "zookeeper", "duck", "lake", "\u{6e56}"].into_iter().collect();
        let mut names = OrderedNames::new(names, |name| name != "zookeeper");
        assert_eq!((names.left(), names.take()), (4, Some("duck")));
        let children = Children::new(ZnodePath::root().child("a"), &names);
        let children: Vec<String> = children.map(|child| child.as_str().to_owned()).collect();
        assert_eq!(children, ["/a/duck", "/a/lake", "/a/reed", "/a/\u{6e56}"]);
        assert_eq!([names.take().map(str::to_owned)], [Some("lake".to_owned())]);
        assert_eq!(names.left(), 2);
        let none = OrderedNames::new(ChildNames::default(), |_| true);
        assert_eq!((none.left(), none.clone().take()), (0, None));
    }
}
