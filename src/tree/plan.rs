//! Turns differences into steps, in an order in which each can be applied. The steps check
//! versions. This module is pure: it sends nothing.
//!
//! Parents are created before their children and deleted after them. An ACL that removes
//! permissions is set after the work below it, so that it does not block that work.

use std::collections::VecDeque;

use super::diff::{Changed, Pair};
use super::step::Step;
use super::{Acl, AclEntry, Data, Kind, Permissions, Record};
use crate::zk::ZnodePath;

/// How to create the ephemerals of the second tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NewEphemerals {
    /// Refuse them, because they would be deleted with this session.
    #[default]
    Refuse,
    /// Create them as persistent znodes.
    Persist,
    /// Create them as ephemerals of this session.
    Own,
}

/// What a plan may do.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Whether znodes that differ are changed. Otherwise they are refused.
    pub overwrite: bool,
    /// Whether znodes that exist only in the first tree are deleted. Otherwise they stay.
    pub prune: bool,
    /// How to create ephemerals.
    pub new_ephemerals: NewEphemerals,
    /// Whether existing ephemerals are deleted or replaced. They belong to live sessions.
    pub touch_ephemerals: bool,
    /// The ACL entry that allows this session to create children of a new znode and to set its ACL.
    /// It stays until the final ACL is set, after the children are created.
    pub interim: AclEntry,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            overwrite: false,
            prune: false,
            new_ephemerals: NewEphemerals::Refuse,
            touch_ephemerals: false,
            interim: AclEntry::world(Permissions::CREATE.union(Permissions::ADMIN)),
        }
    }
}

/// Why a znode is not changed although the trees differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It differs, and the rules do not allow overwriting.
    Differs(Changed),
    /// It is an ephemeral of a live session.
    LiveEphemeral,
    /// It would be an ephemeral, which is deleted with its session.
    NewEphemeral,
    /// A change of its kind needs a new znode, but it has children that stay.
    KindWithChildren,
    /// The root cannot be created again.
    Root,
}

/// A znode that is not changed although the trees differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The path of the znode.
    pub path: ZnodePath,
    /// The reason.
    pub reason: Reason,
}

/// An item of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Planned {
    /// A step to apply.
    Do(Step),
    /// A difference that is not applied.
    Refused(Refused),
}

/// Makes a plan from pairs of znodes, which come in walk order.
pub struct Planner {
    rules: Rules,
    /// The last pair. Whether it has children is known only when the next pair arrives.
    last: Option<Pair>,
    /// Steps that are delayed until everything below their path is done, the innermost last.
    delayed: Vec<Delayed>,
    rebuild: Option<Rebuild>,
    ready: VecDeque<Planned>,
    same: u64,
}

struct Delayed {
    path: ZnodePath,
    step: Option<Step>,
}

/// A znode that must be created again, which requires the same for all its descendants.
struct Rebuild {
    path: ZnodePath,
    deletes: Vec<Step>,
    creates: Vec<Record>,
    refused: Option<Reason>,
}

impl Planner {
    /// Returns an empty plan.
    pub fn new(rules: Rules) -> Self {
        let (last, delayed, rebuild, ready) = (None, Vec::new(), None, VecDeque::new());
        Self { rules, last, delayed, rebuild, ready, same: 0 }
    }

    /// Adds the next pair.
    pub fn add(&mut self, pair: Pair) {
        if let Some(last) = self.last.take() {
            let inner = last.path().contains(pair.path());
            self.plan(last, inner);
        }
        self.last = Some(pair);
    }

    /// Ends the plan: there are no more pairs.
    pub fn finish(&mut self) {
        if let Some(last) = self.last.take() {
            self.plan(last, false);
        }
        self.end_rebuild();
        self.release_delayed(None);
    }

    /// Returns the next item of the plan, or none until more pairs are added.
    pub fn next_planned(&mut self) -> Option<Planned> {
        self.ready.pop_front()
    }

    /// Returns the number of znodes that were equal so far.
    pub fn same(&self) -> u64 {
        self.same
    }

    fn push(&mut self, step: Step) {
        self.ready.push_back(Planned::Do(step));
    }

    fn refuse(&mut self, path: ZnodePath, reason: Reason) {
        self.ready.push_back(Planned::Refused(Refused { path, reason }));
    }

    /// Releases the steps that waited for everything below their paths, now that the walk has
    /// reached `next`.
    fn release_delayed(&mut self, next: Option<&ZnodePath>) {
        while let Some(delayed) =
            self.delayed.pop_if(|delayed| next.is_none_or(|next| !delayed.path.contains(next)))
        {
            if let Some(step) = delayed.step {
                self.push(step);
            }
        }
    }

    fn plan(&mut self, pair: Pair, has_children: bool) {
        if let Some(rebuild) = &mut self.rebuild {
            if rebuild.path.contains(pair.path()) {
                return rebuild.add(pair, &self.rules);
            }
            self.end_rebuild();
        }
        self.release_delayed(Some(pair.path()));
        match (pair.old, pair.new) {
            (Some(old), Some(new)) => self.change(old, new),
            (None, Some(new)) => self.create(new, has_children),
            (Some(old), None) if self.rules.prune => self.remove(&old),
            _ => {}
        }
    }

    fn remove(&mut self, old: &Record) {
        if old.path.is_root() {
            return self.refuse(old.path.clone(), Reason::Root);
        }
        if is_live(old) && !self.rules.touch_ephemerals {
            // Its ancestors cannot be deleted either.
            for delayed in &mut self.delayed {
                if matches!(delayed.step, Some(Step::Delete { .. })) {
                    delayed.step = None;
                }
            }
            return self.refuse(old.path.clone(), Reason::LiveEphemeral);
        }
        let step = Some(Step::Delete { path: old.path.clone(), version: version(old) });
        self.delayed.push(Delayed { path: old.path.clone(), step });
    }

    fn create(&mut self, new: Record, has_children: bool) {
        if new.path.is_root() {
            return self.refuse(new.path, Reason::Root);
        }
        let Some(kind) = self.rules.kind(&new) else {
            return self.refuse(new.path, Reason::NewEphemeral);
        };
        let path = new.path;
        let data = new.data.unwrap_or(Data::Null);
        let acl = new.acl.unwrap_or_else(Acl::open);
        if has_children && !acl.lets_all(Permissions::CREATE) {
            let mut interim = acl.clone();
            interim.0.push(self.rules.interim.clone());
            let step = Some(Step::SetAcl { path: path.clone(), acl, version: 0 });
            self.delayed.push(Delayed { path: path.clone(), step });
            self.push(Step::Create { path, data, acl: interim, kind });
        } else {
            self.push(Step::Create { path, data, acl, kind });
        }
    }

    fn change(&mut self, old: Record, mut new: Record) {
        if old.kind == Some(Kind::Ephemeral)
            && new.kind.is_some()
            && self.rules.new_ephemerals == NewEphemerals::Persist
            && !self.rules.touch_ephemerals
        {
            // The znode exists and is live. It could become persistent only after its owner has
            // gone.
            new.kind = Some(Kind::Ephemeral);
        } else if let Some(kind) = self.rules.kind(&new)
            && new.kind.is_some()
        {
            new.kind = Some(kind);
        }
        let changed = Changed::between(&old, &new);
        if changed.is_nothing() {
            self.same += 1;
            return;
        }
        if !self.rules.overwrite {
            return self.refuse(old.path, Reason::Differs(changed));
        }
        if changed.kind {
            if old.path.is_root() {
                return self.refuse(old.path, Reason::Root);
            }
            let path = old.path.clone();
            let mut rebuild =
                Rebuild { path, deletes: Vec::new(), creates: Vec::new(), refused: None };
            rebuild.add(Pair { old: Some(old), new: Some(new) }, &self.rules);
            self.rebuild = Some(rebuild);
            return;
        }
        let path = old.path.clone();
        let (mut first, mut last) = (None, None);
        if changed.acl
            && let (Some(acl), Some(before)) = (new.acl, &old.acl)
        {
            let widens = acl.covers(before);
            let version = old.stat.map_or(0, |stat| stat.aversion);
            let step = Step::SetAcl { path: path.clone(), acl, version };
            *(if widens { &mut first } else { &mut last }) = Some(step);
        }
        self.ready.extend(first.map(Planned::Do));
        if changed.data
            && let Some(data) = new.data
        {
            self.push(Step::SetData { path: path.clone(), data, version: version(&old) });
        }
        if last.is_some() {
            self.delayed.push(Delayed { path, step: last });
        }
    }

    fn end_rebuild(&mut self) {
        let Some(rebuild) = self.rebuild.take() else { return };
        if let Some(reason) = rebuild.refused {
            return self.refuse(rebuild.path, reason);
        }
        for step in rebuild.deletes.into_iter().rev() {
            self.push(step);
        }
        let mut creates = rebuild.creates.into_iter().peekable();
        while let Some(record) = creates.next() {
            let has_children = creates.peek().is_some_and(|next| record.path.contains(&next.path));
            self.release_delayed(Some(&record.path));
            self.create(record, has_children);
        }
    }
}

impl Rebuild {
    fn add(&mut self, pair: Pair, rules: &Rules) {
        let Pair { old, new } = pair;
        if let Some(old) = &old {
            if is_live(old) && !rules.touch_ephemerals {
                self.refused.get_or_insert(Reason::LiveEphemeral);
            }
            if new.is_none() && !rules.prune {
                self.refused.get_or_insert(Reason::KindWithChildren);
            }
            self.deletes.push(Step::Delete { path: old.path.clone(), version: version(old) });
        }
        let Some(mut new) = new else { return };
        if let Some(old) = old {
            // Parts that the second tree does not state are kept.
            new.data = new.data.or(old.data);
            new.acl = new.acl.or(old.acl);
            new.kind = new.kind.or(old.kind);
        }
        if rules.kind(&new).is_none() {
            self.refused.get_or_insert(Reason::NewEphemeral);
        }
        self.creates.push(new);
    }
}

impl Rules {
    /// Returns the kind with which to create a znode, or none if the rules forbid its creation.
    fn kind(&self, new: &Record) -> Option<Kind> {
        match (new.kind.unwrap_or(Kind::Persistent), self.new_ephemerals) {
            (Kind::Ephemeral, NewEphemerals::Refuse) => None,
            (Kind::Ephemeral, NewEphemerals::Persist) => Some(Kind::Persistent),
            (kind, _) => Some(kind),
        }
    }
}

fn is_live(old: &Record) -> bool {
    old.kind == Some(Kind::Ephemeral)
}

/// Returns the data version of a znode of the first tree, or -1 (any version) if its stat was not
/// read.
fn version(old: &Record) -> i32 {
    old.stat.map_or(-1, |stat| stat.version)
}

#[cfg(test)]
mod tests;
