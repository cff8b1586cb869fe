//! Compares two trees as streams in walk order. It holds only the two znodes being compared.

use std::cmp::Ordering;
use std::iter::Peekable;

use super::{Record, walk_order};
use crate::error::Result;
use crate::zk::ZnodePath;

/// The znodes at one path: in the first tree, the second, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The znode of the first tree.
    pub old: Option<Record>,
    /// The znode of the second tree.
    pub new: Option<Record>,
}

/// The parts in which two znodes at one path differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Changed {
    /// Whether the data differs.
    pub data: bool,
    /// Whether the access control list differs.
    pub acl: bool,
    /// Whether the kind differs.
    pub kind: bool,
}

impl Changed {
    /// Compares two znodes. Parts that either does not state are not compared.
    pub fn between(old: &Record, new: &Record) -> Self {
        fn differ<T>(old: Option<&T>, new: Option<&T>, same: impl Fn(&T, &T) -> bool) -> bool {
            old.zip(new).is_some_and(|(old, new)| !same(old, new))
        }
        Self {
            data: differ(old.data.as_ref(), new.data.as_ref(), |old, new| old == new),
            acl: differ(old.acl.as_ref(), new.acl.as_ref(), super::Acl::is_same),
            kind: differ(old.kind.as_ref(), new.kind.as_ref(), |old, new| old == new),
        }
    }

    /// Returns whether nothing differs.
    pub fn is_nothing(self) -> bool {
        self == Self::default()
    }

    /// Returns the names of the parts that differ.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let all = [(self.data, "data"), (self.acl, "ACL"), (self.kind, "kind")];
        all.into_iter().filter(|(differs, _)| *differs).map(|(_, name)| name)
    }
}

/// How a path differs between two trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// Only the second tree has the znode.
    Added,
    /// Only the first tree has the znode.
    Removed,
    /// Both trees have the znode, and it differs.
    Changed(Changed),
}

impl Pair {
    /// Returns the path.
    ///
    /// # Panics
    ///
    /// Panics if there is no znode. Nothing creates such a pair.
    pub fn path(&self) -> &ZnodePath {
        let record = self.old.as_ref().or(self.new.as_ref());
        &record.expect("a pair has at least one znode").path
    }

    /// Returns how the znodes differ, or `None` if all parts that both state are equal.
    pub fn difference(&self) -> Option<Difference> {
        match (&self.old, &self.new) {
            (Some(old), Some(new)) => {
                let changed = Changed::between(old, new);
                (!changed.is_nothing()).then_some(Difference::Changed(changed))
            }
            (None, Some(_)) => Some(Difference::Added),
            (Some(_), None) => Some(Difference::Removed),
            (None, None) => None,
        }
    }
}

/// Returns which of two znodes comes first. At the end of one stream, the other comes first.
pub fn order(old: Option<&ZnodePath>, new: Option<&ZnodePath>) -> Option<Ordering> {
    match (old, new) {
        (None, None) => None,
        (Some(_), None) => Some(Ordering::Less),
        (None, Some(_)) => Some(Ordering::Greater),
        (Some(old), Some(new)) => Some(walk_order(old, new)),
    }
}

/// Pairs up two streams that are in walk order. It stops at the first error.
pub fn side_by_side<A, B>(old: A, new: B) -> SideBySide<A::IntoIter, B::IntoIter>
where
    A: IntoIterator<Item = Result<Record>>,
    B: IntoIterator<Item = Result<Record>>,
{
    SideBySide { old: old.into_iter().peekable(), new: new.into_iter().peekable(), done: false }
}

/// The iterator of [`side_by_side`].
pub struct SideBySide<A: Iterator, B: Iterator> {
    old: Peekable<A>,
    new: Peekable<B>,
    done: bool,
}

impl<A, B> Iterator for SideBySide<A, B>
where
    A: Iterator<Item = Result<Record>>,
    B: Iterator<Item = Result<Record>>,
{
    type Item = Result<Pair>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let order = match (self.old.peek(), self.new.peek()) {
            (Some(Err(_)), _) => Ordering::Less,
            (_, Some(Err(_))) => Ordering::Greater,
            (old, new) => {
                let path = |record: Option<&Result<Record>>| -> Option<ZnodePath> {
                    record?.as_ref().ok().map(|record| record.path.clone())
                };
                order(path(old).as_ref(), path(new).as_ref())?
            }
        };
        let old = if order.is_le() { self.old.next().transpose() } else { Ok(None) };
        let new = if order.is_ge() { self.new.next().transpose() } else { Ok(None) };
        let pair = old.and_then(|old| Ok(Pair { old, new: new? }));
        self.done = pair.is_err();
        Some(pair)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, Kind as ErrorKind};
    use crate::tree::record::path;
    use crate::tree::{Acl, Data, Kind};

    fn with(text: &str, data: &str) -> Record {
        Record { data: Some(Data::Bytes(data.as_bytes().to_vec())), ..Record::bare(path(text)) }
    }

    fn seen(old: &[Record], new: &[Record]) -> Vec<(String, Option<Difference>)> {
        let all = |records: &[Record]| records.iter().cloned().map(Ok).collect::<Vec<_>>();
        side_by_side(all(old), all(new))
            .map(|pair| {
                let pair = pair.expect("a valid pair");
                (pair.path().as_str().to_owned(), pair.difference())
            })
            .collect()
    }

    #[test]
    fn trees_are_compared_path_by_path() {
        let old = [with("/a", "1"), with("/a/b", "1"), with("/a/b/c", "1"), with("/ab", "1")];
        let new = [with("/a", "1"), with("/a/b", "2"), with("/a/d", "1"), with("/ab", "1")];
        let data = Changed { data: true, ..Changed::default() };
        let expected = [
            ("/a", None),
            ("/a/b", Some(Difference::Changed(data))),
            ("/a/b/c", Some(Difference::Removed)),
            ("/a/d", Some(Difference::Added)),
            ("/ab", None),
        ];
        let seen = seen(&old, &new);
        let seen: Vec<(&str, _)> =
            seen.iter().map(|(path, difference)| (path.as_str(), *difference)).collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn parts_that_are_not_stated_are_not_compared() {
        let full =
            Record { acl: Some(Acl::open()), kind: Some(Kind::Container), ..with("/a", "1") };
        assert!(Changed::between(&full, &Record::bare(path("/a"))).is_nothing());
        let other = Record { kind: Some(Kind::Persistent), ..with("/a", "2") };
        let changed = Changed::between(&full, &other);
        assert_eq!(changed.names().collect::<Vec<_>>(), ["data", "kind"]);
        let null = Record { data: Some(Data::Null), ..Record::bare(path("/a")) };
        assert!(Changed::between(&null, &with("/a", "")).data);
    }

    #[test]
    fn an_error_of_either_stream_ends_the_comparison() {
        let broken = || vec![Ok(with("/a", "1")), Err(Error::new(ErrorKind::Refused, "cut"))];
        let whole = || vec![Ok(with("/a", "1")), Ok(with("/b", "1"))];
        for pairs in [side_by_side(broken(), whole()), side_by_side(whole(), broken())] {
            let seen: Vec<bool> = pairs.map(|pair| pair.is_ok()).collect();
            assert_eq!(seen, [true, false]);
        }
    }
}
