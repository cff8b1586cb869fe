//! `pwd`: print the working path.

use super::Shell;
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

impl Pwd {
    pub(super) fn run(shell: &Shell) -> Working {
        Working { path: shell.session.working_path().unwrap_or_else(ZnodePath::root) }
    }
}

/// The working path.
#[derive(Debug, serde::Serialize)]
pub(super) struct Working {
    path: ZnodePath,
}

impl Report for Working {
    fn text(&self, out: &mut Text<'_>) {
        out.foreign(self.path.as_str());
        out.line("");
    }
}
