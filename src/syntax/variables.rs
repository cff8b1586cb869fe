//! Replaces `${NAME}` with an environment variable, if the user has turned that on.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::error::{Error, Result};

/// Variables by name.
pub type Variables = HashMap<OsString, OsString>;

/// Replaces names with their values.
pub fn expand(word: &[u8], variables: &Variables) -> Result<Vec<u8>> {
    let mut expanded = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some(start) = rest.windows(2).position(|pair| pair == b"${") {
        let (before, behind) = (&rest[..start], &rest[start + 2..]);
        expanded.extend_from_slice(before);
        let name = behind.iter().position(|byte| *byte == b'}').map(|end| &behind[..end]);
        let Some(name) = name.filter(|name| is_name(name)) else {
            expanded.extend_from_slice(b"${");
            rest = behind;
            continue;
        };
        let value = variables.get(OsStr::from_bytes(name)).ok_or_else(|| {
            let name = String::from_utf8_lossy(name);
            Error::usage(format!("{name} is not set in the environment"))
                .with_hint("in single quotes ${...} is not expanded")
        })?;
        expanded.extend_from_slice(value.as_bytes());
        rest = &behind[name.len() + 1..];
    }
    expanded.extend_from_slice(rest);
    Ok(expanded)
}

fn is_name(name: &[u8]) -> bool {
    let starts = name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    starts && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_give_way_to_values() {
        let variables: Variables = [("A", "x y"), ("B_1", "${A}"), ("E", "")]
            .map(|(name, value)| (name.into(), value.into()))
            .into();
        let seen = |word: &str| {
            expand(word.as_bytes(), &variables)
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                .map_err(|error| error.to_string())
        };
        for (word, wanted) in [
            ("/${A}/b", "/x y/b"),
            ("${B_1}${E}", "${A}"),
            ("$A ${} ${1} ${A", "$A ${} ${1} ${A"),
            ("{\"k\":\"${A}\"}", "{\"k\":\"x y\"}"),
        ] {
            assert_eq!(seen(word), Ok(wanted.to_owned()));
        }
        assert_eq!(seen("${NOPE}"), Err("NOPE is not set in the environment".to_owned()));
    }
}
