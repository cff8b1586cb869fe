//! Hints behind the cursor: the words that remain of the usage, the newest line that begins like
//! this one, or what the znode under the cursor is.

use clap::Command;
use rustyline::history::{History, SearchDirection};

use super::grammar::{Reading, Role};
use super::tree::Answer;

/// What the editor shows behind the line.
pub(super) enum Hint {
    /// The rest of an earlier line, taken over with the right arrow.
    Earlier(String),
    /// Words to read.
    Words(String),
    /// What a znode is, once the server has said it.
    Facts(Answer),
}

impl rustyline::hint::Hint for Hint {
    fn display(&self) -> &str {
        match self {
            Self::Earlier(text) | Self::Words(text) => text,
            // The editor drops an empty hint for good, and asks a blank one again.
            Self::Facts(answer) => answer.get().map_or(" ", String::as_str),
        }
    }

    fn completion(&self) -> Option<&str> {
        match self {
            Self::Earlier(text) => Some(text),
            Self::Words(_) | Self::Facts(_) => None,
        }
    }
}

/// Returns the rest of the newest line that begins with `line`.
pub(super) fn earlier(history: &dyn History, line: &str) -> Option<String> {
    let newest = history.len().checked_sub(1)?;
    let found = history.starts_with(line, newest, SearchDirection::Reverse).ok()??;
    let rest = found.entry.get(line.len()..).filter(|rest| !rest.is_empty())?;
    // A hint of several rows would push the prompt around.
    (!rest.contains('\n')).then(|| rest.to_owned())
}

/// Returns the words of the usage that have not been typed.
pub(super) fn usage(reading: &Reading<'_>) -> Option<String> {
    let command = reading.command?;
    if let Role::Value(arg) = reading.next
        && !arg.is_positional()
    {
        let names = arg.get_value_names().unwrap_or_default();
        return names.first().map(ToString::to_string);
    }
    let usage = usage_of(command);
    let typed: Vec<&str> = reading
        .words
        .iter()
        .flat_map(|(word, _)| reading.options(&word.text()))
        .map(|arg| arg.get_id().as_str())
        .collect();
    let mut skipped = reading.positionals;
    let rest: Vec<&str> = pieces(&usage)
        .into_iter()
        .filter(|piece| match option(piece) {
            Some(name) => reading
                .options(name)
                .first()
                .is_some_and(|arg| !typed.contains(&arg.get_id().as_str())),
            None if skipped > 0 => {
                skipped -= 1;
                false
            }
            None => true,
        })
        .collect();
    (!rest.is_empty()).then(|| rest.join(" "))
}

/// Returns the usage behind the command's name; of several ways the first.
fn usage_of(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    let usage = usage.split(" | ").next().unwrap_or_default();
    usage.split_once(' ').map_or("", |(_, rest)| rest).to_owned()
}

/// Cuts a usage at blanks outside brackets.
fn pieces(usage: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let cut = |c: char| {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ' ' && depth == 0
    };
    usage.split(cut).filter(|piece| !piece.is_empty()).collect()
}

/// Returns the option that a piece of a usage is about.
fn option(piece: &str) -> Option<&str> {
    let inner = piece.trim_matches(['[', ']']);
    let word = inner.split([' ', '|']).next().unwrap_or_default();
    word.starts_with('-').then_some(word)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::dialect::Dialect;
    use rustyline::history::MemHistory;

    #[test]
    fn the_usage_shrinks() {
        let mut tree = crate::command::Command::tree();
        tree.build();
        for (text, rest) in [
            (
                "create ",
                "[-s] [-e] [-c] [-t ttl] [-b] [-x] [--parents] [--if-absent] path [data] [acl]",
            ),
            ("create -se ", "[-c] [-t ttl] [-b] [-x] [--parents] [--if-absent] path [data] [acl]"),
            (
                "create -e /a ",
                "[-s] [-c] [-t ttl] [-b] [-x] [--parents] [--if-absent] [data] [acl]",
            ),
            ("create -t ", "ttl"),
            ("create -t 5 /a --parents b ", "[-s] [-e] [-c] [-b] [-x] [--if-absent] [acl]"),
            ("set /a ", "data [-s] [-v version] [-b] [-x] [--create]"),
            ("pwd ", ""),
            ("nosuch ", ""),
        ] {
            let reading = Reading::of(&tree, text, Dialect::V34);
            assert_eq!(usage(&reading).unwrap_or_default(), rest, "{text}");
        }
    }

    #[test]
    fn the_newest_line_that_begins_alike_is_offered() {
        let mut history = MemHistory::new();
        for line in ["get /a", "get /b", "set /a 'x\ny'"] {
            history.add(line).unwrap();
        }
        assert_eq!(earlier(&history, "ge").as_deref(), Some("t /b"));
        assert_eq!(earlier(&history, "get /b"), None);
        assert_eq!(earlier(&history, "set"), None);
    }
}
