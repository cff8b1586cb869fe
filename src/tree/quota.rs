//! Quotas: the maximum number of znodes and bytes of a subtree. They are stored in znodes below
//! [`ROOT`], which is outside every chroot.
//!
//! Source: `StatsTrack`, `Quotas` and `SetQuotaCommand`, release 3.9.

use futures_util::future::join_all;

use super::is_gone;
use super::walk::{Walk, WalkOrder};
use crate::error::{Code, Error, Kind, Result};
use crate::session::{CreateMode, Session};
use crate::zk::{Acl, Limit, Quota, Track, ZnodeData, ZnodePath};

/// The znode that holds all quotas.
const ROOT: &str = "/zookeeper/quota";

/// The name of the znode that holds the limits of a subtree.
const LIMITS: &str = "zookeeper_limits";

/// The number of limits that are read at a time.
const READ_TOGETHER: usize = 128;

/// The name of the znode in which the servers keep the usage of a subtree.
const USAGE: &str = "zookeeper_stats";

/// Returns the path of the znode that holds the limits of `path`.
pub fn limits_path(session: &Session, path: &ZnodePath) -> Result<ZnodePath> {
    quota_path(session, path).map(|place| place.child(LIMITS))
}

/// Returns the quota of `path` itself, if it has one.
pub async fn quota(session: &Session, path: &ZnodePath) -> Result<Option<Quota>> {
    let place = quota_path(session, path)?;
    let limits = match session.get_data(&place.child(LIMITS), false).await {
        Ok((data, _)) => Track::parse(data.as_bytes()),
        Err(error) if error.code_of() == Some(Code::NoNode) => return Ok(None),
        Err(error) => return Err(error),
    };
    let (usage, _) = session.get_data(&place.child(USAGE), false).await?;
    Ok(Some(Quota { limits, usage: Track::parse(usage.as_bytes()) }))
}

/// Sets one limit of `path`, which must exist and have no quota above or below it. Returns the
/// whole quota.
pub async fn set_quota(
    session: &Session,
    path: &ZnodePath,
    limit: Limit,
    value: i64,
) -> Result<Quota> {
    let place = quota_path(session, path)?;
    if ZnodePath::new(ROOT)?.contains(path) {
        return Err(refused(format!("cannot set a quota under the path: {ROOT}")));
    }
    if session.exists(path, false).await?.is_none() {
        return Err(refused(format!("{path} does not exist.")));
    }
    check_below(session, path, &place).await?;
    check_above(session, path, &place).await?;
    for above in ancestors(&place) {
        ensure(session, &above, ZnodeData::null()).await?;
    }
    ensure(session, &place, ZnodeData::null()).await?;
    let mut limits = Track::unlimited();
    limits.set(limit, value);
    let fresh = ensure(session, &place.child(LIMITS), limits.to_string().as_bytes()).await?;
    ensure(session, &place.child(USAGE), b"count=0,bytes=0").await?;
    if !fresh {
        let (data, _) = session.get_data(&place.child(LIMITS), false).await?;
        limits = Track::parse(data.as_bytes());
        limits.set(limit, value);
        let text = limits.to_string();
        session.set_data(&place.child(LIMITS), text.as_bytes(), None).await?;
    }
    let (usage, _) = session.get_data(&place.child(USAGE), false).await?;
    Ok(Quota { limits, usage: Track::parse(usage.as_bytes()) })
}

/// Removes one limit of `path`, or its whole quota. Returns false if it has none.
pub async fn delete_quota(
    session: &Session,
    path: &ZnodePath,
    limit: Option<Limit>,
) -> Result<bool> {
    let place = quota_path(session, path)?;
    let Some(Quota { mut limits, .. }) = quota(session, path).await? else { return Ok(false) };
    if let Some(limit) = limit {
        limits.set(limit, -1);
        let text = limits.to_string();
        session.set_data(&place.child(LIMITS), text.as_bytes(), None).await?;
        return Ok(true);
    }
    for name in [LIMITS, USAGE] {
        session.delete(&place.child(name), None).await?;
    }
    // Delete the ancestors that are empty now.
    let mut empty = Some(place);
    while let Some(place) = empty.filter(|place| place.as_str() != ROOT) {
        match session.delete(&place, None).await {
            Ok(()) => empty = place.parent(),
            Err(error) if error.code_of() == Some(Code::NotEmpty) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// Returns all znodes with a hard limit that this session may see. From inside a chroot it sees
/// none.
pub async fn hard_limits(session: &Session) -> Result<Vec<ZnodePath>> {
    if !session.sees_real_root() {
        return Ok(Vec::new());
    }
    let mut all = Vec::new();
    let mut walk = Walk::new(session, &ZnodePath::new(ROOT)?, WalkOrder::Depth, false);
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
        let limits = part.iter().map(|at| session.get_data(at, false));
        for (at, limits) in part.iter().zip(join_all(limits).await) {
            let limits = match limits {
                Ok((data, _)) => Track::parse(data.as_bytes()),
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

/// Returns the path below which the quota of `path` is stored. That of the root would not be a
/// valid path.
fn quota_path(session: &Session, path: &ZnodePath) -> Result<ZnodePath> {
    if !session.sees_real_root() {
        let servers = session.servers();
        let chroot = servers.map_or_else(ZnodePath::root, |servers| servers.chroot().clone());
        return Err(refused(format!(
            "Quotas are kept in {ROOT}, which is outside the chroot {chroot}"
        ))
        .with_hint(format!(
            "connect without {chroot} and set the quota on {}",
            chroot.below(path)
        )));
    }
    ZnodePath::new(format!("{ROOT}{path}"))
}

/// Refuses a quota if a znode below has one.
async fn check_below(session: &Session, path: &ZnodePath, place: &ZnodePath) -> Result<()> {
    let mut walk = Walk::new(session, place, WalkOrder::Depth, false);
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

/// Refuses a quota if a znode above has one.
async fn check_above(session: &Session, path: &ZnodePath, place: &ZnodePath) -> Result<()> {
    for above in ancestors(place) {
        if session.exists(&above.child(LIMITS), false).await?.is_some() {
            let above = above.as_str().trim_start_matches(ROOT).to_owned();
            return Err(refused(format!("{path} has a parent {above} which has a quota")));
        }
    }
    Ok(())
}

/// Creates a znode unless it exists. Returns whether it was created.
async fn ensure(session: &Session, path: &ZnodePath, data: impl Into<ZnodeData>) -> Result<bool> {
    let mode = CreateMode { ephemeral: false, sequential: false, container: false, ttl: None };
    match session.create(path.as_str(), data, mode, &Acl::open()).await {
        Ok(_) => Ok(true),
        Err(error) if error.code_of() == Some(Code::NodeExists) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Returns the znodes between [`ROOT`] and `place`, from the top down.
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
    fn ancestors_stop_below_the_root_of_quotas() {
        let place = ZnodePath::new("/zookeeper/quota/a/b/c").expect("a path");
        let above: Vec<String> = ancestors(&place).iter().map(ToString::to_string).collect();
        assert_eq!(above, ["/zookeeper/quota/a", "/zookeeper/quota/a/b"]);
    }
}
