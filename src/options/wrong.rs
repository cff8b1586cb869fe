//! Explains what is wrong with the command line of zksh.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Command};

use crate::error::Error;
use crate::syntax::usage_error;

/// Returns whether an option of zkCli or its JVM decides how a connection is secured. If zksh
/// ignored such an option, it could send in plain text what should be encrypted.
pub(super) fn is_security(option: &str) -> bool {
    let property = option.trim_start_matches('-').strip_prefix('D').unwrap_or_default();
    property.starts_with("zookeeper.") || property.starts_with("java.security.")
}

pub(super) fn unknown_option(option: &str, tree: &Command) -> Error {
    let error = Error::usage(format!("Unknown option: {option}"));
    let bare = option.trim_start_matches('-');
    let near = tree
        .get_arguments()
        .filter_map(Arg::get_long)
        .map(|long| (strsim::damerau_levenshtein(bare, long), long))
        .filter(|(distance, long)| *distance <= 2 && *distance < long.len())
        .min();
    match near {
        Some((_, long)) => error.with_hint(format!("did you mean --{long}?")),
        None => error.with_hint("zksh --help lists the options"),
    }
}

/// Returns an error that says what is wrong, and names the environment variable that caused it, if
/// one did.
pub(super) fn wrong(error: &clap::Error, tree: &Command, words: &[OsString]) -> Error {
    let said = usage_error(error, tree, words);
    let named = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(argument)) => argument.split(' ').next().unwrap_or_default(),
        _ => "",
    };
    let long = named.trim_start_matches('-');
    let is_typed = words.iter().any(|word| {
        word.to_string_lossy().strip_prefix("--").is_some_and(|word| word.starts_with(long))
    });
    let variable = tree
        .get_arguments()
        .find(|arg| arg.get_long() == Some(long))
        .and_then(Arg::get_env)
        .filter(|name| !is_typed && std::env::var_os(name).is_some())
        .map(|name| name.to_string_lossy());
    let said = match (variable, said.to_string().strip_prefix(named)) {
        (Some(variable), Some(rest)) => Error::usage(format!("{variable}{rest}")),
        (Some(variable), None) => Error::usage(format!("{variable}: {said}")),
        (None, _) => said,
    };
    if said.hint().is_some() { said } else { said.with_hint("zksh --help lists the options") }
}
