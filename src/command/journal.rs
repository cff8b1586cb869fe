//! `journal`: lists the changes of lines at this prompt.

use crate::dispatch::{Context, Effects, Spec, Task, counted};
use crate::error::Result;
use crate::output::json::Hex;
use crate::output::minute;
use crate::output::{Report, Text, json};
use crate::tree::journal::Entry;

/// List what lines at this prompt have changed
#[derive(Debug, clap::Args)]
#[command(override_usage = "journal [--all] | journal --clear", after_long_help = EXAMPLE)]
pub struct Journal {
    /// List the changes of all shells, also of those that have ended
    #[arg(short, long)]
    all: bool,
    /// Delete the journal of all shells, so that nothing can be taken back
    #[arg(long, conflicts_with = "all")]
    clear: bool,
}

const EXAMPLE: &str = "\
The journal is the file zksh/journal.jsonl below $XDG_STATE_HOME or ~/.local/state, 32 MiB at most,
which only its owner can read. It holds the data and the ACLs that lines have replaced, secrets too.
`setting journal off` stops recording, and journal = false in the config file turns it off for later
shells.

At a prompt:
    [zk: localhost:2181(CONNECTED) 2] journal
    1 2026-11-28 13:05 create /lake deep
    2 2026-11-28 13:06 set /lake deeper (taken back)

Example, not at a prompt:
> journal
! There is no journal here";

impl Spec for Journal {
    const NAME: &'static str = "journal";
    const TASK: Task = Task::Shell;
    type Report = JournalReport;

    fn effects(&self) -> Effects {
        Effects::SHELL
    }

    async fn run(&self, cx: &Context) -> Result<JournalReport> {
        if self.clear {
            cx.journal.clear()?;
        }
        let entries = cx.journal.entries(self.all)?;
        Ok(JournalReport { entries: entries.into_iter().map(Listed::from).collect() })
    }
}

/// The entries of the journal, the newest last.
#[derive(Debug, serde::Serialize)]
pub struct JournalReport {
    entries: Vec<Listed>,
}

/// An entry.
#[derive(Debug, serde::Serialize)]
struct Listed {
    number: u64,
    #[serde(serialize_with = "json::time")]
    time: i64,
    line: String,
    /// The number of znodes that it has changed.
    znodes: usize,
    /// Whether it was undone.
    undone: bool,
    /// Why it cannot be undone.
    irreversible: Option<String>,
    /// The numbers of the entries that it has undone.
    undoes: Vec<u64>,
    servers: String,
    chroot: String,
    session: Hex,
}

impl From<Entry> for Listed {
    fn from(entry: Entry) -> Self {
        Self {
            number: entry.number,
            time: entry.time,
            line: entry.line,
            znodes: entry.changes.len(),
            undone: entry.is_undone,
            irreversible: entry.irreversible,
            undoes: entry.undoes,
            servers: entry.servers,
            chroot: entry.chroot,
            session: Hex(entry.session),
        }
    }
}

impl Report for JournalReport {
    fn text(&self, out: &mut Text<'_>) {
        for entry in &self.entries {
            out.own(format_args!("{} {} ", entry.number, minute(entry.time)));
            out.foreign(&entry.line);
            if entry.znodes > 1 {
                out.own(format_args!(" [{}]", counted(entry.znodes as u64, "znode", "znodes")));
            }
            if !entry.undoes.is_empty() {
                let undoes: Vec<String> = entry.undoes.iter().map(u64::to_string).collect();
                out.own(format_args!(" (took back {})", undoes.join(", ")));
            }
            if entry.undone {
                out.own(" (taken back)");
            } else if let Some(why) = &entry.irreversible {
                out.own(" (cannot be taken back: ");
                out.foreign(why);
                out.own(")");
            }
            out.line("");
        }
    }
}
