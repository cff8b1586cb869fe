//! Changes that are decided and not yet made: what the later operations of a multi see of the
//! earlier ones.

use std::collections::HashMap;
use std::sync::Arc;

use crate::sandbox::acl::Acl;
use crate::sandbox::node::{Life, Node};
use crate::sandbox::operation::{CreateKind, Data};
use crate::sandbox::tree::{Tree, parent};

/// A change that has passed all checks.
#[derive(Debug)]
pub(super) enum Change {
    Create {
        kind: CreateKind,
        path: String,
        data: Data,
        acl: Arc<[Acl]>,
        life: Life,
        /// The parent's number of creations from then on.
        created_in_parent: i32,
    },
    Delete {
        path: String,
    },
    SetData {
        path: String,
        data: Data,
        version: i32,
    },
    SetAcl {
        path: String,
        acl: Arc<[Acl]>,
        aversion: i32,
    },
    Check,
}

/// What checks need to know of a znode.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) acl: Arc<[Acl]>,
    pub(super) version: i32,
    pub(super) aversion: i32,
    pub(super) created: i32,
    pub(super) life: Life,
    pub(super) children: usize,
    pub(super) data_length: usize,
}

impl Record {
    fn of(node: &Node) -> Self {
        Self {
            acl: Arc::clone(&node.acl),
            version: node.version,
            aversion: node.aversion,
            created: node.created,
            life: Life::of_owner(node.owner),
            children: node.children.len(),
            data_length: node.data_length(),
        }
    }
}

/// The znodes as they will be once all changes are made; `None` will be gone.
#[derive(Debug, Default)]
pub(super) struct Pending(HashMap<String, Option<Record>>);

impl Pending {
    /// Returns what a znode will be.
    pub(super) fn record(&self, tree: &Tree, path: &str) -> Option<Record> {
        match self.0.get(path) {
            Some(record) => record.clone(),
            None => tree.get(path).map(Record::of),
        }
    }

    /// Notes a change for the operations that follow.
    pub(super) fn note(&mut self, tree: &Tree, change: &Change) {
        match change {
            Change::Create { path, data, acl, life, created_in_parent, .. } => {
                self.update(tree, parent(path), |parent| {
                    parent.created = *created_in_parent;
                    parent.children += 1;
                });
                let record = Record {
                    acl: Arc::clone(acl),
                    version: 0,
                    aversion: 0,
                    created: 0,
                    life: *life,
                    children: 0,
                    data_length: data.as_ref().map_or(0, |data| data.len()),
                };
                self.0.insert(path.clone(), Some(record));
            }
            Change::Delete { path } => {
                self.update(tree, parent(path), |parent| parent.children -= 1);
                self.0.insert(path.clone(), None);
            }
            Change::SetData { path, data, version } => self.update(tree, path, |record| {
                record.version = *version;
                record.data_length = data.as_ref().map_or(0, |data| data.len());
            }),
            Change::SetAcl { path, acl, aversion } => self.update(tree, path, |record| {
                record.acl = Arc::clone(acl);
                record.aversion = *aversion;
            }),
            Change::Check => {}
        }
    }

    fn update(&mut self, tree: &Tree, path: &str, update: impl FnOnce(&mut Record)) {
        let mut record = self.record(tree, path).expect("checked before the change was noted");
        update(&mut record);
        self.0.insert(path.to_owned(), Some(record));
    }
}
