//! Requests that a server answers for a whole subtree in one reply.

use zookeeper::{GetAllChildrenNumber, GetEphemerals};

use super::Session;
use super::server::having;
use crate::error::Result;
use crate::zk::{Feature, ZnodePath};

impl Session {
    /// Returns the number of znodes below `path`.
    pub async fn count_below(&self, path: &ZnodePath) -> Result<u64> {
        let feature = Feature::CountDescendants;
        self.require(feature).await?;
        let count = self.ask(path.as_str(), GetAllChildrenNumber::new(path.as_str())).await;
        // The number is never negative.
        having(feature, count).map(|count| u64::try_from(count).unwrap_or_default())
    }

    /// Returns this session's ephemerals whose paths start with `prefix`, sorted. The server
    /// compares plain text, so `/a` also matches `/ab`.
    pub async fn list_ephemerals(&self, prefix: &ZnodePath) -> Result<Vec<String>> {
        let feature = Feature::GetEphemerals;
        self.require(feature).await?;
        let listed = self.ask(prefix.as_str(), GetEphemerals::new(prefix.as_str())).await;
        let mut paths: Vec<String> = having(feature, listed)?.into();
        paths.sort_unstable();
        Ok(paths)
    }
}
