//! Quotas: which znodes have one, and the numbers stored below `/zookeeper/quota`.
//!
//! This module knows nothing of the tree. Code that changes the tree asks here which quota to
//! update.

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The root of all quotas: `/zookeeper/quota/lake/zookeeper_limits` holds the limits of `/lake`.
const ROOT: &str = "/zookeeper/quota";
const LIMITS: &str = "zookeeper_limits";
const STATS: &str = "zookeeper_stats";

/// The role of a znode below `/zookeeper/quota`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Page<'a> {
    /// The limits of the subtree at this path.
    Limits(&'a str),
    /// The usage of the subtree at this path.
    Stats(&'a str),
}

impl<'a> Page<'a> {
    /// Returns the role of the znode at `path`, if it belongs to a quota. The root cannot have a
    /// quota.
    pub(crate) fn at(path: &'a str) -> Option<Self> {
        let (subject, name) = path.strip_prefix(ROOT)?.rsplit_once('/')?;
        match name {
            _ if subject.is_empty() => None,
            LIMITS => Some(Self::Limits(subject)),
            STATS => Some(Self::Stats(subject)),
            _ => None,
        }
    }
}

pub(crate) fn limits_path(subject: &str) -> String {
    format!("{ROOT}{subject}/{LIMITS}")
}

pub(crate) fn stats_path(subject: &str) -> String {
    format!("{ROOT}{subject}/{STATS}")
}

/// The numbers in a znode of limits or stats; -1 means no limit (`StatsTrack`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Track {
    pub(crate) count: i64,
    pub(crate) bytes: i64,
    pub(crate) hard_count: i64,
    pub(crate) hard_bytes: i64,
}

impl Track {
    /// Parses `count=5,bytes=-1` and the fields that later releases append. Anything that is not a
    /// number counts as no limit, since clients may write arbitrary data there.
    pub(crate) fn read(data: &[u8]) -> Self {
        let mut track = Self { count: -1, bytes: -1, hard_count: -1, hard_bytes: -1 };
        for pair in String::from_utf8_lossy(data).split([',', ';']) {
            let Some((key, value)) = pair.split_once('=') else { continue };
            // zkCli writes `bytes=-1=;byteHardLimit=5`.
            let Ok(value) = value.trim_end_matches('=').parse() else { continue };
            match key {
                "count" => track.count = value,
                "bytes" => track.bytes = value,
                "countHardLimit" => track.hard_count = value,
                "byteHardLimit" => track.hard_bytes = value,
                _ => {}
            }
        }
        track
    }

    /// Formats the numbers as they are stored in the znode.
    pub(crate) fn write(&self) -> String {
        let mut text = format!("count={},bytes={}", self.count, self.bytes);
        if self.hard_bytes != -1 || self.hard_count != -1 {
            text.push('=');
        }
        for (key, value) in
            [("byteHardLimit", self.hard_bytes), ("countHardLimit", self.hard_count)]
        {
            if value != -1 {
                write!(text, ";{key}={value}").expect("a string takes everything");
            }
        }
        text
    }

    /// Returns whether these limits refuse a usage of `count` znodes and `bytes` bytes. Soft limits
    /// refuse nothing. `None` is a number that the write does not change, so it is not checked.
    pub(crate) fn forbids(&self, count: Option<i64>, bytes: Option<i64>) -> bool {
        let above = |limit: i64, use_of: Option<i64>| {
            limit > -1 && use_of.is_some_and(|use_of| use_of > limit)
        };
        above(self.hard_count, count) || above(self.hard_bytes, bytes)
    }
}

/// The znodes that have a quota.
#[derive(Debug, Default, Clone)]
pub(crate) struct Quotas(BTreeSet<Box<str>>);

impl Quotas {
    pub(crate) fn insert(&mut self, subject: &str) {
        self.0.insert(subject.into());
    }

    /// Removes a quota and all quotas below it, as Apache's trie does.
    pub(crate) fn remove(&mut self, subject: &str) {
        let below = format!("{subject}/");
        self.0.retain(|known| &**known != subject && !known.starts_with(&below));
    }

    /// Returns the nearest path at or above `path` that has a quota.
    pub(crate) fn subject_of(&self, path: &str) -> Option<&str> {
        if self.0.is_empty() {
            return None;
        }
        let mut path = path;
        loop {
            if let Some(subject) = self.0.get(path) {
                return Some(subject);
            }
            path = path.rsplit_once('/')?.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_znodes_of_a_quota_name_their_subject() {
        assert_eq!(Page::at("/zookeeper/quota/a/b/zookeeper_limits"), Some(Page::Limits("/a/b")));
        assert_eq!(Page::at("/zookeeper/quota/a/zookeeper_stats"), Some(Page::Stats("/a")));
        assert_eq!(Page::at("/zookeeper/quota/zookeeper_limits"), None);
        assert_eq!(Page::at("/zookeeper/quota/a"), None);
        assert_eq!(Page::at("/a/zookeeper_limits"), None);
    }

    #[test]
    fn tracks_are_read_as_every_release_writes_them() {
        let track = Track::read(b"count=5,bytes=-1=;byteHardLimit=9;countHardLimit=7");
        assert_eq!(track, Track { count: 5, bytes: -1, hard_count: 7, hard_bytes: 9 });
        assert_eq!(track.write(), "count=5,bytes=-1=;byteHardLimit=9;countHardLimit=7");
        assert_eq!(Track::read(b"nonsense,count=x").write(), "count=-1,bytes=-1");
    }

    #[test]
    fn only_hard_limits_forbid() {
        let soft = Track::read(b"count=1,bytes=1");
        assert!(!soft.forbids(Some(9), Some(9)));
        let hard = Track::read(b"countHardLimit=2");
        assert!(!hard.forbids(Some(2), Some(99)));
        assert!(hard.forbids(Some(3), None));
    }

    #[test]
    fn the_nearest_quota_counts_and_goes_with_those_below() {
        let mut quotas = Quotas::default();
        quotas.insert("/a");
        quotas.insert("/a/b");
        assert_eq!(quotas.subject_of("/a/b/c"), Some("/a/b"));
        assert_eq!(quotas.subject_of("/a/bc"), Some("/a"));
        assert_eq!(quotas.subject_of("/b"), None);
        quotas.remove("/a");
        assert_eq!(quotas.subject_of("/a/b/c"), None);
    }
}
