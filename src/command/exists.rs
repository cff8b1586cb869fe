//! `exists`: report by the exit status whether a znode exists, for scripts.

use crate::dispatch::{Context, Data, Effects, Globs, Sends, Spec, Task};
use crate::error::{Code, Error, Result};
use crate::output::{Report, Text};
use crate::zk::TypedPath;

/// Set the exit status by whether a znode exists
#[derive(Debug, clap::Args)]
#[command(override_usage = "exists path", after_long_help = EXAMPLE)]
pub struct Exists {
    /// Znode to look for
    #[arg(value_name = "path")]
    path: TypedPath,
}

const EXAMPLE: &str = "\
`zksh exists /lake` ends with status 0 if the znode exists, 1 if it does not, and 3 if no server answers.
In a script, the line fails if the znode does not exist.

Example:
> create /lake
Created /lake
> exists /lake
> exists /pond
! Node does not exist: /pond";

impl Spec for Exists {
    const NAME: &'static str = "exists";
    const TASK: Task = Task::Look;
    const GLOBS: Globs = Globs::WithHeadings;
    type Report = ExistsReport;

    fn effects(&self) -> Effects {
        Effects::READS
    }

    fn sends(&self) -> Sends {
        Sends::each(&["exists"])
    }

    async fn run(&self, cx: &Context) -> Result<ExistsReport> {
        let path = cx.path(&self.path)?;
        let exists = cx.session.exists(&path, false).await?.is_some();
        Ok(ExistsReport { exists, path: path.to_string() })
    }

    fn from_path(path: TypedPath, data: Option<Data>) -> Option<Self> {
        data.is_none().then_some(Self { path })
    }
}

/// Whether the znode exists.
#[derive(Debug, serde::Serialize)]
pub struct ExistsReport {
    exists: bool,
    #[serde(skip)]
    path: String,
}

impl Report for ExistsReport {
    fn text(&self, _: &mut Text<'_>) {}

    fn failure(&self) -> Option<Error> {
        (!self.exists).then(|| Error::code(Code::NoNode, self.path.as_str()))
    }
}
