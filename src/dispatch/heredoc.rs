//! Heredocs: `set /lake <<END`, then lines of data, then a line `END`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use super::{Data, Place, Table, Words, is_of, with_places};
use crate::dialect::Dialect;
use crate::error::{Error, Result};
use crate::syntax::Line;

/// Returns the terminator line of the heredoc that `first` starts, if it starts one.
pub fn terminator<T: Table>(first: &str, dialect: Dialect) -> Option<String> {
    // Nearly every line returns here.
    if !first.contains('<') {
        return None;
    }
    let line = Line::parse(first, dialect);
    find::<T>(&line, dialect).map(|(_, mark)| mark)
}

/// Returns the index of the word that starts a heredoc, and its terminator.
fn find<T: Table>(line: &Line, dialect: Dialect) -> Option<(usize, String)> {
    if line.open.is_some() {
        return None;
    }
    let (index, mark) = line.words.iter().enumerate().skip(1).find_map(|(index, word)| {
        let mark = std::str::from_utf8(word.bytes.strip_prefix(b"<<")?).ok()?;
        let plain = mark.chars().all(|c| c.is_alphanumeric() || c == '_');
        (word.quote.is_none() && plain && !mark.is_empty()).then(|| (index, mark.to_owned()))
    })?;
    let words = line.words.iter().map(|word| OsString::from_vec(word.bytes.clone()));
    let words = Words { words: words.collect(), block: Some(index) };
    let is_data =
        |place: &Place<'_>| matches!(place, Place::Value(Some(arg)) if is_of::<Data>(arg));
    with_places::<T, _>(&words, dialect, |places| is_data(&places[index])).then_some((index, mark))
}

/// Returns the words of a line with its heredoc, if `text` is one. The lines of data are joined by
/// newlines, without a final one.
pub(super) fn words<T: Table>(text: &str, dialect: Dialect) -> Result<Option<Words>> {
    if !text.contains('<') {
        return Ok(None);
    }
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let line = Line::parse(first, dialect);
    let Some((index, mark)) = find::<T>(&line, dialect) else { return Ok(None) };
    let missing = || Error::usage(format!("The line {mark} that ends the data is missing"));
    let rest = format!("\n{}", rest.strip_suffix('\n').unwrap_or(rest));
    let block = rest.strip_suffix(&mark).and_then(|rest| rest.strip_suffix('\n'));
    let block = block.ok_or_else(missing)?;
    let block = block.strip_prefix('\n').unwrap_or(block);
    let mut words: Vec<OsString> =
        line.words.into_iter().map(|word| OsString::from_vec(word.bytes)).collect();
    words[index] = block.into();
    Ok(Some(Words { words, block: Some(index) }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::command::Command;

    fn read(text: &str) -> Option<Vec<String>> {
        let words = words::<Command>(text, Dialect::V34).unwrap();
        words.map(|words| words.words.into_iter().map(|word| word.into_string().unwrap()).collect())
    }

    #[test]
    fn a_block_is_one_word() {
        assert_eq!(
            read("set -s /a <<END 3\n\"a\n b\n\nEND").unwrap(),
            ["set", "-s", "/a", "\"a\n b\n", "3"]
        );
        assert_eq!(read("create /a <<E\nE").unwrap(), ["create", "/a", ""]);
        assert_eq!(read("create /a <<E\n@x\nE\n").unwrap(), ["create", "/a", "@x"]);
        assert!(words::<Command>("set /a <<END\nx", Dialect::V34).is_err());
    }

    #[test]
    fn only_a_bare_mark_of_a_command_with_data_begins_a_block() {
        assert_eq!(terminator::<Command>("set /a <<END", Dialect::V34).as_deref(), Some("END"));
        for line in ["set /a '<<END'", "set /a <<", "echo <<END", "set /a x<<END", "<<END"] {
            assert_eq!(terminator::<Command>(line, Dialect::V34), None, "{line}");
            assert_eq!(read(line), None, "{line}");
        }
    }
}
