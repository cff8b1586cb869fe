//! Undo: from changes to the steps that restore the state before them. Pure.
//!
//! It restores paths, data, ACLs and kinds. Versions, zxids, times and the counters of sequential
//! names belong to the server and go on.

use serde::{Deserialize, Serialize};

use super::plan::{Step, kind_json};
use super::snapshot::data_json;
use super::{Acl, Data, Kind};
use crate::zk::ZnodePath;

/// A znode as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// Its data.
    #[serde(with = "data_json")]
    pub data: Data,
    /// Who may do what with it.
    pub acl: Acl,
    /// What keeps it alive.
    #[serde(with = "kind_json")]
    pub kind: Kind,
    /// The session that owns it, if it is ephemeral; else 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub owner: i64,
    /// The version of its data.
    pub version: i32,
    /// The version of its list.
    pub aversion: i32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(owner: &i64) -> bool {
    *owner == 0
}

/// What happened to one znode: none before is a creation, none after a deletion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Where.
    pub path: String,
    /// What it was before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Image>,
    /// What it was after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Image>,
}

/// Why a change cannot be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Irreversible {
    /// An ephemeral of another session, which no one else can make.
    ForeignEphemeral(String),
    /// Its path is none.
    NoPath(String),
}

impl std::fmt::Display for Irreversible {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ForeignEphemeral(path) => {
                write!(
                    f,
                    "{path} was an ephemeral of another session, and only that session could create it"
                )
            }
            Self::NoPath(path) => write!(f, "{path} is not a path"),
        }
    }
}

/// Returns the steps that take changes back, the last change first, as `session` can take them. Each
/// checks that the znode is what the change has left.
pub fn inverse(changes: &[Change], session: i64) -> Result<Vec<Step>, Irreversible> {
    let mut steps = Vec::new();
    for change in changes.iter().rev() {
        let path = ZnodePath::new(change.path.clone())
            .map_err(|_| Irreversible::NoPath(change.path.clone()))?;
        match (&change.before, &change.after) {
            (None, Some(after)) => steps.push(Step::Delete { path, version: after.version }),
            (Some(before), None) => {
                if before.kind == Kind::Ephemeral && before.owner != session {
                    return Err(Irreversible::ForeignEphemeral(change.path.clone()));
                }
                let Image { data, acl, kind, .. } = before.clone();
                steps.push(Step::Create { path, data, acl, kind });
            }
            (Some(before), Some(after)) => {
                if before.acl != after.acl {
                    let (acl, version) = (before.acl.clone(), after.aversion);
                    steps.push(Step::SetAcl { path: path.clone(), acl, version });
                }
                if before.data != after.data {
                    let (data, version) = (before.data.clone(), after.version);
                    steps.push(Step::SetData { path, data, version });
                }
            }
            (None, None) => {}
        }
    }
    Ok(steps)
}

/// Returns the changes that are left of `changes` after steps of [`inverse`] were applied from their
/// end on: what those restored has other versions than it had.
///
/// `restored` has the path and the new versions of data and list, of each znode that was restored.
pub fn rebase<'c>(
    earlier: impl IntoIterator<Item = &'c mut Change>,
    restored: &[(String, i32, i32)],
) {
    let mut left: Vec<&(String, i32, i32)> = restored.iter().collect();
    for change in earlier {
        // Only the latest change of a path has left what was restored; those before it follow when
        // it is taken back itself.
        let known = left.iter().position(|(path, ..)| *path == change.path);
        if let Some(index) = known {
            let (_, version, aversion) = left.swap_remove(index);
            if let Some(after) = &mut change.after {
                (after.version, after.aversion) = (*version, *aversion);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tree::model::{Model, acl, any_path, data, tree};

    fn image(model: &Model, path: &str) -> Option<Image> {
        model.nodes.get(path).map(|node| Image {
            data: node.data.clone(),
            acl: node.acl.clone(),
            kind: node.kind,
            owner: if node.kind == Kind::Ephemeral { 7 } else { 0 },
            version: node.version,
            aversion: node.aversion,
        })
    }

    /// Applies a step, and tells what it changed.
    fn apply(model: &mut Model, step: &Step) -> Option<Change> {
        let path = step.path().as_str().to_owned();
        let before = image(model, &path);
        model.apply(step).ok()?;
        Some(Change { before, after: image(model, &path), path })
    }

    #[derive(Debug, Clone)]
    enum Write {
        Create(ZnodePath, Data, Acl),
        Set(ZnodePath, Data),
        SetAcl(ZnodePath, Acl),
        Delete(ZnodePath),
    }

    fn write() -> impl Strategy<Value = Write> {
        prop_oneof![
            (any_path(), data(), acl())
                .prop_map(|(path, data, acl)| Write::Create(path, data, acl)),
            (any_path(), data()).prop_map(|(path, data)| Write::Set(path, data)),
            (any_path(), acl()).prop_map(|(path, acl)| Write::SetAcl(path, acl)),
            any_path().prop_map(Write::Delete),
        ]
    }

    fn step(model: &Model, write: Write) -> Step {
        let at = |path: &ZnodePath| model.nodes.get(path.as_str());
        match write {
            Write::Create(path, data, acl) => {
                Step::Create { path, data, acl, kind: Kind::Persistent }
            }
            Write::Set(path, data) => {
                let version = at(&path).map_or(0, |node| node.version);
                Step::SetData { path, data, version }
            }
            Write::SetAcl(path, acl) => {
                let version = at(&path).map_or(0, |node| node.aversion);
                Step::SetAcl { path, acl, version }
            }
            Write::Delete(path) => {
                let version = at(&path).map_or(0, |node| node.version);
                Step::Delete { path, version }
            }
        }
    }

    #[test]
    fn an_ephemeral_of_another_session_cannot_be_made_again() {
        let image = Image {
            data: Data::Null,
            acl: Acl::open(),
            kind: Kind::Ephemeral,
            owner: 7,
            version: 0,
            aversion: 0,
        };
        let gone = [Change { path: "/e".to_owned(), before: Some(image), after: None }];
        assert_eq!(inverse(&gone, 7).map(|steps| steps.len()), Ok(1));
        assert_eq!(inverse(&gone, 8), Err(Irreversible::ForeignEphemeral("/e".to_owned())));
    }

    #[test]
    fn a_znode_that_others_have_written_is_left_alone() {
        let mut model = Model::new(&[]);
        let path = crate::tree::record::path("/a");
        let create = Step::Create {
            path: path.clone(),
            data: Data::Null,
            acl: Acl::open(),
            kind: Kind::Persistent,
        };
        let change = apply(&mut model, &create).expect("new");
        let theirs = Step::SetData { path, data: Data::Bytes(b"theirs".to_vec()), version: 0 };
        model.apply(&theirs).expect("there");
        let steps = inverse(&[change], 7).expect("reversible");
        assert!(model.apply(&steps[0]).is_err());
    }

    proptest! {
        #[test]
        fn any_sequence_of_changes_is_taken_back(
            old in tree(),
            groups in prop::collection::vec(prop::collection::vec(write(), 1..4), 1..8),
        ) {
            let mut model = Model::new(&old);
            let before = model.contents();
            let mut entries: Vec<Vec<Change>> = Vec::new();
            for group in groups {
                let mut changes = Vec::new();
                for write in group {
                    let step = step(&model, write);
                    changes.extend(apply(&mut model, &step));
                }
                entries.push(changes);
            }
            // One after the other, as `undo` is typed again and again; within an entry, a step may
            // follow another of its path, so that each is rebased on those before.
            while let Some(mut changes) = entries.pop() {
                while let Some(change) = changes.pop() {
                    let path = change.path.clone();
                    for step in inverse(&[change], 7).expect("reversible") {
                        prop_assert_eq!(model.apply(&step), Ok(()));
                    }
                    let restored: Vec<(String, i32, i32)> = image(&model, &path)
                        .map(|image| (path, image.version, image.aversion))
                        .into_iter()
                        .collect();
                    let earlier = entries.iter_mut().rev().flat_map(|entry| entry.iter_mut().rev());
                    rebase(changes.iter_mut().rev().chain(earlier), &restored);
                }
            }
            prop_assert_eq!(model.contents(), before);
        }
    }
}
