//! The configuration of the ensemble: its members, and how to change them.

use zookeeper::{GetConfig, Reconfig};

use super::Session;
use super::operation::stat;
use crate::error::{Code, Result};
use crate::zk::{Feature, Stat, WatchKind, ZnodePath};

/// How the members of the ensemble are to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnsembleChange {
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

    /// Changes the configuration; with `version`, only if that is its version. Returns the new one
    /// and the stat of its znode.
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
