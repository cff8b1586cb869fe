//! `history` and `redo`: list earlier lines by number, and run them again.

use std::collections::HashSet;
use std::str::FromStr;

use super::Command;
use crate::dispatch::{Context, Effects, FreeWord, Spec, Task, Wrapped, is_private, redact};
use crate::error::{Error, Kind, Result};
use crate::output::{NoOutput, Report, Text};

/// The number of lines that `history` shows, including its own (zkCli).
const SHOWN: usize = 11;

/// The maximum number of lines that a search shows; the newest ones.
const FOUND: usize = 100;

/// Print the last lines typed, or search them all
#[derive(Debug, clap::Args)]
#[command(override_usage = "history [N] | history search word", after_long_help = EXAMPLE)]
pub struct History {
    /// How many lines to print, or `search` [default: 11]
    #[arg(value_name = "N|search")]
    ask: Option<Ask>,
    /// What the lines are to contain
    #[arg(value_name = "word")]
    word: Option<FreeWord>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ask {
    Last(usize),
    Search,
}

impl FromStr for Ask {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text == "search" {
            return Ok(Self::Search);
        }
        text.parse().map(Self::Last).map_err(|_| {
            Error::usage(format!("{text} is neither a number of lines nor the word search"))
        })
    }
}

const EXAMPLE: &str = "\
At a terminal a search also finds lines of earlier shells. Lines with passwords, and lines that
begin with a blank, are neither saved nor shown.

Example:
> create /lake
Created /lake
> history
0 - create /lake
1 - history
> history search lake
0 - create /lake";

impl Spec for History {
    const NAME: &'static str = "history";
    const TASK: Task = Task::Shell;
    type Report = Lines;

    fn effects(&self) -> Effects {
        Effects::SHELL
    }

    async fn run(&self, cx: &Context) -> Result<Lines> {
        let word = self.word.as_ref().map(|word| word.0.to_string_lossy());
        match (self.ask, word) {
            (Some(Ask::Search), Some(word)) => Ok(search(cx, &word)),
            (Some(Ask::Search), None) => Err(Error::usage("Missing: word")
                .with_usage("history search word")
                .with_hint("it prints the lines that contain the word")),
            (_, Some(word)) => Err(Error::usage(format!("Unexpected argument: {word}"))
                .with_usage("history [N] | history search word")),
            (Some(Ask::Last(number)), None) => Ok(last(cx, number)),
            (None, None) => Ok(last(cx, SHOWN)),
        }
    }
}

fn last(cx: &Context, number: usize) -> Lines {
    let log = cx.history.log();
    let first = log.count().saturating_sub(number);
    let shown = |line: &String| {
        let dialect = cx.view.dialect;
        match line {
            line if line.starts_with([' ', '\t']) => "(private)".to_owned(),
            line if is_private::<Command>(line, dialect) => {
                redact::<Command>(line, dialect).into_owned()
            }
            line => line.clone(),
        }
    };
    let lines = log.iter().filter(|(number, _)| *number >= first);
    Lines(lines.map(|(number, line)| (Some(number), shown(line))).collect())
}

/// Returns the newest lines that contain `word`, without duplicates.
fn search(cx: &Context, word: &str) -> Lines {
    let log = cx.history.log();
    // Skip the line of this command.
    let own = log.iter().rev().skip(1).map(|(n, line)| (Some(n), line));
    let earlier = cx.history.earlier().iter().rev().map(|line| (None, line));
    let mut seen = HashSet::new();
    let mut found: Vec<_> = own
        .chain(earlier)
        .filter(|(_, line)| line.contains(word) && !is_private::<Command>(line, cx.view.dialect))
        .filter(|(_, line)| seen.insert(line.as_str()))
        .take(FOUND)
        .map(|(n, line)| (n, line.clone()))
        .collect();
    found.reverse();
    Lines(found)
}

/// Lines with their numbers. Lines of earlier shells have no number.
#[derive(Debug)]
pub struct Lines(Vec<(Option<usize>, String)>);

impl serde::Serialize for Lines {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        #[derive(serde::Serialize)]
        struct Line<'a> {
            number: Option<usize>,
            text: &'a str,
        }
        let lines = self.0.iter().map(|(number, text)| Line { number: *number, text });
        let mut out = serializer.serialize_struct("Lines", 1)?;
        out.serialize_field("lines", &lines.collect::<Vec<_>>())?;
        out.end()
    }
}

impl Report for Lines {
    fn text(&self, out: &mut Text<'_>) {
        for (number, line) in &self.0 {
            if let Some(number) = number {
                out.own(format_args!("{number} "));
            }
            out.own("- ");
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
At a terminal `!!` is the last line and `!N` the line N; they are shown before they run.

Example:
> create -s /lake-
Created /lake-0000000000
> redo 0
Created /lake-0000000001";

impl Redo {
    /// Returns the line to run, and logs it in place of this one.
    fn line(&self, cx: &Context) -> Result<String> {
        let mut log = cx.history.log();
        if self.number >= log.count().saturating_sub(1) {
            return Err(out_of_range());
        }
        let line = log.get(self.number).cloned().ok_or_else(out_of_range)?;
        log.replace_last(&line);
        Ok(line)
    }
}

impl Spec for Redo {
    const NAME: &'static str = "redo";
    const TASK: Task = Task::Shell;
    type Report = Box<dyn Report>;

    fn effects(&self) -> Effects {
        Effects::SHELL
    }

    async fn run(&self, cx: &Context) -> Result<Box<dyn Report>> {
        match cx.reader.read::<Command>(&self.line(cx)?)? {
            Some(invocation) => Box::pin(invocation.run(cx)).await,
            None => Ok(Box::new(NoOutput {})),
        }
    }

    fn wrapped(&self, cx: Option<&Context>) -> Option<Result<Wrapped>> {
        Some(self.line(cx?).map(Wrapped::Line))
    }
}

fn out_of_range() -> Error {
    Error::usage("Command index out of range").with_hint("history shows the numbers")
}

/// Returns the line that `!!` or `!N` recalls, or `None` for any other line. Only whole lines
/// count, so that a `!` in data has no effect.
pub fn recalled(cx: &Context, line: &str) -> Option<Result<String>> {
    let which = line.trim().strip_prefix('!')?;
    let log = cx.history.log();
    let number = match which {
        "!" => log.count().checked_sub(1),
        number if number.bytes().all(|byte| byte.is_ascii_digit()) => Some(number.parse().ok()?),
        _ => return None,
    };
    let line = number.and_then(|number| log.get(number)).cloned().ok_or_else(out_of_range);
    Some(line.and_then(|line| {
        if is_private::<Command>(&line, cx.view.dialect) {
            let message = "Not run again: running it this way would show a private line";
            return Err(
                Error::new(Kind::Refused, message).with_hint("redo runs it without showing it")
            );
        }
        Ok(line)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_or_a_search_is_parsed() {
        assert_eq!("20".parse::<Ask>(), Ok(Ask::Last(20)));
        assert_eq!("search".parse::<Ask>(), Ok(Ask::Search));
        assert!("x".parse::<Ask>().is_err());
    }
}
