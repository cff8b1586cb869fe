//! Guesses the line that the user meant, if quotes or blanks make the typed one wrong.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use super::{Data, Place, Table, Words, is_of, with_places};
use crate::dialect::Dialect;
use crate::syntax::Line;

/// Returns the line as it should be typed, if its quotes or blanks make it wrong.
pub(super) fn likely_line<T: Table>(text: &str, dialect: Dialect) -> Option<String> {
    let text = text.trim();
    if text.contains('\n') {
        return None;
    }
    quoted_path(text, dialect).or_else(|| quoted_data::<T>(text, dialect))
}

/// In the dialect of 3.4 double quotes are part of the word, so a path cannot be quoted with them.
fn quoted_path(text: &str, dialect: Dialect) -> Option<String> {
    let words = Line::parse(text, dialect).words;
    let mut line = text.to_owned();
    let mut changed = false;
    for word in words.iter().skip(1).rev() {
        let typed = word.text();
        let inner = typed.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        if let Some(path) = inner.filter(|path| path.starts_with('/')) {
            line.replace_range(word.span.clone(), &quoted(path));
            changed = true;
        }
    }
    changed.then_some(line)
}

/// Unquoted data with blanks is split into several words.
fn quoted_data<T: Table>(text: &str, dialect: Dialect) -> Option<String> {
    let line = Line::parse(text, dialect);
    let bytes = line.words.iter().map(|word| OsString::from_vec(word.bytes.clone()));
    let words = Words { words: bytes.collect(), block: None };
    let is_data =
        |place: &Place<'_>| matches!(place, Place::Value(Some(arg)) if is_of::<Data>(arg));
    let data = with_places::<T, _>(&words, dialect, |places| places.iter().position(is_data))?;
    if data + 1 >= line.words.len() {
        return None;
    }
    let start = line.words[data].span.start;
    Some(format!("{}{}", &text[..start], quoted(&text[start..])))
}

/// Quotes a text in a way that is the same in both dialects.
fn quoted(text: &str) -> String {
    if !text.contains('\'') {
        return format!("'{text}'");
    }
    format!("$'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;

    #[test]
    fn the_line_that_was_meant_is_shown_as_it_is_to_be_typed() {
        for (typed, meant) in [
            ("create /sp hello world", Some("create /sp 'hello world'")),
            ("set /app hello world", Some("set /app 'hello world'")),
            (r#"create /abc {"a": 1, "b": "x"}"#, Some(r#"create /abc '{"a": 1, "b": "x"}'"#)),
            (r#"get "/odd/with space2""#, Some("get '/odd/with space2'")),
            ("set /app it's late", Some(r"set /app $'it\'s late'")),
            ("set /app hello", None),
            ("ls /a b c", None),
        ] {
            assert_eq!(likely_line::<Command>(typed, Dialect::V34).as_deref(), meant, "{typed}");
        }
        assert_eq!(quoted("it's"), r"$'it\'s'");
    }
}
