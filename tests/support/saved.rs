//! A tree as `save` writes it.

use serde_json::Value;

use super::shell::zksh;

/// Returns a line for each znode below `root`, as `save` writes it, without what differs from run to
/// run. Who is asked sees everything, where the server knows `super:secret`.
pub(crate) fn saved(server: &str, root: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tree.jsonl");
    let save = format!("addauth digest super:secret\nsave {root} {}\n", file.display());
    let saved = zksh(server).script(&save);
    assert_eq!((saved.status, saved.stderr.as_str()), (0, ""));
    let lines = std::fs::read_to_string(&file).unwrap();
    lines.lines().filter_map(without_times).collect()
}

/// Returns a znode of a saved tree without zxids and times; none for any other line.
fn without_times(line: &str) -> Option<String> {
    let mut record: Value = serde_json::from_str(line).unwrap();
    record.get("path")?;
    if let Some(stat) = record.get_mut("stat").and_then(Value::as_object_mut) {
        for key in ["czxid", "ctime", "mzxid", "mtime", "pzxid"] {
            assert!(stat.remove(key).is_some(), "{key}: {line}");
        }
    }
    Some(record.to_string())
}
