//! `mirror`: make one tree like another.

use super::cp::{apart, moved};
use crate::dispatch::{
    Consent, Context, Effects, Question, Spec, Task, Write, transfer::TransferOptions,
    transfer::TransferReport, transfer::live, transfer::outcome, transfer::question, transfer::run,
};
use crate::error::Result;
use crate::tree::plan::Rules;
use crate::tree::source::Pairs;
use crate::zk::{TypedPath, ZnodePath};

/// Make a tree like another
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "mirror [-n] [--delete] [--persist-ephemerals] [--yes] [--force] path target",
    after_long_help = EXAMPLE
)]
pub struct Mirror {
    /// Delete what only the target has; live ephemerals stay
    #[arg(long)]
    delete: bool,
    #[command(flatten)]
    options: TransferOptions,
    #[command(flatten)]
    consent: Consent,
    /// Znode at the top of the tree that is the model
    #[arg(value_name = "path")]
    path: TypedPath,
    /// Znode at the top of the tree that is changed
    #[arg(value_name = "target")]
    target: TypedPath,
}

const EXAMPLE: &str = "\
Example:
> create /lake deep
Created /lake
> create /pond
Created /pond
> create /pond/frog
Created /pond/frog
> mirror --delete --dry-run /lake /pond
~ /pond
- /pond/frog
would be: 1 changed, 1 deleted, 0 unchanged";

impl Mirror {
    fn prepare(&self, cx: &Context) -> Result<(Pairs, Rules, ZnodePath)> {
        let (path, target) = (cx.path(&self.path)?, cx.path(&self.target)?);
        let target = if self.delete {
            self.consent.allow(cx, target, "replace")?
        } else {
            self.consent.allow_below(cx, target, "change")?
        };
        apart(&path, &target, true)?;
        let pairs = Pairs { old: live(cx, &target, None), new: moved(cx, &path, &target, None) };
        Ok((pairs, self.options.rules(cx, true, self.delete), target))
    }
}

impl Spec for Mirror {
    const NAME: &'static str = "mirror";
    const TASK: Task = Task::Copy;
    type Report = TransferReport;

    fn effects(&self) -> Effects {
        if self.options.dry_run {
            Effects::READS.long(true)
        } else {
            Effects::writes(Write::Several)
        }
    }

    async fn run(&self, cx: &Context) -> Result<TransferReport> {
        let (pairs, rules, _) = self.prepare(cx)?;
        let done = run(cx, pairs, rules, self.options.dry_run, false).await?;
        outcome(cx, done, self.options.dry_run)
    }

    async fn question(&self, cx: &Context) -> Result<Option<Question>> {
        if self.consent.yes || self.options.dry_run {
            return Ok(None);
        }
        let (pairs, rules, target) = self.prepare(cx)?;
        question(pairs, rules, &target).await
    }
}
