//! What stands to be lost with a subtree: counted before it is deleted.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt};

use super::walk::WINDOW;
use super::{Session, Turns};
use crate::error::Result;
use crate::path::ZnodePath;

/// Most znodes that are counted: beyond, a person has seen enough to think again.
const COUNTED: usize = 20_000;

/// A subtree in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Survey {
    /// Znodes below the top.
    pub below: u64,
    /// Bytes of data, the top's included.
    pub bytes: u64,
    /// Live ephemerals by the session that owns them.
    pub ephemerals: BTreeMap<i64, u64>,
    /// Whether there are more znodes than were counted.
    pub more: bool,
}

impl Session {
    /// Counts what lies at `top` and below it. The server does not stand still meanwhile: znodes
    /// that vanish are left out.
    pub async fn survey(&self, top: &ZnodePath) -> Result<Survey> {
        let mut paths = Vec::new();
        let mut survey = Survey::default();
        let mut walk = self.walk(top, Turns::Depth, false);
        while let Some(path) = walk.next().await? {
            if paths.len() > COUNTED {
                survey.more = true;
                break;
            }
            paths.push(path);
        }
        survey.below = paths.len() as u64 - 1;
        let mut stats = stream::iter(paths)
            .map(|path| async move { self.exists(&path, false).await })
            .buffer_unordered(WINDOW);
        while let Some(stat) = stats.next().await {
            if let Some(stat) = stat? {
                survey.bytes += u64::try_from(stat.data_length).unwrap_or(0);
                if stat.ephemeral_owner != 0 {
                    *survey.ephemerals.entry(stat.ephemeral_owner).or_default() += 1;
                }
            }
        }
        Ok(survey)
    }
}
