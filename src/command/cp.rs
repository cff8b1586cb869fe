//! `cp`: copy a znode, or a tree.

use crate::dispatch::{
    Consent, Context, Effects, Question, Spec, Task, Write, transfer::ALL,
    transfer::TransferOptions, transfer::TransferReport, transfer::live, transfer::outcome,
    transfer::question, transfer::run,
};
use crate::error::{Error, Kind, Result};
use crate::tree::plan::Rules;
use crate::tree::source::{Pairs, Source};
use crate::tree::stream::Znodes;
use crate::zk::{TypedPath, ZnodePath};

/// Copy a znode, with -r all below it too
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "cp [-r] [-n] [--overwrite] [--persist-ephemerals] [--yes] [--force] path target",
    after_long_help = EXAMPLE
)]
pub struct Cp {
    /// Copy all below it too
    #[arg(short, long)]
    recursive: bool,
    /// Change znodes that are there with other data, ACL or kind
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
    fn prepare(&self, cx: &Context) -> Result<(Pairs, Rules, ZnodePath)> {
        let (path, target) = (cx.path(&self.path)?, cx.path(&self.target)?);
        let target = self.consent.allow_below(cx, target, "copy to")?;
        apart(&path, &target, self.recursive)?;
        let deepest = (!self.recursive).then_some(0);
        let pairs =
            Pairs { old: live(cx, &target, deepest), new: moved(cx, &path, &target, deepest) };
        Ok((pairs, self.options.rules(cx, self.overwrite, false), target))
    }
}

impl Spec for Cp {
    const NAME: &'static str = "cp";
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
        if self.consent.yes || self.options.dry_run || !self.recursive {
            return Ok(None);
        }
        let (pairs, rules, target) = self.prepare(cx)?;
        question(pairs, rules, &target).await
    }
}

/// The tree at `path`, as if it were at `target`.
pub(super) fn moved(
    cx: &Context,
    path: &ZnodePath,
    target: &ZnodePath,
    deepest: Option<usize>,
) -> Source {
    let znodes = Znodes::new(&cx.session, path, ALL, deepest).without_zookeeper();
    Source::server(znodes, path.clone(), target.clone(), false)
}

/// Refuses a copy of a tree into itself: it would never end.
pub(super) fn apart(path: &ZnodePath, target: &ZnodePath, recursive: bool) -> Result<()> {
    let wrong = |words: String| Err(Error::new(Kind::Refused, words));
    if path == target {
        return wrong(format!("{path} and {target} are the same znode"));
    }
    if recursive && path.contains(target) {
        return wrong(format!("{target} is inside {path}"));
    }
    if recursive && target.contains(path) {
        return wrong(format!("{path} is inside {target}"));
    }
    Ok(())
}
