//! clap's complaints about words, in one clear line of ours.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::error::Error;

/// Says what is wrong with the words that clap has refused.
pub fn complaint(error: &clap::Error) -> Error {
    let cause = std::error::Error::source(error);
    // What a value's own type says of it is clear already.
    if let Some(own) = cause.and_then(|cause| cause.downcast_ref::<Error>()) {
        return own.clone();
    }
    let context = |kind| error.get(kind).map(plain).unwrap_or_default();
    let argument = context(ContextKind::InvalidArg);
    // An option comes with the name of its value, `--version version`.
    let argument = if argument.starts_with('-') {
        let names = argument.split('|').filter_map(|one| one.split(' ').next());
        names.collect::<Vec<_>>().join("|")
    } else {
        argument
    };
    let value = context(ContextKind::InvalidValue);
    Error::usage(match error.kind() {
        ErrorKind::UnknownArgument if argument.starts_with('-') => {
            format!("Unknown option: {argument}")
        }
        ErrorKind::UnknownArgument => format!("One word too many: {argument}"),
        ErrorKind::MissingRequiredArgument => format!("Missing: {argument}"),
        ErrorKind::InvalidValue if value.is_empty() => format!("{argument} needs a value"),
        ErrorKind::InvalidValue => {
            let known = context(ContextKind::ValidValue);
            format!("{argument} cannot be {value}; it is one of {known}")
        }
        ErrorKind::ValueValidation => {
            let why = match cause {
                Some(cause) if cause.is::<std::num::ParseIntError>() => {
                    ": it is not a whole number".to_owned()
                }
                Some(cause) => format!(": {cause}"),
                None => String::new(),
            };
            format!("{argument} cannot be {value}{why}")
        }
        ErrorKind::ArgumentConflict => {
            format!("{argument} cannot be combined with {}", context(ContextKind::PriorArg))
        }
        ErrorKind::InvalidUtf8 => "A word that must be text is not UTF-8".to_owned(),
        _ => {
            let text = error.to_string();
            text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
        }
    })
}

fn plain(value: &ContextValue) -> String {
    let strip = |text: &str| text.replace(['<', '>', '[', ']'], "");
    match value {
        ContextValue::String(text) => strip(text),
        ContextValue::Strings(texts) => {
            texts.iter().map(|text| strip(text)).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}
