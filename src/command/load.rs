//! `load`: make the znodes of a saved tree.

use std::path::PathBuf;

use crate::dispatch::{
    Consent, Context, Effects, Question, Spec, Task, Write, transfer::TransferOptions,
    transfer::TransferReport, transfer::live, transfer::outcome, transfer::question, transfer::run,
};
use crate::error::Result;
use crate::tree::plan::Rules;
use crate::tree::source::{Pairs, Source, open};
use crate::zk::{TypedPath, ZnodePath};

/// Make the znodes of a file that save wrote
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "load [-n] [--overwrite] [--persist-ephemerals] [--yes] [--force] file [path]",
    after_long_help = EXAMPLE
)]
pub struct Load {
    /// Change znodes that are there with other data, ACL or kind
    #[arg(long)]
    overwrite: bool,
    #[command(flatten)]
    options: TransferOptions,
    #[command(flatten)]
    consent: Consent,
    /// File or folder that save wrote; or what other tools have saved
    #[arg(value_name = "file", value_hint = clap::ValueHint::AnyPath)]
    file: PathBuf,
    /// Znode that the top of the tree becomes; by default the one that was saved
    #[arg(value_name = "path")]
    path: Option<TypedPath>,
}

const EXAMPLE: &str = "\
All of the file is checked first, so that nothing comes of one that was cut. What is there already
and alike is passed over: after an interruption, the same line goes on. Read are also a backup that
zk_shell made (json://) and an export of ZooNavigator.

Example:
> load /dev/null
! /dev/null: neither a file nor a folder";

impl Load {
    fn prepare(&self, cx: &Context) -> Result<(Pairs, Rules, ZnodePath)> {
        let target = self.path.as_ref().map(|path| cx.path(path)).transpose()?;
        let saved = open(&self.file, target.as_ref(), cx.session.max_request() as u64)?;
        let target = target.unwrap_or(saved.top);
        let target = self.consent.allow_below(cx, target, "load into")?;
        let pairs = Pairs { old: live(cx, &target, None), new: Source::file(saved.records) };
        Ok((pairs, self.options.rules(cx, self.overwrite, false), target))
    }
}

impl Spec for Load {
    const NAME: &'static str = "load";
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
