//! `undo`: undoes the changes of lines at this prompt.

use std::collections::BTreeSet;

use crate::dispatch::transfer::{ShownStep, interim};
use crate::dispatch::{
    Context, Effects, Question, Sends, Spec, Task, Write, counted, is_same_place,
};
use crate::error::{Error, Kind, Result};
use crate::output::{Report, Text};
use crate::tree::apply::Counts;
use crate::tree::journal::Entry;
use crate::tree::take_back::TakeBack;

/// Take back what lines at this prompt have changed
#[derive(Debug, clap::Args)]
#[command(override_usage = "undo [-n] [--yes] [count] | undo --entry number", after_long_help = EXAMPLE)]
pub struct Undo {
    /// Show what would be done, and do nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Take back only this entry of the journal, which may be an undo
    #[arg(long, value_name = "number", conflicts_with = "count")]
    entry: Option<u64>,
    /// How many changes to take back, the last one first
    #[arg(value_name = "count", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    count: u64,
}

const EXAMPLE: &str = "\
At a prompt:
    [zk: localhost:2181(CONNECTED) 0] set /lake deeper
    [zk: localhost:2181(CONNECTED) 1] undo
    Took back 1: set /lake deeper

undo restores paths, data, ACLs and kinds, but not versions, zxids, times and the counters of sequential
names. If somebody else has written a znode since, undo leaves it alone and shows both versions. journal
lists the changes. An undo is a change too: undo skips it, and undo --entry with its number repeats what
it has taken back.

What cannot be taken back: more than 10,000 znodes or 4 MiB by one line, ephemerals of other sessions,
quotas, reconfig, scripts, and lines after setting journal off.

Example, not at a prompt:
> undo
! There is no journal here";

impl Undo {
    /// Returns the entries to undo, the earliest first.
    fn entries(&self, cx: &Context) -> Result<Vec<Entry>> {
        let mut entries = cx.journal.entries(false)?;
        let mut earlier = None;
        if let Some(number) = self.entry {
            entries.retain(|entry| entry.number == number);
            let wrong = |why: &str| {
                Error::new(Kind::Refused, format!("{why} {number}")).with_hint("journal lists them")
            };
            match entries.first() {
                None => return Err(wrong("The journal of this shell has no entry")),
                Some(entry) if entry.is_undone => return Err(wrong("Already taken back:")),
                Some(_) => {}
            }
        } else {
            entries.retain(|entry| !entry.is_undone && entry.undoes.is_empty());
            let known = entries.len() as u64;
            if known < self.count {
                return Err(too_few(known));
            }
            let passed = usize::try_from(known - self.count).unwrap_or(0);
            let mut passed = entries.drain(..passed).filter(|entry| entry.irreversible.is_none());
            earlier = passed.next_back().map(|entry| entry.number);
        }
        for entry in &entries {
            check(cx, entry, earlier)?;
        }
        Ok(entries)
    }

    async fn prepare(&self, cx: &Context) -> Result<(Vec<Entry>, TakeBack)> {
        let entries = self.entries(cx)?;
        let changes = entries.iter().flat_map(|entry| entry.changes.iter().cloned());
        let changes: Vec<_> = changes.collect();
        let prepared = TakeBack::prepare(&cx.session, changes, interim(&cx.session)).await;
        let prepared = prepared.map_err(|error| match &entries[..] {
            [entry] => error.with_hint(format!("it was {}: {}", entry.number, entry.line)),
            _ => error.with_hint("undo without a number takes back one at a time"),
        });
        Ok((entries, prepared?))
    }
}

/// Checks that an entry can be undone here. `earlier` is the last entry before it that can be
/// undone.
fn check(cx: &Context, entry: &Entry, earlier: Option<u64>) -> Result<()> {
    let line = &entry.line;
    let refused = |why: String| Err(Error::new(Kind::Refused, why));
    if let Some(why) = &entry.irreversible {
        let error = Error::new(Kind::Refused, format!("{line} cannot be taken back: {why}"));
        return Err(match earlier {
            Some(number) => {
                error.with_hint(format!("undo --entry {number} takes back the one before it"))
            }
            None => error,
        });
    }
    match cx.session.servers() {
        Some(servers) if is_same_place(entry, &servers) => Ok(()),
        _ => {
            let chroot = if entry.chroot == "/" { "" } else { &entry.chroot };
            let place = format!("{}{chroot}", entry.servers);
            refused(format!("{line} changed {place}, which this session is not connected to"))
        }
    }
}

fn too_few(known: u64) -> Error {
    let message = match known {
        0 => "This shell has nothing to take back".to_owned(),
        1 => "This shell has only one change to take back".to_owned(),
        _ => format!("This shell has only {known} changes to take back"),
    };
    Error::new(Kind::Refused, message).with_hint("journal lists them")
}

impl Spec for Undo {
    const NAME: &'static str = "undo";
    const TASK: Task = Task::Change;
    const SEARCH_TERMS: &'static [(&'static str, &'static str)] =
        &[("revert", "undo"), ("rollback", "undo")];
    type Report = UndoReport;

    fn effects(&self) -> Effects {
        if self.dry_run { Effects::READS.long(true) } else { Effects::writes(Write::Several) }
    }

    fn sends(&self) -> Sends {
        Sends::many(&[
            "exists", "getData", "getACL", "create", "setData", "setACL", "delete", "multi",
        ])
    }

    async fn run(&self, cx: &Context) -> Result<UndoReport> {
        let (entries, prepared) = self.prepare(cx).await?;
        let mut counts = Counts::default();
        if self.dry_run {
            for step in &prepared.steps {
                counts.add(step);
                cx.show(&ShownStep { step })?;
            }
        } else {
            let (done, restored) = prepared.apply(&cx.session).await?;
            counts = done;
            cx.journal.has_undone(&entries, restored)?;
        }
        let undone = entries.into_iter().rev();
        let undone = undone.map(|Entry { number, line, .. }| Undone { number, line }).collect();
        Ok(UndoReport { entries: undone, counts, dry_run: self.dry_run })
    }

    async fn question(&self, cx: &Context) -> Result<Option<Question>> {
        if self.yes || self.dry_run {
            return Ok(None);
        }
        let (entries, prepared) = self.prepare(cx).await?;
        let mut counts = Counts::default();
        prepared.steps.iter().for_each(|step| counts.add(step));
        let paths: BTreeSet<&str> =
            prepared.steps.iter().map(|step| step.path().as_str()).collect();
        if paths.len() < 2 {
            return Ok(None);
        }
        let what = match &entries[..] {
            [entry] => entry.line.clone(),
            _ => counted(entries.len() as u64, "line", "lines"),
        };
        let znodes = counted(paths.len() as u64, "znode", "znodes");
        let words = format!("Take back {what}: {znodes} ({})", counts.words());
        Ok(Some(Question { words, declined: "Nothing was taken back" }))
    }
}

/// The undone entries.
#[derive(Debug, serde::Serialize)]
pub struct UndoReport {
    /// The entries, the last one first.
    entries: Vec<Undone>,
    #[serde(flatten)]
    counts: Counts,
    #[serde(rename = "dryRun")]
    dry_run: bool,
}

/// An entry of the journal that was undone.
#[derive(Debug, serde::Serialize)]
struct Undone {
    number: u64,
    line: String,
}

impl Report for UndoReport {
    fn text(&self, out: &mut Text<'_>) {
        for Undone { number, line } in &self.entries {
            out.own(if self.dry_run { "Would take back " } else { "Took back " });
            out.own(format_args!("{number}: "));
            out.foreign(line);
            out.line("");
        }
        if self.counts.total() > 1 {
            out.line(self.counts.words());
        }
    }
}
