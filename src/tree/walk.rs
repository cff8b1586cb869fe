//! Walks a subtree by names alone and returns every znode in a given order. It holds the siblings
//! of the znodes on the path and a bounded number of znodes ahead, never the whole tree.

use super::stream::{Children, Visited, Znodes};
use crate::error::{Code, Error, Result};
use crate::session::Session;
use crate::zk::ZnodePath;

/// The names of a znode's children, in any order.
pub(super) type Names = Result<Vec<String>>;

/// The maximum number of refused listings whose errors are kept.
const MAX_ERRORS: usize = 1000;

/// The order in which a walk continues after a znode with children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WalkOrder {
    /// Its first child and everything below that. This is the order of a sorted list of paths.
    Depth,
    /// All its children, then everything below the first of them (`ZKUtil.visitSubTreeDFS`).
    Siblings,
}

/// A walk in progress.
pub struct Walk {
    znodes: Znodes,
    top: ZnodePath,
    order: WalkOrder,
    /// A znode that is ready to be returned, and then the children that are.
    first: Option<ZnodePath>,
    children: Option<Children>,
    begun: bool,
    /// The errors of children that could not be listed, if the walk continues after them.
    unlisted: Option<Vec<Error>>,
    /// The number of znodes whose children could not be listed.
    pub(super) unlisted_count: u64,
}

impl Walk {
    /// Starts a walk through `top` and everything below it, parents first and children by name.
    /// With `watch`, sets a watch on the children of each znode.
    pub fn new(session: &Session, top: &ZnodePath, order: WalkOrder, watch: bool) -> Self {
        let znodes = Znodes::of_names(session, top, watch);
        let tells = order == WalkOrder::Siblings;
        Self {
            znodes: if tells { znodes.with_children() } else { znodes },
            top: top.clone(),
            order,
            first: None,
            children: None,
            begun: false,
            unlisted: None,
            unlisted_count: 0,
        }
    }

    /// Makes the walk continue if the children of a znode may not be listed.
    #[must_use]
    pub(super) fn skipping_unlisted(self) -> Self {
        Self { unlisted: Some(Vec::new()), ..self }
    }

    /// Removes and returns the kept errors of children that could not be listed.
    pub(super) fn take_unlisted(&mut self) -> Vec<Error> {
        self.unlisted.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Returns the next znode as soon as it is known to exist, or `None` at the end. Skips znodes
    /// that are deleted meanwhile. An error ends the walk.
    pub async fn next(&mut self) -> Result<Option<ZnodePath>> {
        loop {
            let child = || self.children.as_mut().and_then(Children::next);
            if let Some(ready) = self.first.take().or_else(child) {
                return Ok(Some(ready));
            }
            let visited = match self.znodes.next().await {
                Ok(Some(visited)) => visited,
                Ok(None) => return Ok(None),
                Err(error) if !self.begun => {
                    // For the top, the only result is that its children cannot be listed.
                    self.skip_unlisted(error)?;
                    self.begun = true;
                    return Ok(Some(self.top.clone()));
                }
                Err(error) => return Err(error),
            };
            self.enter(visited)?;
        }
    }

    fn enter(&mut self, visited: Visited) -> Result<()> {
        let Visited { record, refused, children, .. } = visited;
        if let Some(error) = refused {
            self.skip_unlisted(error)?;
        }
        if self.order == WalkOrder::Depth || !self.begun {
            self.first = Some(record.path);
        }
        self.children = children;
        self.begun = true;
        Ok(())
    }

    /// Records that the children of a znode could not be listed. Returns the error if the walk must
    /// end.
    fn skip_unlisted(&mut self, error: Error) -> Result<()> {
        let Some(kept) = &mut self.unlisted else { return Err(error) };
        if error.code_of() != Some(Code::NoAuth) {
            return Err(error);
        }
        self.unlisted_count += 1;
        if kept.len() < MAX_ERRORS {
            kept.push(error);
        }
        Ok(())
    }
}
