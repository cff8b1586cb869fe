//! Paths with patterns in a line, such as `get /app/*/config`.

use std::ffi::OsString;

use super::{Place, Table, with_places};
use crate::dialect::Dialect;
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
    /// The index of the path of the innermost command.
    path: usize,
    /// The index of the first word of the wrapped command, if there is one. It is the innermost one
    /// or wraps another.
    wrapped: Option<usize>,
}

impl Globbed {
    /// Returns whether a word would be a pattern if it were the path of a command that expands it.
    pub fn may_be(word: &Word) -> bool {
        word.quote.is_none() && is_pattern(&word.text())
    }

    /// Returns the line if the path of its innermost command is an unquoted word with patterns. An
    /// invalid pattern, such as `[a`, is a literal name.
    pub(super) fn of<T: Table>(
        line: &[Word],
        words: &[OsString],
        dialect: Dialect,
    ) -> Option<Self> {
        Self::of_words::<T>(words, dialect).filter(|globbed| Self::may_be(&line[globbed.path]))
    }

    /// Like [`Globbed::of`], for words of the system's command line, from which the shell has
    /// removed the quotes.
    pub(super) fn of_words<T: Table>(words: &[OsString], dialect: Dialect) -> Option<Self> {
        let (path, wrapped) = with_places::<T, _>(&words.to_vec().into(), dialect, |places| {
            let begins = |place: &Place<'_>| matches!(place, Place::Session | Place::Command(_));
            let innermost = places.iter().rposition(begins)?;
            let is_path = |place: &Place<'_>| matches!(place, Place::Value(Some(arg)) if arg.get_id() == "path");
            let path = innermost + places[innermost..].iter().position(is_path)?;
            let wrapped = places.iter().skip(1).position(begins).map(|at| at + 1);
            Some((path, wrapped))
        })?;
        let is_pattern = matches!(PathPattern::new(words[path].to_str()?), Ok(Some(_)));
        is_pattern.then(|| Self { words: words.to_vec(), path, wrapped })
    }

    /// Returns the part of the line that is the wrapped command.
    pub(super) fn wrapped<T: Table>(&self) -> Option<Self> {
        // The words were already split with the whole line, so they mean the same in either
        // dialect.
        Self::of_words::<T>(&self.words[self.wrapped?..], Dialect::default())
    }

    /// Returns the words of the line with another path.
    pub(super) fn with_path(&self, path: &str) -> Vec<OsString> {
        let mut words = self.words.clone();
        words[self.path] = path.into();
        words
    }
}
