//! Masks the secrets in a line. The types of the arguments tell which words are secret.

use std::borrow::Cow;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use super::{Place, Secret, Table, Words, is_of, is_option_of, nearest, with_places};
use crate::dialect::Dialect;
use crate::syntax::Line;
use crate::zk::Acl;

/// Maximum number of characters to show: enough to recognise the line.
const SHOWN: usize = 160;

/// The replacement for a secret.
const MASK: &str = "****";

/// ACL schemes whose ids are no secrets.
const OPEN_SCHEMES: &[&str] = &["world", "ip", "x509", "sasl", "host"];

/// Returns the line without its secrets, cut short if it is long.
pub fn redact<T: Table>(text: &str, dialect: Dialect) -> Cow<'_, str> {
    let text = text.trim();
    let head = match text.char_indices().nth(SHOWN) {
        Some((end, _)) => &text[..end],
        None => text,
    };
    let mut shown = masked::<T>(head, dialect);
    if head.len() < text.len() {
        shown.to_mut().push('…');
    }
    shown
}

/// Returns whether a line must be neither stored nor shown: it contains a secret, or it starts with
/// a blank, which is how users ask for that.
pub fn is_private<T: Table>(line: &str, dialect: Dialect) -> bool {
    line.starts_with([' ', '\t']) || matches!(masked::<T>(line, dialect), Cow::Owned(_))
}

/// Returns the words with their secrets masked, or `None` if there are no secrets.
pub(super) fn redact_words<T: Table>(line: &Words, dialect: Dialect) -> Option<Words> {
    let text = |index: usize| line.words[index].to_string_lossy().into_owned();
    let found = with_places::<T, _>(line, dialect, |places| secrets::<T>(places, &text));
    if found.is_empty() {
        return None;
    }
    let mut words = line.clone();
    for (index, at) in found {
        let typed = text(index);
        words.words[index] = format!("{}{MASK}{}", &typed[..at], permissions(&typed[at..])).into();
    }
    Some(words)
}

/// Returns the permissions at the end of an ACL entry, which are not part of the secret.
fn permissions(secret: &str) -> &str {
    let last = secret.rfind(':').map(|at| &secret[at..]).unwrap_or_default();
    let letters = last.trim_start_matches(':');
    let are_letters = letters.chars().all(|c| c.is_ascii_lowercase());
    if are_letters && (1..=5).contains(&letters.len()) { last } else { "" }
}

fn masked<T: Table>(text: &str, dialect: Dialect) -> Cow<'_, str> {
    let words = Line::parse(text, dialect).words;
    let typed = |index: usize| text[words[index].span.clone()].to_owned();
    let bytes = words.iter().map(|word| OsString::from_vec(word.bytes.clone()));
    let line = Words { words: bytes.collect(), block: None };
    let mut found = with_places::<T, _>(&line, dialect, |places| secrets::<T>(places, &typed));
    let credentials = credentials(text);
    // A password may contain blanks, so everything up to the end of the line is masked.
    let whole = found.iter().find(|(_, at)| *at == 0).map(|(index, _)| words[*index].span.start);
    if let Some(end) = [whole, credentials].into_iter().flatten().min() {
        found.retain(|(index, _)| words[*index].span.end <= end);
        let mut shown = mask_each(text, &words, &found).into_owned();
        shown.truncate(shown.len() - (text.len() - end));
        return Cow::Owned(shown + MASK);
    }
    mask_each(text, &words, &found)
}

fn mask_each<'t>(
    text: &'t str,
    words: &[crate::syntax::Word],
    found: &[(usize, usize)],
) -> Cow<'t, str> {
    let mut shown = Cow::Borrowed(text);
    for (index, at) in found.iter().rev() {
        let span = words[*index].span.clone();
        shown.to_mut().replace_range(span.start + at..span.end, MASK);
    }
    shown
}

/// Returns the indexes of the words that contain a secret, and where in the word it starts. `text`
/// returns the printable form of a word.
fn secrets<T: Table>(places: &[Place<'_>], text: &dyn Fn(usize) -> String) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let (mut command, mut takes_secret, mut takes_acl) = (None, false, false);
    for (index, place) in places.iter().enumerate() {
        let word = text(index);
        let colon = || word.find(':').map(|at| at + 1);
        let at = match place {
            Place::Command(named) => {
                command = *named;
                let takes = |is: fn(&clap::Arg) -> bool| {
                    named.is_some_and(|named| named.get_arguments().any(is))
                };
                takes_secret =
                    takes(is_of::<Secret>) || named.is_none() && is_like_secret::<T>(&word);
                takes_acl = takes(is_of::<Acl>);
                if named.is_none() { colon() } else { None }
            }
            // After a mistyped command, only a word that looks like a password is masked.
            Place::Value(_) if command.is_none() && takes_secret => colon().map(|_| 0),
            Place::Value(Some(arg)) if is_of::<Secret>(arg) => Some(0),
            Place::Value(None) if takes_secret => Some(0),
            Place::Value(Some(_)) if takes_secret => colon().map(|_| 0),
            Place::Option if takes_secret => {
                let known = command.is_some_and(|command| is_option_of(command, &word));
                word.find(['=', ':']).map(|at| at + 1).filter(|_| !known)
            }
            Place::Value(Some(arg)) if is_of::<Acl>(arg) => acl_secret(&word),
            Place::Value(None) if takes_acl => acl_secret(&word),
            _ => None,
        };
        let is_acl = matches!(place, Place::Value(Some(arg)) if is_of::<Acl>(arg));
        let at = at.or_else(|| digest_secret(&word).filter(|_| index > 0 && !is_acl));
        found.extend(at.map(|at| (index, at)));
    }
    found
}

/// Returns whether an unknown command resembles one that takes a secret.
fn is_like_secret<T: Table>(word: &str) -> bool {
    let word = word.to_lowercase();
    ["auth", "digest"].iter().any(|name| word.contains(name))
        || nearest::<T>(&word).is_some_and(|name| name == "addauth" || name == "digest")
}

/// Returns where a secret starts in a word that is an ACL.
fn acl_secret(word: &str) -> Option<usize> {
    let mut start = 0;
    for part in word.split(',') {
        let entry = part.trim_start_matches(['"', '\'', ' ']);
        let at = start + part.len() - entry.len();
        if let Some((scheme, id)) = entry.split_once(':') {
            let scheme = scheme.to_ascii_lowercase();
            let id_at = at + scheme.len() + 1;
            let is_secret = |rest: &str| rest.chars().any(|c| !"cdrwa".contains(c));
            let user = || {
                let length = id.find(':').filter(|length| *length > 0)?;
                is_secret(&id[length + 1..]).then_some(length + 1)
            };
            let secret = match scheme.as_str() {
                "digest" | "auth" => user(),
                open if OPEN_SCHEMES.contains(&open) => None,
                _ => Some(0),
            };
            if let Some(secret) = secret {
                return Some(id_at + secret);
            }
        }
        start += part.len() + 1;
    }
    None
}

/// Returns where the hash or password of an ACL entry starts, in any word.
fn digest_secret(word: &str) -> Option<usize> {
    let lower = word.to_ascii_lowercase();
    ["digest:", "auth:"].iter().find_map(|scheme| {
        let at = lower.find(scheme)?;
        let starts = at == 0 || word[..at].ends_with([',', '"', '\'', ' ']);
        let id = at + scheme.len();
        let length = word[id..].find(':')?;
        (starts && length > 0).then_some(id + length + 1)
    })
}

/// Returns where credentials after a scheme start, whatever the command is: a user who types `auth
/// digest ann:secret`, or forgets a closing quote, has still typed a secret.
fn credentials(text: &str) -> Option<usize> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;

    #[test]
    fn secrets_are_masked() {
        for (typed, shown) in [
            (" get /a ", "get /a"),
            ("addauth digest ann:secret", "addauth digest ****"),
            ("ADDAUTH digest \"ann:sec ret\" more", "ADDAUTH digest ****"),
            ("addauth digest \"ann:sec ret\" more", "addauth digest ****"),
            ("addauth digest", "addauth digest"),
            ("addauth digest ann secret", "addauth digest ****"),
            ("addauth ann:secret", "addauth ****"),
            ("addauth --auth=ann:secret", "addauth --auth=****"),
            ("addauth digest -p ann:secret", "addauth digest ****"),
            ("time addauth digest ann:secret", "time addauth digest ****"),
            ("time addauth digest ann secret", "time addauth digest ****"),
            ("repeat 2 -i 0.5 time digest ann:secret", "repeat 2 -i 0.5 time digest ****"),
            ("digest ann:secret", "digest ****"),
            ("digest ann secret", "digest ****"),
            ("adauth digest ann:secret", "adauth digest ****"),
            ("adauth ann:secret", "adauth ****"),
            ("auth ann:secret", "auth ****"),
            ("digest:ann:secret", "digest:****"),
            ("\"addauth digest ann:sec ret", "\"addauth digest ****"),
            ("auth 'digest' \"ann:secret\"", "auth 'digest' ****"),
            ("get /digest a:b", "get /digest a:b"),
            ("echo digest of ann:x", "echo digest of ann:x"),
            ("add auth digest ann:secret", "add auth digest ****"),
            ("create /digest ann:secret", "create /digest ann:secret"),
            ("create /a x ann:secret", "create /a x ann:****"),
            ("create /a x ann:secret:r", "create /a x ann:****"),
            ("create /a x y ann:secret", "create /a x y ann:****"),
            ("repeat 2 create /a x ann:secret", "repeat 2 create /a x ann:****"),
            ("setAcl /a ann:secret", "setAcl /a ann:****"),
            ("setAcl /a auth:ann:secret:r", "setAcl /a auth:ann:****"),
            ("setAcl /a auth::cdrwa", "setAcl /a auth::cdrwa"),
            ("setAcl /a ip:10.0.0.1:r", "setAcl /a ip:10.0.0.1:r"),
            ("setAcl /a digest:ann:3/abc=:cdrwa", "setAcl /a digest:ann:****"),
            (
                "setAcl -R /a world:anyone:r,digest:ann:x:r,digest:bob:y:r",
                "setAcl -R /a world:anyone:r,digest:ann:****",
            ),
            ("create /a 'digest:ann:x:r' b", "create /a 'digest:ann:**** b"),
            ("create /digest:x y", "create /digest:x y"),
        ] {
            assert_eq!(redact::<Command>(typed, Dialect::V34), shown);
            let is_secret = typed.trim() != shown;
            assert_eq!(is_private::<Command>(typed.trim(), Dialect::V34), is_secret, "{typed}");
        }
        assert!(is_private::<Command>(" get /a", Dialect::V34));
    }

    #[test]
    fn messages_are_made_of_words_without_secrets() {
        let said = |line: &str| match crate::dispatch::parse::<Command>(line, Dialect::V34) {
            Ok(_) => "nothing".to_owned(),
            Err(error) => format!("{error} {:?}", error.hint()),
        };
        for line in [
            "addauth digest ann s3cr3t",
            "addauth digest ann:s3cr3t more",
            "addauth --auth=s3cr3t",
            "digest ann s3cr3t",
            "digest -p s3cr3t",
            "setAcl /a ann:s3cr3t",
            "setAcl /a world:anyone:r ann:s3cr3t",
            "setAcl /a digest:ann:s3cr3t:rz",
            "create /a x ann:s3cr3t",
            "create /a x ann:s3cr3t:q",
            "create /a x world:anyone:r ann:s3cr3t",
            "digest:ann:s3cr3t",
        ] {
            let said = said(line);
            assert!(said != "nothing" && !said.contains("s3cr3t"), "{line}: {said}");
        }
    }

    #[test]
    fn a_long_line_is_cut() {
        let long = format!("set /a {}", "é".repeat(1000));
        let shown = redact::<Command>(&long, Dialect::V34);
        assert_eq!(shown.chars().count(), SHOWN + 1);
        assert!(shown.ends_with('…'));
    }
}
