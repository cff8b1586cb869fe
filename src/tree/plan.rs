//! Turns differences into steps that check versions, ordered so that each can be applied when its
//! turn comes. Pure: it sends nothing.
//!
//! Parents are created before their children and deleted after them. An ACL that removes permissions
//! is set after the work below it, so it does not block that work.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::diff::{Changed, Pair};
use super::snapshot::data_json;
use super::{Acl, AclEntry, Data, Kind, Permissions, Record};
use crate::zk::ZnodePath;

/// One operation. All but a creation are refused where the znode is not what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "camelCase", deny_unknown_fields)]
pub enum Step {
    /// The znode is made; it must not be there.
    Create {
        /// Where.
        #[serde(with = "path_json")]
        path: ZnodePath,
        /// Its data.
        #[serde(with = "data_json")]
        data: Data,
        /// Who may do what with it.
        acl: Acl,
        /// What keeps it alive.
        #[serde(with = "kind_json")]
        kind: Kind,
    },
    /// The data is replaced.
    SetData {
        /// Where.
        #[serde(with = "path_json")]
        path: ZnodePath,
        /// The new data.
        #[serde(with = "data_json")]
        data: Data,
        /// The version of the old.
        version: i32,
    },
    /// The access control list is replaced.
    SetAcl {
        /// Where.
        #[serde(with = "path_json")]
        path: ZnodePath,
        /// The new list.
        acl: Acl,
        /// The version of the old (`aclVersion`).
        version: i32,
    },
    /// The znode is deleted.
    Delete {
        /// Where.
        #[serde(with = "path_json")]
        path: ZnodePath,
        /// The version of its data.
        version: i32,
    },
}

mod path_json {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::zk::ZnodePath;

    pub(super) fn serialize<S: Serializer>(path: &ZnodePath, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(path.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<ZnodePath, D::Error> {
        ZnodePath::new(String::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// `"persistent"`, `"ephemeral"`, `"container"`, or `{"ttl": milliseconds}`.
pub(super) mod kind_json {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::tree::Kind;

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    enum Json {
        Persistent,
        Ephemeral,
        Container,
        Ttl(u64),
    }

    pub(in crate::tree) fn serialize<S: Serializer>(kind: &Kind, to: S) -> Result<S::Ok, S::Error> {
        match *kind {
            Kind::Persistent => Json::Persistent,
            Kind::Ephemeral => Json::Ephemeral,
            Kind::Container => Json::Container,
            Kind::Ttl(milliseconds) => Json::Ttl(milliseconds),
        }
        .serialize(to)
    }

    pub(in crate::tree) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Kind, D::Error> {
        Ok(match Json::deserialize(from)? {
            Json::Persistent => Kind::Persistent,
            Json::Ephemeral => Kind::Ephemeral,
            Json::Container => Kind::Container,
            Json::Ttl(milliseconds) => Kind::Ttl(milliseconds),
        })
    }
}

impl Step {
    /// Returns the path that it is about.
    pub fn path(&self) -> &ZnodePath {
        match self {
            Self::Create { path, .. }
            | Self::SetData { path, .. }
            | Self::SetAcl { path, .. }
            | Self::Delete { path, .. } => path,
        }
    }

    /// Returns about how many bytes it takes in a request.
    pub fn wire_length(&self) -> usize {
        /// Operation, flags, version and the lengths of strings.
        const FIXED: usize = 40;
        let of_acl = |acl: &Acl| -> usize {
            acl.0.iter().map(|entry| 12 + entry.scheme.len() + entry.id.len()).sum()
        };
        let rest = match self {
            Self::Create { data, acl, .. } => data.bytes().len() + of_acl(acl),
            Self::SetData { data, .. } => data.bytes().len(),
            Self::SetAcl { acl, .. } => of_acl(acl),
            Self::Delete { .. } => 0,
        };
        FIXED + self.path().as_str().len() + rest
    }
}

/// What a plan does with ephemerals that are to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NewEphemerals {
    /// They are refused: they would go with this session.
    #[default]
    Refuse,
    /// They become persistent.
    Persist,
    /// They become ephemerals of this session.
    Own,
}

/// What a plan may do.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Whether znodes that differ are changed; else they are refused.
    pub overwrite: bool,
    /// Whether znodes that only the first tree has are deleted; else they stay.
    pub prune: bool,
    /// What becomes of ephemerals that are to be made.
    pub new_ephemerals: NewEphemerals,
    /// Whether ephemerals that are there are deleted or replaced: they are live, and somebody's.
    pub touch_ephemerals: bool,
    /// What lets this session create children and set the list of a znode that it has made, until its
    /// own list is set behind its children.
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

/// Why a znode is left as it is although the trees differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It differs, and nothing is to be overwritten.
    Differs(Changed),
    /// It is an ephemeral of a live session.
    LiveEphemeral,
    /// It would be an ephemeral, which goes with a session.
    NewEphemeral,
    /// Its kind changes only with a new znode, but there are children that stay.
    KindWithChildren,
    /// The root cannot be made again.
    Root,
}

/// A znode that is left as it is although the trees differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Where.
    pub path: ZnodePath,
    /// Why.
    pub reason: Reason,
}

/// What a plan gives, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Planned {
    /// This is to be done.
    Do(Step),
    /// This cannot be done.
    Refused(Refused),
}

/// Makes a plan of pairs, which come in the order of a walk.
pub struct Planner {
    rules: Rules,
    /// The last pair: whether it has children is known when the next is there.
    last: Option<Pair>,
    /// What is done when all below the path is done, the innermost last.
    later: Vec<Later>,
    rebuild: Option<Rebuild>,
    ready: VecDeque<Planned>,
    same: u64,
}

struct Later {
    path: ZnodePath,
    step: Option<Step>,
}

/// A znode that must be made again, so that all below it must as well.
struct Rebuild {
    path: ZnodePath,
    deletes: Vec<Step>,
    creates: Vec<Record>,
    refused: Option<Reason>,
}

impl Planner {
    /// Begins a plan.
    pub fn new(rules: Rules) -> Self {
        let (last, later, rebuild, ready) = (None, Vec::new(), None, VecDeque::new());
        Self { rules, last, later, rebuild, ready, same: 0 }
    }

    /// Takes in the next pair.
    pub fn add(&mut self, pair: Pair) {
        if let Some(last) = self.last.take() {
            let inner = last.path().contains(pair.path());
            self.plan(last, inner);
        }
        self.last = Some(pair);
    }

    /// Notes that there are no more pairs.
    pub fn finish(&mut self) {
        if let Some(last) = self.last.take() {
            self.plan(last, false);
        }
        self.end_rebuild();
        self.leave(None);
    }

    /// Returns the next that is planned; none until more pairs are there.
    pub fn next_planned(&mut self) -> Option<Planned> {
        self.ready.pop_front()
    }

    /// Returns how many znodes were alike so far.
    pub fn same(&self) -> u64 {
        self.same
    }

    fn push(&mut self, step: Step) {
        self.ready.push_back(Planned::Do(step));
    }

    fn refuse(&mut self, path: ZnodePath, reason: Reason) {
        self.ready.push_back(Planned::Refused(Refused { path, reason }));
    }

    /// Does what waited for all below some paths, now that the walk has come to `next`.
    fn leave(&mut self, next: Option<&ZnodePath>) {
        while let Some(later) =
            self.later.pop_if(|later| next.is_none_or(|next| !later.path.contains(next)))
        {
            if let Some(step) = later.step {
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
        self.leave(Some(pair.path()));
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
            // What is above it cannot be deleted either.
            for later in &mut self.later {
                if matches!(later.step, Some(Step::Delete { .. })) {
                    later.step = None;
                }
            }
            return self.refuse(old.path.clone(), Reason::LiveEphemeral);
        }
        let step = Some(Step::Delete { path: old.path.clone(), version: version(old) });
        self.later.push(Later { path: old.path.clone(), step });
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
            self.later.push(Later { path: path.clone(), step });
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
            // It is there and live: persistent it can only become without its owner.
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
            self.later.push(Later { path, step: last });
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
            self.leave(Some(&record.path));
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
            // What is not stated stays as it was.
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
    /// Returns the kind of a znode that is to be made, or none if it must not be.
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

/// Returns the version of a znode of the first tree; any, where its stat was not asked for.
fn version(old: &Record) -> i32 {
    old.stat.map_or(-1, |stat| stat.version)
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
