//! Quotas as servers store them: limits and usage as text.
//!
//! Source: `StatsTrack`, release 3.9.

use std::collections::BTreeMap;
use std::fmt;

/// The kinds of limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Soft limit on znodes, the top included; the server only logs when it is exceeded.
    Count,
    /// Soft limit on bytes of data; the server only logs when it is exceeded.
    Bytes,
    /// Hard limit on znodes; the server refuses writes beyond it (3.7 and later,
    /// `enforceQuota=true`).
    CountHard,
    /// Hard limit on bytes; the server refuses writes beyond it (3.7 and later,
    /// `enforceQuota=true`).
    BytesHard,
}

impl Limit {
    const ALL: [Self; 4] = [Self::Count, Self::Bytes, Self::CountHard, Self::BytesHard];

    fn key(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Bytes => "bytes",
            Self::CountHard => "countHardLimit",
            Self::BytesHard => "byteHardLimit",
        }
    }
}

/// The limits or the usage of a subtree: numbers by key, -1 if there is none.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Track(BTreeMap<String, i64>);

impl Track {
    /// Parses `count=1,bytes=2=;byteHardLimit=3;countHardLimit=4`. The second `=` after the bytes
    /// makes 3.4 ignore the rest.
    pub fn parse(data: &[u8]) -> Self {
        let text = String::from_utf8_lossy(data);
        let pairs = text.split([',', ';']).filter_map(|pair| {
            let mut parts = pair.split('=');
            let key = parts.next().filter(|key| !key.is_empty())?;
            Some((key.to_owned(), parts.next().and_then(|value| value.parse().ok()).unwrap_or(-1)))
        });
        Self(pairs.collect())
    }

    /// Returns a track without limits.
    pub fn unlimited() -> Self {
        Self(Limit::ALL.iter().map(|limit| (limit.key().to_owned(), -1)).collect())
    }

    /// Returns a number; -1 if there is none.
    pub fn get(&self, limit: Limit) -> i64 {
        self.0.get(limit.key()).copied().unwrap_or(-1)
    }

    /// Sets a number.
    pub fn set(&mut self, limit: Limit, value: i64) {
        self.0.insert(limit.key().to_owned(), value);
    }

    /// Returns whether a usage of `has` exceeds one of these two limits.
    pub fn is_exceeded(&self, soft: Limit, hard: Limit, has: i64) -> bool {
        [soft, hard].iter().any(|limit| (0..has).contains(&self.get(*limit)))
    }
}

impl fmt::Display for Track {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "count={},bytes={}", self.get(Limit::Count), self.get(Limit::Bytes))?;
        let known = [Limit::Count, Limit::Bytes].map(Limit::key);
        let more = self.0.iter().filter(|(key, _)| !known.contains(&key.as_str()));
        for (index, (key, value)) in more.enumerate() {
            write!(f, "{};{key}={value}", if index == 0 { "=" } else { "" })?;
        }
        Ok(())
    }
}

/// The limits and the usage of a subtree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// The limits.
    pub limits: Track,
    /// The usage of the subtree, as last counted by the server.
    pub usage: Track,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracks_are_read_and_written_as_every_release_understands() {
        let new = Track::parse(b"count=4,bytes=5=;byteHardLimit=-1;countHardLimit=6");
        assert_eq!(new.to_string(), "count=4,bytes=5=;byteHardLimit=-1;countHardLimit=6");
        assert_eq!(new.get(Limit::CountHard), 6);
        let old = Track::parse(b"count=4,bytes=5");
        assert_eq!(old.to_string(), "count=4,bytes=5");
        assert_eq!(old.get(Limit::BytesHard), -1);
        assert_eq!(Track::parse(b"").to_string(), "count=-1,bytes=-1");
        assert_eq!(
            Track::unlimited().to_string(),
            "count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=-1"
        );
    }

    #[test]
    fn a_limit_is_exceeded_by_more_and_only_if_there_is_one() {
        let mut limits = Track::unlimited();
        let exceeded =
            |limits: &Track, has| limits.is_exceeded(Limit::Count, Limit::CountHard, has);
        assert!(!exceeded(&limits, 5));
        limits.set(Limit::CountHard, 4);
        assert!(exceeded(&limits, 5) && !exceeded(&limits, 4));
    }
}
