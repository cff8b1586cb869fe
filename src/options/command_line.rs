//! Reads the command line in zkCli's form: one dash before long options, and options that this
//! shell does not know.

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command};

use crate::error::{Error, Result};

/// The arguments that clap parses, and the unknown options, which clap does not see.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct CommandLine {
    /// The program's name, options with two dashes, and the command with its arguments as typed.
    pub(super) words: Vec<OsString>,
    /// Unknown options, without their values.
    pub(super) unknown: Vec<String>,
}

impl CommandLine {
    /// Reads the arguments of the process; the first is the program's name.
    pub(super) fn read(
        arguments: impl IntoIterator<Item = OsString>,
        tree: &Command,
    ) -> Result<Self> {
        let mut arguments = arguments.into_iter();
        let mut line = Self { words: arguments.next().into_iter().collect(), unknown: Vec::new() };
        while let Some(word) = arguments.next() {
            let text = word.to_string_lossy().into_owned();
            if !text.starts_with('-') || text == "-" || text == "--" {
                line.words.push(word);
                break;
            }
            let (name, value) = match text.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (&*text, None),
            };
            let Some(Known { value: wanted, dashed }) = find(tree, name) else {
                line.unknown.push(name.to_owned());
                continue;
            };
            if wanted == Value::None && value.is_some() {
                return Err(Error::usage(format!("{name} takes no value")));
            }
            line.words.push(if dashed { word } else { format!("-{text}").into() });
            if wanted == Value::Next && value.is_none() {
                line.words.extend(arguments.next());
            }
        }
        line.words.extend(arguments);
        Ok(line)
    }
}

struct Known {
    value: Value,
    /// Whether it has the number of dashes that clap expects.
    dashed: bool,
}

/// The place of an option's value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Value {
    None,
    /// In the same word, after `=`.
    Same,
    /// In the same word after `=`, or else in the next word.
    Next,
}

impl Value {
    fn of(arg: &Arg) -> Self {
        match (arg.get_action().takes_values(), arg.is_require_equals_set()) {
            (false, _) => Self::None,
            (true, true) => Self::Same,
            (true, false) => Self::Next,
        }
    }
}

fn find(tree: &Command, name: &str) -> Option<Known> {
    let two = name.starts_with("--");
    let bare = name.trim_start_matches('-');
    let known = |arg: &Arg, dashed| Known { value: Value::of(arg), dashed };
    if let Some(arg) = tree.get_arguments().find(|arg| arg.get_long() == Some(bare)) {
        return Some(known(arg, two));
    }
    if bare == "help" || bare == "version" {
        return Some(Known { value: Value::None, dashed: two });
    }
    if two {
        return None;
    }
    let short = |letter| tree.get_arguments().find(|arg| arg.get_short() == Some(letter));
    let mut letters = bare.chars();
    if let (Some(letter), None) = (letters.next(), letters.next())
        && let Some(arg) = short(letter)
    {
        return Some(known(arg, true));
    }
    // A bundle may contain only flags. Otherwise `-foo` would be read as `-f oo`.
    let is_flag = |letter| {
        matches!(letter, 'h' | 'V')
            || short(letter).is_some_and(|arg| matches!(arg.get_action(), ArgAction::SetTrue))
    };
    bare.chars().all(is_flag).then_some(Known { value: Value::None, dashed: true })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(words: &[&str]) -> (Vec<String>, Vec<String>) {
        let all = std::iter::once("zksh").chain(words.iter().copied()).map(OsString::from);
        let line = CommandLine::read(all, &super::super::tree()).unwrap();
        let text = |word: OsString| word.to_string_lossy().into_owned();
        (line.words.into_iter().skip(1).map(text).collect(), line.unknown)
    }

    #[test]
    fn long_options_take_one_or_two_dashes_up_to_the_command() {
        for (typed, wanted) in [
            (
                &["-server", "h:1", "-r", "-timeout=5", "get", "-server", "/a"][..],
                &["--server", "h:1", "-r", "--timeout=5", "get", "-server", "/a"][..],
            ),
            (&["-f", "-x", "-waitforconnection"], &["-f", "-x", "--waitforconnection"]),
            (&["-sandbox", "-r", "ls", "-r"], &["--sandbox", "-r", "ls", "-r"]),
            (&["-help"], &["--help"]),
            (&["-rh", "-o=json"], &["-rh", "-o=json"]),
        ] {
            assert_eq!(read(typed), (wanted.iter().map(ToString::to_string).collect(), vec![]));
        }
    }

    #[test]
    fn unknown_options_are_separated() {
        for (typed, wanted, unknown) in [
            (&["--nosuch", "ls"][..], &["ls"][..], &["--nosuch"][..]),
            (&["-foo"], &[], &["-foo"]),
            (&["-ojson", "-rx"], &[], &["-ojson", "-rx"]),
            (&["-cmd", "ls", "/"], &["ls", "/"], &["-cmd"]),
            (&["-Dzookeeper.x=y", "-r"], &["-r"], &["-Dzookeeper.x"]),
            (&["ls", "-x"], &["ls", "-x"], &[]),
        ] {
            let strings = |words: &[&str]| words.iter().map(ToString::to_string).collect();
            assert_eq!(read(typed), (strings(wanted), strings(unknown)), "{typed:?}");
        }
    }
}
