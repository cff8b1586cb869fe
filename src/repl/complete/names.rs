//! Names as the user must type them: split, searched in a sorted list, and quoted if needed.

use super::{Candidates, MAX_CANDIDATES, pair};
use crate::dialect::Dialect;
use crate::output::escape::{self, Newlines};
use crate::syntax::Line;

/// How the word being completed is typed.
#[derive(Debug, Clone, Copy)]
pub(super) struct TypedWord {
    /// The quote that it starts with.
    pub(super) quote: Option<char>,
    /// Whether a leading dash makes it an option.
    pub(super) dashes: bool,
    pub(super) dialect: Dialect,
}

/// Splits a typed path after its last `/`.
pub(super) fn split(typed: &str) -> (&str, &str) {
    match typed.rfind('/') {
        Some(at) => typed.split_at(at + 1),
        None => ("", typed),
    }
}

/// Returns a name as it must be typed in a pattern: what would be a wildcard is escaped.
pub(super) fn escaped(name: &str) -> String {
    let mut typed = String::with_capacity(name.len());
    for c in name.chars() {
        if matches!(c, '*' | '?' | '[' | '\\') {
            typed.push('\\');
        }
        typed.push(c);
    }
    typed
}

/// Returns the names that start with `prefix`, from sorted `names`.
pub(super) fn fitting<'n>(names: &'n [String], prefix: &str) -> &'n [String] {
    let start = names.partition_point(|name| name.as_str() < prefix);
    let rest = &names[start..];
    &rest[..rest.partition_point(|name| name.starts_with(prefix))]
}

/// Lists names as the user must type them after `directory`.
pub(super) fn list(names: &[String], directory: &str, typed_word: TypedWord) -> Candidates {
    let TypedWord { quote, dashes, dialect } = typed_word;
    let dashed = |name: &String| name.starts_with('-');
    // With this prefix the word is not an option, but means the same name.
    let here = directory.is_empty() && dashes && names.first().is_some_and(dashed);
    let directory = if here { "./" } else { directory };
    let shown = |name: &String| escape::to_terminal(name.as_bytes(), Newlines::Escape).into_owned();
    let (first, last) = match names {
        [] => return Candidates::default(),
        [only] => {
            let word = quoted(&format!("{directory}{only}"), dialect);
            let only = word.map(|word| pair(word, shown(only)));
            return only.into_iter().collect::<Vec<_>>().into();
        }
        [first, .., last] => (first, last),
    };
    // If there are several, only their common prefix is inserted, which may need an opening quote.
    let shared = first.chars().zip(last.chars()).take_while(|(a, b)| a == b);
    let shared = &first[..shared.map(|(c, _)| c.len_utf8()).sum()];
    let whole = match format!("{directory}{shared}") {
        // There is no word yet, so there is nothing to quote.
        nothing if nothing.is_empty() => Some(nothing),
        whole => quoted(&whole, dialect),
    };
    let stem = match (whole, quote) {
        (Some(whole), _) if whole.starts_with('\'') || whole.starts_with("$'") => {
            whole[..whole.len() - 1].to_owned()
        }
        (Some(whole), Some(quote)) => format!("{quote}{whole}"),
        (Some(whole), None) => whole,
        (None, _) => directory.to_owned(),
    };
    let listed = names.iter().take(MAX_CANDIDATES);
    let found = listed.map(|name| pair(stem.clone(), shown(name))).collect();
    Candidates { found, more: names.len().saturating_sub(MAX_CANDIDATES) }
}

/// Returns whether a word can be typed as it is.
pub(super) fn needs_no_quotes(word: &str, dialect: Dialect) -> bool {
    quoted(word, dialect).is_some_and(|typed| typed == word)
}

/// Returns a word as the user must type it, in the simplest form that the dialect parses back.
fn quoted(word: &str, dialect: Dialect) -> Option<String> {
    let reads_back = |typed: &str| {
        let line = Line::parse(&format!("x {typed}"), dialect);
        line.open.is_none()
            && matches!(line.words.as_slice(), [_, found] if found.bytes == word.as_bytes())
    };
    let visible = !word.chars().any(|c| !escape::is_safe(c));
    let escaped = || {
        let mut typed = String::from("$'");
        for c in word.chars() {
            match c {
                '\'' | '\\' => typed.extend(['\\', c]),
                c if escape::is_safe(c) => typed.push(c),
                c => typed.extend(c.escape_unicode()),
            }
        }
        typed.push('\'');
        typed
    };
    let plain = [word.to_owned(), format!("'{word}'")].into_iter().filter(|_| visible);
    plain.chain(std::iter::once(escaped())).find(|typed| reads_back(typed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed_word(quote: Option<char>) -> TypedWord {
        TypedWord { quote, dashes: true, dialect: Dialect::V34 }
    }

    #[test]
    fn unusual_names_are_quoted_equally_in_both_dialects() {
        for (word, typed) in [
            ("/a", "/a"),
            ("/a b", "'/a b'"),
            ("/it's", "/it's"),
            ("/it's so", r"$'/it\'s so'"),
            (r"/a \' b", r"$'/a \\\' b'"),
            ("/a\u{202e}b", r"$'/a\u{202e}b'"),
            ("/{\"k\":1}", "/{\"k\":1}"),
        ] {
            assert_eq!(quoted(word, Dialect::V34).as_deref(), Some(typed));
            assert_eq!(quoted(word, Dialect::V39).as_deref(), Some(typed));
        }
    }

    #[test]
    fn several_names_insert_their_common_prefix() {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let stem = |list: &[&str], quote| {
            let found = super::list(&names(list), "/lake/", typed_word(quote));
            assert_eq!(found.found.len(), list.len());
            found.found[0].replacement.clone()
        };
        assert_eq!(stem(&["a b", "duck"], None), "/lake/");
        assert_eq!(list(&names(&["a b", "duck"]), "", typed_word(None)).found[0].replacement, "");
        assert_eq!(stem(&["duck", "dune"], None), "/lake/du");
        assert_eq!(stem(&["a b1", "a b2"], None), "'/lake/a b");
        assert_eq!(stem(&["duck", "dune"], Some('\'')), "'/lake/du");
        assert_eq!(stem(&["a b"], None), "'/lake/a b'");
        assert_eq!(stem(&["duck"], Some('\'')), "/lake/duck");
    }

    #[test]
    fn a_name_with_a_dash_does_not_become_an_option() {
        let names = ["-a".to_owned(), "-b".to_owned()];
        let typed = |directory, typed_word| {
            list(&names[..1], directory, typed_word).found[0].replacement.clone()
        };
        assert_eq!(typed("", typed_word(None)), "./-a");
        assert_eq!(typed("", TypedWord { dashes: false, ..typed_word(None) }), "-a");
        assert_eq!(typed("/lake/", typed_word(None)), "/lake/-a");
        assert_eq!(list(&names, "", typed_word(None)).found[0].replacement, "./-");
    }

    #[test]
    fn too_many_names_are_counted_and_not_listed() {
        let mut names: Vec<String> = (0..100_000).map(|n| format!("n{n:06}")).collect();
        names.push("nx".to_owned());
        let Candidates { found, more } = list(fitting(&names, "n"), "/", typed_word(None));
        assert_eq!((found.len(), more), (MAX_CANDIDATES, 99_501));
        assert_eq!(found[0].replacement, "/n");
    }
}
