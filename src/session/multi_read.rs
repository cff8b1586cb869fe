//! Reads many znodes with one request (`multiRead`, since 3.6). This costs the server a small
//! fraction of the time of single requests.

use std::time::Duration;

use futures_util::future::join_all;
use zookeeper::{MultiRead, Read, ReadReply};

use super::connection::Version;
use super::failure::unreadable;
use super::operation::stat;
use super::{ChildNames, Session};
use crate::error::{Code, Error, Result};
use crate::zk::ZnodePath;
use crate::zk::{Feature, Stat, ZnodeData};

/// Maximum number of znodes per request. Larger requests are hardly faster, and make the server's
/// other clients wait longer.
const MOST: usize = 256;

/// Minimum size of the first batch.
const FIRST: usize = 2;

/// Maximum bytes of paths per request, far below the limit of every server.
const MOST_BYTES: usize = 64 * 1024;

/// Below this number of znodes we send single requests and skip the version check.
pub(super) const FEW: usize = 32;

/// Target number of names per reply. With fewer the next batch grows, and with many more it
/// shrinks, so that replies stay small whatever the tree looks like.
const NAMES: usize = 2048;

/// The number of znodes in the next batch.
#[derive(Debug, Clone, Copy, Default)]
pub struct BatchSize {
    /// The size of the next batch; 0 while only single requests are sent.
    size: usize,
    /// The number of answered single requests, and the most names in one of their replies.
    singles: usize,
    longest: usize,
    /// The size of the first batch if there were no single requests.
    begins_with: usize,
}

impl BatchSize {
    /// Returns a size that begins with this many znodes if nothing is known of them.
    pub fn beginning_with(begins_with: usize) -> Self {
        Self { begins_with, ..Self::default() }
    }

    /// Returns the size of the next batch, with `waiting` znodes left. The size is 1 until the
    /// server is known to support `multiRead`.
    pub fn of(&mut self, session: &Session, waiting: usize) -> usize {
        // The version is requested in the background, so that the first requests do not wait for
        // it.
        if self.size == 0 && waiting >= FEW && session.is_known_to_have(Feature::MultiRead) {
            self.size = self.first();
        }
        self.size.max(1)
    }

    /// Returns the size of the first batch: at most the number of single requests so far, and fewer
    /// if their replies had many names.
    fn first(self) -> usize {
        let few = NAMES / self.longest.max(1);
        self.singles.max(self.begins_with).min(few).clamp(FIRST, MOST)
    }

    /// Adjusts the batch size to the number of names in a reply.
    pub fn received(&mut self, names: usize) {
        if self.size == 0 {
            self.singles = self.singles.saturating_add(1);
            self.longest = self.longest.max(names);
            return;
        }
        self.size = match names {
            few if few < NAMES => (self.size * 2).min(MOST),
            many if many > 4 * NAMES => (self.size / 2).max(2),
            _ => self.size,
        };
    }
}

impl Session {
    /// Returns whether the server was not asked yet whether it supports `multiRead`.
    pub fn has_not_asked_release(&self) -> bool {
        self.current().is_some_and(|connection| matches!(connection.version(), Version::Unasked))
    }

    /// Asks whether the server supports `multiRead`, and waits for the answer for at most `patience`.
    /// If it comes later, it is used from then on.
    pub async fn ask_release(&self, patience: Duration) {
        let session = self.clone();
        let asking = tokio::spawn(async move { session.version().await });
        // Without an answer, requests for single znodes are sent.
        let _ = tokio::time::timeout(patience, asking).await;
    }

    /// Returns how many of the paths fit into one request, at least one. Each path costs `fixed`
    /// additional bytes.
    pub fn fitting<'p>(&self, paths: impl Iterator<Item = &'p ZnodePath>, fixed: usize) -> usize {
        let (chroot, room) = (self.chroot_bytes(), self.request_room());
        let mut bytes = 0;
        let fits = |path: &&ZnodePath| {
            bytes += path.as_str().len() + chroot + fixed;
            bytes <= room
        };
        paths.take_while(fits).count().max(1)
    }

    /// Returns the maximum bytes of paths in one request.
    pub(super) fn request_room(&self) -> usize {
        MOST_BYTES.min(self.0.settings.max_request / 2)
    }

    /// Returns the number of bytes that the chroot adds to each path.
    pub fn chroot_bytes(&self) -> usize {
        self.lifecycle().servers.as_ref().map_or(0, |servers| servers.chroot().as_str().len())
    }

    /// Returns the names of the children of each znode, with one request.
    pub async fn child_names_of(&self, paths: &[ZnodePath]) -> Vec<Result<Vec<String>>> {
        let lists = self.child_lists_of(paths).await;
        lists.into_iter().map(|names| names.map(Into::into)).collect()
    }

    async fn child_lists_of(&self, paths: &[ZnodePath]) -> Vec<Result<ChildNames>> {
        if let [path] = paths {
            return vec![self.child_list(path).await];
        }
        let reads = paths.iter().map(|path| Read::Children(path.to_shared())).collect();
        let replies = self.ask("", MultiRead { reads }).await;
        each(paths, replies, |reply| match reply {
            ReadReply::Children(names) => Some(names.into()),
            ReadReply::Data(_) => None,
        })
    }
}

/// The result of reading one znode for a walk.
#[derive(Debug)]
pub struct NodeReply {
    /// The names of its children, in no order.
    pub names: Result<ChildNames>,
    /// Its data and stat, if the caller asked for them.
    pub data: Option<Result<(ZnodeData, Stat)>>,
    /// The stat that came with the names, if any.
    pub stat: Option<Stat>,
}

impl Session {
    /// Reads the names of the children of each znode, and with `data` also data and stat. Several
    /// znodes are read with one request. For a single znode the stat comes with the names.
    pub async fn nodes_of(&self, paths: &[ZnodePath], data: bool) -> Vec<NodeReply> {
        if let [path] = paths {
            return vec![self.node_of(path, data).await];
        }
        let reads = paths.iter().flat_map(|path| {
            let own = data.then(|| Read::Data(path.to_shared()));
            [Some(Read::Children(path.to_shared())), own].into_iter().flatten()
        });
        let replies = match self.ask("", MultiRead { reads: reads.collect() }).await {
            Ok(replies) => replies,
            Err(error) => {
                let failed = |path: &ZnodePath| NodeReply {
                    names: Err(error.clone().at(path.as_str())),
                    data: None,
                    stat: None,
                };
                return paths.iter().map(failed).collect();
            }
        };
        let mut replies = replies.into_iter();
        let read = |path: &ZnodePath| {
            let mut next = || match replies.next() {
                Some(Ok(reply)) => Ok(reply),
                Some(Err(code)) => {
                    Err(Error::code(Code::from_number(code.number()), path.as_str()))
                }
                None => Err(unreadable(path.as_str())),
            };
            let names = next().and_then(|reply| match reply {
                ReadReply::Children(names) => Ok(names.into()),
                ReadReply::Data(_) => Err(unreadable(path.as_str())),
            });
            let data = data.then(|| {
                next().and_then(|reply| match reply {
                    ReadReply::Data(data) => Ok((data.data.into(), stat(data.stat))),
                    ReadReply::Children(_) => Err(unreadable(path.as_str())),
                })
            });
            NodeReply { names, data, stat: None }
        };
        paths.iter().map(read).collect()
    }

    /// Like `nodes_of` with data, in two steps: first reads data and stat, and then the names of the
    /// children of those znodes whose stat has any. This is half the work for the server, since most
    /// znodes have none, but may take another round trip.
    pub async fn nodes_in_two_steps_of(&self, paths: &[ZnodePath]) -> Vec<NodeReply> {
        let data = match paths {
            [path] => vec![self.get_data(path, false).await],
            _ => data_replies(paths, self.ask("", data_request(paths)).await),
        };
        let has_children = |data: &Result<(ZnodeData, Stat)>| {
            data.as_ref().is_ok_and(|(_, stat)| stat.num_children > 0)
        };
        let mut inner = Vec::new();
        let mut counts = Vec::new();
        for (path, data) in paths.iter().zip(&data) {
            if let Ok((_, stat)) = data
                && stat.num_children > 0
            {
                inner.push(path.clone());
                counts.push(usize::try_from(stat.num_children).unwrap_or_default());
            }
        }
        let lists = parts(&inner, &counts).into_iter().map(async |part| match part {
            [path] => vec![self.children(path, false).await.map(|(names, _)| names)],
            part => self.child_lists_of(part).await,
        });
        let mut lists = join_all(lists).await.into_iter().flatten();
        let with_names = |(path, data): (&ZnodePath, Result<(ZnodeData, Stat)>)| {
            let names = match &data {
                Err(error) => Err(error.clone()),
                Ok(_) if !has_children(&data) => Ok(ChildNames::default()),
                Ok(_) => lists.next().unwrap_or_else(|| Err(unreadable(path.as_str()))),
            };
            NodeReply { names, data: Some(data), stat: None }
        };
        paths.iter().zip(data).map(with_names).collect()
    }

    async fn node_of(&self, path: &ZnodePath, data: bool) -> NodeReply {
        let own = async { if data { Some(self.get_data(path, false).await) } else { None } };
        let (children, data) = futures_util::future::join(self.children(path, false), own).await;
        match children {
            Ok((names, stat)) => NodeReply { names: Ok(names), data, stat: Some(stat) },
            Err(error) => NodeReply { names: Err(error), data, stat: None },
        }
    }
}

/// Splits znodes into parts whose children have about as many names as a reply should have.
fn parts<'p>(mut paths: &'p [ZnodePath], mut counts: &[usize]) -> Vec<&'p [ZnodePath]> {
    let mut parts = Vec::new();
    while !paths.is_empty() {
        let mut names = 0;
        let fits = |count: &&usize| {
            names += **count;
            names <= 4 * NAMES
        };
        let length = counts.iter().take_while(fits).count().max(1);
        let (part, rest) = paths.split_at(length);
        parts.push(part);
        (paths, counts) = (rest, &counts[length..]);
    }
    parts
}

/// The reply to a `multiRead`.
type Replies = Result<Vec<std::result::Result<ReadReply, zookeeper::Code>>>;

/// Creates a request for the data and stat of each znode.
pub(super) fn data_request(paths: &[ZnodePath]) -> MultiRead {
    MultiRead { reads: paths.iter().map(|path| Read::Data(path.to_shared())).collect() }
}

/// Decodes the reply to [`data_request`].
pub(super) fn data_replies(
    paths: &[ZnodePath],
    replies: Replies,
) -> Vec<Result<(ZnodeData, Stat)>> {
    each(paths, replies, |reply| match reply {
        ReadReply::Data(data) => Some((data.data.into(), stat(data.stat))),
        ReadReply::Children(_) => None,
    })
}

/// Converts the reply for each znode. The client guarantees that there are as many results as
/// reads.
fn each<T>(
    paths: &[ZnodePath],
    replies: Replies,
    answer: impl Fn(ReadReply) -> Option<T>,
) -> Vec<Result<T>> {
    let at = |path: &ZnodePath, reply| match reply {
        Ok(reply) => answer(reply).ok_or_else(|| unreadable(path.as_str())),
        Err(code) => {
            let code: zookeeper::Code = code;
            Err(Error::code(Code::from_number(code.number()), path.as_str()))
        }
    };
    match replies {
        Ok(replies) => paths.iter().zip(replies).map(|(path, reply)| at(path, reply)).collect(),
        Err(error) => paths.iter().map(|path| Err(error.clone().at(path.as_str()))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_stay_small_whatever_the_tree_looks_like() {
        let mut batch = BatchSize { size: FIRST, ..BatchSize::default() };
        for _ in 0..10 {
            batch.received(0);
        }
        assert_eq!(batch.size, MOST);
        batch.received(NAMES);
        assert_eq!(batch.size, MOST);
        for _ in 0..10 {
            batch.received(100_000);
        }
        assert_eq!(batch.size, 2);
    }

    #[test]
    fn lists_with_many_names_do_not_share_a_reply() {
        let paths: Vec<ZnodePath> =
            (0..6).map(|number| ZnodePath::root().child(&number.to_string())).collect();
        let lengths = |counts: &[usize]| -> Vec<usize> {
            parts(&paths[..counts.len()], counts).into_iter().map(<[_]>::len).collect()
        };
        assert_eq!(lengths(&[]), [0; 0]);
        assert_eq!(lengths(&[1, 100, 100, 100, 1, 1]), [6]);
        assert_eq!(lengths(&[1, 100_000, 100_000, 1, 8000, 1000]), [1, 1, 1, 2, 1]);
    }

    #[test]
    fn single_requests_stay_so_until_more_is_known() {
        let mut batch = BatchSize::default();
        assert_eq!(batch.first(), FIRST);
        batch.received(0);
        assert_eq!((batch.size, batch.first()), (0, FIRST));
        for _ in 0..1000 {
            batch.received(3);
        }
        assert_eq!(batch.first(), MOST);
        batch.received(100);
        assert_eq!(batch.first(), NAMES / 100);
    }
}
