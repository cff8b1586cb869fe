use proptest::prelude::*;

use super::*;
use crate::tree::Permissions;
use crate::tree::model::{Model, acl, any_path, data, tree};

const SESSION: i64 = 7;

fn interim() -> AclEntry {
    AclEntry::world(Permissions::ALL)
}

/// Applies a step, and records the change as the session does.
fn apply(model: &mut Model, step: &Step) -> Option<Change> {
    let path = step.path().clone();
    let before = model.record(&path);
    model.apply(step).ok()?;
    let after = model.record(&path);
    let (of_data, of_acl) = match step {
        Step::SetData { .. } => (true, false),
        Step::SetAcl { .. } => (false, true),
        Step::Create { .. } | Step::Delete { .. } => (true, true),
    };
    let marks = |record: &Record| {
        let some = |is: bool| is.then_some(Mark { czxid: 0, version: 0 });
        let like = Marks { data: some(of_data), acl: some(of_acl) };
        Marks::of(&record.stat.unwrap_or_default(), like)
    };
    let image = |record: Record| Image {
        marks: marks(&record),
        data: record.data.filter(|_| of_data),
        acl: record.acl.filter(|_| of_acl),
        kind: record.kind.unwrap_or(Kind::Persistent),
        owner: if record.kind == Some(Kind::Ephemeral) { SESSION } else { 0 },
    };
    Some(Change {
        path: path.as_str().to_owned(),
        after: after.as_ref().map(marks),
        before: before.map(image),
        is_uncertain: false,
    })
}

/// Undoes changes. Returns the new changes that this makes, and the restored states.
fn take_back(model: &mut Model, changes: &[Change]) -> (Vec<Change>, Vec<Renamed>) {
    let merged = merge(changes.iter().cloned()).expect("nobody else has written");
    let mut live = Vec::new();
    for change in &merged {
        let path = ZnodePath::new(change.path.clone()).expect("a path");
        let record = model.record(&path);
        assert_eq!(verify(change, record.as_ref()), Ok(Verified::Applied));
        assert_eq!(change.check(SESSION), Ok(()));
        live.push((change.clone(), record));
    }
    let steps = steps(live, interim()).expect("reversible");
    let made: Vec<Change> =
        steps.iter().map(|step| apply(model, step).expect("it can be applied")).collect();
    let renamed = merged.iter().filter_map(|change| {
        let before = change.before.as_ref()?;
        let path = ZnodePath::new(change.path.clone()).expect("a path");
        let now = model.record(&path).expect("restored");
        let new = Marks::of(&now.stat.unwrap_or_default(), before.marks);
        Some(Renamed { path: change.path.clone(), old: before.marks, new })
    });
    (made, renamed.collect())
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
        (any_path(), data(), acl()).prop_map(|(path, data, acl)| Write::Create(path, data, acl)),
        (any_path(), data()).prop_map(|(path, data)| Write::Set(path, data)),
        (any_path(), acl()).prop_map(|(path, acl)| Write::SetAcl(path, acl)),
        any_path().prop_map(Write::Delete),
    ]
}

fn step(model: &Model, write: Write) -> Step {
    let at = |path: &ZnodePath| model.nodes.get(path.as_str());
    match write {
        Write::Create(path, data, acl) => Step::Create { path, data, acl, kind: Kind::Persistent },
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

fn ephemeral(owner: i64) -> Change {
    let mark = Some(Mark { czxid: 3, version: 0 });
    let before = Image {
        data: Some(Data::Null),
        acl: Some(Acl::open()),
        kind: Kind::Ephemeral,
        owner,
        marks: Marks { data: mark, acl: mark },
    };
    Change { path: "/e".to_owned(), before: Some(before), after: None, is_uncertain: false }
}

#[test]
fn an_ephemeral_of_another_session_cannot_be_made_again() {
    assert_eq!(ephemeral(7).check(7), Ok(()));
    assert_eq!(ephemeral(7).check(8), Err(Irreversible::ForeignEphemeral("/e".to_owned())));
    // Only its data was written, so the znode still exists.
    let mark = Some(Mark { czxid: 3, version: 1 });
    let written = Change { after: Some(Marks { data: mark, acl: None }), ..ephemeral(7) };
    assert_eq!(written.check(8), Ok(()));
}

#[test]
fn a_znode_written_by_others_is_not_undone() {
    let mark = |czxid, version| Some(Mark { czxid, version });
    let change = Change {
        path: "/a".to_owned(),
        before: None,
        after: Some(Marks { data: mark(5, 1), acl: mark(5, 0) }),
        is_uncertain: false,
    };
    let live = |czxid, version, aversion| Record {
        stat: Some(Stat { czxid, version, aversion, ..Stat::default() }),
        ..Record::bare(crate::tree::record::path("/a"))
    };
    let said = |live: Option<&Record>| verify(&change, live).map_err(|moved| moved.to_string());
    assert_eq!(said(Some(&live(5, 1, 0))), Ok(Verified::Applied));
    for (live, words) in [
        (Some(live(5, 3, 0)), "/a was written since: version 3 now, 1 then"),
        (Some(live(5, 1, 2)), "/a has another ACL since: ACL version 2 now, 0 then"),
        (Some(live(6, 1, 0)), "/a was deleted and created again since"),
        (None, "/a was deleted since"),
    ] {
        assert_eq!(said(live.as_ref()), Err(words.to_owned()));
    }
    let deleted = Change { before: ephemeral(7).before, after: None, ..change };
    let again = verify(&deleted, Some(&live(9, 0, 0))).map_err(|moved| moved.to_string());
    assert_eq!(again, Err("/a was created again since".to_owned()));
}

#[test]
fn a_write_without_a_reply_is_verified_by_reading_the_znode() {
    let mark = |version| Some(Mark { czxid: 5, version });
    let before = Image {
        data: Some(Data::Null),
        acl: None,
        kind: Kind::Persistent,
        owner: 0,
        marks: Marks { data: mark(1), acl: None },
    };
    let change = Change {
        path: "/a".to_owned(),
        before: Some(before),
        after: Some(Marks { data: mark(2), acl: None }),
        is_uncertain: true,
    };
    let live = |version| Record {
        stat: Some(Stat { czxid: 5, version, ..Stat::default() }),
        ..Record::bare(crate::tree::record::path("/a"))
    };
    assert_eq!(verify(&change, Some(&live(1))), Ok(Verified::NotApplied));
    assert_eq!(verify(&change, Some(&live(2))), Ok(Verified::Applied));
    assert!(verify(&change, Some(&live(3))).is_err());
}

#[test]
fn writes_of_others_between_two_changes_are_kept() {
    let mut model = Model::new(&[]);
    let path = crate::tree::record::path("/a");
    let set = |data: &[u8], version| {
        let (path, data) = (path.clone(), Data::Bytes(data.to_vec()));
        Step::SetData { path, data, version }
    };
    let (data, acl, kind) = (Data::Null, Acl::open(), Kind::Persistent);
    let create = Step::Create { path: path.clone(), data, acl, kind };
    let first = apply(&mut model, &create).expect("new");
    model.apply(&set(b"theirs", 0)).expect("there");
    let second = apply(&mut model, &set(b"mine", 1)).expect("there");
    assert_eq!(merge([first, second]), Err(Irreversible::Between("/a".to_owned())));
}

#[test]
fn changes_round_trip_through_json() {
    let json = serde_json::to_string(&ephemeral(7)).expect("JSON");
    assert_eq!(serde_json::from_str::<Change>(&json).expect("a change"), ephemeral(7));
    let Change { before: Some(before), .. } = ephemeral(7) else { panic!("it has one") };
    let bare = Image { data: None, ..before };
    let json = serde_json::to_string(&bare).expect("JSON");
    assert_eq!(serde_json::from_str::<Image>(&json).expect("an image"), bare);
}

proptest! {
    #[test]
    fn any_sequence_of_changes_can_be_undone(
        old in tree(),
        groups in prop::collection::vec(prop::collection::vec(write(), 1..4), 1..8),
        sizes in prop::collection::vec(1_usize..3, 8),
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
        let after = model.contents();
        // Types `undo N` repeatedly, and then restores everything by undoing each undo.
        let mut undone: Vec<Vec<Change>> = Vec::new();
        for size in sizes {
            let start = entries.len().saturating_sub(size);
            let together: Vec<Change> = entries.split_off(start).into_iter().flatten().collect();
            let (made, renamed) = take_back(&mut model, &together);
            undone.push(made);
            for changes in entries.iter_mut().chain(&mut undone) {
                rename_all(&renamed, changes);
            }
        }
        while let Some(changes) = entries.pop() {
            let (made, renamed) = take_back(&mut model, &changes);
            undone.push(made);
            for changes in entries.iter_mut().chain(&mut undone) {
                rename_all(&renamed, changes);
            }
        }
        prop_assert_eq!(model.contents(), before);
        while let Some(changes) = undone.pop() {
            let (_, renamed) = take_back(&mut model, &changes);
            for changes in &mut undone {
                rename_all(&renamed, changes);
            }
        }
        prop_assert_eq!(model.contents(), after);
    }
}
