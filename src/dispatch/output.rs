//! Where the results of a command go, and the origin that they name.

use std::cell::Cell;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::dialect::Format;
use crate::error::Result;
use crate::output::escape;
use crate::output::json::Origin;
use crate::output::{Report, View};

/// Writes a part of a result; `true` marks the last part of a result. Fails when nobody reads the
/// output any more.
type Write = Box<dyn Fn(&[u8], bool) -> Result<()>>;

/// The path of a report to its reader.
pub struct Output {
    view: View,
    write: Write,
    /// The origin of the running command, or of the last one.
    origin: Mutex<Origin>,
    /// Whether another program reads the results.
    piped: Cell<bool>,
}

impl Output {
    /// Creates an output. Long commands use `write` for each part of a result as soon as they have
    /// it.
    pub fn new(view: View, write: impl Fn(&[u8], bool) -> Result<()> + 'static) -> Self {
        Self { view, write: Box::new(write), origin: Mutex::default(), piped: Cell::default() }
    }

    /// Sets whether another program reads the results, which then get no colours and no escapes.
    pub fn set_piped(&self, piped: bool) {
        self.piped.set(piped);
    }

    /// Returns how to show results.
    pub(super) fn view(&self) -> View {
        if self.piped.get() {
            View { terminal: false, color: false, ..self.view }
        } else {
            self.view
        }
    }

    /// Returns the origin that results and errors name from now on.
    pub(super) fn origin(&self) -> MutexGuard<'_, Origin> {
        self.origin.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a part of a result. `is_whole` marks the last part: it is flushed, and events may
    /// follow it.
    pub(super) fn part(&self, report: &dyn Report, is_whole: bool) -> Result<()> {
        (self.write)(&self.view().part(&self.origin(), report), is_whole)
    }

    /// Writes one of the results of a line. In JSON it is a part, and as raw data it is nothing else.
    pub(super) fn one_of_several(&self, report: &dyn Report) -> Result<()> {
        let view = self.view();
        let bytes = match view.format {
            Format::Raw => view.result(&self.origin(), report),
            Format::Json | Format::Text => view.part(&self.origin(), report),
        };
        (self.write)(&bytes, true)
    }

    /// Writes lines of JSON that are the result themselves.
    pub fn lines(&self, json: &[u8]) -> Result<()> {
        if self.view().terminal {
            // Only text can be made safe.
            let text = String::from_utf8_lossy(json).into_owned();
            return (self.write)(&escape::json_to_terminal(text.into_bytes()), false);
        }
        (self.write)(json, false)
    }

    /// Flushes the output written so far.
    pub(super) fn flush(&self) -> Result<()> {
        (self.write)(b"", true)
    }
}
