//! The configuration of the ensemble: who its members are, and changing that.

use std::iter::once;

use zookeeper::EnsembleUpdate as Update;

use super::release::Release;
use super::{Session, Stat, WatchKind};
use crate::error::{Code, Result};
use crate::zk::ZnodePath;

/// Who the members of the ensemble are to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Membership {
    /// All of them, as `server.N=…`, with commas between them.
    Whole(String),
    /// Those that come or change, as `server.N=…`, and the numbers of those that go.
    Change {
        /// With commas between them; may be empty.
        join: String,
        /// With commas between them; may be empty.
        leave: String,
    },
}

/// Where the servers keep the configuration, outside every chroot.
const CONFIG_PATH: &str = "/zookeeper/config";

impl Session {
    /// Reads the configuration, a list of `key=value` lines, and the stat of its znode.
    pub async fn config(&self, watch: bool) -> Result<(Vec<u8>, Stat)> {
        match self.read_config(watch).await {
            Err(error) if error.code_of() == Some(Code::NoNode) => {
                self.needs("config", Release(3, 5)).await?;
                Err(error)
            }
            result => result,
        }
    }

    async fn read_config(&self, watch: bool) -> Result<(Vec<u8>, Stat)> {
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

    /// Changes the configuration; with `version`, only if that is its version. Returns the new one
    /// and the stat of its znode.
    pub async fn reconfigure(
        &self,
        membership: &Membership,
        version: Option<i64>,
    ) -> Result<(Vec<u8>, Stat)> {
        self.needs("reconfig", Release(3, 5)).await?;
        let update = match membership {
            Membership::Whole(members) => Update::New { ensemble: once(members.as_str()) },
            Membership::Change { join, leave } => Update::Incremental {
                joinings: once(join.as_str()),
                leavings: once(leave.as_str()),
            },
        };
        let request =
            async |client: &zookeeper::Client| client.update_ensemble(update, version).await;
        let (config, stat) = self.written(self.call("", request).await)?;
        Ok((config, stat.into()))
    }
}
