//! A subtree, pipelined and bounded: at most [`WINDOW`] requests are in flight, and what is held in
//! memory is the brothers and sisters of the znodes being worked on, never the whole tree.

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;

use futures_util::future::{LocalBoxFuture, MaybeDone, maybe_done};
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::Session;
use crate::error::{Code, Error, Kind, Result};
use crate::path::ZnodePath;

/// Requests in flight while a subtree is worked on. Beyond about 64 the server is the bound, and
/// its limit of outstanding requests (1000) is shared by all its clients.
const WINDOW: usize = 128;

/// How often a znode is tried again when others create children in it meanwhile.
const PATIENCE: u8 = 3;

/// How many of the znodes that could not be deleted are named.
const NAMED_FAILURES: usize = 10;

/// Whose turn it is in a walk behind a znode that has children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turns {
    /// Its first child with all that is below that: the order of a sorted list of paths.
    Depth,
    /// All its children, then what is below the first of them (`ZKUtil.visitSubTreeDFS`).
    Siblings,
}

type Listing = Pin<Box<MaybeDone<LocalBoxFuture<'static, Result<Vec<String>>>>>>;

impl Session {
    /// Visits `top` and all below it, parents first and children by name, each as soon as it is
    /// known to exist. A znode that vanishes meanwhile is passed over; any other failure ends the
    /// walk, as does an error of `visit`.
    pub async fn walk(
        &self,
        top: &ZnodePath,
        turn: Turns,
        watch: bool,
        mut visit: impl FnMut(&ZnodePath) -> Result<()>,
    ) -> Result<()> {
        let mut waiting: VecDeque<(ZnodePath, Option<Listing>)> = VecDeque::new();
        waiting.push_back((top.clone(), None));
        while let Some((path, listing)) = waiting.pop_front() {
            let mut listing = listing.unwrap_or_else(|| self.list(&path, watch));
            // A request leaves when its future is first polled.
            let _ = futures_util::poll!(listing.as_mut());
            for (ahead, request) in waiting.iter_mut().take(WINDOW) {
                if request.is_none() {
                    let request = request.insert(self.list(ahead, watch));
                    let _ = futures_util::poll!(request.as_mut());
                }
            }
            listing.as_mut().await;
            match listing.as_mut().take_output() {
                Some(Ok(mut names)) => {
                    if turn == Turns::Depth || path == *top {
                        visit(&path)?;
                    }
                    names.sort_unstable();
                    if turn == Turns::Siblings {
                        names.iter().try_for_each(|name| visit(&path.child(name)))?;
                    }
                    for name in names.iter().rev() {
                        waiting.push_front((path.child(name), None));
                    }
                }
                Some(Err(error)) if error.code_of() == Some(Code::NoNode) && path != *top => {}
                Some(Err(error)) => return Err(error),
                // It was awaited just now, so it has its output.
                None => {}
            }
        }
        Ok(())
    }

    fn list(&self, path: &ZnodePath, watch: bool) -> Listing {
        let (session, path) = (self.clone(), path.clone());
        let names: LocalBoxFuture<'static, _> = Box::pin(async move {
            if watch {
                session.children(&path, true).await.map(|(names, _)| names)
            } else {
                session.child_names(&path).await
            }
        });
        Box::pin(maybe_done(names))
    }

    /// Deletes `top` and all below it, children first; of the root only what is below it, without
    /// ZooKeeper's own `/zookeeper`. `progress` hears the number deleted so far. The error says how
    /// many are gone and which are left.
    pub async fn delete_subtree(
        &self,
        top: &ZnodePath,
        window: Option<usize>,
        progress: impl FnMut(u64),
    ) -> Result<u64> {
        let mut clearing = Clearing {
            session: self,
            window: window.unwrap_or(WINDOW).clamp(1, 1000),
            inner: HashMap::new(),
            next: 0,
            waiting: Vec::new(),
            flying: FuturesUnordered::new(),
            deleted: 0,
            failures: Vec::new(),
            failed: 0,
            progress,
        };
        clearing.run(top).await
    }
}

/// A znode with children: it is deleted when they are gone.
struct Inner {
    path: ZnodePath,
    parent: Option<u64>,
    left: usize,
    tries: u8,
    blocked: bool,
}

/// A znode whose turn has not come.
struct Waiting {
    name: String,
    parent: u64,
}

/// What came of one znode.
enum Step {
    Deleted,
    /// It has these children.
    Opened(Vec<String>),
    Failed(Error),
}

struct Target {
    path: ZnodePath,
    parent: Option<u64>,
    tries: u8,
}

/// The state of one recursive delete.
struct Clearing<'a, P> {
    session: &'a Session,
    window: usize,
    inner: HashMap<u64, Inner>,
    next: u64,
    waiting: Vec<Waiting>,
    flying: FuturesUnordered<LocalBoxFuture<'a, (Target, Step)>>,
    deleted: u64,
    failures: Vec<Error>,
    failed: u64,
    progress: P,
}

impl<P: FnMut(u64)> Clearing<'_, P> {
    async fn run(&mut self, top: &ZnodePath) -> Result<u64> {
        self.try_delete(Target { path: top.clone(), parent: None, tries: 0 });
        while let Some((target, step)) = self.flying.next().await {
            match step {
                Step::Deleted => {
                    self.deleted += 1;
                    (self.progress)(self.deleted);
                    self.settle(target.parent, false);
                }
                Step::Opened(names) => self.open(target, names),
                Step::Failed(error) => {
                    // Nothing more can be learnt, or the user named a znode that is not there.
                    if error.kind() != Kind::Refused
                        || (self.deleted == 0 && target.parent.is_none())
                    {
                        self.waiting.clear();
                        self.inner.clear();
                        if self.deleted == 0 {
                            return Err(error);
                        }
                    }
                    self.failed += 1;
                    if self.failures.len() < NAMED_FAILURES {
                        self.failures.push(error);
                    }
                    self.settle(target.parent, true);
                }
            }
            self.fill();
        }
        if self.failed == 0 { Ok(self.deleted) } else { Err(self.failure()) }
    }

    /// Starts requests while the window has room, the deepest first, so that little is waiting.
    fn fill(&mut self) {
        while self.flying.len() < self.window {
            let Some(Waiting { name, parent }) = self.waiting.pop() else { return };
            if let Some(inner) = self.inner.get(&parent) {
                let path = inner.path.child(&name);
                self.try_delete(Target { path, parent: Some(parent), tries: 0 });
            }
        }
    }

    /// Deletes a znode, or learns its children where it has any: most znodes of a tree have none,
    /// and for them this is one request instead of two.
    fn try_delete(&mut self, target: Target) {
        let session = self.session;
        self.flying.push(Box::pin(async move {
            let path = &target.path;
            if !path.is_root() {
                match session.delete(path, None).await {
                    Ok(()) => return (target, Step::Deleted),
                    Err(error) => match error.code_of() {
                        // Somebody else was faster; but the znode that the user named must exist.
                        Some(Code::NoNode) if target.parent.is_some() => {
                            return (target, Step::Deleted);
                        }
                        Some(Code::NotEmpty) if target.tries < PATIENCE => {}
                        _ => return (target, Step::Failed(error)),
                    },
                }
            }
            match session.child_names(path).await {
                Ok(names) => (target, Step::Opened(names)),
                Err(error) if error.code_of() == Some(Code::NoNode) => (target, Step::Deleted),
                Err(error) => (target, Step::Failed(error)),
            }
        }));
    }

    fn open(&mut self, target: Target, mut names: Vec<String>) {
        let Target { path, parent, tries } = target;
        if path.is_root() {
            names.retain(|name| name != "zookeeper" || !self.session.sees_real_root());
            if names.is_empty() {
                return;
            }
        } else if names.is_empty() {
            return self.try_delete(Target { path, parent, tries: tries + 1 });
        }
        let id = self.next;
        self.next += 1;
        let left = names.len();
        self.inner.insert(id, Inner { path, parent, left, tries, blocked: false });
        self.waiting.extend(names.into_iter().map(|name| Waiting { name, parent: id }));
    }

    /// Notes that one child of `parent` is done with; `blocked` when it is still there.
    fn settle(&mut self, parent: Option<u64>, blocked: bool) {
        let Some(id) = parent else { return };
        let Some(inner) = self.inner.get_mut(&id) else { return };
        inner.left -= 1;
        inner.blocked |= blocked;
        if inner.left > 0 {
            return;
        }
        let Some(Inner { path, parent, tries, blocked, .. }) = self.inner.remove(&id) else {
            return;
        };
        if blocked {
            self.failed += 1;
            self.settle(parent, true);
        } else if !path.is_root() {
            self.try_delete(Target { path, parent, tries: tries + 1 });
        }
    }

    fn failure(&self) -> Error {
        let named: Vec<String> = self.failures.iter().map(Error::to_string).collect();
        let more = self.failed.saturating_sub(self.failures.len() as u64);
        let more = if more == 0 { String::new() } else { format!("; and {more} more") };
        let kind = self.failures.iter().map(Error::kind).find(|kind| *kind != Kind::Refused);
        let message = format!(
            "Failed to delete some node(s) in the subtree! {} deleted, {} left: {}{more}",
            self.deleted,
            self.failed,
            named.join("; ")
        );
        Error::new(kind.unwrap_or(Kind::Refused), message)
    }
}
