//! A typed line as it may be shown in messages: without secrets, and not endless.

use std::borrow::Cow;

use crate::dialect::Dialect;
use crate::syntax::{Line, Word};

/// Characters of a line that are shown: enough to recognise it.
const SHOWN: usize = 160;

/// Stands where a secret stood.
const MASK: &str = "****";

/// Returns the line without the credentials of `addauth` and without the hashes of digest ACLs,
/// cut short where it is long.
pub fn presentable(text: &str, dialect: Dialect) -> Cow<'_, str> {
    let text = text.trim();
    let head = match text.char_indices().nth(SHOWN) {
        Some((end, _)) => &text[..end],
        None => text,
    };
    let mut shown = masked(head, dialect);
    if head.len() < text.len() {
        shown.to_mut().push('…');
    }
    shown
}

fn masked(text: &str, dialect: Dialect) -> Cow<'_, str> {
    let words = Line::parse(text, dialect).words;
    let at = innermost(&words);
    let place = words.get(at).and_then(|word| match word.text() {
        name if is(&name, "addauth") => Some(at + 2),
        name if is(&name, "digest") => Some(at + 1),
        _ => None,
    });
    if let Some(secret) = place.and_then(|place| words.get(place)) {
        return Cow::Owned(format!("{}{MASK}", &text[..secret.span.start]));
    }
    if let Some(secret) = credentials(text) {
        return Cow::Owned(format!("{}{MASK}", &text[..secret]));
    }
    let mut shown = Cow::Borrowed(text);
    for word in words.iter().skip(1).rev() {
        let typed = &text[word.span.clone()];
        if let Some(hash) = digest(typed, "digest:").or_else(|| digest(typed, "auth:")) {
            let start = word.span.start + hash;
            shown.to_mut().replace_range(start..word.span.end, MASK);
        }
    }
    shown
}

/// Returns where the credentials stand that follow a scheme, whatever the command: whoever types
/// `adauth digest ann:secret`, or forgets to close a quote, has typed a secret all the same.
pub(super) fn credentials(text: &str) -> Option<usize> {
    const SCHEME: &str = "digest";
    let parts = |c: char| c.is_whitespace() || matches!(c, '"' | '\'');
    let lower = text.to_ascii_lowercase();
    lower.match_indices(SCHEME).find_map(|(at, _)| {
        let rest = &text[at + SCHEME.len()..];
        let word = rest.trim_start_matches(parts);
        let is_word = text[..at].chars().next_back().is_none_or(parts) && word.len() < rest.len();
        let end = word.find(char::is_whitespace).unwrap_or(word.len());
        (is_word && word[..end].contains(':')).then_some(text.len() - word.len())
    })
}

/// Returns which word names the command that is run in the end: `time` and `repeat` run another.
pub(super) fn innermost(words: &[Word]) -> usize {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let text = word.text();
        if is(&text, "repeat") {
            // The number of times and the interval stand before the command.
            let of_repeat = |word: &&Word| {
                let text = word.text();
                text.starts_with('-') || text.parse::<f64>().is_ok()
            };
            at += 1 + words[at + 1..].iter().take_while(of_repeat).count();
        } else if is(&text, "time") {
            at += 1;
        } else {
            break;
        }
    }
    at
}

/// Returns where the first hash or password of an ACL stands, `scheme:id:HASH:perms`; all that
/// follows it may hold another.
fn digest(word: &str, scheme: &str) -> Option<usize> {
    let at = word.to_ascii_lowercase().find(scheme)?;
    let starts = at == 0 || word[..at].ends_with([',', '"', '\'', ' ']);
    let id = at + scheme.len();
    let length = word[id..].find(':')?;
    (starts && length > 0).then_some(id + length + 1)
}

fn is(word: &str, name: &str) -> bool {
    word.eq_ignore_ascii_case(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked() {
        for (typed, shown) in [
            (" get /a ", "get /a"),
            ("addauth digest ann:secret", "addauth digest ****"),
            ("ADDAUTH digest \"ann:sec ret\" more", "ADDAUTH digest ****"),
            ("addauth digest", "addauth digest"),
            ("time addauth digest ann:secret", "time addauth digest ****"),
            ("repeat 2 -i 0.5 time digest ann:secret", "repeat 2 -i 0.5 time digest ****"),
            ("digest ann:secret", "digest ****"),
            ("adauth digest ann:secret", "adauth digest ****"),
            ("\"addauth digest ann:sec ret", "\"addauth digest ****"),
            ("auth 'digest' \"ann:secret\"", "auth 'digest' \"****"),
            ("get /digest a:b", "get /digest a:b"),
            ("echo digest of ann:x", "echo digest of ann:x"),
            ("add auth digest ann:secret", "add auth digest ****"),
            ("create /digest ann:secret", "create /digest ann:secret"),
            ("setAcl /a auth:ann:secret:r", "setAcl /a auth:ann:****"),
            ("setAcl /a auth::cdrwa", "setAcl /a auth::cdrwa"),
            ("setAcl /a digest:ann:3/abc=:cdrwa", "setAcl /a digest:ann:****"),
            (
                "setAcl -R /a world:anyone:r,digest:ann:x:r,digest:bob:y:r",
                "setAcl -R /a world:anyone:r,digest:ann:****",
            ),
            ("create /a 'digest:ann:x:r' b", "create /a 'digest:ann:**** b"),
            ("create /digest:x y", "create /digest:x y"),
        ] {
            assert_eq!(presentable(typed, Dialect::V34), shown);
        }
    }

    #[test]
    fn a_long_line_is_cut() {
        let long = format!("set /a {}", "é".repeat(1000));
        let shown = presentable(&long, Dialect::V34);
        assert_eq!(shown.chars().count(), SHOWN + 1);
        assert!(shown.ends_with('…'));
    }
}
