//! Hints after the cursor: the remaining words of the usage, the newest line that starts like this
//! one, or facts about the znode under the cursor.

use clap::Command;

use super::complete;
use super::grammar::{Reading, Role, takes_value};

/// A hint after the line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// The rest of an earlier line, which keys can insert, and the part of it that is shown.
    Earlier { rest: String, shown: String },
    /// Words to read.
    Words(String),
}

impl Hint {
    /// Returns the text on the screen.
    pub(super) fn shown(&self) -> &str {
        match self {
            Self::Earlier { shown: text, .. } | Self::Words(text) => text,
        }
    }

    /// Returns the text that a key can insert.
    pub(super) fn rest(&self) -> Option<&str> {
        match self {
            Self::Earlier { rest, .. } => Some(rest),
            Self::Words(_) => None,
        }
    }
}

/// Returns the hint that needs no server: after a blank the remaining words of the usage, and
/// otherwise the rest of an earlier line, which `earlier` returns. It is shortened to `room`
/// columns, because rows that appear and disappear would disturb the user.
pub(super) fn words(
    reading: &Reading<'_>,
    earlier: impl FnOnce(&str) -> Option<String>,
    line: &str,
    room: usize,
) -> Option<Hint> {
    let cut = |text: &str| {
        let mut text = text.to_owned();
        complete::cut(&mut text, room);
        text
    };
    if line.ends_with(' ') && !reading.is_open {
        usage(reading).map(|usage| Hint::Words(cut(&usage)))
    } else {
        earlier(line).map(|rest| Hint::Earlier { shown: cut(&rest), rest })
    }
}

/// Returns the words of the usage that were not typed yet.
fn usage(reading: &Reading<'_>) -> Option<String> {
    let command = reading.command?;
    if let Role::Value(arg) = reading.next
        && !arg.is_positional()
    {
        let names = arg.get_value_names().unwrap_or_default();
        return names.first().map(ToString::to_string);
    }
    let usage = usage_of(command);
    let typed: Vec<&str> = reading
        .arguments()
        .flat_map(|word| reading.options(&word.text()))
        .map(|arg| arg.get_id().as_str())
        .collect();
    let mut skipped = reading.positionals;
    let mut rest = Vec::new();
    let behind_dashes = usage.split_once("[-- ").filter(|_| reading.is_plain);
    let usage =
        behind_dashes.map_or(&*usage, |(_, words)| words.strip_suffix(']').unwrap_or(words));
    let mut pieces = pieces(usage).into_iter().peekable();
    while let Some(piece) = pieces.next() {
        if reading.is_plain && piece.starts_with("[-") {
            continue;
        }
        let options: Vec<&clap::Arg> =
            options(piece).flat_map(|name| reading.options(name)).collect();
        let bare = !options.is_empty() && !piece.starts_with('[');
        // `-n val`: the value belongs to its option.
        let value = pieces.next_if(|_| bare && options.iter().all(|arg| takes_value(arg)));
        let is_typed = options.iter().any(|arg| typed.contains(&arg.get_id().as_str()));
        // `[word...]` may be repeated.
        let again = piece.starts_with('[') && piece.ends_with("...]");
        let is_there = options.is_empty() && !piece.starts_with("[-") && !again && skipped > 0;
        if is_there {
            skipped -= 1;
        } else if !is_typed {
            rest.push(piece);
            rest.extend(value);
        }
    }
    (!rest.is_empty()).then(|| rest.join(" "))
}

/// Returns the usage after the command name. If there are several, returns the first.
fn usage_of(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    let words = usage.split_once(' ').map_or("", |(_, rest)| rest);
    let first: Vec<&str> = pieces(words).into_iter().take_while(|piece| *piece != "|").collect();
    first.join(" ")
}

/// Splits a usage at blanks outside brackets.
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

/// Returns the alternative options in a piece of a usage.
fn options(piece: &str) -> impl Iterator<Item = &str> {
    let inner = piece.trim_matches(['[', ']']);
    let word = inner.split(' ').next().unwrap_or_default();
    word.split('|').filter(|name| name.starts_with('-'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::dialect::Dialect;
    use crate::repl::history::Entry;
    use crate::repl::recall::SharedHistory;
    use std::collections::BTreeSet;

    /// The typed text and, after a bar, the expected hint. `<` precedes an earlier line, and `<<`
    /// one that was typed for another ensemble.
    const CASES: &str = include_str!("../../tests/hints.txt");

    #[test]
    fn all_cases_have_their_hint() {
        let mut tree = crate::command::Command::tree();
        tree.build();
        let past = SharedHistory::new(Dialect::V34);
        let mut seen = BTreeSet::new();
        for case in CASES.lines().filter(|case| !case.starts_with('#') && !case.is_empty()) {
            if let Some((mark @ ("<" | "<<"), line)) = case.split_once(' ') {
                let ensemble = if mark == "<" { "here" } else { "there" };
                let line = line.replace("\\n", "\n");
                past.lock().push(Entry { line, ensemble: Some(ensemble.to_owned()) });
                continue;
            }
            let (typed, wanted) = case.split_once('|').unwrap();
            let typed = &typed.replace("\\n", "\n");
            let reading = Reading::of(&tree, typed, Dialect::V34);
            let earlier = |line: &str| past.lock().hint(line, "here").map(str::to_owned);
            let shown = words(&reading, earlier, typed, 200);
            assert_eq!(shown.as_ref().map_or("", Hint::shown), wanted, "{typed:?}");
            seen.extend(reading.command.map(|command| command.get_name().to_owned()));
        }
        let all = tree.get_subcommands().filter(|command| !command.is_hide_set());
        let missing: Vec<&str> =
            all.map(Command::get_name).filter(|name| !seen.contains(*name)).collect();
        assert_eq!(missing, [""; 0], "no case");
    }

    #[test]
    fn a_hint_fits_its_row_but_is_inserted_whole() {
        let mut tree = crate::command::Command::tree();
        tree.build();
        let hint = |typed: &str, room| {
            let reading = Reading::of(&tree, typed, Dialect::V34);
            let earlier = |line: &str| "get /lake/reed".strip_prefix(line).map(str::to_owned);
            words(&reading, earlier, typed, room).unwrap()
        };
        assert_eq!(hint("create ", 12).shown(), "[-s] [-e] […");
        let earlier = hint("get /l", 5);
        assert_eq!((earlier.shown(), earlier.rest()), ("ake/…", Some("ake/reed")));
        assert_eq!(hint("get /l", 0).shown(), "");
    }
}
