//! The znodes that a script leaves.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::shell::zksh;

/// Returns a line for each znode that is left: its path, data, kind, ACL and versions. For a script
/// at the servers' own root, where other scripts run too, these are only the znodes that it names.
pub(super) fn left(script: &[String], server: &str, root: bool) -> Vec<String> {
    let tops = if root { named(script) } else { BTreeSet::from(["/".to_owned()]) };
    tops.iter().flat_map(|top| saved(server, top)).collect()
}

/// Returns the topmost znodes that the lines name, and the places of their quotas.
fn named(script: &[String]) -> BTreeSet<String> {
    let words = script.iter().flat_map(|line| line.split_whitespace());
    let names = words.filter_map(|word| word.strip_prefix('/')?.split('/').next());
    let names = names.filter(|name| !name.is_empty() && *name != "zookeeper");
    names.flat_map(|name| [format!("/{name}"), format!("/zookeeper/quota/{name}")]).collect()
}

fn saved(server: &str, top: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tree.jsonl");
    // The super user can read everything.
    let ran = zksh(server)
        .script(format!("addauth digest super:secret\nsave {top} {}\n", file.display()));
    if ran.stderr.contains("Node does not exist") {
        return Vec::new();
    }
    assert_eq!(ran.stderr, "");
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines.iter().filter_map(|record| row(top, record)).collect()
}

/// Returns a znode as one line, or `None` for the header and the end of the file.
fn row(top: &str, record: &Value) -> Option<String> {
    let path = record.get("path")?.as_str().unwrap();
    let stat = &record["stat"];
    // An ephemeral is only shown as one, because its owner differs.
    let kind = record.get("kind").map_or_else(|| "persistent".into(), Value::to_string);
    Some(format!(
        "{top} {path} data={} kind={kind} ttl={} acl={} version={} aclVersion={}",
        record["data"], record["ttl"], record["acl"], stat["version"], stat["aversion"],
    ))
}
