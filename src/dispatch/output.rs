//! Where a command's results go, and the origin that they name.

use std::cell::Cell;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::Result;
use crate::output::json::Origin;
use crate::output::{Report, View};

/// Writes a part of a result, or with `true` the last part of one of several results; fails when
/// nobody reads it any more.
type Write = Box<dyn Fn(&[u8], bool) -> Result<()>>;

/// The way from a report to its reader.
pub struct Output {
    view: View,
    write: Write,
    /// Of the command that runs, or ran last.
    origin: Mutex<Origin>,
    /// Whether a program reads the results, and not the terminal.
    piped: Cell<bool>,
}

impl Output {
    /// Long commands write what they find, as they find it, with `write`.
    pub fn new(view: View, write: impl Fn(&[u8], bool) -> Result<()> + 'static) -> Self {
        Self { view, write: Box::new(write), origin: Mutex::default(), piped: Cell::default() }
    }

    /// Sets whether a program reads the results, which then have no colours and no escapes.
    pub fn set_piped(&self, piped: bool) {
        self.piped.set(piped);
    }

    /// Returns how results are shown.
    pub(super) fn view(&self) -> View {
        if self.piped.get() {
            View { terminal: false, color: false, ..self.view }
        } else {
            self.view
        }
    }

    /// Returns what results and errors name from now on.
    pub(super) fn origin(&self) -> MutexGuard<'_, Origin> {
        self.origin.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a part of a result; the last one of a result, with `is_whole`, reaches its reader at
    /// once, and events may stand behind it.
    pub(super) fn part(&self, report: &dyn Report, is_whole: bool) -> Result<()> {
        (self.write)(&self.view().part(&self.origin(), report), is_whole)
    }

    /// Lets what was written so far reach its reader.
    pub(super) fn flush(&self) -> Result<()> {
        (self.write)(b"", true)
    }
}
