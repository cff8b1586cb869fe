//! `addWatch`: set a persistent watch.

use crate::dispatch::{Context, Effects, Sends, Spec, Task, Write};
use crate::error::Result;
use crate::output::NoOutput;
use crate::zk::{TypedPath, WatchKind};

/// Leave a watch that stays until it is removed
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "addWatch [-m PERSISTENT|PERSISTENT_RECURSIVE] path",
    after_long_help = EXAMPLE
)]
pub struct AddWatch {
    /// What to watch: the znode, or all below it too
    #[arg(
        short,
        long,
        value_name = "mode",
        ignore_case = true,
        default_value = "PERSISTENT_RECURSIVE"
    )]
    mode: Mode,
    /// Znode to watch; it need not exist
    #[arg(value_name = "path")]
    path: TypedPath,
}

/// What a watch covers.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Mode {
    /// The znode: its data, its children, its coming and going
    #[value(name = "PERSISTENT")]
    Persistent,
    /// The znode and all below it: data, coming and going
    #[value(name = "PERSISTENT_RECURSIVE")]
    PersistentRecursive,
}

const EXAMPLE: &str = "\
Needs ZooKeeper 3.6 or later.

Example:
> addWatch /lake
> create /lake
WATCHER::
WatchedEvent state:SyncConnected type:NodeCreated path:/lake
Created /lake
> create /lake/reed
WATCHER::
WatchedEvent state:SyncConnected type:NodeCreated path:/lake/reed
Created /lake/reed";

impl Spec for AddWatch {
    const NAME: &'static str = "addWatch";
    const TASK: Task = Task::Watch;
    type Report = NoOutput;

    fn effects(&self) -> Effects {
        Effects::writes(Write::Several).watching(true)
    }

    fn sends(&self) -> Sends {
        Sends::each(&["addWatch"])
    }

    async fn run(&self, cx: &Context) -> Result<NoOutput> {
        let path = cx.path(&self.path)?;
        let kind = match self.mode {
            Mode::Persistent => WatchKind::Persistent,
            Mode::PersistentRecursive => WatchKind::PersistentRecursive,
        };
        cx.session.add_watch(&path, kind).await?;
        Ok(NoOutput {})
    }
}
