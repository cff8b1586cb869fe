//! Lines for the system's shell: `!COMMAND`, and `COMMAND | program`. They exist only at the
//! prompt, and not in scripts, in files that `source` runs, or with `--compat 3.9`.

use std::io;
use std::process::Command;

use crate::dialect::Dialect;
use crate::syntax::Line;
use crate::terminal::{Screen, child_program};

/// The part of a line that is for the system's shell.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SystemLine<'a> {
    /// `!COMMAND`: the whole line.
    Whole(&'a str),
    /// `COMMAND | program`: our command, and the program that reads its result.
    Reader { command: &'a str, program: &'a str },
}

/// Finds the part of a line that is for the system's shell. A `|` counts only as an unquoted word
/// of its own.
pub(super) fn system_line(line: &str, dialect: Dialect) -> Option<SystemLine<'_>> {
    if dialect == Dialect::V39 {
        return None;
    }
    let line = line.trim();
    if let Some(command) = line.strip_prefix('!') {
        let command = command.trim();
        return (!command.is_empty()).then_some(SystemLine::Whole(command));
    }
    let words = Line::parse(line, dialect).words;
    let bar = words.iter().skip(1).find(|word| &line[word.span.clone()] == "|")?;
    let (command, program) = (&line[..bar.span.start], &line[bar.span.end..]);
    (!program.trim().is_empty())
        .then(|| SystemLine::Reader { command: command.trim(), program: program.trim() })
}

/// Runs a command in the system's shell, which gets the terminal meanwhile. Returns an error
/// message if it failed.
pub(super) fn run(screen: &Screen, command: &str) -> Option<String> {
    let guard = screen.give_terminal();
    let status = Command::new("sh").args(["-c", &child_program(command)]).status();
    drop(guard);
    failure_message(status)
}

/// Returns a message if a program of the system's shell failed.
pub(super) fn failure_message(status: io::Result<std::process::ExitStatus>) -> Option<String> {
    match status {
        Ok(status) if status.success() => None,
        // The program has printed its own message.
        Ok(status) => status.code().map_or_else(
            || Some(format!("The command was ended: {status}")),
            |code| Some(format!("The command ended with exit status {code}")),
        ),
        Err(error) => Some(format!("Cannot run sh: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bar_that_is_its_own_word_counts() {
        let found = |line| system_line(line, Dialect::V34);
        for line in [
            "get /a",
            "set /a x|y",
            "set /a '|' x",
            "set /a \"|\" x",
            "set /a 'x | y'",
            "set /a {\"k\":\"a | b\"}",
            "get /a |",
            "| wc",
            "!",
        ] {
            assert_eq!(found(line), None, "{line}");
        }
        let reader = |command, program| Some(SystemLine::Reader { command, program });
        assert_eq!(found("get /a | wc -c"), reader("get /a", "wc -c"));
        assert_eq!(found("ls / | sort | head -1"), reader("ls /", "sort | head -1"));
        assert_eq!(found(" !ls -l"), Some(SystemLine::Whole("ls -l")));
        assert_eq!(system_line("get /a | wc", Dialect::V39), None);
        assert_eq!(system_line("!ls", Dialect::V39), None);
    }
}
