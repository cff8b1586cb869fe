//! Completes the values of arguments that consist of known words.

use clap::{Arg, Command};
use rustyline::completion::Pair;

use super::super::grammar::Reading;
use super::{commands, explained, pair};
use crate::lesson::LESSONS;

/// The schemes that every server knows, each with the text before the permissions.
const ACL_SCHEMES: &[(&str, &str)] = &[
    ("world:anyone:", "everyone"),
    ("auth::", "whoever this session is, by addauth"),
    ("digest:", "a user with a password, as user:digest"),
    ("ip:", "an address or network"),
    ("x509:", "a client's certificate"),
    ("sasl:", "a SASL user"),
];

/// The permissions of an ACL entry.
const PERMISSIONS: &[(char, &str)] = &[
    ('c', "create children"),
    ('d', "delete children"),
    ('r', "read"),
    ('w', "write"),
    ('a', "set the ACL"),
];

/// The conditions of `wait` that are the same for all znodes. A blank ends those that take no
/// value.
const CONDITIONS: &[(&str, &str)] = &[
    ("exists ", "it is there"),
    ("absent ", "it is not there"),
    ("value=", "its data is this"),
    ("version>", "its data was written more often; also =, >=, <, <="),
    ("children>=", "it has so many children; also =, >, <, <="),
];

/// Completes the value in `--option=value`.
pub(super) fn assigned(grammar: &Command, reading: &Reading<'_>, word: &str) -> Option<Vec<Pair>> {
    let (name, value) = word.split_once('=')?;
    let arg = reading.options(name).pop()?;
    let mut found = complete(grammar, arg, value);
    for pair in &mut found {
        pair.replacement.insert_str(0, &format!("{name}="));
    }
    Some(found)
}

/// Completes a value of an argument.
pub(super) fn complete(grammar: &Command, arg: &Arg, word: &str) -> Vec<Pair> {
    let known = arg.get_possible_values();
    if !known.is_empty() {
        let known = known.into_iter().filter(|value| !value.is_hide_set()).map(|value| {
            let help = value.get_help().map(ToString::to_string).unwrap_or_default();
            (value.get_name().to_owned(), help)
        });
        let lower = word.to_lowercase();
        return explained(
            known.filter(|(name, _)| name.to_lowercase().starts_with(&lower)).collect(),
        );
    }
    match arg.get_value_names().and_then(|names| names.first()).map(clap::builder::Str::as_str) {
        Some("acl") => acl(word),
        Some("command") => commands(grammar, word),
        Some("lesson") => {
            let names = LESSONS.iter().map(|source| source.name).chain(["run", "check"]);
            names
                .filter(|name| name.starts_with(word))
                .map(|it| pair(format!("{it} "), it))
                .collect()
        }
        Some("condition") => CONDITIONS
            .iter()
            .filter(|(condition, _)| condition.starts_with(word))
            .map(|(condition, meaning)| pair(*condition, format!("{condition:12}{meaning}")))
            .collect(),
        Some("N|search") if !word.is_empty() && "search".starts_with(word) => {
            vec![pair("search ", "search")]
        }
        Some("scheme") if "digest".starts_with(word) => {
            vec![pair("digest ", "digest  a user with a password, as user:password")]
        }
        Some("watch") if "true".starts_with(word) => vec![pair("true ", "true")],
        _ => Vec::new(),
    }
}

/// Completes a four-letter word, or a command of the AdminServer.
pub(super) fn admin(reading: &Reading<'_>, word: &str) -> Vec<Pair> {
    let http = reading.arguments().any(|typed| typed.text().starts_with("--http"));
    let fits = crate::command::known_words(http).iter().filter(|(name, _)| name.starts_with(word));
    explained(fits.map(|&(name, meaning)| (name.to_owned(), meaning.to_owned())).collect())
}

/// Completes the last entry of an ACL: its scheme, or another permission.
fn acl(word: &str) -> Vec<Pair> {
    let start = word.rfind(',').map_or(0, |comma| comma + 1);
    let (before, entry) = word.split_at(start);
    match entry.rsplit_once(':') {
        // The text after the user is not a permission yet.
        Some((head, digest)) if head.starts_with("digest:") && head.matches(':').count() == 1 => {
            let asked = digest.is_empty() && !head.ends_with(':');
            let ask = || pair(format!("{word}?:"), "?  the password is asked for");
            asked.then(ask).into_iter().collect()
        }
        Some((head, letters)) if head.contains(':') => {
            let fits = letters.chars().all(|letter| PERMISSIONS.iter().any(|(c, _)| *c == letter));
            PERMISSIONS
                .iter()
                .filter(|(letter, _)| fits && !letters.contains(*letter))
                .map(|(letter, meaning)| {
                    pair(format!("{word}{letter}"), format!("{letter}  {meaning}"))
                })
                .collect()
        }
        _ => ACL_SCHEMES
            .iter()
            .filter(|(scheme, _)| scheme.starts_with(entry) && *scheme != entry)
            .map(|(scheme, meaning)| {
                pair(format!("{before}{scheme}"), format!("{scheme:14}{meaning}"))
            })
            .collect(),
    }
}
