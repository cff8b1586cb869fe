//! clap's complaints about words, in one clear line of ours.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::error::Error;

/// Says what is wrong with the words that clap has refused.
pub fn usage_error(error: &clap::Error) -> Error {
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
                Some(cause) => {
                    let why = cause.to_string();
                    format!(": {}", out_of_range(&why).unwrap_or(why))
                }
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

/// Says in words what clap says as `0 is not in 1..=9`.
fn out_of_range(why: &str) -> Option<String> {
    let (_, range) = why.split_once(" is not in ")?;
    let (least, most) = range.split_once("..")?;
    let most = most.trim_start_matches('=');
    Some(if [u64::MAX.to_string(), i64::MAX.to_string()].iter().any(|none| none == most) {
        format!("it is less than {least}")
    } else {
        format!("it is not from {least} to {most}")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_told_in_words() {
        let told = |why| out_of_range(why).expect("a range");
        assert_eq!(told("0 is not in 1..=9"), "it is not from 1 to 9");
        assert_eq!(told("0 is not in 1..18446744073709551615"), "it is less than 1");
        assert_eq!(out_of_range("it is none"), None);
    }
}
