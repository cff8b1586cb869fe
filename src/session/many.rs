//! Questions about many znodes in one request (`multiRead`, since 3.6): on each a server spends a
//! small part of what a request of its own costs.

use zookeeper::{MultiReadResult, MultiReader};

use super::operation::{refused, unreadable, zookeeper_result};
use super::release::Release;
use super::{Session, ZnodePath};
use crate::error::{Code, Error, Kind, Result};

/// The most znodes that are asked about in one request: beyond, it is hardly quicker, and the
/// server's other clients wait the longer.
const MOST: usize = 256;

/// With how many it begins: nothing is known of what the replies will bring.
const FIRST: usize = 2;

/// The most bytes of paths in one request, so that it stays far below the limit of every server.
const MOST_BYTES: usize = 64 * 1024;

/// Fewer znodes than this are asked about one by one, and no server is asked for its release.
const FEW: usize = 32;

/// Names in one reply: with fewer, the next request asks about more znodes; with many more, about
/// fewer, so that replies stay small whatever the tree looks like.
const NAMES: usize = 2048;

/// The names of a znode's children, in no order.
pub(super) type Names = Result<Vec<String>>;

/// How many znodes the next request asks about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    size: usize,
    asked: bool,
}

impl Default for Share {
    fn default() -> Self {
        Self { size: 1, asked: false }
    }
}

impl Share {
    /// Returns how many of `waiting` znodes the next request asks about; 1 as long as it is not
    /// known that the servers can be asked about more.
    pub(super) fn of(&mut self, session: &Session, waiting: usize) -> usize {
        if self.size == 1 && waiting >= FEW {
            match session.known_releases() {
                Some(known)
                    if known.iter().min().is_some_and(|oldest| *oldest >= Release(3, 6)) =>
                {
                    self.size = FIRST;
                }
                None if !self.asked => {
                    self.asked = true;
                    // In the background: a server that is not there must not hold up the others.
                    let session = session.clone();
                    tokio::spawn(async move { session.releases().await });
                }
                _ => {}
            }
        }
        self.size
    }

    /// Takes note of how many names a reply has brought.
    pub(super) fn landed(&mut self, names: usize) {
        if self.size > 1 {
            self.size = match names {
                few if few < NAMES => (self.size * 2).min(MOST),
                many if many > 4 * NAMES => (self.size / 2).max(2),
                _ => self.size,
            };
        }
    }
}

impl Session {
    /// Returns how many of the paths go into one request, and at least one: by their bytes, each
    /// with `fixed` bytes more.
    pub(super) fn fitting<'p>(
        &self,
        paths: impl Iterator<Item = &'p ZnodePath>,
        fixed: usize,
    ) -> usize {
        let (chroot, room) = (self.chroot_bytes(), self.room());
        let mut bytes = 0;
        let fits = |path: &&ZnodePath| {
            bytes += path.as_str().len() + chroot + fixed;
            bytes <= room
        };
        paths.take_while(fits).count().max(1)
    }

    /// Returns how many bytes of paths go into one request.
    pub(super) fn room(&self) -> usize {
        MOST_BYTES.min(self.0.settings.max_request / 2)
    }

    /// Returns how many bytes the chroot adds to each path.
    pub(super) fn chroot_bytes(&self) -> usize {
        self.link().servers.as_ref().map_or(0, |servers| servers.chroot().as_str().len())
    }

    /// Returns the names of the children of each of these znodes, in one request.
    pub(super) async fn child_names_of(&self, paths: &[ZnodePath]) -> Vec<Names> {
        if let [path] = paths {
            return vec![self.child_names(path).await];
        }
        let ask = |reader: &mut MultiReader<'_>, path: &str| reader.add_get_children(path);
        let answer = |result: MultiReadResult| match result {
            MultiReadResult::Children { children } => Some(children),
            _ => None,
        };
        self.read_each(paths, ask, answer).await
    }

    /// Asks one question about each of these znodes, in one request; `answer` takes the answer out
    /// of what came.
    pub(super) async fn read_each<T>(
        &self,
        paths: &[ZnodePath],
        ask: impl Fn(&mut MultiReader<'_>, &str) -> zookeeper_result::Result<()>,
        answer: impl Fn(MultiReadResult) -> Option<T>,
    ) -> Vec<Result<T>> {
        let sent = self.call("", async |client| {
            let mut reader = client.new_multi_reader();
            for path in paths {
                ask(&mut reader, path.as_str())?;
            }
            reader.commit().await
        });
        match sent.await {
            Ok(results) if results.len() == paths.len() => {
                let each = paths.iter().zip(results).map(|(path, result)| match result {
                    MultiReadResult::Error { err } => Err(refused(&err, path.as_str())),
                    result => answer(result).ok_or_else(|| unreadable(path.as_str())),
                });
                each.collect()
            }
            Err(error) if error.kind() != Kind::Bug => {
                paths.iter().map(|path| Err(error.clone().at(path.as_str()))).collect()
            }
            _ => paths.iter().map(|path| Err(unreadable(path.as_str()))).collect(),
        }
    }
}

/// Returns whether a znode is gone, which somebody else may have done.
pub(super) fn is_gone(error: &Error) -> bool {
    error.code_of() == Some(Code::NoNode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_stay_small_whatever_the_tree_looks_like() {
        let mut share = Share { size: FIRST, asked: true };
        for _ in 0..10 {
            share.landed(0);
        }
        assert_eq!(share.size, MOST);
        share.landed(NAMES);
        assert_eq!(share.size, MOST);
        for _ in 0..10 {
            share.landed(100_000);
        }
        assert_eq!(share.size, 2);
    }

    #[test]
    fn one_by_one_stays_so_until_more_is_known() {
        let mut share = Share::default();
        share.landed(0);
        assert_eq!(share.size, 1);
    }
}
