//! Quotas: how many znodes and bytes a subtree may have. They live in znodes of their own below
//! [`ROOT`], outside every chroot.
//!
//! Source: `StatsTrack`, `Quotas` and `SetQuotaCommand`, release 3.9.

use std::collections::BTreeMap;
use std::fmt;

use futures_util::future::join_all;

use super::many::is_gone;
use super::{Acl, CreateMode, Session, Turns};
use crate::error::{Code, Error, Kind, Result};
use crate::zk::ZnodePath;

/// Where the servers look for quotas.
const ROOT: &str = "/zookeeper/quota";

/// The znode that holds the limits of a subtree.
const LIMITS: &str = "zookeeper_limits";

/// The znode in which the servers keep what a subtree has.
const USAGE: &str = "zookeeper_stats";

/// Limits that are read at a time.
const READ_TOGETHER: usize = 128;

/// What can be limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Znodes, the top's included; more of them are noted in the server's log.
    Count,
    /// Bytes of data; more of them are noted in the server's log.
    Bytes,
    /// Znodes; the server refuses more of them (3.7 and later, `enforceQuota=true`).
    CountHard,
    /// Bytes of data; the server refuses more of them (3.7 and later, `enforceQuota=true`).
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

/// Limits, or what a subtree has of each: numbers by key, -1 where there is none.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Track(BTreeMap<String, i64>);

impl Track {
    /// Reads `count=1,bytes=2=;byteHardLimit=3;countHardLimit=4`; the second `=` behind the bytes
    /// is how 3.4 is made to pass over what follows.
    fn parse(data: &[u8]) -> Self {
        let text = String::from_utf8_lossy(data);
        let pairs = text.split([',', ';']).filter_map(|pair| {
            let mut parts = pair.split('=');
            let key = parts.next().filter(|key| !key.is_empty())?;
            Some((key.to_owned(), parts.next().and_then(|value| value.parse().ok()).unwrap_or(-1)))
        });
        Self(pairs.collect())
    }

    /// No limits at all.
    fn unlimited() -> Self {
        Self(Limit::ALL.iter().map(|limit| (limit.key().to_owned(), -1)).collect())
    }

    /// Returns the number for a key; -1 where there is none.
    pub fn get(&self, limit: Limit) -> i64 {
        self.0.get(limit.key()).copied().unwrap_or(-1)
    }

    fn set(&mut self, limit: Limit, value: i64) {
        self.0.insert(limit.key().to_owned(), value);
    }

    /// Returns whether a subtree that has so much is over one of these two limits.
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

/// The limits of a subtree, and what it has of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// The limits.
    pub limits: Track,
    /// What the subtree has, as the server last counted it.
    pub usage: Track,
}

impl Session {
    /// Returns the znode that holds the limits of `path`.
    pub fn limits_path(&self, path: &ZnodePath) -> Result<ZnodePath> {
        self.quota_path(path).map(|place| place.child(LIMITS))
    }

    /// Returns the quota of `path`; none where it has none of its own.
    pub async fn quota(&self, path: &ZnodePath) -> Result<Option<Quota>> {
        let place = self.quota_path(path)?;
        let limits = match self.get_data(&place.child(LIMITS), false).await {
            Ok((data, _)) => Track::parse(&data),
            Err(error) if error.code_of() == Some(Code::NoNode) => return Ok(None),
            Err(error) => return Err(error),
        };
        let (usage, _) = self.get_data(&place.child(USAGE), false).await?;
        Ok(Some(Quota { limits, usage: Track::parse(&usage) }))
    }

    /// Sets one limit of `path`, which must exist and have no quota above or below it. Returns the
    /// whole quota.
    pub async fn set_quota(&self, path: &ZnodePath, limit: Limit, value: i64) -> Result<Quota> {
        let place = self.quota_path(path)?;
        if ZnodePath::new(ROOT)?.contains(path) {
            return Err(refused(format!("cannot set a quota under the path: {ROOT}")));
        }
        if self.exists(path, false).await?.is_none() {
            return Err(refused(format!("{path} does not exist.")));
        }
        self.check_below(path, &place).await?;
        self.check_above(path, &place).await?;
        for above in ancestors(&place) {
            self.ensure(&above, b"").await?;
        }
        self.ensure(&place, b"").await?;
        let mut limits = Track::unlimited();
        limits.set(limit, value);
        let fresh = self.ensure(&place.child(LIMITS), limits.to_string().as_bytes()).await?;
        self.ensure(&place.child(USAGE), b"count=0,bytes=0").await?;
        if !fresh {
            let (data, _) = self.get_data(&place.child(LIMITS), false).await?;
            limits = Track::parse(&data);
            limits.set(limit, value);
            let text = limits.to_string();
            self.set_data(&place.child(LIMITS), text.as_bytes(), None).await?;
        }
        let (usage, _) = self.get_data(&place.child(USAGE), false).await?;
        Ok(Quota { limits, usage: Track::parse(&usage) })
    }

    /// Takes one limit away from `path`, or its whole quota. Returns false where it has none.
    pub async fn delete_quota(&self, path: &ZnodePath, limit: Option<Limit>) -> Result<bool> {
        let place = self.quota_path(path)?;
        let Some(Quota { mut limits, .. }) = self.quota(path).await? else { return Ok(false) };
        if let Some(limit) = limit {
            limits.set(limit, -1);
            let text = limits.to_string();
            self.set_data(&place.child(LIMITS), text.as_bytes(), None).await?;
            return Ok(true);
        }
        for name in [LIMITS, USAGE] {
            self.delete(&place.child(name), None).await?;
        }
        // What led only to it goes too.
        let mut empty = Some(place);
        while let Some(place) = empty.filter(|place| place.as_str() != ROOT) {
            match self.delete(&place, None).await {
                Ok(()) => empty = place.parent(),
                Err(error) if error.code_of() == Some(Code::NotEmpty) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Returns every znode with a hard limit, as far as this session may see them: from inside a
    /// chroot it sees none.
    pub async fn hard_limits(&self) -> Result<Vec<ZnodePath>> {
        if !self.sees_real_root() {
            return Ok(Vec::new());
        }
        let mut all = Vec::new();
        let mut walk = self.walk(&ZnodePath::new(ROOT)?, Turns::Depth, false);
        loop {
            match walk.next().await {
                Ok(Some(at)) if at.name() == LIMITS => all.push(at),
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) if is_gone(&error) => break,
                Err(error) => return Err(error),
            }
        }
        let mut found = Vec::new();
        for part in all.chunks(READ_TOGETHER) {
            let limits = part.iter().map(|at| self.get_data(at, false));
            for (at, limits) in part.iter().zip(join_all(limits).await) {
                let limits = match limits {
                    Ok((data, _)) => Track::parse(&data),
                    Err(error) if is_gone(&error) => continue,
                    Err(error) => return Err(error),
                };
                let is_hard = |limit: &Limit| limits.get(*limit) >= 0;
                if [Limit::CountHard, Limit::BytesHard].iter().any(is_hard)
                    && let Some(holder) = at.parent()
                {
                    let top = holder.as_str().trim_start_matches(ROOT);
                    found.push(ZnodePath::new(if top.is_empty() { "/" } else { top })?);
                }
            }
        }
        Ok(found)
    }

    fn quota_path(&self, path: &ZnodePath) -> Result<ZnodePath> {
        if !self.sees_real_root() {
            let servers = self.servers();
            let chroot = servers.map_or_else(ZnodePath::root, |servers| servers.chroot().clone());
            return Err(refused(format!(
                "Quotas live in {ROOT} of the servers, which cannot be reached from inside the chroot {chroot}"
            ))
            .with_hint(format!("connect without {chroot}, and set the quota on {}", chroot.below(path))));
        }
        ZnodePath::new(format!("{ROOT}{path}"))
    }

    /// Refuses a quota where one of the znodes below has one.
    async fn check_below(&self, path: &ZnodePath, place: &ZnodePath) -> Result<()> {
        let mut walk = self.walk(place, Turns::Depth, false);
        loop {
            let at = match walk.next().await {
                Ok(Some(at)) => at,
                Ok(None) => return Ok(()),
                Err(error) if is_gone(&error) => return Ok(()),
                Err(error) => return Err(error),
            };
            if let Some(holder) = at.parent()
                && at.name() == LIMITS
                && holder != *place
            {
                return Err(refused(format!(
                    "{path} has a child {} which has a quota",
                    holder.as_str().trim_start_matches(ROOT)
                )));
            }
        }
    }

    /// Refuses a quota where one of the znodes above has one.
    async fn check_above(&self, path: &ZnodePath, place: &ZnodePath) -> Result<()> {
        for above in ancestors(place) {
            if self.exists(&above.child(LIMITS), false).await?.is_some() {
                let above = above.as_str().trim_start_matches(ROOT).to_owned();
                return Err(refused(format!("{path} has a parent {above} which has a quota")));
            }
        }
        Ok(())
    }

    /// Creates a znode unless it exists; returns whether it did not.
    async fn ensure(&self, path: &ZnodePath, data: &[u8]) -> Result<bool> {
        let mode = CreateMode { ephemeral: false, sequential: false, container: false, ttl: None };
        match self.create(path.as_str(), data, mode, &Acl::open()).await {
            Ok(_) => Ok(true),
            Err(error) if error.code_of() == Some(Code::NodeExists) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Returns what lies between [`ROOT`] and a place below it, the topmost first.
fn ancestors(place: &ZnodePath) -> Vec<ZnodePath> {
    let mut above = Vec::new();
    let mut at = place.parent();
    while let Some(path) = at.filter(|path| path.as_str() != ROOT) {
        at = path.parent();
        above.push(path);
    }
    above.reverse();
    above
}

fn refused(why: String) -> Error {
    Error::new(Kind::Refused, why)
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

    #[test]
    fn ancestors_stop_below_the_root_of_quotas() {
        let place = ZnodePath::new("/zookeeper/quota/a/b/c").expect("a path");
        let above: Vec<String> = ancestors(&place).iter().map(ToString::to_string).collect();
        assert_eq!(above, ["/zookeeper/quota/a", "/zookeeper/quota/a/b"]);
    }
}
