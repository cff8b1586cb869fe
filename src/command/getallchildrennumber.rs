//! `getAllChildrenNumber`: count the znodes below a znode.

use crate::dispatch::{Context, Effects, Globs, Sends, Spec, Task};
use crate::error::Result;
use crate::output::{Report, Text};
use crate::zk::TypedPath;

/// Count the znodes below a znode, at every depth
#[derive(Debug, clap::Args)]
#[command(override_usage = "getAllChildrenNumber path", after_long_help = EXAMPLE)]
pub struct GetAllChildrenNumber {
    /// Znode below which to count
    #[arg(value_name = "path")]
    path: TypedPath,
}

const EXAMPLE: &str = "\
Needs ZooKeeper 3.6 or later.

Example:
> create /lake
Created /lake
> create /lake/reed
Created /lake/reed
> create /lake/reed/duck
Created /lake/reed/duck
> getAllChildrenNumber /lake
2";

impl Spec for GetAllChildrenNumber {
    const NAME: &'static str = "getAllChildrenNumber";
    const TASK: Task = Task::Look;
    const GLOBS: Globs = Globs::WithHeadings;
    type Report = Count;

    fn effects(&self) -> Effects {
        Effects::READS.lone(true)
    }

    fn sends(&self) -> Sends {
        Sends::each(&["getAllChildrenNumber"])
    }

    async fn run(&self, cx: &Context) -> Result<Count> {
        let path = cx.path(&self.path)?;
        Ok(Count { count: cx.session.count_below(&path).await? })
    }
}

/// The number of znodes.
#[derive(Debug, serde::Serialize)]
pub struct Count {
    count: u64,
}

impl Report for Count {
    fn text(&self, out: &mut Text<'_>) {
        out.line(self.count);
    }
}
