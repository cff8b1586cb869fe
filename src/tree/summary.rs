//! Counts a subtree before it is deleted or changed.

use std::collections::BTreeMap;

use futures_util::stream::{FuturesUnordered, StreamExt};

use super::in_flight::InFlight;
use super::walk::{Walk, WalkOrder};
use crate::error::Result;
use crate::session::Session;
use crate::zk::ZnodePath;

/// Most znodes that are counted: beyond, a person has seen enough to think again.
const COUNTED: usize = 20_000;

/// A subtree in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Znodes below the top.
    pub below: u64,
    /// Bytes of data, the top's included.
    pub bytes: u64,
    /// Live ephemerals by the session that owns them.
    pub ephemerals: BTreeMap<i64, u64>,
    /// Whether there are more znodes than were counted.
    pub more: bool,
}

/// Counts the znodes below `top`, on any server, but not endlessly; returns also whether there are
/// more than were counted, or may be, where the children of one may not be listed.
pub async fn count(session: &Session, top: &ZnodePath) -> Result<(u64, bool)> {
    let walk = Walk::new(session, top, WalkOrder::Depth, false).passing_over();
    let (paths, more) = paths(walk).await?;
    Ok((paths.len() as u64 - 1, more))
}

/// Returns the znodes of a walk, and whether there are more.
async fn paths(mut walk: Walk) -> Result<(Vec<ZnodePath>, bool)> {
    let mut paths = Vec::new();
    while let Some(path) = walk.next().await? {
        if paths.len() > COUNTED {
            return Ok((paths, true));
        }
        paths.push(path);
    }
    Ok((paths, walk.unlisted_count > 0))
}

/// Counts what lies at `top` and below it, also where the children of one may not be listed. The
/// server does not stand still meanwhile: znodes that vanish are left out.
pub async fn summary(session: &Session, top: &ZnodePath) -> Result<Summary> {
    let walk = Walk::new(session, top, WalkOrder::Depth, false).passing_over();
    let (paths, more) = paths(walk).await?;
    let mut summary = Summary { below: paths.len() as u64 - 1, more, ..Summary::default() };
    let mut paths = paths.into_iter();
    let mut stats = FuturesUnordered::new();
    let mut limit = InFlight::new(session);
    loop {
        while limit.has_room(1)
            && let Some(path) = paths.next()
        {
            limit.sends(1);
            stats.push(async move { session.exists(&path, false).await });
        }
        let Some(stat) = stats.next().await else { break };
        limit.answered();
        if let Some(stat) = stat? {
            summary.bytes += u64::try_from(stat.data_length).unwrap_or(0);
            if stat.ephemeral_owner != 0 {
                *summary.ephemerals.entry(stat.ephemeral_owner).or_default() += 1;
            }
        }
    }
    Ok(summary)
}
