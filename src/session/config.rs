//! The configuration of the ensemble: who its members are, and changing that.

use super::{Session, Stat, WatchKind};
use crate::error::Result;
use crate::path::ZnodePath;

/// Where the servers keep the configuration, outside every chroot.
const CONFIG_PATH: &str = "/zookeeper/config";

impl Session {
    /// Reads the configuration, a list of `key=value` lines, and the stat of its znode.
    pub async fn config(&self, watch: bool) -> Result<(Vec<u8>, Stat)> {
        if !watch {
            let (text, stat) =
                self.call(CONFIG_PATH, async |client| client.get_config().await).await?;
            return Ok((text, stat.into()));
        }
        let path = ZnodePath::new(CONFIG_PATH)?;
        self.check_watchable(&path)?;
        let (text, stat, watcher) =
            self.call(CONFIG_PATH, async |client| client.get_and_watch_config().await).await?;
        self.watches().add_once(&path, WatchKind::Data, watcher);
        Ok((text, stat.into()))
    }
}
