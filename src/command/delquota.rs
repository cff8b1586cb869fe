//! `delquota`: remove a quota.

use crate::dispatch::{Context, Effects, Sends, Spec, Task, Write};
use crate::error::{Error, Kind, Result};
use crate::output::NoOutput;
use crate::tree;
use crate::zk::{Limit, TypedPath};

/// Remove a limit of a znode, or its whole quota
#[derive(Debug, clap::Args)]
#[command(override_usage = "delquota [-n|-b|-N|-B] path", after_long_help = EXAMPLE)]
pub struct DelQuota {
    #[command(flatten)]
    which: Which,
    /// Znode that has a quota
    #[arg(value_name = "path")]
    path: TypedPath,
}

/// The limit to take away; without one, the whole quota.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
#[expect(clippy::struct_excessive_bools, reason = "one flag for each option of zkCli")]
struct Which {
    /// Only the soft limit of znodes
    #[arg(short = 'n', long)]
    count: bool,
    /// Only the soft limit of bytes
    #[arg(short = 'b', long)]
    bytes: bool,
    /// Only the hard limit of znodes
    #[arg(short = 'N', long)]
    hard_count: bool,
    /// Only the hard limit of bytes
    #[arg(short = 'B', long)]
    hard_bytes: bool,
}

const EXAMPLE: &str = "\
Example, at the servers' own root:
> create /moor
Created /moor
> setquota -n 10 /moor
> delquota /moor
> listquota /moor
absolute path is /zookeeper/quota/moor/zookeeper_limits
! quota for /moor does not exist.
> delete /moor";

impl Spec for DelQuota {
    const NAME: &'static str = "delquota";
    const TASK: Task = Task::Protect;
    type Report = NoOutput;

    fn effects(&self) -> Effects {
        Effects::writes(Write::Quota)
    }

    fn sends(&self) -> Sends {
        Sends::each(&["getData", "delete"])
    }

    async fn run(&self, cx: &Context) -> Result<NoOutput> {
        let path = cx.path(&self.path)?;
        if tree::delete_quota(&cx.session, &path, self.which.limit()).await? {
            return Ok(NoOutput {});
        }
        Err(Error::new(Kind::Refused, format!("Quota does not exist for {path}")))
    }
}

impl Which {
    fn limit(&self) -> Option<Limit> {
        [
            (self.count, Limit::Count),
            (self.bytes, Limit::Bytes),
            (self.hard_count, Limit::CountHard),
            (self.hard_bytes, Limit::BytesHard),
        ]
        .into_iter()
        .find_map(|(wanted, limit)| wanted.then_some(limit))
    }
}
