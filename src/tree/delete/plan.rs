//! The state of a recursive delete: what is known about the subtree, and what to do next. Pure: it
//! sends nothing.

use std::collections::{BTreeMap, HashMap};

use crate::error::{Error, Kind, Result};
use crate::tree::is_gone;
use crate::tree::walk::Names;
use crate::zk::ZnodePath;

/// If this many children of a znode are leaves and none is not, the remaining children are assumed
/// to be leaves too. In most trees they are, which saves half of the requests.
const ENOUGH_LEAVES: u32 = 64;

/// The maximum number of failures that the error names.
const NAMED_FAILURES: usize = 10;

/// A znode with children, which is deleted after them.
struct Inner {
    path: ZnodePath,
    parent: Option<u64>,
    left: usize,
    tries: u8,
    blocked: bool,
    /// The number of children that were found to be leaves.
    childless: u32,
    /// Whether a child was found to have children.
    mixed: bool,
}

/// A znode whose children were not listed yet.
struct Unlisted {
    name: String,
    parent: u64,
}

/// A znode that a request is about.
pub(super) struct Target {
    pub(super) path: ZnodePath,
    /// The number of its parent, or `None` at the top of the subtree.
    pub(super) parent: Option<u64>,
    /// How often a delete failed because the znode had children.
    pub(super) tries: u8,
}

/// The result for one znode.
pub(super) enum Step {
    Deleted,
    /// The znode has these children.
    Opened(Vec<String>),
    Failed(Error),
}

/// The state of one recursive delete.
#[derive(Default)]
pub(super) struct Plan {
    inner: HashMap<u64, Inner>,
    next: u64,
    unlisted: Vec<Unlisted>,
    /// Znodes that have no children, or are assumed to have none.
    leaves: Vec<Target>,
    /// Znodes that must be tried individually.
    retry: Vec<Target>,
    /// Znodes that were found before the delete and not tried yet, parents before their children.
    known: Vec<ZnodePath>,
    /// The top of the subtree, which is tried after those if some of them are left.
    top: Option<Target>,
    /// Whether a transaction with some of those was refused.
    is_refused: bool,
    /// The number of znodes that are gone.
    pub(super) deleted: u64,
    /// The number of znodes that were refused, including their ancestors.
    failed: u64,
    /// The number of znodes whose delete was in flight when the connection was lost.
    uncertain: u64,
    /// The number of znodes that were not tried because the connection was lost.
    untried: u64,
    /// The first failures by path. Replies arrive in any order, and the message must not depend on
    /// it.
    failures: BTreeMap<Option<String>, Error>,
    /// The error that ended the work early, if any.
    lost: Option<Kind>,
    /// The number of znodes before the delete, if they were counted.
    total: Option<u64>,
    /// Whether `/zookeeper` is ZooKeeper's own znode.
    sees_real_root: bool,
}

impl Plan {
    /// Returns the plan for the subtree at `top`. `known` are the znodes that were found before,
    /// parents before their children. `sees_real_root` tells whether `/` is the servers' own root,
    /// so that `/zookeeper` is ZooKeeper's own. `total` is the number of znodes to delete, if they
    /// were counted.
    pub(super) fn begin(
        top: ZnodePath,
        known: Vec<ZnodePath>,
        sees_real_root: bool,
        total: Option<u64>,
    ) -> Self {
        let mut plan = Self { known, total, sees_real_root, ..Self::default() };
        plan.top = Some(Target { path: top, parent: None, tries: 0 });
        if plan.known.len() <= 1 {
            plan.known.clear();
            plan.retry.extend(plan.top.take());
        }
        plan
    }

    /// Returns how many of the znodes that were found before are not tried yet.
    pub(super) fn known(&self) -> usize {
        self.known.len()
    }

    /// Returns their paths, the next one first.
    pub(super) fn known_paths(&self) -> impl Iterator<Item = &ZnodePath> {
        self.known.iter().rev()
    }

    /// Removes and returns the next `count` of them.
    pub(super) fn next_known(&mut self, count: usize) -> Vec<Target> {
        let next = self.known.split_off(self.known.len().saturating_sub(count));
        next.into_iter().rev().map(|path| Target { path, parent: None, tries: 0 }).collect()
    }

    /// Records that some of them were deleted. If the top was among them, everything below
    /// it is deleted too, no matter by whom.
    pub(super) fn deleted_known(&mut self, targets: &[Target]) {
        self.deleted += targets.len() as u64;
        let top = self.top.as_ref().map(|top| &top.path);
        if targets.last().map(|target| &target.path) == top {
            self.top = None;
        }
    }

    /// Records that one of them could not be deleted, so that its transaction deleted none.
    pub(super) fn refused_known(&mut self) {
        self.is_refused = true;
    }

    /// Makes the top be tried like any other znode, if all of them were tried and some are left.
    pub(super) fn known_are_tried(&mut self) {
        if self.known.is_empty() && self.is_refused {
            self.retry.extend(self.top.take());
        }
    }

    /// Returns whether a walk has found every znode, including the top.
    pub(super) fn was_seen(&self) -> bool {
        self.total.is_some()
    }

    /// Returns the number of znodes whose children were not listed yet.
    pub(super) fn unlisted(&self) -> usize {
        self.unlisted.len()
    }

    /// Returns the number of znodes that have no children.
    pub(super) fn leaves(&self) -> usize {
        self.leaves.len()
    }

    /// Makes these znodes be tried individually.
    pub(super) fn retry(&mut self, targets: impl IntoIterator<Item = Target>) {
        self.retry.extend(targets);
    }

    /// Removes and returns the next znode to try individually.
    pub(super) fn next_retry(&mut self) -> Option<Target> {
        self.retry.pop()
    }

    /// Removes and returns the next znode, whatever is known about it.
    pub(super) fn next_of_any(&mut self) -> Option<Target> {
        self.leaves.pop().or_else(|| {
            let unlisted = self.unlisted.pop()?;
            self.target(unlisted)
        })
    }

    /// Removes and returns the next `count` znodes whose children must be listed. The deepest come
    /// first, to keep the queue short. It stops when there are `enough` leaves, including assumed
    /// ones.
    pub(super) fn next_unlisted(&mut self, count: usize, enough: usize) -> Vec<Target> {
        let mut targets = Vec::with_capacity(count);
        while targets.len() < count
            && self.leaves.len() < enough
            && let Some(unlisted) = self.unlisted.pop()
        {
            let parent = self.inner.get(&unlisted.parent);
            let assumed =
                parent.is_some_and(|parent| parent.childless >= ENOUGH_LEAVES && !parent.mixed);
            match self.target(unlisted) {
                Some(target) if assumed => self.leaves.push(target),
                Some(target) => targets.push(target),
                None => {}
            }
        }
        targets
    }

    /// Puts back the last znodes that [`Plan::next_unlisted`] returned.
    pub(super) fn put_back(&mut self, targets: Vec<Target>) {
        self.unlisted.extend(targets.into_iter().rev().filter_map(|target| {
            Some(Unlisted { name: target.path.name().to_owned(), parent: target.parent? })
        }));
    }

    /// Returns the paths of the leaves, the next one first.
    pub(super) fn leaf_paths(&self) -> impl Iterator<Item = &ZnodePath> {
        self.leaves.iter().rev().map(|target| &target.path)
    }

    /// Removes and returns the next `count` leaves.
    pub(super) fn next_leaves(&mut self, count: usize) -> Vec<Target> {
        self.leaves.split_off(self.leaves.len().saturating_sub(count))
    }

    fn target(&self, Unlisted { name, parent }: Unlisted) -> Option<Target> {
        let path = self.inner.get(&parent)?.path.child(&name);
        Some(Target { path, parent: Some(parent), tries: 0 })
    }

    /// Records the result for one znode.
    pub(super) fn done(&mut self, target: Target, step: Step) {
        match step {
            Step::Deleted => {
                self.deleted += 1;
                self.child_done(target.parent, false);
            }
            Step::Opened(names) => self.open(target, names),
            Step::Failed(error) => {
                match error.kind() {
                    Kind::Refused => self.failed += 1,
                    _ if error.is_uncertain() => self.uncertain += 1,
                    _ => self.untried += 1,
                }
                if error.kind() != Kind::Refused {
                    self.lost.get_or_insert(error.kind());
                    // No further request can succeed.
                    self.give_up();
                }
                self.failures.insert(error.path().map(str::to_owned), error);
                if self.failures.len() > NAMED_FAILURES {
                    self.failures.pop_last();
                }
                self.child_done(target.parent, true);
            }
        }
    }

    fn give_up(&mut self) {
        let left = [self.unlisted.len(), self.leaves.len(), self.retry.len(), self.inner.len()];
        self.untried += left.iter().sum::<usize>() as u64 + self.known.len() as u64;
        self.known.clear();
        self.top = None;
        self.unlisted.clear();
        self.leaves.clear();
        self.retry.clear();
        self.inner.clear();
    }

    /// Records the children of some znodes.
    pub(super) fn listed(&mut self, targets: Vec<Target>, lists: Vec<Names>) {
        for (target, names) in targets.into_iter().zip(lists) {
            match names {
                Ok(names) if names.is_empty() => {
                    if let Some(inner) = target.parent.and_then(|id| self.inner.get_mut(&id)) {
                        inner.childless += 1;
                    }
                    self.leaves.push(target);
                }
                Ok(names) => self.open(target, names),
                Err(error) if is_gone(&error) => self.done(target, Step::Deleted),
                // The delete may still be allowed, because it depends on the ACL of the parent.
                Err(error) if error.kind() == Kind::Refused => self.retry.push(target),
                Err(error) => self.done(target, Step::Failed(error)),
            }
        }
    }

    fn open(&mut self, target: Target, mut names: Vec<String>) {
        let Target { path, parent, tries } = target;
        if path.is_root() {
            names.retain(|name| name != "zookeeper" || !self.sees_real_root);
            if names.is_empty() {
                return;
            }
        } else if names.is_empty() {
            return self.retry.push(Target { path, parent, tries: tries + 1 });
        }
        if let Some(inner) = parent.and_then(|id| self.inner.get_mut(&id)) {
            inner.mixed = true;
        }
        let id = self.next;
        self.next += 1;
        let left = names.len();
        let (blocked, childless, mixed) = (false, 0, false);
        self.inner.insert(id, Inner { path, parent, left, tries, blocked, childless, mixed });
        self.unlisted.extend(names.into_iter().map(|name| Unlisted { name, parent: id }));
    }

    /// Records that one child of `parent` is finished. `blocked` means that it still exists.
    fn child_done(&mut self, parent: Option<u64>, blocked: bool) {
        let Some(id) = parent else { return };
        let Some(inner) = self.inner.get_mut(&id) else { return };
        inner.left -= 1;
        inner.blocked |= blocked;
        if inner.left > 0 {
            return;
        }
        let Some(Inner { path, parent, tries, blocked, .. }) = self.inner.remove(&id) else {
            return;
        };
        if blocked {
            self.failed += 1;
            self.child_done(parent, true);
        } else if !path.is_root() {
            self.leaves.push(Target { path, parent, tries: tries + 1 });
        }
    }

    /// Returns how many znodes were deleted, or an error that says which are left.
    pub(super) fn outcome(&self) -> Result<u64> {
        if self.failures.is_empty() {
            return Ok(self.deleted);
        }
        let Self { deleted, failed, uncertain, .. } = self;
        let what = if self.lost.is_some() {
            let total = self.total.unwrap_or_default();
            let untried = self.untried.max(total.saturating_sub(deleted + failed + uncertain));
            // Other clients may have created more znodes, and the parts that were not walked are
            // unknown.
            let least = if self.total.is_some() { "" } else { "at least " };
            let refused = if *failed > 0 { format!("{failed} refused, ") } else { String::new() };
            format!(
                "{deleted} deleted, {refused}{uncertain} that may be deleted, {least}{untried} not tried"
            )
        } else {
            format!("{deleted} deleted, {failed} left")
        };
        let message = format!("Failed to delete some node(s) in the subtree! {what}");
        let causes = self.failures.values().cloned().collect();
        Err(Error::new(self.lost.unwrap_or(Kind::Refused), message).with_causes(causes))
    }
}

#[cfg(test)]
mod tests;
