//! The only bulk writer. It applies steps in order, with many steps in a transaction and several
//! transactions in flight.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use futures_util::stream::{FuturesOrdered, StreamExt};

use super::Kind;
use super::in_flight::InFlight;
use super::step::Step;
use crate::error::{Code, Error, Kind as ErrorKind, Result};
use crate::session::{CreateMode, Operation, Session};
use crate::zk::{Acl, ZnodePath};

/// The maximum number of operations in one transaction. While a server processes a transaction,
/// other requests wait.
const MAX_STEPS: usize = 256;

/// The maximum number of bytes in one transaction, which is below the limit of every server.
const MAX_BYTES: usize = 512 << 10;

/// The bytes of a transaction besides its operations.
const FIXED_BYTES: usize = 64;

/// The maximum number of ACLs that are set at once. Each needs a request, because a transaction
/// cannot set ACLs.
const MAX_ACLS: usize = 64;

/// The maximum number of failures that are reported individually. Further ones are only counted.
const MAX_NAMED_FAILURES: usize = 1000;

/// The number of applied steps by their effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Counts {
    /// Znodes that were created.
    pub created: u64,
    /// Znodes whose data was replaced.
    pub set: u64,
    /// Znodes whose ACL was replaced.
    #[serde(rename = "aclsSet")]
    pub acls: u64,
    /// Znodes that were deleted.
    pub deleted: u64,
}

impl Counts {
    /// Counts a step.
    pub fn add(&mut self, step: &Step) {
        match step {
            Step::Create { .. } => self.created += 1,
            Step::SetData { .. } => self.set += 1,
            Step::SetAcl { .. } => self.acls += 1,
            Step::Delete { .. } => self.deleted += 1,
        }
    }

    /// Returns the sum of all counts.
    pub fn total(self) -> u64 {
        self.created + self.set + self.acls + self.deleted
    }

    /// Returns the counts as text, such as `2 created, 1 changed`, or `nothing` if all are zero.
    pub fn words(self) -> String {
        let all = [
            (self.created, "created"),
            (self.set, "changed"),
            (self.acls, "with another ACL"),
            (self.deleted, "deleted"),
        ];
        let said: Vec<String> = all
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        if said.is_empty() { "nothing".to_owned() } else { said.join(", ") }
    }
}

/// The steps of a batch with their results.
type Results = Vec<(Step, Result<()>)>;

/// Applies steps with a session.
pub struct Applier {
    session: Session,
    max_bytes: usize,
    /// Whether the steps of a refused transaction are not tried one by one.
    is_strict: bool,
    batch: Vec<Step>,
    bytes: usize,
    /// ACLs that still have to be set. No later step is below their znodes.
    lists: Vec<Step>,
    in_flight: FuturesOrdered<BoxFuture<'static, Results>>,
    limit: InFlight,
    /// The steps that were applied so far.
    pub applied: Counts,
    failed: u64,
    failures: Vec<Error>,
    /// Znodes that could not be created or deleted. A failure that only follows from one of these
    /// is not reported.
    blocked: BTreeSet<String>,
}

impl Applier {
    /// Returns an applier without any steps.
    pub fn new(session: &Session) -> Self {
        Self {
            session: session.clone(),
            max_bytes: MAX_BYTES.min(session.max_request().saturating_sub(FIXED_BYTES)),
            is_strict: false,
            batch: Vec::new(),
            bytes: FIXED_BYTES,
            lists: Vec::new(),
            in_flight: FuturesOrdered::new(),
            limit: InFlight::new(session),
            applied: Counts::default(),
            failed: 0,
            failures: Vec::new(),
            blocked: BTreeSet::new(),
        }
    }

    /// Turns off the retry of the steps of a refused transaction one by one.
    #[must_use]
    pub fn strict(self) -> Self {
        Self { is_strict: true, ..self }
    }

    /// Applies a step after all earlier steps that it depends on. An error concerns the whole
    /// operation: it tells how many steps were applied.
    pub async fn apply(&mut self, step: Step) -> Result<()> {
        if matches!(step, Step::SetAcl { .. }) {
            self.lists.push(step);
            return if self.lists.len() < MAX_ACLS { Ok(()) } else { self.set_lists().await };
        }
        if self.lists.iter().any(|list| list.path().contains(step.path())) {
            self.set_lists().await?;
        }
        let length = step.wire_length() + self.session.chroot_bytes();
        if self.bytes + length > self.max_bytes || self.batch.len() >= MAX_STEPS {
            self.send().await?;
        }
        self.bytes += length;
        self.batch.push(step);
        Ok(())
    }

    /// Waits for all requests. Returns the number of refused steps, and the reasons.
    pub async fn finish(&mut self) -> Result<(u64, Vec<Error>)> {
        self.set_lists().await?;
        Ok((self.failed, std::mem::take(&mut self.failures)))
    }

    /// Sends the collected steps.
    async fn send(&mut self) -> Result<()> {
        // Many bytes are as much work for a server as many steps.
        let work = self.batch.len().max(self.bytes * MAX_STEPS / MAX_BYTES);
        while !self.limit.has_room(work) {
            self.receive().await?;
        }
        let steps = std::mem::take(&mut self.batch);
        self.bytes = FIXED_BYTES;
        if !steps.is_empty() {
            self.limit.record_sent(work);
            self.in_flight.push_back(Box::pin(run(self.session.clone(), steps, self.is_strict)));
        }
        Ok(())
    }

    /// Sends the collected steps and then sets the ACLs, each with a request of its own because a
    /// transaction cannot set ACLs.
    async fn set_lists(&mut self) -> Result<()> {
        self.send().await?;
        while !self.in_flight.is_empty() {
            self.receive().await?;
        }
        let lists = std::mem::take(&mut self.lists);
        let results = apply_each(&self.session, lists).await;
        self.note(results)
    }

    async fn receive(&mut self) -> Result<()> {
        match self.in_flight.next().await {
            Some(results) => {
                self.limit.record_answered();
                self.note(results)
            }
            None => Ok(()),
        }
    }

    fn note(&mut self, results: Results) -> Result<()> {
        for (step, result) in results {
            match result {
                Ok(()) => self.applied.add(&step),
                Err(error) if error.kind() == ErrorKind::Refused => self.refuse(&step, error),
                Err(error) => {
                    let done = format!("before that: {}", self.applied.words());
                    return Err(error.with_detail(done));
                }
            }
        }
        Ok(())
    }

    fn refuse(&mut self, step: &Step, error: Error) {
        let path = step.path();
        let is_above =
            |blocked: &str| ZnodePath::new(blocked).is_ok_and(|blocked| blocked.contains(path));
        let is_below =
            |blocked: &str| ZnodePath::new(blocked).is_ok_and(|blocked| path.contains(&blocked));
        let follows = match error.code_of() {
            // Another client has deleted it already.
            Some(Code::NoNode) if matches!(step, Step::Delete { .. }) => {
                self.applied.add(step);
                return;
            }
            Some(Code::NoNode) => self.blocked.iter().any(|blocked| is_above(blocked)),
            Some(Code::NotEmpty) => self.blocked.iter().any(|blocked| is_below(blocked)),
            _ => false,
        };
        if matches!(step, Step::Create { .. } | Step::Delete { .. })
            && self.blocked.len() < MAX_NAMED_FAILURES
        {
            self.blocked.insert(path.as_str().to_owned());
        }
        self.failed += 1;
        if !follows && self.failures.len() < MAX_NAMED_FAILURES {
            self.failures.push(error);
        }
    }
}

/// Applies steps as one transaction. If it is refused, applies each step by itself, which also
/// tells which step is refused and why.
async fn run(session: Session, steps: Vec<Step>, is_strict: bool) -> Results {
    let operations: Vec<Operation> = steps.iter().filter_map(operation).collect();
    if operations.len() > 1 {
        let error = match session.transact(&operations).await {
            Ok(Ok(_)) => return steps.into_iter().map(|step| (step, Ok(()))).collect(),
            Ok(Err((_, error))) | Err(error) => error,
        };
        if is_strict || error.kind() != ErrorKind::Refused {
            return steps.into_iter().map(|step| (step, Err(error.clone()))).collect();
        }
    }
    apply_each(&session, steps).await
}

/// Applies each step by itself. The requests leave in order.
async fn apply_each(session: &Session, steps: Vec<Step>) -> Results {
    let results = join_all(steps.iter().map(|step| apply_one(session, step))).await;
    steps.into_iter().zip(results).collect()
}

async fn apply_one(session: &Session, step: &Step) -> Result<()> {
    match step {
        Step::Create { path, data, acl, kind } => {
            session.create(path.as_str(), data, mode(*kind), &Acl::from(acl)).await.map(drop)
        }
        Step::SetData { path, data, version } => {
            session.set_data(path, data, Some(*version)).await.map(drop)
        }
        Step::SetAcl { path, acl, version } => {
            session.set_acl(path, &Acl::from(acl), Some(*version)).await.map(drop)
        }
        Step::Delete { path, version } => session.delete(path, Some(*version)).await,
    }
}

/// Returns the operation of a transaction that corresponds to a step, or none for an ACL.
fn operation(step: &Step) -> Option<Operation> {
    Some(match step {
        Step::Create { path, data, acl, kind } => Operation::Create {
            prefix: path.to_shared(),
            data: data.into(),
            mode: mode(*kind),
            acl: Acl::from(acl),
        },
        Step::SetData { path, data, version } => {
            Operation::Set { path: path.clone(), data: data.into(), version: Some(*version) }
        }
        Step::Delete { path, version } => {
            Operation::Delete { path: path.clone(), version: Some(*version) }
        }
        Step::SetAcl { .. } => return None,
    })
}

fn mode(kind: Kind) -> CreateMode {
    match kind {
        Kind::Persistent => CreateMode::default(),
        Kind::Ephemeral => CreateMode { ephemeral: true, ..CreateMode::default() },
        Kind::Container => CreateMode { container: true, ..CreateMode::default() },
        Kind::Ttl(milliseconds) => {
            CreateMode { ttl: Some(Duration::from_millis(milliseconds)), ..CreateMode::default() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_shown_as_text() {
        let mut counts = Counts::default();
        assert_eq!(counts.words(), "nothing");
        let path = ZnodePath::root().child("a");
        counts.add(&Step::Delete { path: path.clone(), version: 0 });
        counts.add(&Step::SetAcl { path, acl: crate::tree::Acl::open(), version: 0 });
        assert_eq!(counts.words(), "1 with another ACL, 1 deleted");
        assert_eq!(counts.total(), 2);
    }
}
