use super::super::diff::side_by_side;
use super::super::model::{Model, tree};
use super::super::record::path;
use super::*;
use crate::zk::Stat;
use proptest::prelude::*;

fn planned(old: &[Record], new: &[Record], rules: &Rules) -> (Vec<Step>, Vec<Refused>) {
    let all = |records: &[Record]| records.iter().cloned().map(Ok).collect::<Vec<_>>();
    let mut planner = Planner::new(rules.clone());
    for pair in side_by_side(all(old), all(new)) {
        planner.add(pair.expect("a valid pair"));
    }
    planner.finish();
    let (mut steps, mut refused) = (Vec::new(), Vec::new());
    while let Some(planned) = planner.next_planned() {
        match planned {
            Planned::Do(step) => steps.push(step),
            Planned::Refused(what) => refused.push(what),
        }
    }
    (steps, refused)
}

fn all() -> Rules {
    Rules {
        overwrite: true,
        prune: true,
        new_ephemerals: NewEphemerals::Own,
        touch_ephemerals: true,
        ..Rules::default()
    }
}

fn znode(text: &str, data: &str) -> Record {
    Record {
        data: Some(Data::Bytes(data.as_bytes().to_vec())),
        acl: Some(Acl::open()),
        kind: Some(Kind::Persistent),
        stat: Some(Stat::default()),
        ..Record::bare(path(text))
    }
}

fn ephemeral(text: &str) -> Record {
    Record { kind: Some(Kind::Ephemeral), ..znode(text, "") }
}

/// Returns the steps as `verb path`.
fn words(steps: &[Step]) -> Vec<String> {
    let verb = |step: &Step| match step {
        Step::Create { .. } => "create",
        Step::SetData { .. } => "set",
        Step::SetAcl { .. } => "setAcl",
        Step::Delete { .. } => "delete",
    };
    steps.iter().map(|step| format!("{} {}", verb(step), step.path())).collect()
}

#[test]
fn parents_are_created_first_and_deleted_last() {
    let old = [znode("/a", ""), znode("/a/b", ""), znode("/a/b/c", ""), znode("/a/d", "")];
    let new = [znode("/x", ""), znode("/x/y", "")];
    let (steps, refused) = planned(&old, &new, &all());
    assert_eq!(
        words(&steps),
        ["delete /a/b/c", "delete /a/b", "delete /a/d", "delete /a", "create /x", "create /x/y"]
    );
    assert!(refused.is_empty());
}

#[test]
fn nothing_is_overwritten_or_deleted_without_permission() {
    let old = [znode("/a", "1"), znode("/b", "1"), znode("/c", "1")];
    let new = [znode("/a", "2"), znode("/b", "1"), znode("/d", "1")];
    let (steps, refused) = planned(&old, &new, &Rules::default());
    assert_eq!(words(&steps), ["create /d"]);
    let changed = Changed { data: true, ..Changed::default() };
    assert_eq!(refused, [Refused { path: path("/a"), reason: Reason::Differs(changed) }]);
}

#[test]
fn live_ephemerals_and_their_ancestors_stay() {
    let old = [znode("/a", ""), znode("/a/b", ""), ephemeral("/a/b/e"), znode("/a/c", "")];
    let rules = Rules { touch_ephemerals: false, ..all() };
    let (steps, refused) = planned(&old, &[], &rules);
    assert_eq!(words(&steps), ["delete /a/c"]);
    assert_eq!(refused, [Refused { path: path("/a/b/e"), reason: Reason::LiveEphemeral }]);
}

#[test]
fn new_ephemerals_are_refused_or_become_persistent() {
    let new = [znode("/a", ""), ephemeral("/a/e")];
    let (steps, refused) = planned(&[], &new, &Rules::default());
    assert_eq!(words(&steps), ["create /a"]);
    assert_eq!(refused, [Refused { path: path("/a/e"), reason: Reason::NewEphemeral }]);
    let rules = Rules { new_ephemerals: NewEphemerals::Persist, ..Rules::default() };
    let (steps, _) = planned(&[], &new, &rules);
    assert!(matches!(&steps[1], Step::Create { kind: Kind::Persistent, .. }));
    // When the tree is loaded again, the znode is already persistent and nothing changes.
    let loaded = [znode("/a", ""), znode("/a/e", "")];
    assert_eq!(planned(&loaded, &new, &rules), (vec![], vec![]));
    assert_eq!(planned(&new, &new, &Rules::default()), (vec![], vec![]));
}

#[test]
fn a_kind_changes_only_together_with_the_subtree() {
    let old = [znode("/a", "1"), znode("/a/b", "2"), znode("/a/c", "3")];
    let container = Record { kind: Some(Kind::Container), ..Record::bare(path("/a")) };
    let new = [container.clone(), Record::bare(path("/a/b"))];
    let rules = Rules { prune: false, ..all() };
    let (steps, refused) = planned(&old, &new, &rules);
    assert!(steps.is_empty());
    assert_eq!(refused, [Refused { path: path("/a"), reason: Reason::KindWithChildren }]);
    let (steps, _) = planned(&old[..2], &new, &rules);
    assert_eq!(words(&steps), ["delete /a/b", "delete /a", "create /a", "create /a/b"]);
    // Parts that the second tree does not state stay the same.
    assert!(matches!(&steps[3], Step::Create { data, .. } if data.bytes() == b"2"));
    let (steps, _) = planned(&old, &new, &all());
    assert_eq!(words(&steps)[..3], ["delete /a/c", "delete /a/b", "delete /a"]);
}

#[test]
fn an_acl_that_removes_rights_is_set_after_the_subtree() {
    let narrow = |text| Record {
        acl: Some(Acl(vec![AclEntry::world(Permissions::READ)])),
        ..znode(text, "")
    };
    let (steps, _) = planned(&[], &[narrow("/a"), narrow("/a/b"), znode("/c", "")], &all());
    assert_eq!(words(&steps), ["create /a", "create /a/b", "setAcl /a", "create /c"]);
    let old = [znode("/a", ""), znode("/a/b", "")];
    let (steps, _) = planned(&old, &[narrow("/a"), znode("/a/b", "1")], &all());
    assert_eq!(words(&steps), ["set /a/b", "setAcl /a"]);
    let (steps, _) = planned(&[narrow("/a")], &[znode("/a", "1")], &all());
    assert_eq!(words(&steps), ["setAcl /a", "set /a"]);
}

#[test]
fn steps_are_kept_as_json() {
    let steps = [
        Step::Create {
            path: path("/a"),
            data: Data::Bytes(b"\xff".to_vec()),
            acl: Acl::open(),
            kind: Kind::Ttl(5),
        },
        Step::SetData { path: path("/a"), data: Data::Null, version: 3 },
        Step::SetAcl { path: path("/a"), acl: Acl::open(), version: 3 },
        Step::Delete { path: path("/a"), version: 3 },
    ];
    for step in steps {
        let json = serde_json::to_string(&step).expect("JSON");
        assert_eq!(serde_json::from_str::<Step>(&json).expect("a step"), step, "{json}");
    }
    let text = r#"{"do":"delete","path":"a","version":3}"#;
    assert!(serde_json::from_str::<Step>(text).is_err());
}

proptest! {
    #[test]
    fn a_plan_turns_any_tree_into_any_other(old in tree(), new in tree()) {
        let mut model = Model::new(&old);
        let (steps, refused) = planned(&old, &new, &all());
        prop_assert_eq!(refused, vec![]);
        for step in &steps {
            prop_assert_eq!(model.apply(step), Ok(()));
        }
        prop_assert_eq!(model.contents(), Model::new(&new).contents());
        // Nothing is left to do, and nothing was done twice.
        prop_assert_eq!(planned(&model.records(), &new, &all()), (vec![], vec![]));
    }

    #[test]
    fn an_interrupted_plan_can_be_resumed(old in tree(), new in tree(), cut in any::<prop::sample::Index>()) {
        let mut model = Model::new(&old);
        let (steps, _) = planned(&old, &new, &all());
        for step in &steps[..cut.index(steps.len() + 1)] {
            prop_assert_eq!(model.apply(step), Ok(()));
        }
        for step in planned(&model.records(), &new, &all()).0 {
            prop_assert_eq!(model.apply(&step), Ok(()));
        }
        prop_assert_eq!(model.contents(), Model::new(&new).contents());
    }

    #[test]
    fn acls_do_not_prevent_later_steps(new in tree()) {
        let mut model = Model::new(&[]);
        model.enforces = true;
        for step in planned(&[], &new, &all()).0 {
            prop_assert_eq!(model.apply(&step), Ok(()));
        }
        prop_assert_eq!(model.contents(), Model::new(&new).contents());
    }

    #[test]
    fn without_permission_existing_znodes_do_not_change(old in tree(), new in tree()) {
        let mut model = Model::new(&old);
        for step in planned(&old, &new, &Rules::default()).0 {
            // A server refuses to create children of an ephemeral.
            let created = matches!(step, Step::Create { .. });
            let settles = matches!(&step, Step::SetAcl { version: 0, .. });
            prop_assert!(created || settles);
            let _ = model.apply(&step);
        }
        for record in Model::new(&old).records() {
            prop_assert!(model.records().contains(&record));
        }
    }
}
