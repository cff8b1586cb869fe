//! What a decided write does: the changes and their events (Apache's `DataTree`).

use std::sync::Arc;

use super::State;
use super::txn::{Change, Effect, Txn};
use crate::sandbox::acl::{self, Acl, permission};
use crate::sandbox::operation::{
    Body, Code, ConnectionId, CreateKind, Data, Ending, EventType, Outcome, Part,
};
use crate::sandbox::quota::{self, Page, Track};
use crate::sandbox::tree::{Seed, parent};
use crate::sandbox::watches::{EventSink, Watches};

impl State {
    /// Applies a transaction, and tells the watchers. Returns what the one who asked is answered.
    pub(crate) fn apply(&mut self, txn: Txn, outcome: &mut Outcome) -> Result<Body, Code> {
        self.zxid = txn.zxid;
        let time = txn.time;
        match txn.effect {
            Effect::Refused(code) => Err(code),
            Effect::RefusedMulti(codes) => {
                Ok(Body::Several(codes.into_iter().map(Part::Failed).collect()))
            }
            Effect::One(change) => Ok(match self.change(change, time, outcome) {
                Part::Created(path) => Body::Path(path),
                Part::Created2(path, stat) => Body::Created(path, stat),
                Part::Set(stat) => Body::Stat(stat),
                _ => Body::Empty,
            }),
            Effect::Multi(changes) => {
                let parts = changes.into_iter().map(|change| self.change(change, time, outcome));
                Ok(Body::Several(parts.collect()))
            }
            Effect::OpenSession { session, timeout } => {
                self.sessions.insert(session, timeout);
                Ok(Body::Empty)
            }
            Effect::CloseSession { session, ephemerals } => {
                for path in ephemerals {
                    self.delete(&path, outcome);
                }
                if let Some(connection) = self.sessions.close(session) {
                    outcome.endings.push((connection, Ending::AtOnce));
                }
                Ok(Body::Empty)
            }
        }
    }

    fn change(&mut self, change: Change, time: i64, outcome: &mut Outcome) -> Part {
        match change {
            Change::Create { kind, path, data, acl, life, created_in_parent } => {
                let bytes = length(&data);
                let seed = Seed { data, acl: Arc::clone(&acl), life, created_in_parent };
                let stat = self.tree.create(&path, seed, self.zxid, time);
                match Page::at(&path) {
                    Some(Page::Limits(subject)) => self.quotas.insert(subject),
                    Some(Page::Stats(subject)) => self.count_use(subject),
                    None => {}
                }
                self.note_use(&path, 1, bytes);
                self.tell(&path, &acl, outcome, Watches::created);
                match kind {
                    CreateKind::Create => Part::Created(path),
                    _ => Part::Created2(path, stat),
                }
            }
            Change::Delete { path } => {
                self.delete(&path, outcome);
                Part::Deleted
            }
            Change::SetData { path, data, version } => {
                let bytes = length(&data);
                let (stat, before) = self.tree.set_data(&path, data, version, self.zxid, time);
                self.note_use(&path, 0, bytes - signed(before));
                let acl = self.tree.get(&path).map(|node| Arc::clone(&node.acl));
                self.tell(&path, acl.as_deref().unwrap_or_default(), outcome, Watches::changed);
                Part::Set(stat)
            }
            Change::SetAcl { path, acl, aversion } => {
                Part::Set(self.tree.set_acl(&path, acl, aversion))
            }
            Change::Check => Part::Checked,
        }
    }

    fn delete(&mut self, path: &str, outcome: &mut Outcome) {
        let node = self.tree.delete(path, self.zxid);
        if let Some(Page::Limits(subject)) = Page::at(path) {
            self.quotas.remove(subject);
        }
        self.note_use(path, -1, -signed(node.data_length()));
        self.tell(path, &node.acl, outcome, Watches::deleted);
    }

    /// Tells the watchers who may read the znode that changed, or the one above where it is about
    /// that one's children.
    fn tell(
        &mut self,
        path: &str,
        acl: &[Acl],
        outcome: &mut Outcome,
        trigger: impl FnOnce(&mut Watches, &str, EventSink<'_>),
    ) {
        let above = self.tree.get(parent(path)).map_or(&[][..], |node| &node.acl);
        let connections = &self.connections;
        let sees = |to: ConnectionId, kind: EventType| {
            let acl = if kind == EventType::ChildrenChanged { above } else { acl };
            let ids = connections.get(&to).map_or(&[][..], |connection| &connection.ids);
            acl::allows(acl, permission::READ, ids)
        };
        let sink = EventSink { events: &mut outcome.events, sees: &sees };
        trigger(&mut self.watches, path, sink);
    }

    /// Adds to the use that is noted in the quota's znode of stats.
    fn note_use(&mut self, path: &str, count: i64, bytes: i64) {
        let Some(subject) = self.quotas.subject_of(path) else { return };
        let stats = quota::stats_path(subject);
        let Some(node) = self.tree.get(&stats) else { return };
        let mut track = Track::read(node.data.as_deref().unwrap_or_default());
        track.count = track.count.saturating_add(count);
        track.bytes = track.bytes.saturating_add(bytes);
        self.tree.note(&stats, track.write().as_bytes());
    }

    /// Notes the use of a quota that is new.
    fn count_use(&mut self, subject: &str) {
        let (nodes, bytes) = self.tree.totals(subject);
        let (count, bytes) = (signed(nodes), signed(bytes));
        let track = Track { count, bytes, hard_count: -1, hard_bytes: -1 };
        self.tree.note(&quota::stats_path(subject), track.write().as_bytes());
    }
}

pub(crate) fn length(data: &Data) -> i64 {
    signed(data.as_ref().map_or(0, |data| data.len()))
}

pub(crate) fn signed(length: usize) -> i64 {
    i64::try_from(length).expect("no length has 63 bits")
}
