//! `removewatches`: remove watches.

use crate::dispatch::{Context, Effects, Sends, Spec, Task, Write};
use crate::error::{Code, Result};
use crate::output::NoOutput;
use crate::zk::{TypedPath, WatchKind};

/// Remove watches of this session from a znode
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "removewatches path [-c|-d|-p|-r|-a] [-l]",
    after_long_help = EXAMPLE
)]
pub struct RemoveWatches {
    #[command(flatten)]
    which: Which,
    /// Remove them even without a connection
    #[arg(short, long)]
    local: bool,
    /// Znode to stop watching
    #[arg(value_name = "path")]
    path: TypedPath,
}

/// The kind of watch.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
#[expect(clippy::struct_excessive_bools, reason = "one flag for each option of zkCli")]
struct Which {
    /// Only the watch that ls left
    #[arg(short, long)]
    children: bool,
    /// Only the watch that get or stat left
    #[arg(short, long)]
    data: bool,
    /// Only the persistent watch
    #[arg(short, long)]
    persistent: bool,
    /// Only the persistent watch of all below the znode
    #[arg(short, long)]
    recursive: bool,
    /// Watches of every kind, as without any of these
    #[arg(short, long)]
    any: bool,
}

const EXAMPLE: &str = "\
Needs ZooKeeper 3.6 or later.

Example:
> create /lake deep
Created /lake
> addWatch /lake
> removewatches /lake
WATCHER::
WatchedEvent state:SyncConnected type:PersistentWatchRemoved path:/lake
> removewatches /lake
! KeeperErrorCode = No such watcher for /lake: there is no such watch";

impl Spec for RemoveWatches {
    const NAME: &'static str = "removewatches";
    const TASK: Task = Task::Watch;
    type Report = NoOutput;

    fn effects(&self) -> Effects {
        Effects::writes(Write::Several).watching(true)
    }

    fn sends(&self) -> Sends {
        Sends::each(&["removeWatches"])
    }

    async fn run(&self, cx: &Context) -> Result<NoOutput> {
        let path = cx.path(&self.path)?;
        let removed = cx.session.remove_watches(&path, self.which.kind(), self.local).await;
        removed.map_err(|error| match error.code_of() {
            Some(Code::NoWatcher) => error.with_hint("watches lists the watches you have"),
            _ => error,
        })?;
        Ok(NoOutput {})
    }
}

impl Which {
    fn kind(&self) -> Option<WatchKind> {
        [
            (self.children, WatchKind::Child),
            (self.data, WatchKind::Data),
            (self.persistent, WatchKind::Persistent),
            (self.recursive, WatchKind::PersistentRecursive),
        ]
        .into_iter()
        .find_map(|(wanted, kind)| wanted.then_some(kind))
    }
}
