//! `pwd`: print the working path.

use crate::dispatch::{Context, Effects, Spec, Task};
use crate::error::Result;
use crate::output::{Report, Text};
use crate::zk::ZnodePath;

/// Print the znode that relative paths start from
#[derive(Debug, clap::Args)]
#[command(override_usage = "pwd", after_long_help = EXAMPLE)]
pub struct Pwd {}

const EXAMPLE: &str = "\
Example:
> pwd
/";

impl Spec for Pwd {
    const NAME: &'static str = "pwd";
    const TASK: Task = Task::Look;
    type Report = PathReport;

    fn effects(&self) -> Effects {
        Effects::SHELL
    }

    async fn run(&self, cx: &Context) -> Result<PathReport> {
        Ok(PathReport { path: cx.cwd.get().unwrap_or_else(ZnodePath::root) })
    }
}

/// The working path.
#[derive(Debug, serde::Serialize)]
pub struct PathReport {
    path: ZnodePath,
}

impl Report for PathReport {
    fn text(&self, out: &mut Text<'_>) {
        out.foreign(self.path.as_str());
        out.line("");
    }
}
