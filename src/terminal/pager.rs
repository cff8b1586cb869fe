//! A pager for a result that is longer than the screen.

use std::io::{self, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use unicode_width::UnicodeWidthChar;

use super::tty_guard::{TtyGuard, child_program};
use super::writer::Writer;

/// The pager if `PAGER` is not set.
const PAGER: &str = "less";

/// The options of `less` if the user has set none: quit if the text fits on one screen, show
/// colours, do not clear the screen.
const LESS: &str = "FRX";

/// A result that may be longer than the screen.
pub(super) struct Pages {
    columns: usize,
    /// Rows that are still free on the screen.
    pub(super) left: usize,
    /// Output that has not been shown yet.
    held: Vec<u8>,
    reader: Reader,
    /// The program that reads the whole result, however short it is; `None` to use a pager.
    program: Option<String>,
}

/// Who shows the result.
enum Reader {
    /// Nothing has been started: the result may fit on the screen.
    NotNeeded,
    /// The pager is running.
    Reading(Pager),
    /// The user has quit the pager.
    Gone(Pager),
}

struct Pager {
    child: Child,
    _guard: TtyGuard,
}

/// The result of [`Pages::take`].
pub(super) enum PagerOutcome {
    /// The bytes are held back, or the pager has them.
    Taken,
    /// The pager could not be started. The caller must print these bytes, and report the error.
    NoPager(Vec<u8>, io::Error),
}

impl Pages {
    /// Pages for a screen of this size.
    pub(super) fn new(columns: usize, rows: usize) -> Self {
        // The prompt needs one row.
        let left = rows.saturating_sub(1);
        Self { columns, left, held: Vec::new(), reader: Reader::NotNeeded, program: None }
    }

    /// Sends the whole result to a program.
    pub(super) fn for_program(program: String) -> Self {
        Self { program: Some(program), ..Self::new(1, 0) }
    }

    /// Returns whether a program that the user named reads the result.
    pub(super) fn is_for_program(&self) -> bool {
        self.program.is_some()
    }

    fn start(&self, writer: &Arc<Writer>) -> io::Result<Pager> {
        match &self.program {
            Some(program) => Pager::run(program, writer),
            None => Pager::start(writer),
        }
    }

    /// Takes a part of a result. The pager starts as soon as the result no longer fits on the
    /// screen.
    pub(super) fn take(&mut self, bytes: &[u8], writer: &Arc<Writer>) -> PagerOutcome {
        if !matches!(self.reader, Reader::NotNeeded) {
            self.write(bytes);
            return PagerOutcome::Taken;
        }
        self.held.extend_from_slice(bytes);
        let rows = rows(bytes, self.columns);
        if rows < self.left {
            self.left -= rows;
            return PagerOutcome::Taken;
        }
        let held = std::mem::take(&mut self.held);
        match self.start(writer) {
            Ok(pager) => self.reader = Reader::Reading(pager),
            Err(why) => return PagerOutcome::NoPager(held, why),
        }
        self.write(&held);
        PagerOutcome::Taken
    }

    fn write(&mut self, bytes: &[u8]) {
        let Reader::Reading(pager) = &mut self.reader else { return };
        let stdin = pager.child.stdin.as_mut();
        // The write fails once the user has quit the pager.
        if stdin.is_none_or(|stdin| stdin.write_all(bytes).is_err())
            && let Reader::Reading(pager) = std::mem::replace(&mut self.reader, Reader::NotNeeded)
        {
            self.reader = Reader::Gone(pager);
        }
    }

    /// Returns whether the user has quit the pager before the end of the result.
    pub(super) fn has_seen_enough(&self) -> bool {
        matches!(self.reader, Reader::Gone(_))
    }

    /// Waits until the user quits the pager. Returns the bytes to print if no pager was needed.
    pub(super) fn end(mut self, writer: &Arc<Writer>) -> Vec<u8> {
        // A program must run even if the result is empty.
        if self.program.is_some()
            && matches!(self.reader, Reader::NotNeeded)
            && let Ok(pager) = self.start(writer)
        {
            self.reader = Reader::Reading(pager);
        }
        if let Reader::Reading(mut pager) | Reader::Gone(mut pager) = self.reader {
            drop(pager.child.stdin.take());
            // The program has already reported its own errors.
            let _ = pager.child.wait();
        }
        self.held
    }
}

impl Pager {
    fn start(writer: &Arc<Writer>) -> io::Result<Self> {
        let command = std::env::var("PAGER").ok().filter(|pager| !pager.trim().is_empty());
        let command = command.unwrap_or_else(|| PAGER.to_owned());
        let program = command.split_whitespace().next().unwrap_or(PAGER);
        let found = Command::new("sh")
            .args(["-c", "command -v -- \"$1\" >&2", "sh", program])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        if !found.success() {
            return Err(io::Error::other(format!("{program} is not found")));
        }
        Self::run(&command, writer)
    }

    /// Starts a shell command that reads the result.
    fn run(command: &str, writer: &Arc<Writer>) -> io::Result<Self> {
        let less = std::env::var("LESS").unwrap_or_else(|_| LESS.to_owned());
        let guard = TtyGuard::for_child_program(writer);
        let child = Command::new("sh")
            .args(["-c", &child_program(command)])
            .env("LESS", less)
            .stdin(Stdio::piped())
            .spawn()?;
        Ok(Self { child, _guard: guard })
    }
}

/// Returns the number of rows that a text takes, colour sequences excluded.
fn rows(bytes: &[u8], columns: usize) -> usize {
    let text = String::from_utf8_lossy(bytes);
    text.split_inclusive('\n').map(|line| width(line).max(1).div_ceil(columns.max(1))).sum()
}

/// Returns the width of a line in columns. Its only escape sequences are our colours.
fn width(line: &str) -> usize {
    let mut inside = false;
    let mut width = 0;
    for c in line.chars() {
        match c {
            '\x1b' => inside = true,
            'm' if inside => inside = false,
            '\t' if !inside => width += 8 - width % 8,
            c if !inside => width += c.width().unwrap_or(0),
            _ => {}
        }
    }
    width
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_without_colours() {
        assert_eq!(rows(b"a\nb\n", 10), 2);
        assert_eq!(rows(b"\n\n", 10), 2);
        assert_eq!(rows(b"\x1b[36mabc\x1b[0m = 1\n", 7), 1);
        assert_eq!(rows(b"0123456789x\n", 10), 2);
        assert_eq!(rows("湖湖湖\n".as_bytes(), 5), 2);
        assert_eq!(rows(b"a\tb\n", 8), 2);
    }
}
