//! `history` and `redo`: the lines typed so far, by number.

use super::Shell;
use crate::error::{Error, Result};
use crate::report::{Report, Text};

/// How many lines `history` shows, its own included (zkCli).
const SHOWN: usize = 11;

/// Print the last lines typed, each with its number
#[derive(Debug, clap::Args)]
#[command(override_usage = "history", after_long_help = EXAMPLE)]
pub struct History {}

const EXAMPLE: &str = "\
Example:
> create /lake
Created /lake
> history
0 - create /lake
1 - history";

impl History {
    pub(super) fn run(shell: &Shell) -> Lines {
        let log = shell.log();
        let first = log.len().saturating_sub(SHOWN);
        Lines(log.iter().enumerate().skip(first).map(|(n, line)| (n, line.clone())).collect())
    }
}

/// Lines with their numbers.
#[derive(Debug, serde::Serialize)]
pub(super) struct Lines(Vec<(usize, String)>);

impl Report for Lines {
    fn text(&self, out: &mut Text<'_>) {
        for (number, line) in &self.0 {
            out.own(format_args!("{number} - "));
            out.foreign(line);
            out.line("");
        }
    }
}

/// Run an earlier line again
#[derive(Debug, clap::Args)]
#[command(override_usage = "redo cmdno", after_long_help = REDO_EXAMPLE)]
pub struct Redo {
    /// Number of the line, as `history` and the prompt show it
    #[arg(value_name = "cmdno")]
    number: usize,
}

const REDO_EXAMPLE: &str = "\
Example:
> create -s /lake-
Created /lake-0000000000
> redo 0
Created /lake-0000000001";

impl Redo {
    /// Returns the line to run, and puts it into the log in place of this one.
    pub(super) fn line(&self, shell: &Shell) -> Result<String> {
        let mut log = shell.log();
        let Some(current) = log.len().checked_sub(1).filter(|current| self.number < *current)
        else {
            return Err(
                Error::usage("Command index out of range").with_hint("history shows the numbers")
            );
        };
        let line = log[self.number].clone();
        log[current].clone_from(&line);
        Ok(line)
    }
}
