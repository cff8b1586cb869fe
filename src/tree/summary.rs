//! Counts a subtree before it is deleted or changed.

use std::collections::BTreeMap;

use futures_util::stream::{FuturesUnordered, StreamExt};

use super::in_flight::InFlight;
use super::walk::{Walk, WalkOrder};
use crate::error::Result;
use crate::session::Session;
use crate::zk::ZnodePath;

/// The maximum number of znodes that are counted. It is large enough for the user to decide.
const MAX_COUNTED: usize = 20_000;

/// The size of a subtree.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// The number of znodes below the top.
    pub below: u64,
    /// The bytes of data, including the top's.
    pub bytes: u64,
    /// The number of live ephemerals by owning session.
    pub ephemerals: BTreeMap<i64, u64>,
    /// Whether there are more znodes than were counted.
    pub more: bool,
}

/// Counts the znodes below `top`, up to a limit, on any server. Also returns whether there are
/// more, or may be because the children of a znode may not be listed.
pub async fn count(session: &Session, top: &ZnodePath) -> Result<(u64, bool)> {
    let walk = Walk::new(session, top, WalkOrder::Depth, false).skipping_unlisted();
    let (paths, more) = paths(walk).await?;
    Ok((paths.len() as u64 - 1, more))
}

/// Returns the znodes of a walk, and whether there are more.
async fn paths(mut walk: Walk) -> Result<(Vec<ZnodePath>, bool)> {
    let mut paths = Vec::new();
    while let Some(path) = walk.next().await? {
        if paths.len() > MAX_COUNTED {
            return Ok((paths, true));
        }
        paths.push(path);
    }
    Ok((paths, walk.unlisted_count > 0))
}

/// Counts `top` and the znodes below it, even if the children of some may not be listed. Znodes
/// that are deleted meanwhile are not counted.
pub async fn summary(session: &Session, top: &ZnodePath) -> Result<Summary> {
    let walk = Walk::new(session, top, WalkOrder::Depth, false).skipping_unlisted();
    let (paths, more) = paths(walk).await?;
    let mut summary = Summary { below: paths.len() as u64 - 1, more, ..Summary::default() };
    let mut paths = paths.into_iter();
    let mut stats = FuturesUnordered::new();
    let mut limit = InFlight::new(session);
    loop {
        while limit.has_room(1)
            && let Some(path) = paths.next()
        {
            limit.record_sent(1);
            stats.push(async move { session.exists(&path, false).await });
        }
        let Some(stat) = stats.next().await else { break };
        limit.record_answered();
        if let Some(stat) = stat? {
            summary.bytes += u64::try_from(stat.data_length).unwrap_or(0);
            if stat.ephemeral_owner != 0 {
                *summary.ephemerals.entry(stat.ephemeral_owner).or_default() += 1;
            }
        }
    }
    Ok(summary)
}
