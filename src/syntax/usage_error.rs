//! Turns clap's errors into one clear line that names what the user typed.

use std::ffi::{OsStr, OsString};
use std::num::{IntErrorKind, ParseIntError};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command};

use crate::error::Error;

/// Allows every flag of a command and its subcommands to be repeated.
#[must_use]
pub fn repeatable_flags(command: Command) -> Command {
    let command = command.mut_args(|arg| match arg.get_action() {
        ArgAction::SetTrue => {
            let id = arg.get_id().clone();
            arg.overrides_with(id)
        }
        _ => arg,
    });
    command.mut_subcommands(repeatable_flags)
}

/// Returns an error for `words`, which clap has rejected as arguments of `command`.
pub fn usage_error(error: &clap::Error, command: &Command, words: &[OsString]) -> Error {
    let typed = words.iter().filter_map(|word| word.to_str());
    let cause = std::error::Error::source(error);
    // An error from the value's own type is already clear.
    if let Some(own) = cause.and_then(|cause| cause.downcast_ref::<Error>()) {
        return own.clone().naming_lookalikes(typed);
    }
    let argument = Argument { command, words };
    Error::usage(sentence(error, &argument)).naming_lookalikes(typed)
}

fn sentence(error: &clap::Error, argument: &Argument<'_>) -> String {
    let context = |kind| error.get(kind).map(texts).unwrap_or_default();
    let raw = context(ContextKind::InvalidArg).join(" ");
    let name = argument.name(&raw);
    let value = context(ContextKind::InvalidValue).join(" ");
    match error.kind() {
        ErrorKind::UnknownArgument if raw.starts_with('-') && raw.len() > 1 => {
            let word = argument.unknown(&raw);
            // A flag that takes no value is followed by `=` and a value.
            let known = argument.command.get_arguments().any(|arg| is_whole(arg, &word));
            if known { format!("{word} takes no value") } else { format!("Unknown option: {word}") }
        }
        ErrorKind::UnknownArgument => format!("Unexpected argument: {raw}"),
        ErrorKind::MissingRequiredArgument => {
            let missing = context(ContextKind::InvalidArg);
            let missing: Vec<String> = missing.iter().map(|one| argument.name(one)).collect();
            format!("Missing: {}", missing.join(" "))
        }
        ErrorKind::InvalidValue if value.is_empty() => format!("{name} needs a value"),
        ErrorKind::InvalidValue => {
            let known = context(ContextKind::ValidValue).join(" ");
            format!("{name} cannot be {value}; it is one of {known}")
        }
        ErrorKind::ValueValidation => {
            let cause = std::error::Error::source(error);
            let why = match cause.map(|cause| (cause, cause.downcast_ref::<ParseIntError>())) {
                Some((_, Some(why))) => format!(": {}", no_number(&value, why)),
                Some((cause, None)) => {
                    let why = cause.to_string();
                    format!(": {}", out_of_range(&why).unwrap_or(why))
                }
                None => String::new(),
            };
            format!("{name} cannot be {value}{why}")
        }
        ErrorKind::ArgumentConflict => {
            let prior = context(ContextKind::PriorArg);
            if prior == [raw] {
                return format!("{name} was given twice");
            }
            let prior: Vec<String> = prior.iter().map(|one| argument.name(one)).collect();
            format!("{name} cannot be combined with {}", prior.join(" "))
        }
        ErrorKind::TooManyValues => format!("{name} takes no value"),
        ErrorKind::InvalidUtf8 => "An argument is not UTF-8".to_owned(),
        _ => {
            let text = error.to_string();
            text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
        }
    }
}

/// The words of a command, used to find the argument that clap names in an error.
struct Argument<'a> {
    command: &'a Command,
    words: &'a [OsString],
}

impl Argument<'_> {
    /// Returns the argument that clap calls `shown` (`--count <val>`, `<path>`) as the user typed
    /// it, or else as the usage line names it.
    fn name(&self, shown: &str) -> String {
        // A group of arguments looks like `<--file <path>|--add <member>>`.
        let names = shown.split('|').map(|one| {
            let dashed = one.trim_start_matches('<').split([' ', '=', '[', '>']).next();
            let dashed = dashed.unwrap_or_default();
            match self.command.get_arguments().find(|arg| is_called(arg, dashed)) {
                Some(arg) => self.typed(arg).unwrap_or_else(|| in_usage(arg)),
                None => one.replace(['<', '>', '[', ']'], "").trim_end_matches("...").to_owned(),
            }
        });
        names.collect::<Vec<_>>().join("|")
    }

    /// Returns an option as the user typed it, if it occurs in the words.
    fn typed(&self, arg: &Arg) -> Option<String> {
        self.options().find_map(|word| {
            let name = word.split('=').next()?;
            let bare = name.trim_start_matches('-');
            let short = arg.get_short();
            if arg.get_long() == Some(bare) || short.is_some_and(|c| bare == c.to_string()) {
                return Some(name.to_owned());
            }
            let bundled = short.filter(|c| !word.starts_with("--") && bare.starts_with(*c));
            let bundled = bundled.or(short.filter(|c| {
                !word.starts_with("--")
                    && bare.contains(*c)
                    && bare.chars().all(|c| self.has_short(c))
            }));
            bundled.map(|c| format!("-{c}"))
        })
    }

    /// Returns the typed word that contains the unknown `part` which clap names.
    fn unknown(&self, part: &str) -> String {
        let bare = part.trim_start_matches('-');
        let named = |word: &&str| word.trim_start_matches('-').split('=').next() == Some(bare);
        let bundle = |word: &&str| !word.starts_with("--") && word.contains(bare);
        let word = self.options().find(named).or_else(|| self.options().find(bundle));
        // The text after `=` may be a secret.
        let word = word.unwrap_or(part);
        word.split('=').next().unwrap_or(word).to_owned()
    }

    fn options(&self) -> impl Iterator<Item = &str> {
        let texts = self.words.iter().map(|word| OsStr::to_str(word).unwrap_or_default());
        texts
            .take_while(|word| *word != "--")
            .filter(|word| word.len() > 1 && word.starts_with('-'))
    }

    fn has_short(&self, letter: char) -> bool {
        self.command.get_arguments().any(|arg| arg.get_short() == Some(letter))
    }
}

fn is_called(arg: &Arg, dashed: &str) -> bool {
    let long = dashed.strip_prefix("--");
    let short = dashed.strip_prefix('-').and_then(|name| name.chars().next());
    match long {
        Some(long) => arg.get_long() == Some(long),
        None => short.is_some() && arg.get_short() == short,
    }
}

/// Returns whether `word` is exactly this option, without a value or further flags.
fn is_whole(arg: &Arg, word: &str) -> bool {
    is_called(arg, word) && (word.starts_with("--") || word.chars().count() == 2)
}

/// Returns an option as the usage line names it: its letter if it has one.
fn in_usage(arg: &Arg) -> String {
    match (arg.get_short(), arg.get_long()) {
        (Some(letter), _) => format!("-{letter}"),
        (None, long) => format!("--{}", long.unwrap_or_default()),
    }
}

/// Describes why a value is not a valid number.
fn no_number(value: &str, why: &ParseIntError) -> &'static str {
    match why.kind() {
        IntErrorKind::PosOverflow => "it is too large",
        IntErrorKind::NegOverflow => "it is too small",
        _ if value.parse::<i128>().is_ok_and(|value| value < 0) => "it is less than 0",
        _ => "it is not a whole number",
    }
}

/// Describes what clap reports as `0 is not in 1..=9`.
fn out_of_range(why: &str) -> Option<String> {
    let (_, range) = why.split_once(" is not in ")?;
    let (least, most) = range.split_once("..")?;
    let most = most.trim_start_matches('=');
    Some(if [u64::MAX.to_string(), i64::MAX.to_string()].iter().any(|none| none == most) {
        format!("it is less than {least}")
    } else {
        format!("it must be from {least} to {most}")
    })
}

fn texts(value: &ContextValue) -> Vec<String> {
    match value {
        ContextValue::String(text) => vec![text.clone()],
        ContextValue::Strings(texts) => texts.clone(),
        other => vec![other.to_string()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_told_in_words() {
        let told = |why| out_of_range(why).expect("a range");
        assert_eq!(told("0 is not in 1..=9"), "it must be from 1 to 9");
        assert_eq!(told("0 is not in 1..18446744073709551615"), "it is less than 1");
        assert_eq!(out_of_range("it is none"), None);
    }

    fn said(words: &[&str]) -> String {
        let flag = |name, short| Arg::new(name).long(name).short(short).action(ArgAction::SetTrue);
        let count = Arg::new("count").short('n').long("count").value_name("val");
        let command = repeatable_flags(
            Command::new("x")
                .arg(flag("stat", 's'))
                .arg(flag("base64", 'b').conflicts_with("hex"))
                .arg(flag("hex", 'x'))
                .arg(count.value_parser(clap::value_parser!(u32)))
                .arg(Arg::new("add").long("add").value_parser(["one", "two"]))
                .arg(Arg::new("path").required(true).value_name("path")),
        );
        let command = command.group(
            clap::ArgGroup::new("what").args(["count", "add"]).required(words == ["missing"]),
        );
        let words: Vec<OsString> =
            std::iter::once("x").chain(words.iter().copied()).map(OsString::from).collect();
        match command.clone().try_get_matches_from(&words) {
            Ok(_) => "accepted".to_owned(),
            Err(error) => usage_error(&error, &command, &words[1..]).to_string(),
        }
    }

    #[test]
    fn the_words_named_are_those_that_were_typed() {
        for (words, wanted) in [
            (&["/a", "2>/dev/null"][..], "Unexpected argument: 2>/dev/null"),
            (&["/a", "[a]"], "Unexpected argument: [a]"),
            (&["/a", "<x>"], "Unexpected argument: <x>"),
            (&["-z", "/a"], "Unknown option: -z"),
            (&["-sz", "/a"], "Unknown option: -sz"),
            (&["-server", "/a"], "Unknown option: -server"),
            (&["--nosuch=5", "/a"], "Unknown option: --nosuch"),
            (&["-Djava.x=y", "/a"], "Unknown option: -Djava.x"),
            (&["-n", "abc", "/a"], "-n cannot be abc: it is not a whole number"),
            (&["-nabc", "/a"], "-n cannot be abc: it is not a whole number"),
            (&["--count", "abc", "/a"], "--count cannot be abc: it is not a whole number"),
            (&["--count=-5", "/a"], "--count cannot be -5: it must be from 0 to 4294967295"),
            (
                &["-n", "99999999999999999999", "/a"],
                "-n cannot be 99999999999999999999: it is too large",
            ),
            (
                &["-n", "5000000000", "/a"],
                "-n cannot be 5000000000: it must be from 0 to 4294967295",
            ),
            (&["-n"], "-n needs a value"),
            (&["--stat=5", "/a"], "--stat takes no value"),
            (&["-s=5", "/a"], "-s takes no value"),
            (&["-b", "-x", "/a"], "-b cannot be combined with -x"),
            (&["--hex", "-b", "/a"], "--hex cannot be combined with -b"),
            (&["-bx", "/a"], "-b cannot be combined with -x"),
            (&["-s", "-s", "--stat", "/a"], "accepted"),
            (&["-n", "1", "-n", "2", "/a"], "-n was given twice"),
            (&["--count", "1", "-n", "2", "/a"], "--count was given twice"),
            (&["--add", "three", "/a"], "--add cannot be three; it is one of one two"),
            (&["-s"], "Missing: path"),
            (&["missing"], "Missing: -n|--add"),
            (&["/a", "–s"], "Unexpected argument: –s; – is an en dash; options begin with -"),
            (&["/a", "“b"], "Unexpected argument: “b; “ is a curly quote; type \" or '"),
        ] {
            assert_eq!(said(words), wanted, "{words:?}");
        }
    }
}
