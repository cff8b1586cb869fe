//! `stat`: print the metadata that ZooKeeper keeps about a znode.

use crate::dispatch::{Context, Data, Effects, Globs, Sends, Spec, Task};
use crate::error::{Code, Error, Result};
use crate::output::{Report, Text};
use crate::zk::TypedPath;

/// Print the stat of a znode
#[derive(Debug, Default, clap::Args)]
#[command(override_usage = USAGE, after_long_help = EXAMPLE)]
pub struct Stat {
    /// Leave a watch: one event when the znode or its data changes
    #[arg(short, long)]
    watch: bool,
    /// Znode to look at; the working path by default
    #[arg(value_name = "path")]
    path: Option<TypedPath>,
    /// Any word here leaves a watch too; usually `true`
    #[arg(value_name = "watch")]
    word: Option<String>,
}

const USAGE: &str = "stat [-w] path [watch]";

const EXAMPLE: &str = "\
cZxid, ctime: the transaction that created the znode, and its time; mZxid, mtime: the one that last wrote
its data; pZxid: the one that last created or deleted a child. cversion, dataVersion, aclVersion: how many
changes of its children, data and ACL. ephemeralOwner: the session whose end deletes it, 0x0 for none.
dataLength: bytes of data. numChildren: children.

Example:
> create /lake deep
Created /lake
> stat /lake
cZxid = <zxid>
ctime = <time>
mZxid = <zxid>
mtime = <time>
pZxid = <zxid>
cversion = 0
dataVersion = 0
aclVersion = 0
ephemeralOwner = 0x0
dataLength = 4
numChildren = 0";

impl Stat {
    /// Returns whether the command sets a watch.
    pub(super) fn watches(&self) -> bool {
        self.watch || self.word.is_some()
    }
}

impl Spec for Stat {
    const NAME: &'static str = "stat";
    const TASK: Task = Task::Look;
    const GLOBS: Globs = Globs::WithHeadings;
    type Report = StatReport;

    fn effects(&self) -> Effects {
        Effects::READS.watching(self.watches())
    }

    fn sends(&self) -> Sends {
        Sends::each(&["exists"])
    }

    async fn run(&self, cx: &Context) -> Result<StatReport> {
        let path = cx.path_or_here(self.path.as_ref(), USAGE)?;
        let watch = self.watches();
        match cx.session.exists(&path, watch).await? {
            Some(stat) => Ok(StatReport { stat }),
            None => Err(Error::code(Code::NoNode, path.as_str())),
        }
    }

    fn from_path(path: TypedPath, data: Option<Data>) -> Option<Self> {
        data.is_none().then(|| Self { path: Some(path), ..Self::default() })
    }
}

/// The stat of a znode that exists.
#[derive(Debug, serde::Serialize)]
pub struct StatReport {
    stat: crate::zk::Stat,
}

impl Report for StatReport {
    fn text(&self, out: &mut Text<'_>) {
        self.stat.text(out);
    }
}
