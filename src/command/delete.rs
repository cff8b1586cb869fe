//! `delete`: deletes a znode that has no children.

use crate::dispatch::{Context, Data, Effects, Sends, Spec, Task, Write};
use crate::error::{Code, Error, Result};
use crate::output::NoOutput;
use crate::session::Operation;
use crate::zk::TypedPath;

/// Delete a znode that has no children
#[derive(Debug, Default, clap::Args)]
#[command(
    override_usage = "delete [-v version] [--if-exists] path | delete path [version]",
    after_long_help = EXAMPLE
)]
pub struct Delete {
    /// Delete only if this is the version of the data
    #[arg(short = 'v', long = "version", value_name = "version", allow_negative_numbers = true)]
    only: Option<i32>,
    /// Do nothing if the znode does not exist
    #[arg(long)]
    if_exists: bool,
    /// Znode to delete
    #[arg(value_name = "path")]
    path: TypedPath,
    /// Delete only if this is the version of the data
    #[arg(value_name = "version", conflicts_with = "only", allow_negative_numbers = true)]
    version: Option<i32>,
}

const EXAMPLE: &str = "\
Example:
> create /lake
Created /lake
> delete /lake
> delete /lake
! Node does not exist: /lake
> delete --if-exists /lake";

impl Delete {
    fn as_operation(&self, cx: &Context) -> Result<Operation> {
        if self.if_exists {
            return Err(Error::usage("--if-exists cannot be used in a transaction"));
        }
        Ok(Operation::Delete { path: cx.path(&self.path)?, version: self.only.or(self.version) })
    }
}

impl Spec for Delete {
    const NAME: &'static str = "delete";
    const TASK: Task = Task::Change;
    const SEARCH_TERMS: &'static [(&'static str, &'static str)] =
        &[("rm", "delete"), ("rmdir", "delete")];
    type Report = NoOutput;

    fn effects(&self) -> Effects {
        Effects::writes(Write::Delete)
    }

    fn sends(&self) -> Sends {
        Sends::each(&["delete"])
    }

    async fn run(&self, cx: &Context) -> Result<NoOutput> {
        let path = cx.path(&self.path)?;
        let version = self.only.or(self.version);
        match cx.session.delete(&path, version).await {
            Err(error) => match error.code_of() {
                Some(Code::NoNode) if self.if_exists => Ok(NoOutput {}),
                Some(Code::NotEmpty) => {
                    Err(error.with_hint(format!("deleteall {path} deletes its children too")))
                }
                _ => Err(error),
            },
            Ok(()) => Ok(NoOutput {}),
        }
    }

    async fn operation(&self, cx: &Context) -> Option<Result<Operation>> {
        Some(self.as_operation(cx))
    }

    fn from_path(path: TypedPath, data: Option<Data>) -> Option<Self> {
        data.is_none().then(|| Self { path, ..Self::default() })
    }
}
