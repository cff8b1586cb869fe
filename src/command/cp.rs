//! `cp`: copy a znode, or a tree.

use crate::dispatch::transfer::{
    self, Transfer, TransferOptions, TransferReport, apart, copied, live,
};
use crate::dispatch::{Consent, Context, Effects, Question, Sends, Spec, Task};
use crate::error::Result;
use crate::tree::source::Pairs;
use crate::zk::TypedPath;

/// Copy a znode, with -r all below it too
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "cp [-r] [-n] [--overwrite] [--persist-ephemerals] [--yes] [--force] path target",
    after_long_help = EXAMPLE
)]
pub struct Cp {
    /// Copy all znodes below it too
    #[arg(short, long)]
    recursive: bool,
    /// Change znodes that exist with different data, ACL or kind
    #[arg(long)]
    overwrite: bool,
    #[command(flatten)]
    options: TransferOptions,
    #[command(flatten)]
    consent: Consent,
    /// Znode to copy
    #[arg(value_name = "path")]
    path: TypedPath,
    /// Path of the copy
    #[arg(value_name = "target")]
    target: TypedPath,
}

const EXAMPLE: &str = "\
Copied are data, ACLs and kinds. What is there already stays, unless --overwrite is given.

Example:
> create /lake deep
Created /lake
> create /lake/reed
Created /lake/reed
> cp -r /lake /pond
2 created, 0 unchanged
> ls /pond
[reed]";

impl Cp {
    fn prepare(&self, cx: &Context) -> Result<Transfer> {
        let (path, target) = (cx.path(&self.path)?, cx.path(&self.target)?);
        let target = self.consent.allow_below(cx, target, "copy to")?;
        apart(&path, &target, self.recursive)?;
        let deepest = (!self.recursive).then_some(0);
        let pairs =
            Pairs { old: live(cx, &target, deepest), new: copied(cx, &path, &target, deepest) };
        let rules = self.options.rules(cx, self.overwrite, false);
        Ok(Transfer { pairs, rules, target })
    }
}

impl Spec for Cp {
    const NAME: &'static str = "cp";
    const TASK: Task = Task::Copy;
    type Report = TransferReport;

    fn effects(&self) -> Effects {
        self.options.effects()
    }

    fn sends(&self) -> Sends {
        transfer::COPIES
    }

    async fn run(&self, cx: &Context) -> Result<TransferReport> {
        self.prepare(cx)?.run(cx, self.options).await
    }

    async fn question(&self, cx: &Context) -> Result<Option<Question>> {
        if self.consent.yes || self.options.dry_run || !self.recursive {
            return Ok(None);
        }
        self.prepare(cx)?.question(cx).await
    }
}
