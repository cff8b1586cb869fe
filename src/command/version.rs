//! `version`: which shell this is.

use crate::output::Said;

/// Print the shell's name and version
#[derive(Debug, clap::Args)]
#[command(override_usage = "version", after_long_help = EXAMPLE)]
pub struct Version {}

const EXAMPLE: &str =
    concat!("Example:\n> version\nZooKeeper CLI version: zksh ", env!("CARGO_PKG_VERSION"));

impl Version {
    pub(super) fn run() -> Said {
        Said(format!("ZooKeeper CLI version: zksh {}", env!("CARGO_PKG_VERSION")))
    }
}
