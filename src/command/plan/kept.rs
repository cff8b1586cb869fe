//! Plans in files: the file of `plan -o`, and `apply` with such a file.

use std::io;
use std::path::{Path, PathBuf};

use crate::dispatch::transfer::{ShownStep, TransferReport, outcome};
use crate::dispatch::{Context, Question, counted};
use crate::error::{Error, Kind, Result};
use crate::output::json::Time;
use crate::tree::apply::{Applier, Counts};
use crate::tree::kept_plan::{Header, Identity, KeptPlan, PlanWriter, VERSION, check, is_plan};
use crate::tree::step::Step;
use crate::tree::transfer::Transferred;
use crate::zk::ZnodePath;

/// A plan that is being written.
pub(super) struct Keeping {
    writer: PlanWriter,
    file: PathBuf,
}

impl Keeping {
    /// Starts a plan for the tree at `top`. An existing file is replaced only if it is a plan.
    pub(super) async fn begin(cx: &Context, file: &Path, top: &ZnodePath) -> Result<Self> {
        if file.exists() && !is_plan(file) {
            let message = format!("{} exists and is not a plan", file.display());
            return Err(Error::new(Kind::Refused, message));
        }
        let znode = cx.session.exists(top, false).await?.as_ref().map(Identity::from);
        let made = serde_json::to_value(Time::now()).ok();
        let header = Header {
            zksh: "plan".to_owned(),
            version: VERSION,
            top: top.as_str().to_owned(),
            znode,
            made: made.and_then(|time| time.as_str().map(str::to_owned)),
            servers: cx.session.servers().map(|servers| servers.to_string()),
        };
        let writer = PlanWriter::new(file, &header).map_err(|error| wrong(file, &error))?;
        Ok(Self { writer, file: file.to_owned() })
    }

    /// Adds a step.
    pub(super) fn add(&mut self, step: &Step) -> Result<()> {
        self.writer.add(step).map_err(|error| wrong(&self.file, &error))
    }

    /// Ends the plan with the last zxid that was seen, and gives the file its name.
    pub(super) fn finish(self, cx: &Context) -> Result<()> {
        let zxid = cx.session.facts().map_or(0, |facts| facts.last_zxid);
        self.writer.finish(zxid).map_err(|error| wrong(&self.file, &error))
    }
}

fn wrong(file: &Path, error: &io::Error) -> Error {
    Error::new(Kind::Refused, format!("{}: {error}", file.display()))
}

/// Applies a plan, or the rest of one whose application was interrupted.
pub(super) async fn apply(cx: &Context, plan: &KeptPlan, dry_run: bool) -> Result<TransferReport> {
    let mut progress =
        check(&cx.session, plan, |checked| cx.progress.note(checked, "compared")).await?;
    let mut done = Transferred { same: progress.total, ..Transferred::default() };
    let mut applier = Applier::new(&cx.session);
    let mut counts = Counts::default();
    for step in plan.steps()? {
        let step = step?;
        if progress.has(&step) {
            continue;
        }
        counts.add(&step);
        cx.progress.note(counts.total(), if dry_run { "to change" } else { "changed" });
        if dry_run {
            cx.show(&ShownStep { step: &step })?;
        } else {
            applier.apply(step).await?;
        }
    }
    (done.failed, done.failures) = applier.finish().await?;
    done.counts = if dry_run { counts } else { applier.applied };
    outcome(cx, done, dry_run)
}

/// Returns the question before a plan is applied, or `None` if nothing would change.
pub(super) async fn question(cx: &Context, plan: &KeptPlan) -> Result<Option<Question>> {
    let progress = check(&cx.session, plan, |_| {}).await?;
    let left = plan.counts.total().saturating_sub(progress.total);
    if left == 0 {
        return Ok(None);
    }
    let steps = counted(left, "step", "steps");
    let words = format!("Apply {steps} at {} and below it ({})", plan.top, plan.counts.words());
    let lost = cx.journal.foresees(cx, left, 0, 0);
    Ok(Some(Question { words, declined: "Nothing was changed" }.ending(lost)))
}
