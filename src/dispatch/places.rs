//! Classifies the words of a line: command, option, or value of an argument.
//!
//! Where data, a password or another free word is expected, a word counts as an option only if all
//! of it is one and the free word still follows. There `-h` and `--help` are free words, and `--`
//! ends the options. clap has no such rule, so we reorder the words for it: options, `--`, values.

use std::ffi::{OsStr, OsString};

use clap::{Arg, ArgAction, Command};

use super::Table;
use super::arguments::{Data, WrappedWord, is_free, is_of};
use crate::dialect::Dialect;

/// The argument names of the options that say where the data comes from.
const DATA_OPTIONS: &[&str] = &["input", "null"];

/// The words of a line.
#[derive(Debug, Clone, Default)]
pub struct Words {
    /// The words, from left to right.
    pub words: Vec<OsString>,
    /// The index of the word that is a heredoc, and so never an option.
    pub block: Option<usize>,
}

impl From<Vec<OsString>> for Words {
    fn from(words: Vec<OsString>) -> Self {
        Self { words, block: None }
    }
}

/// The role of a word.
#[derive(Debug, Clone, Copy)]
pub enum Place<'t> {
    /// `@` and the name of the session in which the command after it runs.
    Session,
    /// The name of a command, which may be unknown.
    Command(Option<&'t Command>),
    /// One or several options, possibly with a value in the same word, or something that looks like
    /// it.
    Option,
    /// The value of the option before it.
    OptionValue(&'t Arg),
    /// The `--` that ends the options.
    Dashes,
    /// A value of this argument, or of none if the command takes no more values.
    Value(Option<&'t Arg>),
}

/// Returns the role of each word. The first names a command of `tree`.
pub fn places<'t>(tree: &'t Command, line: &Words, dialect: Dialect) -> Vec<Place<'t>> {
    let mut places = Vec::with_capacity(line.words.len());
    while places.len() < line.words.len() {
        let start = places.len();
        if session_of(&line.words[start]).is_some() {
            places.push(Place::Session);
            continue;
        }
        let command = line.words[start].to_str().and_then(|name| tree.find_subcommand(name));
        places.push(Place::Command(command));
        match command {
            Some(command) => Scan::new(command, line, start, dialect).run(&mut places),
            None => places.resize(line.words.len(), Place::Value(None)),
        }
    }
    places
}

/// Returns the session that a word such as `@bob` names in place of a command.
pub fn session_of(word: &OsStr) -> Option<&str> {
    word.to_str()?.strip_prefix('@')
}

/// Passes the role of each word to `see`.
pub(super) fn with_places<T: Table, R>(
    words: &Words,
    dialect: Dialect,
    see: impl FnOnce(&[Place<'_>]) -> R,
) -> R {
    T::with_tree(|tree| see(&places(tree, words, dialect)))
}

/// Returns whether the whole word is an option of this command.
pub(super) fn is_option<T: Table>(command: &str, word: &str) -> bool {
    T::with_tree(|tree| {
        tree.find_subcommand(command).is_some_and(|command| is_option_of(command, word))
    })
}

/// Reorders the words so that clap understands them whatever they look like.
pub fn for_clap(tree: &Command, line: &Words, dialect: Dialect) -> Vec<OsString> {
    let places = places(tree, line, dialect);
    let starts = places.iter().enumerate().filter(|(_, place)| matches!(place, Place::Command(_)));
    let starts: Vec<usize> = starts.map(|(start, _)| start).collect();
    let ends = starts.iter().skip(1).copied().chain([places.len()]);
    let mut ordered = Vec::with_capacity(places.len() + 2);
    for (start, end) in starts.iter().copied().zip(ends) {
        ordered.push(line.words[start].clone());
        let Place::Command(Some(command)) = places[start] else {
            ordered.extend_from_slice(&line.words[start + 1..end]);
            continue;
        };
        let rest = line.words[start + 1..end].iter().zip(&places[start + 1..end]);
        if command.get_positionals().any(is_free) {
            let scan = Scan::new(command, line, start, dialect);
            ordered.extend(options_first(command, rest, scan.data_is_given));
        } else {
            ordered.extend(rest.map(|(word, place)| match place {
                Place::Option => with_two_dashes(command, word),
                _ => word.clone(),
            }));
        }
    }
    ordered
}

fn options_first<'w>(
    command: &Command,
    words: impl Iterator<Item = (&'w OsString, &'w Place<'w>)>,
    data_is_given: bool,
) -> Vec<OsString> {
    let (mut options, mut values) = (Vec::new(), Vec::new());
    for (word, place) in words {
        match place {
            Place::Option => options.push(with_two_dashes(command, word)),
            Place::OptionValue(_) => options.push(word.clone()),
            Place::Value(arg) => {
                let number = arg.and_then(|arg| place_of(command, arg)).unwrap_or(values.len());
                values.resize(number.max(values.len()), OsString::new());
                values.push(word.clone());
            }
            Place::Dashes | Place::Command(_) | Place::Session => {}
        }
    }
    // Data from an option leaves its positional argument empty.
    let data = command.get_positionals().position(is_of::<Data>);
    if data_is_given && data == Some(values.len()) {
        values.push(OsString::new());
    }
    if !values.is_empty() {
        options.push("--".into());
        options.append(&mut values);
    }
    options
}

/// Returns whether the whole word is an option of the command.
pub fn is_option_of(command: &Command, word: &str) -> bool {
    let line = Words::default();
    Scan::new(command, &line, 0, Dialect::default()).options(OsStr::new(word)).is_some()
}

/// Returns the index of a positional argument, from 0, unless it takes several values.
fn place_of(command: &Command, arg: &Arg) -> Option<usize> {
    let number = command.get_positionals().position(|known| known.get_id() == arg.get_id());
    number.filter(|_| !is_repeated(arg))
}

/// Adds a second dash to an option that has only a long name but was written with one dash, as
/// zkCli writes `reconfig -add`.
fn with_two_dashes(command: &Command, word: &OsString) -> OsString {
    let name = word.to_str().and_then(|text| text.strip_prefix('-')?.split('=').next());
    if name.is_some_and(|name| long_only(command, name).is_some()) {
        let mut dashed = OsString::from("-");
        dashed.push(word);
        return dashed;
    }
    word.clone()
}

fn long_only<'t>(command: &'t Command, name: &str) -> Option<&'t Arg> {
    options(command).find(|known| known.get_short().is_none() && known.get_long() == Some(name))
}

/// Returns the options of a command, without clap's own `--help`, which counts as a free word where
/// one is expected.
fn options(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| !arg.is_positional() && arg.get_id() != "help")
}

fn is_repeated(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Append)
        || arg.get_num_args().is_some_and(|range| range.max_values() > 1)
}

/// Scans the words of one command.
struct Scan<'t, 'w> {
    command: &'t Command,
    line: &'w Words,
    dialect: Dialect,
    /// Whether an option says where the data comes from, so that no word takes its place.
    data_is_given: bool,
    /// The number of values so far.
    values: usize,
    /// Whether a `--` has ended the options.
    ended: bool,
}

impl<'t, 'w> Scan<'t, 'w> {
    fn new(command: &'t Command, line: &'w Words, start: usize, dialect: Dialect) -> Self {
        let takes_data = command.get_positionals().any(is_of::<Data>);
        let mut scan =
            Self { command, line, dialect, data_is_given: false, values: 0, ended: false };
        scan.data_is_given = takes_data && scan.gives_data(start + 1);
        scan
    }

    /// Returns the word, unless it is a heredoc, which is neither an option nor a `--`.
    fn word(&self, index: usize) -> Option<&'w OsStr> {
        let word = self.line.words.get(index)?;
        (self.line.block != Some(index)).then_some(word)
    }

    /// Scans up to the last word, or to the first word of a wrapped command.
    fn run(&mut self, places: &mut Vec<Place<'t>>) {
        while places.len() < self.line.words.len() {
            let index = places.len();
            if self.data_is_given && self.is_left_empty(index) {
                self.data_is_given = false;
            }
            let arg = self.argument();
            let option =
                self.word(index).filter(|_| !self.ended).and_then(|word| self.option(word));
            let free = arg.is_some_and(is_free);
            match option {
                Some(Found::Dashes) if !free || index + 1 < self.line.words.len() => {
                    self.ended = true;
                    places.push(Place::Dashes);
                    continue;
                }
                Some(Found::Known(last)) if !free || self.free_word_follows(index, arg) => {
                    places.push(Place::Option);
                    if let Some(arg) = last
                        && places.len() < self.line.words.len()
                    {
                        places.push(Place::OptionValue(arg));
                    }
                    continue;
                }
                Some(Found::Unknown) if !free && !self.is_number(index, arg) => {
                    places.push(Place::Option);
                    continue;
                }
                _ => {}
            }
            if arg.is_some_and(is_of::<WrappedWord>) {
                return;
            }
            places.push(Place::Value(arg));
            self.values += 1;
        }
    }

    /// Returns the argument that takes the next value.
    fn argument(&self) -> Option<&'t Arg> {
        let places = || {
            let given = self.data_is_given;
            self.command.get_positionals().filter(move |arg| !(given && is_of::<Data>(arg)))
        };
        if self.ended
            && let Some(behind) = places().find(|arg| arg.is_last_set())
        {
            return Some(behind);
        }
        let mut places = places().filter(|arg| !arg.is_last_set());
        let last = self.command.get_positionals().last();
        places.nth(self.values).or(last.filter(|arg| is_repeated(arg) && !arg.is_last_set()))
    }

    /// Returns whether [`for_clap`] has left the data argument empty because an option gives the
    /// data.
    fn is_left_empty(&self, index: usize) -> bool {
        let data = self.command.get_positionals().position(is_of::<Data>);
        data == Some(self.values) && self.line.words[index].is_empty()
    }

    fn is_number(&self, index: usize, arg: Option<&Arg>) -> bool {
        let number = |word: &OsStr| word.to_str().is_some_and(|text| text.parse::<f64>().is_ok());
        arg.is_some_and(Arg::is_allow_negative_numbers_set) && self.word(index).is_some_and(number)
    }

    /// Returns whether data or another free word still follows the option at `index`.
    fn free_word_follows(&self, index: usize, free: Option<&Arg>) -> bool {
        let Some(free) = free.filter(|arg| !is_repeated(arg)) else { return false };
        // zkCli 3.5 and later accept options anywhere, and need no data to create a znode.
        if !free.is_required_set() && self.dialect == Dialect::V39 && is_of::<Data>(free) {
            return true;
        }
        let mut next = index;
        while let Some(word) = self.line.words.get(next) {
            match self.word(next).and_then(|_| self.option(word)) {
                Some(Found::Known(value)) => next += 1 + usize::from(value.is_some()),
                Some(Found::Dashes) => return next + 1 < self.line.words.len(),
                Some(Found::Unknown) | None => return true,
            }
        }
        false
    }

    /// Returns whether any option from `index` on says where the data comes from.
    fn gives_data(&self, mut index: usize) -> bool {
        while let Some(word) = self.line.words.get(index) {
            let found = self.word(index).and_then(|word| self.option(word));
            match found {
                Some(Found::Dashes) => return false,
                Some(Found::Known(value)) => {
                    let has_value = value.is_none() || index + 1 < self.line.words.len();
                    if has_value && self.names_data_option(word) {
                        return true;
                    }
                    index += usize::from(value.is_some());
                }
                _ => {}
            }
            index += 1;
        }
        false
    }

    fn names_data_option(&self, word: &OsStr) -> bool {
        let of_data = |arg: &Arg| DATA_OPTIONS.iter().any(|name| arg.get_id() == *name);
        self.options(word).is_some_and(|(options, _)| options.into_iter().any(of_data))
    }

    /// Returns what a word that starts with a dash may be.
    fn option(&self, word: &OsStr) -> Option<Found<'t>> {
        let bytes = word.as_encoded_bytes();
        if bytes.len() < 2 || bytes[0] != b'-' {
            return None;
        }
        if bytes == b"--" {
            return Some(Found::Dashes);
        }
        Some(match self.options(word) {
            Some((_, value)) => Found::Known(value),
            None => Found::Unknown,
        })
    }

    /// Returns the options in a word, and the one that still needs a value, or `None` unless the
    /// whole word is options.
    fn options(&self, word: &OsStr) -> Option<(Vec<&'t Arg>, Option<&'t Arg>)> {
        let text = word.to_str()?;
        let waits = |arg: &'t Arg, has_value: bool| {
            let takes_next = arg.get_action().takes_values() && !arg.is_require_equals_set();
            (takes_next && !has_value).then_some(arg)
        };
        let one = |arg: &'t Arg, value: Option<&str>| {
            // A flag takes no value.
            let fits = value.is_none() || arg.get_action().takes_values();
            fits.then(|| (vec![arg], waits(arg, value.is_some())))
        };
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        if let Some(long) = name.strip_prefix("--") {
            let mut known = options(self.command);
            let named = |arg: &&Arg| {
                arg.get_long() == Some(long)
                    || arg.get_all_aliases().is_some_and(|aliases| aliases.contains(&long))
            };
            return one(known.find(named)?, value);
        }
        let letters = name.strip_prefix('-')?;
        if let Some(arg) = long_only(self.command, letters) {
            return one(arg, value);
        }
        let letters = text.strip_prefix('-')?;
        let mut named = Vec::new();
        for (at, letter) in letters.char_indices() {
            let arg = options(self.command).find(|arg| arg.get_short() == Some(letter))?;
            named.push(arg);
            if arg.get_action().takes_values() {
                let rest = &letters[at + letter.len_utf8()..];
                return Some((named, waits(arg, !rest.is_empty())));
            }
        }
        Some((named, None))
    }
}

enum Found<'t> {
    Dashes,
    /// Options, and the one that takes its value from the next word.
    Known(Option<&'t Arg>),
    /// Not an option of this command.
    Unknown,
}

#[cfg(test)]
mod tests;
