//! The configuration of the ensemble: reads and changes its members.

use zookeeper::{GetConfig, Reconfig};

use super::Session;
use super::operation::stat;
use crate::error::{Code, Result};
use crate::zk::{Feature, Stat, WatchKind, ZnodePath};

/// A change of the members of the ensemble.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnsembleChange {
    /// The complete new list, as `server.N=…`, separated by commas.
    Whole(String),
    /// Servers to add or change, as `server.N=…`, and the numbers of servers to remove.
    Change {
        /// Separated by commas; may be empty.
        join: String,
        /// Separated by commas; may be empty.
        leave: String,
    },
}

/// The znode of the configuration, which is outside every chroot.
const CONFIG_PATH: &str = "/zookeeper/config";

impl Session {
    /// Returns the configuration, a list of `key=value` lines, and the stat of its znode.
    pub async fn config(&self, watch: bool) -> Result<(Vec<u8>, Stat)> {
        let path = ZnodePath::new(CONFIG_PATH)?;
        let request = GetConfig { watch };
        match self.read_and_watch(request, &path, WatchKind::Data, watch).await {
            Ok(config) => {
                let text = config.data.map(Vec::from).unwrap_or_default();
                Ok((text, stat(config.stat)))
            }
            Err(error) if error.code_of() == Some(Code::NoNode) => {
                self.require(Feature::Config).await?;
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Changes the configuration, with `version` only if the configuration has that version.
    /// Returns the new configuration and the stat of its znode.
    pub async fn reconfigure(
        &self,
        change: &EnsembleChange,
        version: Option<i64>,
    ) -> Result<(Vec<u8>, Stat)> {
        self.require(Feature::Reconfig).await?;
        let (joining, leaving, members) = match change {
            EnsembleChange::Whole(members) => (None, None, Some(members.clone())),
            EnsembleChange::Change { join, leave } => {
                (Some(join.clone()), Some(leave.clone()), None)
            }
        };
        let version = version.unwrap_or(-1);
        let config = self.write("", Reconfig { joining, leaving, members, version }).await?;
        Ok((config.data.map(Vec::from).unwrap_or_default(), stat(config.stat)))
    }
}
