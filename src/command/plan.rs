//! `plan` and `apply`: compare the live tree with the wanted state in a file, and change it to
//! match.

mod kept;

use std::path::{Path, PathBuf};

use super::diff::Differing;
use crate::dispatch::transfer::{self, Transfer, TransferOptions, TransferReport, left};
use crate::dispatch::{Consent, Context, Effects, Question, Sends, Spec, Task};
use crate::error::{Error, Kind, Result};
use crate::output::NoOutput;
use crate::tree::apply::Counts;
use crate::tree::kept_plan::{KeptPlan, is_plan};
use crate::tree::plan::{Planned, Planner};
use crate::tree::source::Pairs;
use crate::zk::{TypedPath, ZnodePath};

/// Which state is wanted, and where.
#[derive(Debug, clap::Args)]
struct Wanted {
    /// Delete what the file does not have, except live ephemerals
    #[arg(long)]
    prune: bool,
    /// File or folder with the wanted state, as save writes it
    #[arg(value_name = "file", value_hint = clap::ValueHint::AnyPath)]
    file: PathBuf,
    /// Znode at the top of the tree; by default the one in the file
    #[arg(value_name = "path")]
    path: Option<TypedPath>,
}

impl Wanted {
    fn pairs(&self, cx: &Context) -> Result<(Pairs, ZnodePath)> {
        transfer::saved(cx, &self.file, self.path.as_ref())
    }

    fn file(&self) -> &Path {
        &self.file
    }
}

/// Show what apply would do to make a tree match a file
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "plan [-q] [--prune] [--persist-ephemerals] [-o plan] file [path]",
    after_long_help = EXAMPLE
)]
pub struct Plan {
    /// Show the paths only, not the values
    #[arg(short, long)]
    quiet: bool,
    /// Plan ephemerals as persistent; otherwise they are left out
    #[arg(long)]
    persist_ephemerals: bool,
    /// Keep the plan in a file; apply refuses it if the tree has changed since
    #[arg(short, long, value_name = "plan", value_hint = clap::ValueHint::FilePath)]
    output: Option<PathBuf>,
    #[command(flatten)]
    wanted: Wanted,
}

const EXAMPLE: &str = "\
The exit status is 4 if there is something to do, and 0 if there is nothing. plan compares only what the
file contains: {\"path\": \"/lake\", \"data\": {\"text\": \"deep\"}} says nothing about the ACL. Znodes that the
file does not have stay, unless --prune is given.

With -o, plan saves what it shows, and apply does exactly that later: plan --prune -o today.plan lake.jsonl,
and then apply today.plan. The file holds data and ACLs, and only its owner can read it.

Example:
> plan /dev/null
! /dev/null: neither a file nor a folder";

impl Spec for Plan {
    const NAME: &'static str = "plan";
    const TASK: Task = Task::Copy;
    type Report = NoOutput;

    fn effects(&self) -> Effects {
        Effects::READS.long(true)
    }

    fn sends(&self) -> Sends {
        Sends::many(&["getChildren2", "getData", "multiRead", "getACL"])
    }

    async fn run(&self, cx: &Context) -> Result<NoOutput> {
        let (mut pairs, target) = self.wanted.pairs(cx)?;
        let mut keeping = match &self.output {
            Some(file) => Some(kept::Keeping::begin(cx, file, &target).await?),
            None => None,
        };
        let options =
            TransferOptions { dry_run: true, persist_ephemerals: self.persist_ephemerals };
        let mut planner = Planner::new(options.rules(&cx.session, true, self.wanted.prune));
        let (mut counts, mut failures, mut seen) = (Counts::default(), Vec::new(), 0);
        let mut is_over = false;
        while !is_over {
            if let Some((pair, _)) = pairs.next().await? {
                seen += 1;
                cx.progress.note(seen, "compared");
                let only_old = pair.new.is_none() && !self.wanted.prune;
                if let Some(difference) = pair.difference().filter(|_| !only_old) {
                    cx.show(&Differing { pair: &pair, difference, quiet: self.quiet })?;
                }
                planner.add(pair);
            } else {
                planner.finish();
                is_over = true;
            }
            while let Some(planned) = planner.next_planned() {
                match planned {
                    Planned::Do(step) => {
                        counts.add(&step);
                        keeping.as_mut().map_or(Ok(()), |keeping| keeping.add(&step))?;
                    }
                    Planned::Refused(refused) => failures.push(left(&refused)),
                }
            }
        }
        failures.extend(pairs.old.take_failures());
        failures.extend(pairs.new.take_failures());
        if !failures.is_empty() {
            let message =
                format!("{} cannot be changed to match {}", target, self.wanted.file().display());
            let error = Error::new(Kind::Refused, message).with_causes(failures);
            return Err(match &self.output {
                Some(_) => error.with_detail("no plan was written"),
                None => error,
            });
        }
        keeping.map_or(Ok(()), |keeping| keeping.finish(cx))?;
        if counts.total() == 0 {
            return Ok(NoOutput {});
        }
        let words = counts.words();
        let applied = self.output.as_deref().unwrap_or(self.wanted.file());
        Err(Error::new(
            Kind::Different,
            format!("{target} differs from the file; apply would do: {words}"),
        )
        .with_hint(format!("apply {} makes the changes", applied.display())))
    }
}

/// Make a tree match a file
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "apply [-n] [--prune] [--persist-ephemerals] [--yes] [--force] file [path]",
    after_long_help = APPLY_EXAMPLE
)]
pub struct Apply {
    #[command(flatten)]
    options: TransferOptions,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    wanted: Wanted,
}

const APPLY_EXAMPLE: &str = "\
Each write checks that the znode has not changed since it was compared. After an interruption, the same
line continues. The file is a saved tree, a folder, or a plan that plan -o has saved. A plan is applied
as it was shown, or not at all if any of its znodes has changed since.

Example:
> apply /dev/null
! /dev/null: neither a file nor a folder";

impl Apply {
    /// Reads the file if it is a plan.
    fn kept(&self, cx: &Context) -> Result<Option<KeptPlan>> {
        let file = self.wanted.file();
        if !is_plan(file) {
            return Ok(None);
        }
        if self.wanted.path.is_some() || self.wanted.prune || self.options.persist_ephemerals {
            let message = format!(
                "{} is a saved plan: it takes no path, --prune or --persist-ephemerals",
                file.display()
            );
            return Err(Error::usage(message).with_usage("apply [-n] [--yes] [--force] plan"));
        }
        let plan = KeptPlan::open(file, cx.session.max_request() as u64)?;
        if plan.counts.deleted > 0 {
            self.consent.allow(cx, plan.top.clone(), "change")?;
        } else {
            self.consent.allow_below(cx, plan.top.clone(), "change")?;
        }
        Ok(Some(plan))
    }

    fn prepare(&self, cx: &Context) -> Result<Transfer> {
        let (pairs, target) = self.wanted.pairs(cx)?;
        let target = if self.wanted.prune {
            self.consent.allow(cx, target, "replace")?
        } else {
            self.consent.allow_below(cx, target, "change")?
        };
        let rules = self.options.rules(&cx.session, true, self.wanted.prune);
        Ok(Transfer { pairs, rules, target: cx.here(target), verb: "applied" })
    }
}

impl Spec for Apply {
    const NAME: &'static str = "apply";
    const TASK: Task = Task::Copy;
    type Report = TransferReport;

    fn effects(&self) -> Effects {
        self.options.effects()
    }

    fn sends(&self) -> Sends {
        transfer::REPLACES
    }

    async fn run(&self, cx: &Context) -> Result<TransferReport> {
        if let Some(plan) = self.kept(cx)? {
            return kept::apply(cx, &plan, self.options.dry_run).await;
        }
        self.prepare(cx)?.run(cx, self.options).await
    }

    async fn question(&self, cx: &Context) -> Result<Option<Question>> {
        if self.consent.yes || self.options.dry_run {
            return Ok(None);
        }
        if let Some(plan) = self.kept(cx)? {
            return kept::question(cx, &plan).await;
        }
        self.prepare(cx)?.question(cx).await
    }
}
