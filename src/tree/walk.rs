//! Walks a subtree: every znode in a stated order, with children requested ahead of their turn. It
//! holds the siblings of the znodes on the way, never the whole tree.

use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::is_gone;
use crate::error::{Code, Error, Result};
use crate::session::{BatchSize, Session};
use crate::zk::ZnodePath;

/// The names of a znode's children, in no order.
pub(super) type Names = Result<Vec<String>>;

/// Requests in flight that ask about one znode each. Beyond about 64 the server is the bound, and
/// its limit of outstanding requests (1000) is shared by all its clients.
pub(super) const WINDOW: usize = 128;

/// Requests in flight that ask about many znodes: one is answered while the next is on its way.
pub(super) const FLIGHTS: usize = 4;

/// Fixed bytes of a question about one znode among many.
const QUESTION_BYTES: usize = 16;

/// Refused listings whose reasons are kept.
const KEPT: usize = 1000;

/// What comes in a walk behind a znode that has children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WalkOrder {
    /// Its first child with all that is below that: the order of a sorted list of paths.
    Depth,
    /// All its children, then what is below the first of them (`ZKUtil.visitSubTreeDFS`).
    Siblings,
}

/// A walk that is under way.
pub struct Walk {
    session: Session,
    order: WalkOrder,
    watch: bool,
    /// Znodes whose children are still to be visited, in the order of the walk.
    waiting: VecDeque<Waiting>,
    /// Znodes whose turn has come.
    next: VecDeque<ZnodePath>,
    batch: BatchSize,
    in_flight: FuturesUnordered<LocalBoxFuture<'static, usize>>,
    /// Calls until it is looked again whether more can be asked for.
    look_again: usize,
    begun: bool,
    /// Why some children could not be listed, where the walk goes on all the same.
    unlisted: Option<Vec<Error>>,
    /// How many could not.
    pub(super) unlisted_count: u64,
}

struct Waiting {
    path: ZnodePath,
    /// The names of its children, once they have been asked for and are there.
    names: Option<Rc<Cell<Option<Names>>>>,
}

impl Walk {
    /// Begins a walk through `top` and all below it, parents first and children by name; with
    /// `watch`, the children of each are watched from then on.
    pub fn new(session: &Session, top: &ZnodePath, order: WalkOrder, watch: bool) -> Self {
        let waiting = VecDeque::from([Waiting { path: top.clone(), names: None }]);
        Self {
            session: session.clone(),
            order,
            watch,
            waiting,
            next: VecDeque::new(),
            batch: BatchSize::default(),
            in_flight: FuturesUnordered::new(),
            look_again: 0,
            begun: false,
            unlisted: None,
            unlisted_count: 0,
        }
    }

    /// Has the walk go on where the children of a znode may not be listed.
    #[must_use]
    pub(super) fn passing_over(self) -> Self {
        Self { unlisted: Some(Vec::new()), ..self }
    }

    /// Takes the reasons why children could not be listed: as many as are kept.
    pub(super) fn take_unlisted(&mut self) -> Vec<Error> {
        self.unlisted.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Returns the next znode, as soon as it is known to exist; none at the end. One that vanishes
    /// meanwhile is passed over; after an error the walk is over.
    pub async fn next(&mut self) -> Result<Option<ZnodePath>> {
        while self.next.is_empty() {
            self.look_ahead();
            let Some(front) = self.waiting.front() else { return Ok(None) };
            let Some(names) = front.names.as_ref().and_then(|names| names.take()) else {
                let names = self.in_flight.next().await;
                self.batch.received(names.unwrap_or_default());
                continue;
            };
            let Some(Waiting { path, .. }) = self.waiting.pop_front() else { return Ok(None) };
            match names {
                Ok(names) => self.enter(path, names),
                Err(error) if is_gone(&error) && self.begun => {}
                Err(error) if self.unlisted.is_some() && error.code_of() == Some(Code::NoAuth) => {
                    self.unlisted_count += 1;
                    if let Some(kept) = self.unlisted.as_mut().filter(|kept| kept.len() < KEPT) {
                        kept.push(error);
                    }
                    self.enter(path, Vec::new());
                }
                Err(error) => {
                    self.waiting.clear();
                    return Err(error);
                }
            }
        }
        Ok(self.next.pop_front())
    }

    fn enter(&mut self, path: ZnodePath, mut names: Vec<String>) {
        names.sort_unstable();
        let children = names.iter().map(|name| path.child(name));
        if self.order == WalkOrder::Siblings {
            self.next.extend(children.clone());
        }
        for path in children.rev() {
            self.waiting.push_front(Waiting { path, names: None });
        }
        if self.order == WalkOrder::Depth || !self.begun {
            self.next.push_front(path);
        }
        self.begun = true;
    }

    /// Asks for the children of the next znodes, as far as the window has room.
    fn look_ahead(&mut self) {
        self.look_again = self.look_again.saturating_sub(1);
        let front_is_asked = self.waiting.front().is_none_or(|waiting| waiting.names.is_some());
        if front_is_asked && self.look_again > 0 {
            return;
        }
        loop {
            let batch =
                if self.watch { 1 } else { self.batch.of(&self.session, self.waiting.len()) };
            let (most, ahead) =
                if batch == 1 { (WINDOW, WINDOW) } else { (FLIGHTS, FLIGHTS * batch) };
            self.look_again = ahead / 4;
            if self.in_flight.len() >= most {
                return;
            }
            let unasked = |waiting: &&mut Waiting| waiting.names.is_none();
            let mut next: Vec<&mut Waiting> =
                self.waiting.iter_mut().take(ahead).filter(unasked).take(batch).collect();
            next.truncate(self.session.fitting(next.iter().map(|next| &next.path), QUESTION_BYTES));
            if next.is_empty() {
                return;
            }
            let paths = next.iter().map(|next| next.path.clone()).collect();
            let answers: Vec<Rc<Cell<Option<Names>>>> =
                next.iter().map(|_| Rc::default()).collect();
            for (next, answer) in next.into_iter().zip(&answers) {
                next.names = Some(Rc::clone(answer));
            }
            self.ask(paths, answers);
        }
    }

    /// Sends a request for the children of some znodes, whose reply is put where it belongs.
    fn ask(&self, paths: Vec<ZnodePath>, answers: Vec<Rc<Cell<Option<Names>>>>) {
        let (session, watch) = (self.session.clone(), self.watch);
        self.in_flight.push(Box::pin(async move {
            let replies = match &paths[..] {
                [path] if watch => vec![session.children(path, true).await.map(|(names, _)| names)],
                paths => session.child_names_of(paths).await,
            };
            let count = replies.iter().map(|names| names.as_ref().map_or(0, Vec::len)).sum();
            for (answer, names) in answers.iter().zip(replies) {
                answer.set(Some(names));
            }
            count
        }));
    }
}
