//! `deleteall` and `rmr`: delete a znode and all its descendants.

use crate::dispatch::transfer::ShownStep;
use crate::dispatch::{
    Consent, Context, Effects, Question, ReadFailures, Sends, Spec, Task, Write, about_subtree,
    counted,
};
use crate::error::Result;
use crate::output::NoOutput;
use crate::terminal::progress::grouped;
use crate::tree::filter::Needs;
use crate::tree::step::Step;
use crate::tree::stream::Znodes;
use crate::tree::{self, Summary};
use crate::zk::{TypedPath, ZnodePath};

/// The maximum number of ephemeral owners that a question names.
const MAX_NAMED: usize = 3;

/// Delete a znode and all below it
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "deleteall path [-b batch size] [-n] [--keep-going] [--yes] [--force]",
    after_long_help = EXAMPLE
)]
pub struct DeleteAll {
    /// Znodes deleted at a time, 1000 at most; by default zksh chooses the number
    #[arg(short, long = "batch", value_name = "batch size", allow_negative_numbers = true)]
    batch: Option<i32>,
    /// Show what would be deleted, and delete nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Delete what may be deleted, even if some children may not be listed
    #[arg(long)]
    keep_going: bool,
    #[command(flatten)]
    consent: Consent,
    /// Znode to delete
    #[arg(value_name = "path")]
    path: TypedPath,
}

const EXAMPLE: &str = "\
deleteall lists all znodes first. If it may not list the children of one, it deletes nothing, unless
--keep-going is given: then it leaves each znode that it may not delete, and those above it, and deletes
the rest. The error says how many are left, and why.

Example:
> create /lake
Created /lake
> create /lake/reed
Created /lake/reed
> deleteall /lake
> ls /lake
! Node does not exist: /lake";

impl DeleteAll {
    /// Returns how many znodes to delete at a time. Like zkCli, it accepts any number; zero and
    /// negative numbers mean one at a time.
    fn batch(&self) -> Option<usize> {
        self.batch.map(|batch| usize::try_from(batch).unwrap_or(1).clamp(1, 1000))
    }

    fn path(&self, cx: &Context) -> Result<ZnodePath> {
        self.consent.path(cx, &self.path, "delete")
    }
}

/// Shows the znodes that would be deleted, each before its descendants.
async fn show(cx: &Context, top: &ZnodePath) -> Result<()> {
    let mut znodes = Znodes::new(&cx.session, top, Needs::default(), None).without_zookeeper();
    let mut failures = ReadFailures::default();
    while let Some(visited) = znodes.next().await? {
        failures.note(visited.refused);
        let path = visited.record.path;
        // The root itself is never deleted.
        if !path.is_root() {
            cx.show(&ShownStep { step: &Step::Delete { path, version: -1 } })?;
        }
    }
    failures.result()
}

impl Spec for DeleteAll {
    const NAME: &'static str = "deleteall";
    const ALIASES: &'static [&'static str] = &["rmr"];
    const TASK: Task = Task::Change;
    type Report = NoOutput;

    fn effects(&self) -> Effects {
        if self.dry_run { Effects::READS.long(true) } else { Effects::writes(Write::Several) }
    }

    fn sends(&self) -> Sends {
        Sends::many(&["getChildren", "multiRead", "delete", "multi"])
    }

    async fn run(&self, cx: &Context) -> Result<NoOutput> {
        let path = self.path(cx)?;
        if self.dry_run {
            show(cx, &path).await?;
            return Ok(NoOutput {});
        }
        cx.estimate.walks(&cx.session, &path);
        let note = |count| cx.progress.note(count, "deleted");
        tree::delete(&cx.session, &path, self.batch(), self.keep_going, note).await?;
        Ok(NoOutput {})
    }

    async fn question(&self, cx: &Context) -> Result<Option<Question>> {
        let path = self.path(cx)?;
        if self.consent.yes || self.dry_run {
            return Ok(None);
        }
        let summary = tree::summary(&cx.session, &path).await?;
        let own = cx.session.id();
        let foreign = summary.ephemerals.iter().filter(|(owner, _)| Some(**owner) != own);
        let foreign = foreign.map(|(_, count)| *count).sum();
        let lost = cx.journal.foresees(cx, summary.below, summary.bytes, foreign);
        Ok((summary.below > 0).then(|| question(&path, &summary, own).ending(lost)))
    }
}

fn question(path: &ZnodePath, summary: &Summary, own: Option<i64>) -> Question {
    let mut text = about_subtree("Delete", path, summary.below, summary.more);
    text.push_str(", ");
    text.push_str(&counted(summary.bytes, "byte", "bytes"));
    let live: u64 = summary.ephemerals.values().sum();
    if live > 0 {
        let mut owners: Vec<String> = summary
            .ephemerals
            .iter()
            .take(MAX_NAMED)
            .map(|(owner, count)| {
                let whose = if Some(*owner) == own {
                    "this session".to_owned()
                } else {
                    format!("{owner:#x}")
                };
                format!("{} of {whose}", grouped(count))
            })
            .collect();
        if summary.ephemerals.len() > MAX_NAMED {
            owners.push(format!("{} other sessions", summary.ephemerals.len() - MAX_NAMED));
        }
        text.push_str(", ");
        text.push_str(&counted(live, "live ephemeral", "live ephemerals"));
        text.push_str(" (");
        text.push_str(&owners.join(", "));
        text.push(')');
    }
    Question { words: text, declined: "Nothing was deleted" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_names_what_would_be_deleted() {
        let path = ZnodePath::root().child("lake");
        let mut summary = Summary { below: 1, bytes: 3456, ..Summary::default() };
        assert_eq!(
            question(&path, &summary, None).asked(),
            "Delete /lake and 1 znode below it, 3,456 bytes? [y/N] "
        );
        summary.more = true;
        summary.ephemerals = [(1, 2), (2, 1), (3, 1), (4, 1), (5, 1)].into();
        assert_eq!(
            question(&path, &summary, Some(2)).asked(),
            "Delete /lake and more than 1 znode below it, 3,456 bytes, 6 live ephemerals (2 of 0x1, \
             1 of this session, 1 of 0x3, 2 other sessions)? [y/N] "
        );
    }
}
