//! What the checks of a write see of earlier writes that are decided but not yet applied (Apache's
//! outstanding changes).
//!
//! Some state stays old until the change is applied: an ACL after `setAcl`, the usage of a quota,
//! and a parent's count of children while the ephemerals of a closing session are deleted
//! (`PrepRequestProcessor`, from 3.4 to 3.9).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::txn::{Change, Effect, Txn};
use crate::sandbox::acl::Acl;
use crate::sandbox::node::{Lifetime, Node};
use crate::sandbox::operation::SessionId;
use crate::sandbox::tree::{Tree, parent};

/// The fields of a znode that checks need.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) acl: Arc<[Acl]>,
    pub(crate) version: i32,
    pub(crate) aversion: i32,
    pub(crate) created: i32,
    pub(crate) life: Lifetime,
    pub(crate) children: usize,
    pub(crate) data_length: usize,
}

impl Record {
    fn of(node: &Node) -> Self {
        Self {
            acl: Arc::clone(&node.acl),
            version: node.version,
            aversion: node.aversion,
            created: node.created,
            life: Lifetime::of_owner(node.owner),
            children: node.children.len(),
            data_length: node.data_length(),
        }
    }
}

/// The znodes as they will be after all pending changes; `None` means deleted.
#[derive(Debug, Default, Clone)]
pub(crate) struct Pending {
    /// Each with the zxid of the write that changes it last.
    znodes: HashMap<String, (i64, Option<Record>)>,
    /// The zxid of the write that is being recorded.
    zxid: i64,
}

impl Pending {
    /// Returns the future state of a znode.
    pub(crate) fn record(&self, tree: &Tree, path: &str) -> Option<Record> {
        match self.znodes.get(path) {
            Some((_, record)) => record.clone(),
            None => tree.get(path).map(Record::of),
        }
    }

    /// Records a transaction, so that later checks see it.
    pub(crate) fn note_txn(&mut self, tree: &Tree, txn: &Txn) {
        self.zxid = txn.zxid;
        match &txn.effect {
            Effect::Refused(_) | Effect::RefusedMulti(_) | Effect::OpenSession { .. } => {}
            Effect::One(change) => self.note(tree, change),
            Effect::Multi(changes) => {
                for change in changes {
                    self.note(tree, change);
                }
            }
            Effect::CloseSession { ephemerals, .. } => {
                for path in ephemerals {
                    self.put(path, None);
                }
            }
        }
    }

    /// Records a change, so that later operations see it.
    pub(crate) fn note(&mut self, tree: &Tree, change: &Change) {
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
                self.put(path, Some(record));
            }
            Change::Delete { path } => {
                self.update(tree, parent(path), |parent| parent.children -= 1);
                self.put(path, None);
            }
            Change::SetData { path, data, version } => self.update(tree, path, |record| {
                record.version = *version;
                record.data_length = data.as_ref().map_or(0, |data| data.len());
            }),
            Change::SetAcl { path, aversion, .. } => self.update(tree, path, |record| {
                record.aversion = *aversion;
            }),
            Change::Check => {}
        }
    }

    /// Returns the paths of a session's ephemerals, pending changes included.
    pub(crate) fn ephemerals(&self, tree: &Tree, session: SessionId) -> Vec<String> {
        let mut paths: BTreeSet<&str> = tree.ephemerals(session).collect();
        for (path, (_, record)) in &self.znodes {
            let owned =
                |record: &Record| matches!(record.life, Lifetime::Ephemeral(s) if s == session);
            match record {
                Some(record) if owned(record) => paths.insert(path),
                _ => paths.remove(&**path),
            };
        }
        paths.into_iter().map(str::to_owned).collect()
    }

    /// Forgets changes that are applied by now, up to and including the zxid `applied`.
    pub(crate) fn forget(&mut self, applied: i64) {
        self.znodes.retain(|_, (zxid, _)| *zxid > applied);
    }

    fn put(&mut self, path: &str, record: Option<Record>) {
        self.znodes.insert(path.to_owned(), (self.zxid, record));
    }

    fn update(&mut self, tree: &Tree, path: &str, update: impl FnOnce(&mut Record)) {
        let mut record = self.record(tree, path).expect("checked before the change was noted");
        update(&mut record);
        self.put(path, Some(record));
    }
}
