//! Folders, written and read again.

use proptest::prelude::*;

use super::*;
use crate::tree::record::path;
use crate::tree::{Acl, AclEntry, Kind as ZnodeKind, Permissions};

fn with(text: &str, data: &str) -> Record {
    Record { data: Some(Data::Bytes(data.as_bytes().to_vec())), ..Record::bare(path(text)) }
}

fn read(folder: &Path) -> Vec<Record> {
    let reader = FolderReader::open(folder, 1000).expect("a folder");
    reader.map(|located| located.expect("a valid znode").record).collect()
}

fn write(folder: &Path, top: &str, records: &[Record]) {
    let mut writer = FolderWriter::new(folder, Header::new(&path(top), None, None)).expect("empty");
    for (index, record) in records.iter().enumerate() {
        let has_children = records
            .get(index + 1)
            .is_some_and(|next| next.path != record.path && record.path.contains(&next.path));
        writer.add(record, has_children).expect("room");
    }
    writer.finish().expect("room");
}

#[test]
fn a_tree_survives_a_folder_unchanged() {
    let folder = tempfile::tempdir().expect("a folder");
    let records = [
        Record { data: Some(Data::Null), ..Record::bare(path("/app")) },
        with("/app/_data", "not the data of app"),
        Record { kind: Some(ZnodeKind::Container), ..with("/app/a", "x") },
        Record { acl: Some(Acl(vec![AclEntry::world(Permissions::READ)])), ..with("/app/a/b", "") },
        Record { data: Some(Data::Null), ..Record::bare(path("/app/null")) },
        with("/app/q?*%.", "odd"),
    ];
    write(folder.path(), "/app", &records);
    assert_eq!(read(folder.path()), records);
    assert!(folder.path().join("a/_data").is_file());
    assert!(folder.path().join("%5Fdata").is_file());
    let again = FolderWriter::new(folder.path(), Header::new(&path("/app"), None, None));
    assert!(again.is_err_and(|error| error.to_string().contains("not empty")));
}

#[test]
fn changed_added_and_removed_files_count() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "/", &[with("/", ""), with("/a", "1"), with("/b", "2")]);
    fs::remove_file(folder.path().join("a")).expect("there");
    fs::write(folder.path().join("b"), "3").expect("room");
    fs::write(folder.path().join("c"), "4").expect("room");
    fs::create_dir(folder.path().join(".git")).expect("room");
    assert_eq!(read(folder.path()), [with("/", ""), with("/b", "3"), with("/c", "4")]);
}

#[test]
fn a_folder_written_by_hand_states_only_data() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("a")).expect("room");
    fs::write(folder.path().join("a/b"), "1").expect("room");
    let bare = |text| Record::bare(path(text));
    assert_eq!(read(folder.path()), [bare("/"), bare("/a"), with("/a/b", "1")]);
}

#[test]
fn files_that_cannot_be_znodes_are_errors() {
    for name in ["%zz", "%2F", "%2E"] {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(name), "").expect("room");
        let seen = FolderReader::open(folder.path(), 9).expect("a folder").last();
        assert!(seen.is_some_and(|last| last.is_err()), "{name}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a"), "0123456789").expect("room");
    let seen = FolderReader::open(folder.path(), 9).expect("a folder").last();
    assert!(seen.is_some_and(|last| {
        last.is_err_and(|error| error.to_string().contains("more than 9"))
    }));
    fs::remove_file(folder.path().join("a")).expect("there");
    std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).expect("links");
    let seen = FolderReader::open(folder.path(), 9).expect("a folder").last();
    assert!(
        seen.is_some_and(|last| last.is_err_and(|error| error.to_string().contains("neither")))
    );
    let long = Record::bare(path(&format!("/{}", "x".repeat(256))));
    let other = tempfile::tempdir().expect("a folder");
    let mut writer =
        FolderWriter::new(other.path(), Header::new(&path("/"), None, None)).expect("empty");
    assert!(writer.add(&long, false).is_err_and(|error| error.to_string().contains("too long")));
}

proptest! {
    #[test]
    fn any_name_survives_as_a_file_name(name in "[^/\u{0}]{1,20}") {
        let file = encode(&name);
        prop_assert!(!file.starts_with(['.', '_']));
        prop_assert_eq!(decode(&file), Some(name));
    }
}
