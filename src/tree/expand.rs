//! Expands a path with patterns to the znodes that match it.

use std::collections::HashSet;

use futures_util::{StreamExt, stream};

use super::filter::Needs;
use super::glob::{Element, PathPattern};
use super::is_gone;
use super::stream::Znodes;
use crate::error::{Error, Kind, Result};
use crate::session::Session;
use crate::zk::ZnodePath;

/// Maximum number of matching znodes. `find` is the better tool for more.
const MAX_MATCHES: usize = 10_000;

/// Maximum number of znodes to examine for one element of the pattern.
const MAX_EXAMINED: usize = 200_000;

/// Maximum number of requests in flight.
const MAX_IN_FLIGHT: usize = 64;

/// The existing znodes that match a pattern.
#[derive(Debug, Default)]
pub struct Expanded {
    /// Their paths, in walk order.
    pub paths: Vec<ZnodePath>,
    /// The errors for parts of the tree that could not be listed.
    pub refused: Vec<Error>,
}

/// Returns the znodes that match the pattern. Each element costs one round trip, however many
/// znodes match it.
///
/// # Errors
/// If the connection is lost, or if too many znodes match.
pub async fn expand(session: &Session, pattern: &PathPattern) -> Result<Expanded> {
    let mut found = Expanded { paths: vec![ZnodePath::root()], refused: Vec::new() };
    let mut is_known = true;
    for element in pattern.elements() {
        let above = std::mem::take(&mut found.paths);
        match element {
            Element::Name(name) => {
                found.paths = above.iter().map(|path| path.child(name)).collect();
            }
            Element::Pattern(glob) => {
                let lists = above.into_iter().map(|path| async move {
                    let names = session.child_names(&path).await;
                    (path, names)
                });
                let mut lists = stream::iter(lists).buffered(MAX_IN_FLIGHT);
                while let Some((path, names)) = lists.next().await {
                    let names = found.unless_refused(names)?.unwrap_or_default();
                    let picked = PathPattern::pick(glob, &names);
                    found.paths.extend(picked.into_iter().map(|name| path.child(name)));
                    found.require_fewer(MAX_EXAMINED)?;
                }
            }
            Element::AnyDepth => {
                for path in above {
                    found.add_subtree(session, &path).await?;
                }
            }
        }
        is_known = !matches!(element, Element::Name(_));
    }
    let mut seen = HashSet::new();
    found.paths.retain(|path| seen.insert(path.clone()));
    if !is_known {
        let paths = std::mem::take(&mut found.paths);
        let stats = paths.into_iter().map(|path| async move {
            let stat = session.exists(&path, false).await;
            (path, stat)
        });
        let mut stats = stream::iter(stats).buffered(MAX_IN_FLIGHT);
        while let Some((path, stat)) = stats.next().await {
            if found.unless_refused(stat)?.flatten().is_some() {
                found.paths.push(path);
            }
        }
    }
    found.require_fewer(MAX_MATCHES)?;
    Ok(found)
}

impl Expanded {
    /// Adds a znode and all its descendants.
    async fn add_subtree(&mut self, session: &Session, path: &ZnodePath) -> Result<()> {
        let mut znodes = Znodes::new(session, path, Needs::default(), None);
        loop {
            match znodes.next().await {
                Ok(Some(visited)) => {
                    self.refused.extend(visited.refused);
                    self.paths.push(visited.record.path);
                    self.require_fewer(MAX_EXAMINED)?;
                }
                Ok(None) => return Ok(()),
                Err(error) if is_gone(&error) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Returns a successful reply. Returns none if the znode does not exist, or if the server
    /// refuses the request; the refusal is recorded.
    fn unless_refused<T>(&mut self, reply: Result<T>) -> Result<Option<T>> {
        match reply {
            Ok(reply) => Ok(Some(reply)),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) if error.code_of() == Some(crate::error::Code::NoAuth) => {
                self.refused.push(error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn require_fewer(&self, most: usize) -> Result<()> {
        if self.paths.len() <= most {
            return Ok(());
        }
        Err(Error::new(Kind::Refused, format!("More than {most} znodes match"))
            .with_hint("find searches a tree and shows each match as it is found"))
    }
}
