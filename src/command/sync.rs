//! `sync`: wait until the connected server has caught up with the leader.

use crate::dispatch::{Context, Effects, Sends, Spec, Task};
use crate::error::Result;
use crate::output::{Report, Text};
use crate::zk::TypedPath;

/// Wait until the server has caught up with the leader
#[derive(Debug, clap::Args)]
#[command(override_usage = "sync path", after_long_help = EXAMPLE)]
pub struct Sync {
    /// Any znode
    #[arg(value_name = "path")]
    path: TypedPath,
}

const EXAMPLE: &str = "\
Example:
> sync /
Sync returned 0";

impl Spec for Sync {
    const NAME: &'static str = "sync";
    const TASK: Task = Task::Session;
    type Report = Synced;

    fn effects(&self) -> Effects {
        Effects::READS.lone(true)
    }

    fn sends(&self) -> Sends {
        Sends::each(&["sync"])
    }

    async fn run(&self, cx: &Context) -> Result<Synced> {
        let path = cx.path(&self.path)?;
        cx.session.sync(&path).await?;
        Ok(Synced {})
    }
}

/// The empty result of `sync`.
#[derive(Debug, serde::Serialize)]
pub struct Synced {}

impl Report for Synced {
    fn text(&self, out: &mut Text<'_>) {
        out.line(out.dialect().sync_done());
    }
}
