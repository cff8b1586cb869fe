//! The journal of this shell: records the changes of lines at the prompt, and their undo.

use std::cell::{Cell, OnceCell, RefCell};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::{Context, Effects, Switch, Table, Write, is_private, redact};
use crate::dialect::Dialect;
use crate::error::{Error, Kind, Result};
use crate::output::json::Time;
use crate::session::recording::{MOST_BYTES, MOST_ZNODES, Recorded, Recording};
use crate::tree::journal::{Amendment, Entry, Journal};
use crate::tree::undo::{Change, Renamed, merge};
use crate::zk::Servers;

/// The name of the file in the state folder.
const FILE: &str = "journal.jsonl";

/// The journal of a shell. A shell without a prompt has no journal, and recording costs it nothing.
#[derive(Debug, Default)]
pub struct ShellJournal {
    open: OnceCell<Open>,
    /// The entries that a running `undo` has undone.
    undoing: RefCell<Option<Undoing>>,
    /// The message to show to the user after the line.
    note: RefCell<Option<String>>,
    /// Whether the user was told that the file cannot be written.
    has_failed: Cell<bool>,
}

#[derive(Debug)]
struct Open {
    journal: Journal,
    shell: String,
    last: Cell<u64>,
}

#[derive(Debug)]
struct Undoing {
    entries: Vec<u64>,
    /// These entries, and those that are undone together with them.
    undone: Vec<u64>,
    redone: Vec<u64>,
    restored: Vec<Renamed>,
    place: (String, String),
}

/// Returns whether these servers, in any order, and their chroot are those of the entry.
pub fn is_same_place(entry: &Entry, servers: &Servers) -> bool {
    let sorted = |hosts: &str| {
        let mut hosts: Vec<String> = hosts.split(',').map(str::to_owned).collect();
        hosts.sort();
        hosts
    };
    entry.chroot == servers.chroot().as_str()
        && sorted(&entry.servers) == sorted(&servers.hosts_alone())
}

impl ShellJournal {
    /// Starts a journal in a file of this folder.
    pub fn begin(&self, folder: &Path) {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let shell = format!("{}-{}", std::process::id(), time.as_millis());
        let journal = Journal::new(folder.join(FILE));
        let _ = self.open.set(Open { journal, shell, last: Cell::new(0) });
    }

    /// Returns a recording for a command, or none if nothing of it is recorded.
    pub fn recording(&self, cx: &Context, effects: Effects) -> Option<Recording> {
        self.open.get()?;
        let is_kept = cx.switches.is_on(Switch::Journal)
            && cx.view.dialect == Dialect::V34
            && !cx.learning.is_on();
        match effects.write {
            None => None,
            Some(_) if !is_kept => None,
            // The server also writes these znodes itself.
            Some(Write::Quota) => Some(Recording::unkept("setquota and delquota change quotas")),
            // With a recording, the explanation would contain requests that the command itself does
            // not send.
            Some(_) if cx.explaining.is_on(cx) => Some(Recording::unkept("explain was on")),
            Some(_) => Some(Recording::default()),
        }
    }

    /// Writes the changes of a line to the journal, and which earlier lines it has undone. Call it when
    /// the command has ended, even if it was interrupted. Without a recording, the line itself is not
    /// kept.
    pub fn keep<T: Table>(&self, cx: &Context, line: &str, recording: Option<&Recording>) {
        let undoing = self.undoing.take();
        let Some(open) = self.open.get() else { return };
        let mut entry =
            recording.and_then(|recording| entry::<T>(cx, open, line, recording.take()));
        let changes = entry.as_ref().map_or(&[][..], |entry| &entry.changes);
        let amendment = undoing.as_ref().map(|undoing| undoing.amendment(&open.shell, changes));
        if let (Some(entry), Some(undoing)) = (&mut entry, undoing) {
            entry.undoes = undoing.entries;
        }
        let added = entry.as_mut().map_or(Ok(()), |entry| {
            open.last.set(entry.number);
            open.journal.add(entry)
        });
        let kept = added.and_then(|()| amendment.map_or(Ok(()), |it| open.journal.amend(it)));
        let is_told = recording.is_some_and(|recording| !recording.is_unkept());
        if let Err(error) = kept {
            if !self.has_failed.replace(true) {
                let file = open.journal.file().display();
                self.note.replace(Some(format!("undo cannot record changes: {file}: {error}")));
            }
        } else if let Some(why) = entry.and_then(|entry| entry.irreversible).filter(|_| is_told) {
            self.note.replace(Some(format!("undo cannot take this back: {why}")));
        }
    }

    /// Takes the message to show to the user after a line.
    pub fn take_note(&self) -> Option<String> {
        self.note.take()
    }

    /// Returns the entries of this shell, the oldest first. With `all`, returns those of every
    /// shell.
    ///
    /// # Errors
    /// If this shell has no journal, or if the file cannot be read.
    pub fn entries(&self, all: bool) -> Result<Vec<Entry>> {
        let open = self.open()?;
        let entries = open.journal.entries().map_err(|error| unreadable(open, &error))?;
        Ok(entries.into_iter().filter(|entry| all || entry.shell == open.shell).collect())
    }

    /// Deletes the entries of all shells.
    ///
    /// # Errors
    /// If this shell has no journal, or if the file cannot be deleted.
    pub fn clear(&self) -> Result<()> {
        let open = self.open()?;
        open.journal.clear().map_err(|error| unreadable(open, &error))
    }

    /// Records that the running line has undone entries.
    ///
    /// # Errors
    /// Those of [`ShellJournal::entries`].
    pub fn has_undone(&self, entries: &[Entry], restored: Vec<Renamed>) -> Result<()> {
        let Some(first) = entries.first() else { return Ok(()) };
        let known = self.entries(false)?;
        let mut undoing = Undoing {
            entries: entries.iter().map(|entry| entry.number).collect(),
            undone: Vec::new(),
            redone: Vec::new(),
            restored,
            place: (first.servers.clone(), first.chroot.clone()),
        };
        undoing.follow(&known, undoing.entries.clone(), true);
        self.undoing.replace(Some(undoing));
        Ok(())
    }

    /// Returns the warning for a question if `undo` will not be able to undo the command. `bytes`
    /// is the known size of the data.
    pub fn foresees(
        &self,
        cx: &Context,
        znodes: u64,
        bytes: u64,
        foreign: u64,
    ) -> Option<&'static str> {
        let is_kept = self.recording(cx, Effects::writes(Write::Several)).is_some();
        if !is_kept {
            return None;
        }
        if foreign > 0 {
            return Some(
                "; undo cannot take it back because other sessions own some of the ephemerals",
            );
        }
        let is_large = znodes > MOST_ZNODES as u64 || bytes > MOST_BYTES as u64;
        is_large.then_some("; undo cannot take back so much")
    }

    fn open(&self) -> Result<&Open> {
        self.open.get().ok_or_else(|| {
            Error::new(Kind::Refused, "There is no journal here")
                .with_hint("changes are kept at a prompt, not in scripts and with --compat 3.9")
        })
    }
}

impl Undoing {
    /// Records that entries are undone or in effect again. For the entries that these have undone,
    /// the opposite is recorded.
    fn follow(&mut self, known: &[Entry], numbers: Vec<u64>, is_undone: bool) {
        for number in numbers {
            if is_undone { &mut self.undone } else { &mut self.redone }.push(number);
            // An entry only undoes earlier ones, so this recursion ends.
            let earlier = known.iter().find(|entry| entry.number == number);
            let undoes = earlier.map(|entry| entry.undoes.clone()).unwrap_or_default();
            self.follow(known, undoes, !is_undone);
        }
    }

    /// Returns the effect of the undo on earlier entries, given the changes that it has made
    /// itself.
    fn amendment(&self, shell: &str, changes: &[Change]) -> Amendment {
        let renamed = self.restored.iter().map(|restored| restored.clone().made(changes));
        Amendment {
            shell: shell.to_owned(),
            undone: self.undone.clone(),
            redone: self.redone.clone(),
            renamed: renamed.collect(),
            place: self.place.clone(),
        }
    }
}

/// Returns the entry for a line, or `None` if the line has changed nothing.
fn entry<T: Table>(cx: &Context, open: &Open, line: &str, recorded: Recorded) -> Option<Entry> {
    if recorded.writes == 0 {
        return None;
    }
    let (servers, session) = recorded.origin.clone()?;
    let line = match line {
        line if line.starts_with([' ', '\t']) => "(private)".to_owned(),
        // Like the history file, the journal contains no line with a secret, not even with the
        // secret masked.
        line if is_private::<T>(line, cx.view.dialect) => {
            format!("{} (private)", line.split_whitespace().next().unwrap_or_default())
        }
        line => redact::<T>(line, cx.view.dialect).into_owned(),
    };
    let (changes, irreversible) = reversible(recorded, session);
    if changes.is_empty() && irreversible.is_none() {
        return None;
    }
    Some(Entry {
        number: open.last.get() + 1,
        shell: open.shell.clone(),
        time: Time::now().0,
        servers: servers.hosts_alone(),
        chroot: servers.chroot().as_str().to_owned(),
        session,
        line,
        changes,
        irreversible,
        undoes: Vec::new(),
        is_undone: false,
    })
}

/// Returns the recorded changes, and the reason if they cannot be undone.
fn reversible(recorded: Recorded, session: i64) -> (Vec<Change>, Option<String>) {
    let Recorded { written, lost, .. } = recorded;
    if lost.is_some() {
        return (Vec::new(), lost);
    }
    let merged = merge(written.into_iter().map(Change::from));
    let checked = merged.and_then(|changes| {
        let check = |change: &Change| change.check(session);
        changes.iter().try_for_each(check).map(|()| changes)
    });
    match checked {
        Ok(changes) => (changes, None),
        Err(why) => (Vec::new(), Some(why.to_string())),
    }
}

fn unreadable(open: &Open, error: &std::io::Error) -> Error {
    Error::new(Kind::Refused, format!("{}: {error}", open.journal.file().display()))
}
