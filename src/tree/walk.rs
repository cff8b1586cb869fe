//! Walks a subtree by names alone: every znode in a stated order. It holds the siblings of the znodes
//! on the way and a bounded number of znodes ahead, never the whole tree.

use std::collections::VecDeque;

use super::stream::{Visited, Znodes};
use crate::error::{Code, Error, Result};
use crate::session::Session;
use crate::zk::ZnodePath;

/// The names of a znode's children, in no order.
pub(super) type Names = Result<Vec<String>>;

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
    znodes: Znodes,
    top: ZnodePath,
    order: WalkOrder,
    /// Znodes whose turn has come.
    next: VecDeque<ZnodePath>,
    begun: bool,
    /// Why some children could not be listed, where the walk goes on all the same.
    unlisted: Option<Vec<Error>>,
    /// How many could not.
    pub(super) unlisted_count: u64,
}

impl Walk {
    /// Begins a walk through `top` and all below it, parents first and children by name; with
    /// `watch`, the children of each are watched from then on.
    pub fn new(session: &Session, top: &ZnodePath, order: WalkOrder, watch: bool) -> Self {
        let znodes = Znodes::of_names(session, top, watch);
        let tells = order == WalkOrder::Siblings;
        Self {
            znodes: if tells { znodes.telling_children() } else { znodes },
            top: top.clone(),
            order,
            next: VecDeque::new(),
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
            let visited = match self.znodes.next().await {
                Ok(Some(visited)) => visited,
                Ok(None) => return Ok(None),
                Err(error) if !self.begun => {
                    // Of the top nothing is told but why it cannot be listed.
                    self.pass_over(error)?;
                    self.begun = true;
                    return Ok(Some(self.top.clone()));
                }
                Err(error) => return Err(error),
            };
            self.enter(visited)?;
        }
        Ok(self.next.pop_front())
    }

    fn enter(&mut self, visited: Visited) -> Result<()> {
        let Visited { record, refused, children, .. } = visited;
        if let Some(error) = refused {
            self.pass_over(error)?;
        }
        if self.order == WalkOrder::Depth || !self.begun {
            self.next.push_back(record.path);
        }
        self.next.extend(children);
        self.begun = true;
        Ok(())
    }

    /// Notes that the children of a znode could not be listed, if the walk goes on.
    fn pass_over(&mut self, error: Error) -> Result<()> {
        let Some(kept) = &mut self.unlisted else { return Err(error) };
        if error.code_of() != Some(Code::NoAuth) {
            return Err(error);
        }
        self.unlisted_count += 1;
        if kept.len() < KEPT {
            kept.push(error);
        }
        Ok(())
    }
}
