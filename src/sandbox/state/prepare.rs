//! Checks of writes, in the order of Apache's `PrepRequestProcessor`.

use super::State;
use super::apply::{length, signed};
use super::pending::{Pending, Record};
use super::txn::{Change, Effect};
use crate::sandbox::acl::{self, Id, permission};
use crate::sandbox::node::{Lifetime, MAX_TTL};
use crate::sandbox::operation::{Code, Create, CreateKind, Operation, SessionId};
use crate::sandbox::path;
use crate::sandbox::quota::{self, Track};
use crate::sandbox::tree::{is_special, parent};

/// The client that requests a change.
#[derive(Clone, Copy)]
pub(crate) struct Requester<'a> {
    pub(crate) session: SessionId,
    pub(crate) ids: &'a [Id],
}

impl State {
    /// Checks a write, and returns the effect that it will have.
    pub(crate) fn decide(
        &self,
        pending: &Pending,
        requester: Requester<'_>,
        operation: Operation,
    ) -> Effect {
        match operation {
            // An invalid create mode or a missing TTL makes the whole request malformed.
            Operation::Multi(operations) if operations.iter().any(has_no_mode) => {
                Effect::Refused(Code::MarshallingError)
            }
            Operation::Multi(operations) => self.decide_multi(pending, requester, operations),
            Operation::Close => {
                let session = requester.session;
                Effect::CloseSession {
                    session,
                    ephemerals: pending.ephemerals(&self.tree, session),
                }
            }
            // Only the leader of an ensemble can reconfigure, and only if that is enabled.
            Operation::Reconfig => Effect::Refused(Code::ReconfigDisabled),
            // The server uses this operation itself; a client's request is always refused.
            Operation::DeleteContainer => Effect::Refused(Code::BadArguments),
            operation => self
                .prepare(pending, requester, operation)
                .map_or_else(Effect::Refused, Effect::One),
        }
    }

    /// Decides all changes of a multi. If one fails, none is made and each gets an error code.
    fn decide_multi(
        &self,
        pending: &Pending,
        requester: Requester<'_>,
        operations: Vec<Operation>,
    ) -> Effect {
        let mut together = pending.clone();
        let mut changes = Vec::with_capacity(operations.len());
        let count = operations.len();
        for operation in operations {
            match self.prepare(&together, requester, operation) {
                Ok(change) => {
                    together.note(&self.tree, &change);
                    changes.push(change);
                }
                Err(code) => {
                    let failed = changes.len();
                    let code = |index: usize| match index.cmp(&failed) {
                        std::cmp::Ordering::Less => Code::Ok,
                        std::cmp::Ordering::Equal => code,
                        std::cmp::Ordering::Greater => Code::RuntimeInconsistency,
                    };
                    return Effect::RefusedMulti((0..count).map(code).collect());
                }
            }
        }
        Effect::Multi(changes)
    }

    fn prepare(
        &self,
        pending: &Pending,
        requester: Requester<'_>,
        operation: Operation,
    ) -> Result<Change, Code> {
        let record = |path: &str| pending.record(&self.tree, path).ok_or(Code::NoNode);
        match operation {
            Operation::Create(create) => self.prepare_create(pending, requester, create),
            Operation::Delete { path, version } => {
                if !path::is_plausible(&path) || is_special(&path) {
                    return Err(Code::BadArguments);
                }
                allowed(&record(parent(&path))?, permission::DELETE, requester)?;
                let node = record(&path)?;
                // Apache checks the version before the children, so a delete that fails both checks
                // reports BadVersion.
                next_version(node.version, version)?;
                if node.children > 0 { Err(Code::NotEmpty) } else { Ok(Change::Delete { path }) }
            }
            Operation::SetData { path, data, version } => {
                path::validate(&path)?;
                let node = record(&path)?;
                allowed(&node, permission::WRITE, requester)?;
                let grows = length(&data) - signed(node.data_length);
                self.check_quota(&path, 0, grows)?;
                let version = next_version(node.version, version)?;
                Ok(Change::SetData { path, data, version })
            }
            Operation::SetAcl { path, acl, version } => {
                path::validate(&path)?;
                let acl =
                    acl::resolve(&acl, requester.ids, self.schemes()).ok_or(Code::InvalidAcl)?;
                let node = record(&path)?;
                allowed(&node, permission::ADMIN, requester)?;
                let aversion = next_version(node.aversion, version)?;
                Ok(Change::SetAcl { path, acl, aversion })
            }
            Operation::Check { path, version } => {
                path::validate(&path)?;
                let node = record(&path)?;
                allowed(&node, permission::READ, requester)?;
                next_version(node.version, version)?;
                Ok(Change::Check)
            }
            _ => Err(Code::MarshallingError),
        }
    }

    fn prepare_create(
        &self,
        pending: &Pending,
        requester: Requester<'_>,
        create: Create,
    ) -> Result<Change, Code> {
        let Create { kind, mut path, data, acl, flags } = create;
        let life = life(kind, flags, requester.session)?;
        if !path::is_plausible(&path) {
            return Err(Code::BadArguments);
        }
        let acl = acl::resolve(&acl, requester.ids, self.schemes()).ok_or(Code::InvalidAcl)?;
        let above = pending.record(&self.tree, parent(&path)).ok_or(Code::NoNode)?;
        allowed(&above, permission::CREATE, requester)?;
        if matches!(flags, 2 | 3 | 6) {
            path = format!("{path}{:010}", above.created);
        }
        path::validate(&path)?;
        if pending.record(&self.tree, &path).is_some() {
            return Err(Code::NodeExists);
        }
        if matches!(above.life, Lifetime::Ephemeral(_)) {
            return Err(Code::NoChildrenForEphemerals);
        }
        self.check_quota(&path, 1, length(&data))?;
        let created_in_parent = above.created.wrapping_add(1);
        Ok(Change::Create { kind, path, data, acl, life, created_in_parent })
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
}

fn allowed(record: &Record, permissions: i32, requester: Requester<'_>) -> Result<(), Code> {
    if acl::allows(&record.acl, permissions, requester.ids) { Ok(()) } else { Err(Code::NoAuth) }
}

/// Returns the version after `current`, or an error unless `expected` is `current` or -1.
fn next_version(current: i32, expected: i32) -> Result<i32, Code> {
    if expected != -1 && expected != current {
        return Err(Code::BadVersion);
    }
    Ok(current.wrapping_add(1))
}

/// Returns whether a part of a multi is a create whose create mode is invalid.
fn has_no_mode(operation: &Operation) -> bool {
    matches!(operation, Operation::Create(Create { kind, flags, .. })
        if !(0..=4).contains(flags) && !matches!(kind, CreateKind::Ttl(_)))
}

/// Returns the lifetime of a new znode, given its kind of request and its create mode.
fn life(kind: CreateKind, flags: i32, session: SessionId) -> Result<Lifetime, Code> {
    let with_ttl = matches!(flags, 5 | 6);
    match kind {
        _ if !(0..=6).contains(&flags) => Err(Code::BadArguments),
        CreateKind::Ttl(ttl) if with_ttl && (1..=MAX_TTL).contains(&ttl) => Ok(Lifetime::Ttl(ttl)),
        CreateKind::Ttl(_) => Err(Code::BadArguments),
        _ if with_ttl => Err(Code::BadArguments),
        CreateKind::Container => Ok(Lifetime::Container),
        _ if matches!(flags, 1 | 3) => Ok(Lifetime::Ephemeral(session)),
        _ => Ok(Lifetime::Persistent),
    }
}
