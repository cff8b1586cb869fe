//! Errors for lines with an unknown command or wrong arguments.

use std::ffi::OsString;

use clap::error::ErrorKind;

use super::Table;
use crate::error::Error;
use crate::syntax;

/// Maximum number of letters in which a name may differ from a suggested command; a short name may
/// differ in only one.
const NEAR: usize = 2;

/// Commands that delete data irrevocably. They are suggested only if the user has typed nearly
/// their names.
const DESTRUCTIVE: &[&str] = &["delete", "deleteall", "rmr", "delquota"];

/// Words that other shells treat as operators.
const PIPES: &[&str] = &["|", ">", ">>", "<", "&&", "||"];

/// The hint if one of them makes a line wrong.
const NO_PIPES: &str =
    "zksh has no pipes and redirections; in the system's shell: zksh get /path > file";

/// Returns an error for words that clap has rejected.
pub(super) fn usage_error<T: Table>(error: &clap::Error, words: &[OsString]) -> Error {
    let name = words.first().map(|name| name.to_string_lossy()).unwrap_or_default();
    if error.kind() == ErrorKind::InvalidSubcommand {
        return unknown::<T>(&name);
    }
    let mut tree = T::tree();
    let command = tree.find_subcommand_mut(&*name);
    let refusal = match command {
        Some(command) => {
            with_usage(syntax::usage_error(error, command, &words[1..]), command, &name)
        }
        None => syntax::usage_error(error, &tree, words),
    };
    let is_pipe = |word: &OsString| PIPES.iter().any(|pipe| word == pipe);
    if words.iter().any(is_pipe) { refusal.with_hint(NO_PIPES) } else { refusal }
}

fn with_usage(error: Error, command: &mut clap::Command, name: &str) -> Error {
    let usage = command.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    // Use the name that the user typed: `rmr`, not `deleteall`.
    let rest = usage.strip_prefix(command.get_name()).unwrap_or(usage);
    error.with_usage(format!("{name}{rest}"))
}

/// Returns the error for an unknown command.
pub fn unknown<T: Table>(name: &str) -> Error {
    // A word with a colon may contain a password.
    let shown = match name.split_once(':') {
        Some((name, _)) => format!("{name}:****"),
        None => name.to_owned(),
    };
    let error = Error::usage(format!("Command not found: {shown}")).naming_lookalikes([name]);
    let habit = T::search_terms().find(|(typed, _)| *typed == name);
    match habit.map(|(_, meant)| meant.to_owned()).or_else(|| nearest::<T>(name)) {
        Some(near) => error.with_hint(format!("did you mean {near}?")),
        None => error.with_hint("help lists the commands"),
    }
}

/// Returns the command whose name is nearest to an unknown one, if it is near enough.
pub fn nearest<T: Table>(name: &str) -> Option<String> {
    let tree = T::tree();
    let names = tree
        .get_subcommands()
        .flat_map(|command| std::iter::once(command.get_name()).chain(command.get_all_aliases()));
    let name = name.to_lowercase();
    names
        .map(|known| (strsim::damerau_levenshtein(&name, &known.to_lowercase()), known))
        .filter(|(distance, known)| {
            let most = match name.chars().count() {
                0..=2 => 0,
                3..=4 => 1,
                _ if DESTRUCTIVE.contains(known) => 1,
                _ => NEAR,
            };
            *distance <= most && !(*distance > 0 && *known == "rmr")
        })
        .min()
        .map(|(_, known)| known.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::command::Command;
    use crate::dialect::Dialect;
    use crate::dispatch::parse;

    #[test]
    fn the_nearest_name_is_suggested() {
        assert_eq!(unknown::<Command>("lss").hint(), Some("did you mean ls?"));
        assert_eq!(unknown::<Command>("rm").hint(), Some("did you mean delete?"));
        assert_eq!(unknown::<Command>("GET").hint(), Some("did you mean get?"));
        assert_eq!(unknown::<Command>("getacl").hint(), Some("did you mean getAcl?"));
        assert_eq!(unknown::<Command>("ADDWATCH").hint(), Some("did you mean addWatch?"));
        assert_eq!(unknown::<Command>("delet").hint(), Some("did you mean delete?"));
        for none in ["xyzzy", "awk", "rmm", "del", "rmr2"] {
            assert_eq!(unknown::<Command>(none).hint(), Some("help lists the commands"), "{none}");
        }
    }

    #[test]
    fn habits_of_other_shells_lead_to_commands() {
        let tree = Command::tree();
        for (typed, meant) in Command::search_terms() {
            let name = meant.split(' ').next().unwrap();
            assert!(tree.find_subcommand(name).is_some(), "{typed}: {meant}");
            assert!(tree.find_subcommand(typed).is_none(), "{typed} is a command");
        }
    }

    #[test]
    fn a_pipe_is_answered_only_where_it_makes_a_line_wrong() {
        let hint =
            |line| parse::<Command>(line, Dialect::V34).unwrap_err().hint().map(str::to_owned);
        assert_eq!(hint("ls / | grep lake").as_deref(), Some(NO_PIPES));
        assert_eq!(hint("ls / lake reed"), None);
        assert_eq!(hint("cat /lake | head").as_deref(), Some("did you mean get?"));
        assert!(parse::<Command>("set /lake |", Dialect::V34).is_ok());
    }
}
