//! Adds up the size of a tree during a walk. Memory grows with the depth, not with the tree.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::zk::ZnodePath;

/// A number of znodes and the bytes of their data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Size {
    /// The bytes of data.
    pub bytes: u64,
    /// The number of znodes.
    pub znodes: u64,
}

impl Size {
    fn add(&mut self, other: Self) {
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.znodes += other.znodes;
    }
}

/// A branch: a znode with everything below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// The top znode.
    pub path: ZnodePath,
    /// The size, including the top.
    pub size: Size,
}

/// Adds up the branches during a walk.
#[derive(Debug, Default)]
pub struct Usage {
    /// The branches that contain the current znode, the innermost last.
    open: Vec<Branch>,
    total: Size,
}

impl Usage {
    /// Adds the next znode of the walk, and returns the branches that the walk has left, the
    /// innermost first.
    pub fn add(&mut self, path: &ZnodePath, bytes: u64) -> Vec<Branch> {
        let size = Size { bytes, znodes: 1 };
        self.total.add(size);
        let left = self.leave(Some(path));
        self.open.push(Branch { path: path.clone(), size });
        left
    }

    /// Returns the branches that are still open at the end, the innermost first.
    pub fn finish(&mut self) -> Vec<Branch> {
        self.leave(None)
    }

    /// Returns the size of everything that was added.
    pub fn total(&self) -> Size {
        self.total
    }

    fn leave(&mut self, next: Option<&ZnodePath>) -> Vec<Branch> {
        let mut left = Vec::new();
        while let Some(branch) =
            self.open.pop_if(|branch| next.is_none_or(|next| !branch.path.contains(next)))
        {
            if let Some(above) = self.open.last_mut() {
                above.size.add(branch.size);
            }
            left.push(branch);
        }
        left
    }
}

/// The order of branches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum By {
    /// Bytes, then znodes.
    #[default]
    Bytes,
    /// Znodes, then bytes.
    Znodes,
}

/// The largest branches, and the total size of the others.
#[derive(Debug)]
pub struct Largest {
    most: usize,
    by: By,
    /// The kept branches as a heap that yields the smallest first.
    kept: BinaryHeap<Reverse<Ranked>>,
    others: Size,
    left_out: u64,
}

/// A branch with its rank: two numbers, and the path, where earlier paths rank higher.
type Ranked = (u64, u64, Reverse<String>, ZnodePath);

impl Largest {
    /// Keeps at most `most` branches.
    pub fn new(most: usize, by: By) -> Self {
        Self { most, by, kept: BinaryHeap::new(), others: Size::default(), left_out: 0 }
    }

    /// Adds a branch.
    pub fn add(&mut self, Branch { path, size }: Branch) {
        let (first, second) = match self.by {
            By::Bytes => (size.bytes, size.znodes),
            By::Znodes => (size.znodes, size.bytes),
        };
        self.kept.push(Reverse((first, second, Reverse(path.as_str().to_owned()), path)));
        if self.kept.len() > self.most
            && let Some(Reverse((first, second, ..))) = self.kept.pop()
        {
            self.left_out += 1;
            self.others.add(self.size(first, second));
        }
    }

    fn size(&self, first: u64, second: u64) -> Size {
        match self.by {
            By::Bytes => Size { bytes: first, znodes: second },
            By::Znodes => Size { bytes: second, znodes: first },
        }
    }

    /// Returns the largest branches in descending order, the number of others, and their size.
    pub fn finish(self) -> (Vec<Branch>, u64, Size) {
        let (by, others, left_out) = (self.by, self.others, self.left_out);
        let branches =
            self.kept.into_sorted_vec().into_iter().map(|Reverse((first, second, _, path))| {
                let size = match by {
                    By::Bytes => Size { bytes: first, znodes: second },
                    By::Znodes => Size { bytes: second, znodes: first },
                };
                Branch { path, size }
            });
        (branches.collect(), left_out, others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::record::path;

    fn shown(branches: &[Branch]) -> Vec<(&str, u64, u64)> {
        branches
            .iter()
            .map(|branch| (branch.path.as_str(), branch.size.bytes, branch.size.znodes))
            .collect()
    }

    #[test]
    fn branches_are_returned_when_the_walk_leaves_them() {
        let mut usage = Usage::default();
        for (text, bytes) in [("/a", 1), ("/a/b", 2), ("/a/b/c", 4)] {
            assert_eq!(usage.add(&path(text), bytes), []);
        }
        let left = usage.add(&path("/a/d"), 8);
        assert_eq!(shown(&left), [("/a/b/c", 4, 1), ("/a/b", 6, 2)]);
        assert_eq!(shown(&usage.finish()), [("/a/d", 8, 1), ("/a", 15, 4)]);
        assert_eq!(usage.total(), Size { bytes: 15, znodes: 4 });
    }

    #[test]
    fn the_largest_are_kept_and_the_others_counted() {
        let branch =
            |text: &str, bytes, znodes| Branch { path: path(text), size: Size { bytes, znodes } };
        let all = [branch("/a", 1, 9), branch("/b", 5, 1), branch("/c", 5, 1), branch("/d", 3, 2)];
        let mut largest = Largest::new(2, By::Bytes);
        all.iter().cloned().for_each(|branch| largest.add(branch));
        let (branches, left_out, others) = largest.finish();
        assert_eq!(shown(&branches), [("/b", 5, 1), ("/c", 5, 1)]);
        assert_eq!((left_out, others), (2, Size { bytes: 4, znodes: 11 }));
        let mut largest = Largest::new(1, By::Znodes);
        for branch in all {
            largest.add(branch);
        }
        let (branches, ..) = largest.finish();
        assert_eq!(shown(&branches), [("/a", 1, 9)]);
    }
}
