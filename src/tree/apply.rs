//! The only bulk writer: applies steps in order, many in a transaction, several transactions in
//! flight.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use futures_util::stream::{FuturesOrdered, StreamExt};

use super::Kind;
use super::in_flight::InFlight;
use super::plan::Step;
use crate::error::{Code, Error, Kind as ErrorKind, Result};
use crate::session::{CreateMode, Operation, Session};
use crate::zk::{Acl, ZnodePath};

/// The most operations of one transaction: it holds up all others.
const MOST_STEPS: usize = 256;

/// The most bytes of one transaction, so that it stays below the limit of every server.
const MOST_BYTES: usize = 512 << 10;

/// Bytes of a transaction that are none of its operations.
const FIXED_BYTES: usize = 64;

/// Lists that are set at once, each by a request: a transaction cannot.
const MOST_LISTS: usize = 64;

/// Failures that are told one by one; of more only the number is told.
const TOLD_FAILURES: usize = 1000;

/// How many steps were applied, by what they did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Counts {
    /// Znodes that were made.
    pub created: u64,
    /// Znodes whose data was replaced.
    pub set: u64,
    /// Znodes whose list was replaced.
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

    /// Returns all of them.
    pub fn total(self) -> u64 {
        self.created + self.set + self.acls + self.deleted
    }

    /// Returns them in words: `2 created, 1 changed`; `nothing` where there is nothing.
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

/// What came of each step of a batch.
type Results = Vec<(Step, Result<()>)>;

/// Applies steps.
pub struct Applier {
    session: Session,
    max_bytes: usize,
    /// Whether a transaction that is refused is not tried step by step.
    is_strict: bool,
    batch: Vec<Step>,
    bytes: usize,
    /// Lists that are still to be set. Nothing that comes behind them is below them.
    lists: Vec<Step>,
    in_flight: FuturesOrdered<BoxFuture<'static, Results>>,
    limit: InFlight,
    /// What was applied so far.
    pub applied: Counts,
    failed: u64,
    failures: Vec<Error>,
    /// Znodes that could not be made, or deleted: what fails for that alone is not told again.
    blocked: BTreeSet<String>,
}

impl Applier {
    /// Begins.
    pub fn new(session: &Session) -> Self {
        Self {
            session: session.clone(),
            max_bytes: MOST_BYTES.min(session.max_request().saturating_sub(FIXED_BYTES)),
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

    /// Does not try the steps of a refused transaction one by one.
    #[must_use]
    pub fn strict(self) -> Self {
        Self { is_strict: true, ..self }
    }

    /// Applies a step behind all before it that it hangs on. An error is about the whole: it says how
    /// far it came.
    pub async fn apply(&mut self, step: Step) -> Result<()> {
        if matches!(step, Step::SetAcl { .. }) {
            self.lists.push(step);
            return if self.lists.len() < MOST_LISTS { Ok(()) } else { self.set_lists().await };
        }
        if self.lists.iter().any(|list| list.path().contains(step.path())) {
            self.set_lists().await?;
        }
        let length = step.wire_length() + self.session.chroot_bytes();
        if self.bytes + length > self.max_bytes || self.batch.len() >= MOST_STEPS {
            self.send().await?;
        }
        self.bytes += length;
        self.batch.push(step);
        Ok(())
    }

    /// Waits for all that was begun. Returns how many steps were refused, and why.
    pub async fn finish(&mut self) -> Result<(u64, Vec<Error>)> {
        self.set_lists().await?;
        Ok((self.failed, std::mem::take(&mut self.failures)))
    }

    /// Begins with what is collected.
    async fn send(&mut self) -> Result<()> {
        // Many bytes are as much work as many steps.
        let work = self.batch.len().max(self.bytes * MOST_STEPS / MOST_BYTES);
        while !self.limit.has_room(work) {
            self.receive().await?;
        }
        let steps = std::mem::take(&mut self.batch);
        self.bytes = FIXED_BYTES;
        if !steps.is_empty() {
            self.limit.sends(work);
            self.in_flight.push_back(Box::pin(run(self.session.clone(), steps, self.is_strict)));
        }
        Ok(())
    }

    /// Sets the lists behind all that came before them: a request for each, since a transaction cannot.
    async fn set_lists(&mut self) -> Result<()> {
        self.send().await?;
        while !self.in_flight.is_empty() {
            self.receive().await?;
        }
        let lists = std::mem::take(&mut self.lists);
        let results = each(&self.session, lists).await;
        self.note(results)
    }

    async fn receive(&mut self) -> Result<()> {
        match self.in_flight.next().await {
            Some(results) => {
                self.limit.answered();
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
                    let done = format!("before it: {}", self.applied.words());
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
            // Whoever deleted it was faster.
            Some(Code::NoNode) if matches!(step, Step::Delete { .. }) => {
                self.applied.add(step);
                return;
            }
            Some(Code::NoNode) => self.blocked.iter().any(|blocked| is_above(blocked)),
            Some(Code::NotEmpty) => self.blocked.iter().any(|blocked| is_below(blocked)),
            _ => false,
        };
        if matches!(step, Step::Create { .. } | Step::Delete { .. })
            && self.blocked.len() < TOLD_FAILURES
        {
            self.blocked.insert(path.as_str().to_owned());
        }
        self.failed += 1;
        if !follows && self.failures.len() < TOLD_FAILURES {
            self.failures.push(error);
        }
    }
}

/// Applies steps as one transaction; where that is refused, each by itself, which also says which of
/// them is refused.
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
    each(&session, steps).await
}

/// Applies steps each by itself; their requests leave in order.
async fn each(session: &Session, steps: Vec<Step>) -> Results {
    let results = join_all(steps.iter().map(|step| one(session, step))).await;
    steps.into_iter().zip(results).collect()
}

async fn one(session: &Session, step: &Step) -> Result<()> {
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

/// Returns the operation of a transaction that a step is, or none for a list.
fn operation(step: &Step) -> Option<Operation> {
    Some(match step {
        Step::Create { path, data, acl, kind } => Operation::Create {
            prefix: path.as_str().to_owned(),
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
    fn counts_are_words() {
        let mut counts = Counts::default();
        assert_eq!(counts.words(), "nothing");
        let path = ZnodePath::root().child("a");
        counts.add(&Step::Delete { path: path.clone(), version: 0 });
        counts.add(&Step::SetAcl { path, acl: crate::tree::Acl::open(), version: 0 });
        assert_eq!(counts.words(), "1 with another ACL, 1 deleted");
        assert_eq!(counts.total(), 2);
    }
}
