//! Paths with patterns in a line, such as `get /app/*/config`.

use std::ffi::OsString;

use crate::syntax::Word;
use crate::tree::glob::{PathPattern, is_pattern};

/// Whether patterns in the path of a command are expanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Globs {
    /// The path is used as typed, because the command writes or waits for one znode.
    No,
    /// The command runs for each match. Its result already names the znode.
    Plain,
    /// The command runs for each match. If there are several, each result has the path as a
    /// heading.
    WithHeadings,
}

/// The words of a line that contains a path with patterns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Globbed {
    words: Vec<OsString>,
    /// The index of the path.
    path: usize,
}

impl Globbed {
    /// Returns whether a word would be a pattern if it were the path of a command that expands it.
    pub fn may_be(word: &Word) -> bool {
        word.quote.is_none() && is_pattern(&word.text())
    }

    /// Returns the line if its path, `typed`, is an unquoted word with patterns. An invalid
    /// pattern, such as `[a`, is a literal name.
    pub(super) fn of(line: &[Word], words: &[OsString], typed: &str) -> Option<Self> {
        let is_it = |(word, value): (&Word, &OsString)| Self::may_be(word) && *value == *typed;
        let path = 1 + line.iter().zip(words).skip(1).position(is_it)?;
        let is_pattern = matches!(PathPattern::new(typed), Ok(Some(_)));
        is_pattern.then(|| Self { words: words.to_vec(), path })
    }

    /// Like [`Globbed::of`], for words of the system's command line, from which the shell has
    /// removed the quotes.
    pub(super) fn of_words(words: &[OsString], typed: &str) -> Option<Self> {
        let path = 1 + words.iter().skip(1).position(|word| *word == *typed)?;
        let is_pattern = matches!(PathPattern::new(typed), Ok(Some(_)));
        is_pattern.then(|| Self { words: words.to_vec(), path })
    }

    /// Returns the words of the line with another path.
    pub(super) fn with_path(&self, path: &str) -> Vec<OsString> {
        let mut words = self.words.clone();
        words[self.path] = path.into();
        words
    }
}
