//! `deleteall` and `rmr`: delete a znode and all below it.

use super::Shell;
use crate::error::Result;
use crate::path::TypedPath;
use crate::report::Silence;

/// Delete a znode and all below it
#[derive(Debug, clap::Args)]
#[command(override_usage = "deleteall path [-b batch size]", after_long_help = EXAMPLE)]
pub struct DeleteAll {
    /// Requests in flight at a time; zksh chooses well by itself
    #[arg(short, long = "batch", value_name = "batch size", value_parser = clap::value_parser!(u16).range(1..=1000))]
    batch: Option<u16>,
    /// Znode to delete
    #[arg(value_name = "path")]
    path: TypedPath,
}

const EXAMPLE: &str = "\
Example:
> create /lake
Created /lake
> create /lake/reed
Created /lake/reed
> deleteall /lake
> ls /lake
! Node does not exist: /lake";

impl DeleteAll {
    pub(super) async fn run(&self, shell: &Shell) -> Result<Silence> {
        let path = shell.path(&self.path)?;
        shell.session.delete_subtree(&path, self.batch.map(usize::from), |_| ()).await?;
        Ok(Silence {})
    }
}
