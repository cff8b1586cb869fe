//! Deletes a subtree, children first. Deletes many znodes per request if the server supports that,
//! and one by one if it does not or if a transaction fails. The delete uses the paths that the walk
//! before it has found, and lists children again only if a transaction fails.

mod plan;

use futures_util::future::LocalBoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};

use self::plan::{Plan, Step, Target};
use super::in_flight::InFlight;
use super::is_gone;
use super::walk::{Names, Walk, WalkOrder};
use crate::error::{Code, Kind, Result};
use crate::session::{BatchSize, Operation, Session};
use crate::zk::ZnodePath;

/// The number of znodes in a transaction, unless the user chooses.
const BATCH: usize = 256;

/// The maximum that the user may choose, because a transaction delays all other requests.
const MOST: usize = 1000;

/// The bytes of a delete in a transaction without its path.
const DELETE_BYTES: usize = 33;

/// ZooKeeper's own znode, and the prefix of the paths below it.
const ZOOKEEPER: &str = "/zookeeper";
const BELOW_ZOOKEEPER: &str = "/zookeeper/";

/// The maximum number of requests in flight that delete one znode each, if the user chooses how
/// many are deleted at a time.
const MOST_AT_ONCE: usize = 128;

/// The maximum size in bytes of the paths that the walk keeps: those of some 100,000 znodes. In
/// larger trees the delete lists the children again.
const MOST_KEPT: usize = 8 << 20;

/// The bytes that a path takes in addition to its text.
const PATH_COST: usize = 48;

/// How often a znode is tried again if other clients create children in it meanwhile.
const MAX_TRIES: u8 = 3;

/// Deletes `top` and everything below it, children first. The root itself and ZooKeeper's own
/// `/zookeeper` stay. With `batch`, deletes that many znodes at a time. If the children of a znode
/// may not be listed, nothing is deleted unless `keep_going` is set. Calls `progress` with the
/// number deleted so far. The error says how many were deleted and which are left.
pub async fn delete(
    session: &Session,
    top: &ZnodePath,
    batch: Option<usize>,
    keep_going: bool,
    progress: impl FnMut(u64),
) -> Result<u64> {
    let (total, known) = if keep_going {
        (None, Vec::new())
    } else {
        let listed = listed(session, top).await?;
        (Some(listed.total), listed.known)
    };
    let (limit, max_requests) = match batch {
        Some(chosen) => (InFlight::fixed(session, chosen.clamp(1, MOST_AT_ONCE)), Some(1)),
        None => (InFlight::new(session), None),
    };
    let mut deletion = Deletion {
        session,
        batch: batch.map_or(BATCH, |chosen| chosen.clamp(1, MOST)),
        max_requests,
        limit,
        batch_size: BatchSize::default(),
        plan: Plan::begin(top.clone(), known, session.sees_real_root(), total),
        in_flight: FuturesUnordered::new(),
    };
    deletion.run(progress).await
}

/// The result of the walk before a delete.
struct Listed {
    /// The number of znodes to delete.
    total: u64,
    /// Their paths in walk order. Empty if there are too many to keep.
    known: Vec<ZnodePath>,
}

/// Lists everything that a delete of `top` concerns. An error names the first znode whose children
/// may not be listed.
async fn listed(session: &Session, top: &ZnodePath) -> Result<Listed> {
    let own = top.is_root() && session.sees_real_root();
    let is_own = |path: &str| own && (path == ZOOKEEPER || path.starts_with(BELOW_ZOOKEEPER));
    let mut walk = Walk::new(session, top, WalkOrder::Depth, false).skipping_unlisted();
    let (mut total, mut known, mut bytes) = (0, Vec::new(), 0);
    while let Some(path) = walk.next().await? {
        for refused in walk.take_unlisted() {
            if !refused.path().is_some_and(is_own) {
                return Err(refused
                    .with_detail("its children may not be listed, so nothing was deleted")
                    .with_hint("--keep-going deletes what may be deleted"));
            }
        }
        if path.is_root() || is_own(path.as_str()) {
            continue;
        }
        total += 1;
        bytes += path.as_str().len() + PATH_COST;
        if bytes <= MOST_KEPT {
            known.push(path);
        } else {
            known = Vec::new();
        }
    }
    Ok(Listed { total, known })
}

/// A completed request.
enum Received {
    /// The result for one znode.
    One(Target, Step),
    /// The children of some znodes.
    Listed(Vec<Target>, Vec<Names>),
    /// The result of a transaction. After an error, the znodes still exist, or their state is
    /// unknown.
    Deleted(Vec<Target>, Result<()>),
    /// The result of a transaction with znodes that were found before the delete.
    DeletedKnown(Vec<Target>, Result<()>),
}

/// One recursive delete.
struct Deletion<'a> {
    session: &'a Session,
    /// The number of znodes in a transaction.
    batch: usize,
    /// The maximum number of requests in flight with many znodes each, if the user chose how many
    /// are deleted at a time.
    max_requests: Option<usize>,
    limit: InFlight,
    batch_size: BatchSize,
    plan: Plan,
    in_flight: FuturesUnordered<LocalBoxFuture<'a, Received>>,
}

impl Deletion<'_> {
    async fn run(&mut self, mut progress: impl FnMut(u64)) -> Result<u64> {
        self.fill();
        while let Some(received) = self.in_flight.next().await {
            self.limit.record_answered();
            self.receive(received)?;
            progress(self.plan.deleted);
            self.fill();
        }
        self.plan.outcome()
    }

    /// Handles a reply. Returns an error only if nothing was deleted and nothing else is in flight.
    fn receive(&mut self, received: Received) -> Result<()> {
        match received {
            // The znode that the user named cannot be deleted.
            Received::One(target, Step::Failed(error))
                if self.plan.deleted == 0 && target.parent.is_none() =>
            {
                return Err(error);
            }
            Received::One(target, step) => self.plan.done(target, step),
            Received::Listed(targets, lists) => {
                let names = lists.iter().map(|names| names.as_ref().map_or(0, Vec::len));
                self.batch_size.received(names.sum());
                self.plan.listed(targets, lists);
            }
            Received::Deleted(targets, Ok(())) => {
                for target in targets {
                    self.plan.done(target, Step::Deleted);
                }
            }
            Received::DeletedKnown(targets, Ok(())) => self.plan.deleted_known(&targets),
            Received::DeletedKnown(_, Err(error)) if error.kind() == Kind::Refused => {
                self.plan.refused_known();
            }
            // One of them has children, is gone, or may not be deleted. Retry each on its own to
            // find out.
            Received::Deleted(targets, Err(error)) if error.kind() == Kind::Refused => {
                self.plan.retry(targets);
            }
            Received::Deleted(targets, Err(error))
            | Received::DeletedKnown(targets, Err(error)) => {
                for target in targets {
                    let error = error.clone().at(target.path.as_str());
                    self.plan.done(target, Step::Failed(error));
                }
            }
        }
        Ok(())
    }

    /// Starts requests as long as the limit has room.
    fn fill(&mut self) {
        if self.in_flight.is_empty() {
            self.plan.known_are_tried();
        }
        while self.limit.has_room(1)
            && let Some(target) = self.plan.next_retry()
        {
            self.try_one(target);
        }
        loop {
            let waiting = self.plan.unlisted().max(self.plan.known());
            let batch = self.batch_size.of(self.session, waiting);
            let many = batch > 1 && self.batch > 1;
            let is_full =
                many && self.max_requests.is_some_and(|most| self.in_flight.len() >= most);
            if is_full || !self.limit.has_room(if many { self.batch } else { 1 }) {
                return;
            }
            if self.plan.known() > 0 {
                self.delete_known(if many { self.batch } else { 1 });
            } else if !many {
                let Some(target) = self.plan.next_of_any() else { return };
                self.try_one(target);
            } else if self.plan.leaves() < self.batch && self.plan.unlisted() > 0 {
                self.list(batch);
            } else if self.plan.leaves() > 0 {
                self.delete_leaves();
            } else {
                return;
            }
        }
    }

    /// Deletes some of the znodes that were found before, children before their parents. It does
    /// not wait for the replies about the children, because a server processes the requests of a
    /// session in order.
    fn delete_known(&mut self, count: usize) {
        let session = self.session;
        let fitting = session.fitting(self.plan.known_paths().take(count), DELETE_BYTES);
        let targets = self.plan.next_known(fitting);
        self.limit.record_sent(targets.len());
        self.in_flight.push(Box::pin(async move {
            let deleted = match &targets[..] {
                [target] => session.delete(&target.path, None).await,
                targets => delete_all(session, targets).await,
            };
            Received::DeletedKnown(targets, deleted)
        }));
    }

    /// Deletes a znode, or lists its children if it has any. Most znodes of a tree have none, so
    /// this is usually one request instead of two.
    fn try_one(&mut self, target: Target) {
        let session = self.session;
        self.limit.record_sent(1);
        let was_seen = target.parent.is_some() || target.tries > 0 || self.plan.was_seen();
        self.in_flight.push(Box::pin(async move {
            let step = try_one(session, &target, was_seen).await;
            Received::One(target, step)
        }));
    }

    /// Requests the children of the next unlisted znodes.
    fn list(&mut self, batch: usize) {
        let session = self.session;
        let mut targets = self.plan.next_unlisted(batch, self.batch);
        if targets.is_empty() {
            return;
        }
        let fitting = session.fitting(targets.iter().map(|target| &target.path), DELETE_BYTES);
        self.plan.put_back(targets.split_off(fitting));
        self.limit.record_sent(targets.len());
        self.in_flight.push(Box::pin(async move {
            let paths: Vec<ZnodePath> = targets.iter().map(|target| target.path.clone()).collect();
            let lists = session.child_names_of(&paths).await;
            Received::Listed(targets, lists)
        }));
    }

    /// Deletes leaves in one transaction.
    fn delete_leaves(&mut self) {
        let session = self.session;
        let fitting = session.fitting(self.plan.leaf_paths().take(self.batch), DELETE_BYTES);
        let targets = self.plan.next_leaves(fitting);
        if targets.len() == 1 {
            return targets.into_iter().for_each(|target| self.try_one(target));
        }
        self.limit.record_sent(targets.len());
        self.in_flight.push(Box::pin(async move {
            let deleted = delete_all(session, &targets).await;
            Received::Deleted(targets, deleted)
        }));
    }
}

/// Deletes znodes in one transaction.
async fn delete_all(session: &Session, targets: &[Target]) -> Result<()> {
    let deletes: Vec<Operation> = targets
        .iter()
        .map(|target| Operation::Delete { path: target.path.clone(), version: None })
        .collect();
    match session.transact(&deletes).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err((_, error))) | Err(error) => Err(error),
    }
}

/// Deletes a znode, or lists its children if it has any. If it `was_seen` and is gone, another
/// client has deleted it.
async fn try_one(session: &Session, target: &Target, was_seen: bool) -> Step {
    let path = &target.path;
    if !path.is_root() {
        match session.delete(path, None).await {
            Ok(()) => return Step::Deleted,
            Err(error) => match error.code_of() {
                Some(Code::NoNode) if was_seen => return Step::Deleted,
                Some(Code::NotEmpty) if target.tries < MAX_TRIES => {}
                _ => return Step::Failed(error),
            },
        }
    }
    match session.child_names(path).await {
        Ok(names) => Step::Opened(names),
        Err(error) if is_gone(&error) => Step::Deleted,
        Err(error) => Step::Failed(error),
    }
}
