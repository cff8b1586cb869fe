//! Reads the files of other tools as a whole.
//!
//! `zk_shell` 1.3.4 (`cp /a json://!tmp!backup.json/a true`): one object, path to `content`
//! (base64, or null) and `acls` (`perms` as bits, `id` of `scheme` and `id`). `ZooNavigator` 1.x
//! and 2.x: an array of trees, each `{"h": {"acl", "path", "data"}, "t": [trees]}`, data in base64,
//! permissions as words; the export is compressed with gzip.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;

use super::line::check_acl;
use super::order::{Located, sort};
use crate::tree::{Acl, AclEntry, Data, Permissions, Record};
use crate::zk::ZnodePath;

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Our own format.
    Lines,
    /// The backup that `zk_shell` writes with `cp … json://`.
    ZkShell,
    /// The export of `ZooNavigator`.
    ZooNavigator,
}

/// Returns whether a file that starts with these bytes is one JSON value over many lines, instead
/// of one line for each znode.
pub(super) fn is_one_value(first: &[u8]) -> bool {
    match first {
        [b'[', ..] => true,
        [b'{', rest @ ..] => {
            let inner = rest.trim_ascii_start();
            rest.first().is_some_and(|byte| matches!(byte, b'\n' | b'\r'))
                || inner.starts_with(b"\"/")
        }
        _ => false,
    }
}

/// Reads a whole file and sorts the znodes in walk order.
pub(super) fn read(text: &[u8]) -> Result<(Format, Vec<Located>), String> {
    let (format, records) = if text.trim_ascii_start().starts_with(b"[") {
        (Format::ZooNavigator, zoo_navigator(text)?)
    } else {
        (Format::ZkShell, zk_shell(text)?)
    };
    let locate = |record| Located { line: 0, record };
    let mut records: Vec<Located> = records.into_iter().map(locate).collect();
    sort(&mut records);
    Ok((format, records))
}

#[derive(Deserialize)]
struct ZkShellZnode {
    content: Option<String>,
    #[serde(default)]
    acls: Vec<ZkShellAcl>,
}

#[derive(Deserialize)]
struct ZkShellAcl {
    perms: i64,
    id: ZkShellId,
}

#[derive(Deserialize)]
struct ZkShellId {
    scheme: String,
    id: String,
}

fn zk_shell(text: &[u8]) -> Result<Vec<Record>, String> {
    let znodes: BTreeMap<String, ZkShellZnode> = serde_json::from_slice(text)
        .map_err(|error| format!("neither a saved tree nor a backup of zk_shell: {error}"))?;
    znodes
        .into_iter()
        .map(|(path, znode)| {
            let acl = znode.acls.into_iter().map(|acl| {
                let perms = Permissions::from_bits(acl.perms)
                    .ok_or_else(|| format!("{path}: {} are not permissions", acl.perms))?;
                Ok(AclEntry { scheme: acl.id.scheme, id: acl.id.id, perms })
            });
            let acl = acl.collect::<Result<Vec<_>, String>>()?;
            let data = match znode.content {
                Some(content) => Data::Bytes(decode(&path, &content)?),
                None => Data::Null,
            };
            record(path, data, acl)
        })
        .collect()
}

#[derive(Deserialize)]
struct NavigatorTree {
    h: NavigatorZnode,
    t: Vec<Self>,
}

#[derive(Deserialize)]
struct NavigatorZnode {
    acl: Vec<NavigatorAcl>,
    path: String,
    data: String,
}

#[derive(Deserialize)]
struct NavigatorAcl {
    scheme: String,
    id: String,
    permissions: Vec<String>,
}

fn zoo_navigator(text: &[u8]) -> Result<Vec<Record>, String> {
    let trees: Vec<NavigatorTree> = serde_json::from_slice(text)
        .map_err(|error| format!("neither a saved tree nor an export of ZooNavigator: {error}"))?;
    let mut waiting = trees;
    let mut records = Vec::new();
    while let Some(NavigatorTree { h, t }) = waiting.pop() {
        waiting.extend(t);
        let acl = h.acl.into_iter().map(|acl| {
            let letters: Option<String> = acl.permissions.iter().map(|word| letter(word)).collect();
            let perms = letters
                .and_then(|letters| Permissions::from_letters(&letters))
                .ok_or_else(|| format!("{}: {:?} are not permissions", h.path, acl.permissions))?;
            Ok(AclEntry { scheme: acl.scheme, id: acl.id, perms })
        });
        let acl = acl.collect::<Result<Vec<_>, String>>()?;
        let data = Data::Bytes(decode(&h.path, &h.data)?);
        records.push(record(h.path, data, acl)?);
    }
    Ok(records)
}

fn letter(word: &str) -> Option<char> {
    Some(match word {
        "create" => 'c',
        "delete" => 'd',
        "read" => 'r',
        "write" => 'w',
        "admin" => 'a',
        _ => return None,
    })
}

fn decode(path: &str, content: &str) -> Result<Vec<u8>, String> {
    BASE64.decode(content).map_err(|_| format!("{path}: the data is not valid base64"))
}

fn record(path: String, data: Data, acl: Vec<AclEntry>) -> Result<Record, String> {
    let path = ZnodePath::new(path).map_err(|error| error.to_string())?;
    let acl = (!acl.is_empty()).then_some(Acl(acl));
    if let Some(acl) = &acl {
        check_acl(acl).map_err(|words| format!("{path}: {words}"))?;
    }
    Ok(Record { data: Some(data), acl, ..Record::bare(path) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::snapshot::TreeFile;

    fn seen(text: &str) -> Result<(Format, Vec<Record>), String> {
        let file = TreeFile::open(std::io::Cursor::new(text.as_bytes().to_vec()), "f")
            .map_err(|error| error.to_string())?;
        let records = file.records.map(|located| located.map(|located| located.record));
        Ok((file.format, records.collect::<Result<_, _>>().map_err(|error| error.to_string())?))
    }

    #[test]
    fn a_backup_of_zk_shell_is_read() {
        // The output of zk_shell 1.3.4, with the paths in another order.
        let text = r#"{
    "/app/b": {
        "content": null,
        "acls": []
    },
    "/app": {
        "content": "aGVsbG8=",
        "acls": [
            {
                "perms": 31,
                "id": {
                    "scheme": "world",
                    "id": "anyone"
                }
            }
        ]
    }
}"#;
        let (format, records) = seen(text).expect("a backup");
        assert_eq!(format, Format::ZkShell);
        assert_eq!(records[0].path.as_str(), "/app");
        assert_eq!(records[0].data, Some(Data::Bytes(b"hello".to_vec())));
        assert_eq!(records[0].acl, Some(Acl::open()));
        assert_eq!((&records[1].data, &records[1].acl), (&Some(Data::Null), &None));
        let compact = r#"{"/a": {"content": "?", "acls": []}}"#;
        assert_eq!(seen(compact), Err("f: /a: the data is not valid base64".to_owned()));
        let odd =
            r#"{"/a": {"content": "", "acls": [{"perms": 99, "id": {"scheme": "a", "id": ""}}]}}"#;
        assert_eq!(seen(odd), Err("f: /a: 99 are not permissions".to_owned()));
    }

    #[test]
    fn an_export_of_zoonavigator_is_read() {
        let text = r#"[{"h":{"acl":[{"id":"anyone","scheme":"world","permissions":["create","read"]}],
            "path":"/app","data":"AP8="},"t":[{"h":{"acl":[],"path":"/app/b","data":""},"t":[]}]}]"#;
        let (format, records) = seen(text).expect("an export");
        assert_eq!(format, Format::ZooNavigator);
        assert_eq!(records[0].data, Some(Data::Bytes(b"\x00\xff".to_vec())));
        assert_eq!(
            records[0].acl.as_ref().map(ToString::to_string).as_deref(),
            Some("world:anyone:cr")
        );
        assert_eq!(records[1].path.as_str(), "/app/b");
        let odd = text.replace("create", "fly");
        assert!(seen(&odd).is_err_and(|error| error.contains("are not permissions")));
    }

    #[test]
    fn other_json_is_rejected() {
        assert!(
            seen("[1, 2]").is_err_and(|error| error.contains("neither a saved tree nor an export"))
        );
        assert!(
            seen("{\n \"a\": 1}").is_err_and(|error| error.contains("nor a backup of zk_shell"))
        );
        let deep = "[".repeat(100_000);
        assert!(seen(&deep).is_err());
    }
}
