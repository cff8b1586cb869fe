//! Writes: the checks in Apache's order (`PrepRequestProcessor`), then the changes and their events
//! (`DataTree`).

use std::sync::Arc;

use super::State;
use super::pending::{Change, Pending, Record};
use crate::sandbox::acl::{self, Acl, Id, permission};
use crate::sandbox::node::{Life, MAX_TTL};
use crate::sandbox::operation::{
    Body, Code, ConnectionId, Create, CreateKind, Data, Ending, EventType, Moment, Operation,
    Outcome, Part, SessionId,
};
use crate::sandbox::path;
use crate::sandbox::quota::{self, Page, Track};
use crate::sandbox::tree::{Seed, is_special, parent};
use crate::sandbox::watches::{News, Watches};

/// Who asks for a change.
#[derive(Clone, Copy)]
struct Asker<'a> {
    session: SessionId,
    ids: &'a [Id],
}

impl State {
    /// Makes a change under the zxid that it was given, or says why not.
    pub(super) fn write(
        &mut self,
        from: ConnectionId,
        session: SessionId,
        operation: Operation,
        now: Moment,
        outcome: &mut Outcome,
    ) -> Result<Body, Code> {
        match operation {
            Operation::Close => {
                self.close(session, outcome);
                outcome.endings.push((from, Ending::Flushed));
                return Ok(Body::Empty);
            }
            // Only the leader of an ensemble reconfigures, and only where that is enabled.
            Operation::Reconfig => return Err(Code::ReconfigDisabled),
            // The server asks this of itself; a client's request never names a path in its way.
            Operation::DeleteContainer => return Err(Code::BadArguments),
            Operation::Malformed { .. } => return Err(Code::MarshallingError),
            _ => {}
        }
        let ids = self.connections.get(&from).map(|c| c.ids.clone()).unwrap_or_default();
        let asker = Asker { session, ids: &ids };
        if let Operation::Multi(operations) = operation {
            // A create mode that is none, or a TTL that is not there, spoils the request as a whole.
            if operations.iter().any(has_no_mode) {
                return Err(Code::MarshallingError);
            }
            return Ok(Body::Several(self.multi(asker, operations, now, outcome)));
        }
        let change = self.prepare(&Pending::default(), asker, operation)?;
        Ok(match self.apply(change, now, outcome) {
            Part::Created(path) => Body::Path(path),
            Part::Created2(path, stat) => Body::Created(path, stat),
            Part::Set(stat) => Body::Stat(stat),
            _ => Body::Empty,
        })
    }

    /// Makes all changes, or none and says of each whether it could have been made.
    fn multi(
        &mut self,
        asker: Asker<'_>,
        operations: Vec<Operation>,
        now: Moment,
        outcome: &mut Outcome,
    ) -> Vec<Part> {
        let mut pending = Pending::default();
        let mut changes = Vec::with_capacity(operations.len());
        let count = operations.len();
        for operation in operations {
            match self.prepare(&pending, asker, operation) {
                Ok(change) => {
                    pending.note(&self.tree, &change);
                    changes.push(change);
                }
                Err(code) => {
                    let failed = changes.len();
                    let code = |index: usize| match index.cmp(&failed) {
                        std::cmp::Ordering::Less => Code::Ok,
                        std::cmp::Ordering::Equal => code,
                        std::cmp::Ordering::Greater => Code::RuntimeInconsistency,
                    };
                    return (0..count).map(|index| Part::Failed(code(index))).collect();
                }
            }
        }
        changes.into_iter().map(|change| self.apply(change, now, outcome)).collect()
    }

    fn prepare(
        &self,
        pending: &Pending,
        asker: Asker<'_>,
        operation: Operation,
    ) -> Result<Change, Code> {
        let record = |path: &str| pending.record(&self.tree, path).ok_or(Code::NoNode);
        match operation {
            Operation::Create(create) => self.prepare_create(pending, asker, create),
            Operation::Delete { path, version } => {
                if !path::is_plausible(&path) || is_special(&path) {
                    return Err(Code::BadArguments);
                }
                allowed(&record(parent(&path))?, permission::DELETE, asker)?;
                let node = record(&path)?;
                // The version comes before the children: a delete that is wrong both ways is of a
                // bad version.
                next_version(node.version, version)?;
                if node.children > 0 { Err(Code::NotEmpty) } else { Ok(Change::Delete { path }) }
            }
            Operation::SetData { path, data, version } => {
                path::validate(&path)?;
                let node = record(&path)?;
                allowed(&node, permission::WRITE, asker)?;
                let grows = length(&data) - signed(node.data_length);
                self.check_quota(&path, 0, grows)?;
                let version = next_version(node.version, version)?;
                Ok(Change::SetData { path, data, version })
            }
            Operation::SetAcl { path, acl, version } => {
                path::validate(&path)?;
                let acl = acl::resolve(&acl, asker.ids)?;
                let node = record(&path)?;
                allowed(&node, permission::ADMIN, asker)?;
                let aversion = next_version(node.aversion, version)?;
                Ok(Change::SetAcl { path, acl, aversion })
            }
            Operation::Check { path, version } => {
                path::validate(&path)?;
                let node = record(&path)?;
                allowed(&node, permission::READ, asker)?;
                next_version(node.version, version)?;
                Ok(Change::Check)
            }
            _ => Err(Code::MarshallingError),
        }
    }

    fn prepare_create(
        &self,
        pending: &Pending,
        asker: Asker<'_>,
        create: Create,
    ) -> Result<Change, Code> {
        let Create { kind, mut path, data, acl, flags } = create;
        let life = life(kind, flags, asker.session)?;
        if !path::is_plausible(&path) {
            return Err(Code::BadArguments);
        }
        let acl = acl::resolve(&acl, asker.ids)?;
        let above = pending.record(&self.tree, parent(&path)).ok_or(Code::NoNode)?;
        allowed(&above, permission::CREATE, asker)?;
        if matches!(flags, 2 | 3 | 6) {
            path = format!("{path}{:010}", above.created);
        }
        path::validate(&path)?;
        if pending.record(&self.tree, &path).is_some() {
            return Err(Code::NodeExists);
        }
        if matches!(above.life, Life::Ephemeral(_)) {
            return Err(Code::NoChildrenForEphemerals);
        }
        self.check_quota(&path, 1, length(&data))?;
        let created_in_parent = above.created.wrapping_add(1);
        Ok(Change::Create { kind, path, data, acl, life, created_in_parent })
    }

    /// Makes a change and tells the watchers.
    fn apply(&mut self, change: Change, now: Moment, outcome: &mut Outcome) -> Part {
        match change {
            Change::Create { kind, path, data, acl, life, created_in_parent } => {
                let bytes = length(&data);
                let seed = Seed { data, acl: Arc::clone(&acl), life, created_in_parent };
                let stat = self.tree.create(&path, seed, self.zxid, now.wall);
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
                let (stat, before) = self.tree.set_data(&path, data, version, self.zxid, now.wall);
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
        trigger: impl FnOnce(&mut Watches, &str, News<'_>),
    ) {
        let above = self.tree.get(parent(path)).map_or(&[][..], |node| &node.acl);
        let connections = &self.connections;
        let sees = |to: ConnectionId, kind: EventType| {
            let acl = if kind == EventType::ChildrenChanged { above } else { acl };
            let ids = connections.get(&to).map_or(&[][..], |connection| &connection.ids);
            acl::allows(acl, permission::READ, ids)
        };
        let news = News { events: &mut outcome.events, sees: &sees };
        trigger(&mut self.watches, path, news);
    }

    /// Ends a session: its ephemerals go, under the zxid that was given for it. Returns its
    /// connection.
    pub(super) fn close(
        &mut self,
        session: SessionId,
        outcome: &mut Outcome,
    ) -> Option<ConnectionId> {
        let paths: Vec<String> = self.tree.ephemerals(session).map(str::to_owned).collect();
        for path in paths {
            self.delete(&path, outcome);
        }
        self.sessions.close(session)
    }

    /// Deletes containers and znodes with a TTL whose end has come, each under a zxid of its own.
    pub(super) fn reap(&mut self, now: Moment, outcome: &mut Outcome) {
        for path in self.tree.overdue(now.wall) {
            self.zxid += 1;
            self.delete(&path, outcome);
        }
    }

    fn check_quota(&self, path: &str, count: i64, bytes: i64) -> Result<(), Code> {
        if !self.settings.enforce_quota {
            return Ok(());
        }
        let Some(subject) = self.quotas.subject_of(path) else { return Ok(()) };
        let track = |path: String| {
            let data = self.tree.get(&path)?.data.as_deref().unwrap_or_default();
            Some(Track::read(data))
        };
        let limits = track(quota::limits_path(subject));
        let (Some(limits), Some(used)) = (limits, track(quota::stats_path(subject))) else {
            return Ok(());
        };
        let grown = |used: i64, by: i64| (by != 0).then(|| used.saturating_add(by));
        if limits.forbids(grown(used.count, count), grown(used.bytes, bytes)) {
            return Err(Code::QuotaExceeded);
        }
        Ok(())
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

fn allowed(record: &Record, permissions: i32, asker: Asker<'_>) -> Result<(), Code> {
    if acl::allows(&record.acl, permissions, asker.ids) { Ok(()) } else { Err(Code::NoAuth) }
}

/// Returns the version after `current`, if `expected` is that or -1 for any.
fn next_version(current: i32, expected: i32) -> Result<i32, Code> {
    if expected != -1 && expected != current {
        return Err(Code::BadVersion);
    }
    Ok(current.wrapping_add(1))
}

/// Returns whether a part of a multi creates something that its create mode does not name.
fn has_no_mode(operation: &Operation) -> bool {
    matches!(operation, Operation::Create(Create { kind, flags, .. })
        if !(0..=4).contains(flags) && !matches!(kind, CreateKind::Ttl(_)))
}

/// Returns how long a znode is to live, by the kind of request and its create mode.
fn life(kind: CreateKind, flags: i32, session: SessionId) -> Result<Life, Code> {
    let with_ttl = matches!(flags, 5 | 6);
    match kind {
        _ if !(0..=6).contains(&flags) => Err(Code::BadArguments),
        CreateKind::Ttl(ttl) if with_ttl && (1..=MAX_TTL).contains(&ttl) => Ok(Life::Ttl(ttl)),
        CreateKind::Ttl(_) => Err(Code::BadArguments),
        _ if with_ttl => Err(Code::BadArguments),
        CreateKind::Container => Ok(Life::Container),
        _ if matches!(flags, 1 | 3) => Ok(Life::Ephemeral(session)),
        _ => Ok(Life::Persistent),
    }
}

fn length(data: &Data) -> i64 {
    signed(data.as_ref().map_or(0, |data| data.len()))
}

fn signed(length: usize) -> i64 {
    i64::try_from(length).expect("no length has 63 bits")
}
