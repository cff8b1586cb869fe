//! `getEphemerals`: list the ephemeral znodes of this session.

use crate::dispatch::{Context, Effects, Sends, Spec, Task};
use crate::error::Result;
use crate::output::{Report, Text};
use crate::zk::{TypedPath, ZnodePath};

/// List the ephemeral znodes of this session
#[derive(Debug, clap::Args)]
#[command(override_usage = "getEphemerals [path]", after_long_help = EXAMPLE)]
pub struct GetEphemerals {
    /// What their paths begin with; all of them by default
    #[arg(value_name = "path")]
    path: Option<TypedPath>,
}

const EXAMPLE: &str = "\
Needs ZooKeeper 3.6 or later.

Example:
> create -e /duck
Created /duck
> create -e /reed
Created /reed
> getEphemerals
[/duck, /reed]
> getEphemerals /d
[/duck]";

impl Spec for GetEphemerals {
    const NAME: &'static str = "getEphemerals";
    const TASK: Task = Task::Session;
    type Report = Ephemerals;

    fn effects(&self) -> Effects {
        Effects::READS.lone(true)
    }

    fn sends(&self) -> Sends {
        Sends::each(&["getEphemerals"])
    }

    async fn run(&self, cx: &Context) -> Result<Ephemerals> {
        let prefix = match &self.path {
            Some(path) => cx.path(path)?,
            None => ZnodePath::root(),
        };
        Ok(Ephemerals { ephemerals: cx.session.list_ephemerals(&prefix).await? })
    }
}

/// The paths, relative to the chroot.
#[derive(Debug, serde::Serialize)]
pub struct Ephemerals {
    ephemerals: Vec<String>,
}

impl Report for Ephemerals {
    fn text(&self, out: &mut Text<'_>) {
        out.list(self.ephemerals.iter().map(String::as_str));
    }
}
