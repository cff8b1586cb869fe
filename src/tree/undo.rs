//! Undo: what writes have replaced, and the steps that restore it. This module is pure.
//!
//! Undo restores paths, data, ACLs and kinds. The server assigns versions, zxids, times and the
//! counters of sequential names, so these are not restored.

mod verify;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::verify::{Moved, Verified, verify};
use super::diff::Pair;
use super::plan::{NewEphemerals, Planned, Planner, Refused, Rules};
use super::snapshot::data_json;
use super::step::{Step, kind_json};
use super::{Acl, AclEntry, Data, Kind, Record, walk_order};
use crate::session::recording::{Before, Written};
use crate::zk::{Stat, ZnodePath};

/// Identifies a state of the data or the ACL of one znode. No other state has the same mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// The zxid of the znode's creation, or 0 if unknown.
    pub czxid: i64,
    /// The version of the data or the ACL.
    pub version: i32,
}

/// The marks of those parts of a znode that a change concerns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marks {
    /// The mark of the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Mark>,
    /// The mark of the ACL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acl: Option<Mark>,
}

/// The earlier state of a znode, limited to the parts that a change has replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// The data.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "optional_data")]
    pub data: Option<Data>,
    /// The ACL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acl: Option<Acl>,
    /// What determines the lifetime of the znode.
    #[serde(with = "kind_json")]
    pub kind: Kind,
    /// The session that owns the znode if it is ephemeral, otherwise 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub owner: i64,
    /// The marks of these states.
    pub marks: Marks,
}

/// The JSON form of optional data: the field is missing if there is none.
mod optional_data {
    use serde::{Deserializer, Serializer};

    use super::data_json;
    use crate::tree::Data;

    #[expect(clippy::ref_option, reason = "serde passes references to fields")]
    pub(super) fn serialize<S: Serializer>(data: &Option<Data>, to: S) -> Result<S::Ok, S::Error> {
        data_json::serialize(data.as_ref().unwrap_or(&Data::Null), to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Data>, D::Error> {
        data_json::deserialize(from).map(Some)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(owner: &i64) -> bool {
    *owner == 0
}

/// The change of one znode. `before` is none for a creation, `after` is none for a deletion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The path of the znode.
    pub path: String,
    /// Its state before the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Image>,
    /// The marks of its state after the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Marks>,
    /// Whether the server has not confirmed the change. In that case only the znode itself tells
    /// whether it was applied.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_uncertain: bool,
}

/// Why changes cannot be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Irreversible {
    /// An ephemeral of another session. No other session can create it again.
    ForeignEphemeral(String),
    /// The server did not return the whole ACL.
    MaskedAcl(String),
    /// Another client wrote between two of the changes.
    Between(String),
    /// The path in the journal is not valid.
    NoPath(String),
    /// The plan that restores the state refuses a part.
    Refused(Refused),
}

impl std::fmt::Display for Irreversible {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ForeignEphemeral(path) => {
                write!(f, "{path} was an ephemeral of another session, which alone can create it")
            }
            Self::MaskedAcl(path) => {
                write!(f, "the ACL of {path} was not shown in full to this session")
            }
            Self::Between(path) => write!(f, "somebody else wrote {path} in between"),
            Self::NoPath(path) => write!(f, "{path} is not a path"),
            Self::Refused(refused) => write!(f, "{} cannot be restored", refused.path),
        }
    }
}

impl Marks {
    /// Returns the marks of a stat, for the parts that `like` has.
    pub fn of(stat: &Stat, like: Self) -> Self {
        let mark = |version| Mark { czxid: stat.czxid, version };
        Self {
            data: like.data.map(|_| mark(stat.version)),
            acl: like.acl.map(|_| mark(stat.aversion)),
        }
    }

    /// Returns whether no part has a different mark in `other`. Parts that either of them lacks are
    /// ignored.
    fn agrees(self, other: Self) -> bool {
        let alike = |one: Option<Mark>, other: Option<Mark>| {
            one.zip(other).is_none_or(|(one, other)| {
                let one_znode = one.czxid == other.czxid || one.czxid == 0 || other.czxid == 0;
                one_znode && one.version == other.version
            })
        };
        alike(self.data, other.data) && alike(self.acl, other.acl)
    }

    /// Returns these marks, with those of `other` for the parts that these lack.
    fn or(self, other: Self) -> Self {
        Self { data: self.data.or(other.data), acl: self.acl.or(other.acl) }
    }
}

impl Image {
    fn of(before: Before) -> Self {
        let Before { data, acl, stat } = before;
        let mark = |version| Mark { czxid: stat.czxid, version };
        let marks = Marks {
            data: data.as_ref().map(|_| mark(stat.version)),
            acl: acl.as_ref().map(|_| mark(stat.aversion)),
        };
        Self {
            data: data.map(Data::from),
            acl: acl.as_ref().map(Acl::from),
            kind: Kind::of_owner(stat.ephemeral_owner),
            owner: stat.ephemeral_owner,
            marks,
        }
    }

    fn into_record(self, path: ZnodePath) -> Record {
        Record { data: self.data, acl: self.acl, kind: Some(self.kind), ..Record::bare(path) }
    }
}

impl From<Written> for Change {
    fn from(written: Written) -> Self {
        let after = written.after.map(|after| {
            let mark = |version| Mark { czxid: after.czxid, version };
            Marks { data: after.version.map(mark), acl: after.aversion.map(mark) }
        });
        Self {
            path: written.path,
            before: written.before.map(Image::of),
            after,
            is_uncertain: !written.is_certain,
        }
    }
}

impl Change {
    /// Combines this change with a later one of the same znode.
    fn then(self, later: Self) -> Result<Self, Irreversible> {
        let between = |path: String| Err(Irreversible::Between(path));
        if self.is_uncertain || later.is_uncertain {
            return between(self.path);
        }
        let (before, after) = match (self.after, later.before) {
            (None, None) => (self.before, later.after),
            (Some(left), Some(found)) if left.agrees(found.marks) => {
                let before = self.before.map(|before| Image {
                    data: before.data.or(found.data),
                    acl: before.acl.or(found.acl),
                    marks: before.marks.or(found.marks),
                    ..before
                });
                (before, later.after.map(|after| after.or(left)))
            }
            _ => return between(self.path),
        };
        Ok(Self { path: self.path, before, after, is_uncertain: false })
    }

    /// Returns an error if this session cannot undo the change.
    pub fn check(&self, session: i64) -> Result<(), Irreversible> {
        let Some(before) = &self.before else { return Ok(()) };
        let made_again = |after: Marks| {
            let znode = |marks: Marks| marks.data.or(marks.acl).map(|mark| mark.czxid);
            znode(after) != znode(before.marks)
        };
        let creates = self.after.is_none_or(made_again);
        if creates && before.kind == Kind::Ephemeral && before.owner != session {
            return Err(Irreversible::ForeignEphemeral(self.path.clone()));
        }
        if before.acl.as_ref().is_some_and(Acl::is_masked) {
            return Err(Irreversible::MaskedAcl(self.path.clone()));
        }
        Ok(())
    }
}

/// Combines changes, the earliest first, to one for each path, in walk order. A znode that was
/// created and deleted again is left out.
///
/// # Errors
/// If another client has written between two of the changes.
pub fn merge(changes: impl IntoIterator<Item = Change>) -> Result<Vec<Change>, Irreversible> {
    let mut merged: BTreeMap<String, Change> = BTreeMap::new();
    for change in changes {
        let joined = match merged.remove(&change.path) {
            Some(earlier) => earlier.then(change)?,
            None => change,
        };
        merged.insert(joined.path.clone(), joined);
    }
    let mut changes = Vec::with_capacity(merged.len());
    for change in merged.into_values() {
        if change.before.is_some() || change.after.is_some() {
            let path = ZnodePath::new(change.path.clone())
                .map_err(|_| Irreversible::NoPath(change.path.clone()))?;
            changes.push((path, change));
        }
    }
    changes.sort_by(|(one, _), (other, _)| walk_order(one, other));
    Ok(changes.into_iter().map(|(_, change)| change).collect())
}

/// Returns the steps that undo merged changes. Each change comes with the current znode, which
/// [`verify()`] has compared with it.
pub fn steps(
    changes: Vec<(Change, Option<Record>)>,
    interim: AclEntry,
) -> Result<Vec<Step>, Irreversible> {
    let mut planner = Planner::new(Rules {
        overwrite: true,
        prune: true,
        new_ephemerals: NewEphemerals::Own,
        touch_ephemerals: true,
        interim,
    });
    for (change, live) in changes {
        let path = ZnodePath::new(change.path.clone())
            .map_err(|_| Irreversible::NoPath(change.path.clone()))?;
        let pair = Pair { old: live, new: change.before.map(|before| before.into_record(path)) };
        if pair.old.is_some() || pair.new.is_some() {
            planner.add(pair);
        }
    }
    planner.finish();
    let mut steps = Vec::new();
    while let Some(planned) = planner.next_planned() {
        match planned {
            Planned::Do(step) => steps.push(step),
            Planned::Refused(refused) => return Err(Irreversible::Refused(refused)),
        }
    }
    Ok(steps)
}

/// A restored state: the znode has its earlier content with new versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Renamed {
    /// The path of the znode.
    pub path: String,
    /// The marks that it had.
    pub old: Marks,
    /// The marks that it has now.
    pub new: Marks,
}

impl Renamed {
    /// Replaces the new marks with those that were recorded during the undo, for the parts that it
    /// has written.
    #[must_use]
    pub fn made(self, changes: &[Change]) -> Self {
        let made = changes.iter().find(|change| change.path == self.path);
        let made = made.and_then(|change| change.after).unwrap_or_default();
        Self { new: made.or(self.new), ..self }
    }

    /// Replaces the old marks with the new ones in earlier changes, so that these can be undone
    /// later.
    pub fn apply(&self, changes: &mut [Change]) {
        for change in changes.iter_mut().filter(|change| change.path == self.path) {
            let before = change.before.as_mut().map(|before| &mut before.marks);
            for marks in before.into_iter().chain(change.after.as_mut()) {
                rename(&mut marks.data, self.old.data, self.new.data);
                rename(&mut marks.acl, self.old.acl, self.new.acl);
            }
        }
    }
}

/// Replaces the marks of all these znodes in the changes.
pub fn rename_all(renamed: &[Renamed], changes: &mut [Change]) {
    for renamed in renamed {
        renamed.apply(changes);
    }
}

fn rename(mark: &mut Option<Mark>, old: Option<Mark>, new: Option<Mark>) {
    if let (Some(_), Some(old), Some(new)) = (*mark, old, new)
        && *mark == Some(old)
    {
        *mark = Some(new);
    }
}

#[cfg(test)]
#[path = "undo/tests.rs"]
mod tests;
