//! `--check`: finds the errors of a script that can be found without running it.

use std::io::Read;

use super::lines::{self, SourceLine};
use super::results::report_error;
use super::{Line, Rules, ScriptResult, UNCOMMITTED};
use crate::command::Command;
use crate::dispatch::{DataHint, Reader, show_data_hint};
use crate::error::{Error, Result};
use crate::output::View;
use crate::output::json::Origin;
use crate::terminal::Screen;

/// Parses every line of `input` without running it, and reports the errors.
pub fn check(
    view: View,
    reader: &Reader,
    screen: &Screen,
    rules: &Rules,
    input: Box<dyn Read + Send>,
) -> ScriptResult {
    let mut lines = lines::read(input, reader.dialect);
    let mut result = ScriptResult { failed: false };
    let mut report_error = |number, typed, error: &Error| {
        result.failed = true;
        let line = Line { number, typed, origin: Origin::default() };
        report_error(view, screen, rules, &line, error);
    };
    let (mut transaction, mut last, mut hinted) = (Transaction::default(), 0, false);
    while let Some(SourceLine { number, text, .. }) = lines.blocking_recv() {
        last = number;
        let parsed = text.as_deref().map_err(Clone::clone);
        match parsed.and_then(|text| transaction.check(reader, text)) {
            Ok(hint) => {
                if let Some(hint) = hint.filter(DataHint::is_for_scripts)
                    && !std::mem::replace(&mut hinted, true)
                {
                    let place = format!("{}:{number}", rules.name);
                    show_data_hint(view, screen, Some(&place), &hint);
                }
            }
            Err(error) => report_error(number, text.unwrap_or_default(), &error),
        }
    }
    if transaction.open {
        report_error(last, String::new(), &Error::usage(UNCOMMITTED));
    }
    screen.flush();
    result
}

/// Whether a transaction is open.
#[derive(Default)]
struct Transaction {
    open: bool,
}

impl Transaction {
    fn check(&mut self, reader: &Reader, text: &str) -> Result<Option<DataHint>> {
        let Some(invocation) = reader.read(text)? else { return Ok(None) };
        let misplaced = match (&invocation.command, self.open) {
            (Command::Multi(_), true) => Some("A transaction is already open"),
            (Command::Check(_) | Command::Commit(_) | Command::Discard(_), false) => {
                Some("No transaction is open; multi begins one")
            }
            (Command::Quit(_), true) => Some(UNCOMMITTED),
            _ => None,
        };
        match &invocation.command {
            Command::Multi(_) => self.open = true,
            Command::Commit(_) | Command::Discard(_) | Command::Quit(_) => self.open = false,
            _ => {}
        }
        invocation.check()?;
        match misplaced {
            Some(words) => Err(Error::usage(words)),
            None => Ok(invocation.data_hint()),
        }
    }
}
