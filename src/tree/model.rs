//! A tree in memory that applies steps like a server. Tests check plans and undo against it.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::record::path;
use super::step::Step;
use super::{Acl, AclEntry, Data, Kind, Permissions, Record, walk_order};
use crate::zk::Stat;
use crate::zk::ZnodePath;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) data: Data,
    pub(super) acl: Acl,
    pub(super) kind: Kind,
    pub(super) version: i32,
    pub(super) aversion: i32,
    pub(super) czxid: i64,
}

/// Znodes by path. The root always exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Model {
    pub(super) nodes: BTreeMap<String, Node>,
    /// Whether ACLs are enforced, for a client that is only `world:anyone`.
    pub(super) enforces: bool,
    /// The zxid of the last creation.
    pub(super) zxid: i64,
}

impl Model {
    pub(super) fn new(records: &[Record]) -> Self {
        let mut nodes = BTreeMap::new();
        let root = Node {
            data: Data::Bytes(Vec::new()),
            acl: Acl::open(),
            kind: Kind::Persistent,
            version: 0,
            aversion: 0,
            czxid: 0,
        };
        nodes.insert("/".to_owned(), root);
        for record in records {
            let stat = record.stat.unwrap_or_default();
            let node = Node {
                data: record.data.clone().unwrap_or(Data::Null),
                acl: record.acl.clone().unwrap_or_else(Acl::open),
                kind: record.kind.unwrap_or(Kind::Persistent),
                version: stat.version,
                aversion: stat.aversion,
                czxid: 1,
            };
            nodes.insert(record.path.as_str().to_owned(), node);
        }
        Self { nodes, enforces: false, zxid: 1 }
    }

    /// Returns all znodes except the root, in walk order.
    pub(super) fn records(&self) -> Vec<Record> {
        let mut records: Vec<Record> = self
            .nodes
            .iter()
            .filter(|(text, _)| *text != "/")
            .map(|(text, node)| Record {
                path: path(text),
                data: Some(node.data.clone()),
                acl: Some(node.acl.clone()),
                kind: Some(node.kind),
                stat: Some(Stat {
                    version: node.version,
                    aversion: node.aversion,
                    czxid: node.czxid,
                    ..Stat::default()
                }),
                changed: false,
            })
            .collect();
        records.sort_by(|one, other| walk_order(&one.path, &other.path));
        records
    }

    /// Returns the znode at a path.
    pub(super) fn record(&self, path: &ZnodePath) -> Option<Record> {
        self.records().into_iter().find(|record| record.path == *path)
    }

    /// Returns the znodes without their stats.
    pub(super) fn contents(&self) -> Vec<Record> {
        let forget = |record| Record { stat: None, ..record };
        self.records().into_iter().map(forget).collect()
    }

    fn lets(&self, at: &str, perms: Permissions) -> bool {
        !self.enforces || self.nodes.get(at).is_some_and(|node| node.acl.lets_all(perms))
    }

    pub(super) fn apply(&mut self, step: &Step) -> Result<(), String> {
        let at = step.path().as_str().to_owned();
        let parent =
            step.path().parent().map_or("/".to_owned(), |parent| parent.as_str().to_owned());
        let wrong = |why: &str| Err(format!("{why}: {step:?}"));
        match step {
            Step::Create { data, acl, kind, .. } => {
                let Some(above) = self.nodes.get(&parent) else { return wrong("no parent") };
                if above.kind == Kind::Ephemeral {
                    return wrong("an ephemeral parent");
                }
                if self.nodes.contains_key(&at) {
                    return wrong("it exists");
                }
                if !self.lets(&parent, Permissions::CREATE) {
                    return wrong("not allowed");
                }
                let (data, acl, kind) = (data.clone(), acl.clone(), *kind);
                self.zxid += 1;
                let czxid = self.zxid;
                self.nodes.insert(at, Node { data, acl, kind, version: 0, aversion: 0, czxid });
            }
            Step::SetData { data, version, .. } => {
                if !self.lets(&at, Permissions::WRITE) {
                    return wrong("not allowed");
                }
                match self.nodes.get_mut(&at) {
                    Some(node) if node.version == *version => {
                        node.data = data.clone();
                        node.version += 1;
                    }
                    _ => return wrong("another version"),
                }
            }
            Step::SetAcl { acl, version, .. } => {
                if !self.lets(&at, Permissions::ADMIN) {
                    return wrong("not allowed");
                }
                match self.nodes.get_mut(&at) {
                    Some(node) if node.aversion == *version => {
                        node.acl = acl.clone();
                        node.aversion += 1;
                    }
                    _ => return wrong("another version"),
                }
            }
            Step::Delete { version, .. } => {
                if !self.lets(&parent, Permissions::DELETE) {
                    return wrong("not allowed");
                }
                if self.nodes.keys().any(|other| other.starts_with(&format!("{at}/"))) {
                    return wrong("there are children");
                }
                match self.nodes.get(&at) {
                    Some(node) if node.version == *version => {
                        self.nodes.remove(&at);
                    }
                    _ => return wrong("another version"),
                }
            }
        }
        Ok(())
    }
}

pub(super) fn data() -> impl Strategy<Value = Data> {
    prop_oneof![Just(Data::Null), prop::collection::vec(0_u8..3, 0..3).prop_map(Data::Bytes),]
}

pub(super) fn acl() -> impl Strategy<Value = Acl> {
    let entry = (prop::bool::ANY, 0_i64..32).prop_map(|(world, perms)| {
        let perms = Permissions::from_bits(perms).expect("five bits");
        let (scheme, id) = if world { ("world", "anyone") } else { ("digest", "ann:hash") };
        AclEntry { scheme: scheme.to_owned(), id: id.to_owned(), perms }
    });
    prop_oneof![
        2 => Just(Acl::open()),
        // A server removes duplicate entries.
        1 => prop::collection::vec(entry, 1..3).prop_map(|mut entries| {
            entries.dedup();
            Acl(entries)
        }),
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        6 => Just(Kind::Persistent),
        1 => Just(Kind::Ephemeral),
        1 => Just(Kind::Container),
        1 => Just(Kind::Ttl(5)),
    ]
}

pub(super) fn any_path() -> impl Strategy<Value = ZnodePath> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", "a!", "_"]), 1..4)
        .prop_map(|names| path(&format!("/{}", names.join("/"))))
}

/// Returns any tree that a server can hold, in walk order.
pub(super) fn tree() -> impl Strategy<Value = Vec<Record>> {
    let node = (any_path(), data(), acl(), kind(), 0..3, 0..3).prop_map(
        |(path, data, acl, kind, version, aversion)| Record {
            data: Some(data),
            acl: Some(acl),
            kind: Some(kind),
            stat: Some(Stat { version, aversion, ..Stat::default() }),
            ..Record::bare(path)
        },
    );
    prop::collection::vec(node, 0..12).prop_map(|records| {
        let mut nodes: BTreeMap<String, Record> = BTreeMap::new();
        for record in records {
            let mut above = record.path.parent().filter(|parent| !parent.is_root());
            while let Some(parent) = above {
                above = parent.parent().filter(|parent| !parent.is_root());
                let text = parent.as_str().to_owned();
                nodes.entry(text).or_insert_with(|| Record {
                    data: Some(Data::Null),
                    acl: Some(Acl::open()),
                    kind: Some(Kind::Persistent),
                    stat: Some(Stat::default()),
                    ..Record::bare(parent)
                });
            }
            nodes.insert(record.path.as_str().to_owned(), record);
        }
        let keys: Vec<String> = nodes.keys().cloned().collect();
        let mut records: Vec<Record> = nodes.into_values().collect();
        for record in &mut records {
            let below = format!("{}/", record.path);
            if record.kind == Some(Kind::Ephemeral)
                && keys.iter().any(|key| key.starts_with(&below))
            {
                record.kind = Some(Kind::Persistent);
            }
        }
        records.sort_by(|one, other| walk_order(&one.path, &other.path));
        records
    })
}
