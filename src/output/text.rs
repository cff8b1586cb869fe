//! The text of a report: our own words are printed as they are, untrusted bytes are escaped on a
//! terminal.

use std::borrow::Cow;
use std::fmt::{self, Display, Write};

use unicode_width::UnicodeWidthStr;

use super::escape::{self, Newlines};
use super::style::{self, Style};
use super::{View, columns};
use crate::dialect::Dialect;

/// Initial capacity in bytes: more than a stat block, the longest of the frequent reports.
const STAT_BYTES: usize = 384;

/// A text under construction.
pub struct Text<'a> {
    view: &'a View,
    /// The session that the text is about, if the shell has more than one.
    session: Option<&'a str>,
    bytes: Vec<u8>,
}

impl<'a> Text<'a> {
    pub(super) fn new(view: &'a View) -> Self {
        Self { view, session: None, bytes: Vec::with_capacity(STAT_BYTES) }
    }

    /// Sets the session that the text is about.
    pub(super) fn of_session(self, session: Option<&'a str>) -> Self {
        Self { session, ..self }
    }

    /// Returns the session that the text is about, if the shell has more than one.
    pub fn session(&self) -> Option<&'a str> {
        self.session
    }

    /// Returns the dialect of messages.
    pub fn dialect(&self) -> Dialect {
        self.view.dialect
    }

    /// Returns whether the text goes to a terminal.
    pub fn is_terminal(&self) -> bool {
        self.view.terminal
    }

    /// Writes our own words, without the formatting overhead of [`Text::own`].
    fn plain(&mut self, words: &str) {
        self.bytes.extend_from_slice(words.as_bytes());
    }

    /// Writes our own words and a newline.
    pub fn line(&mut self, words: impl Display) {
        self.own(words);
        self.bytes.push(b'\n');
    }

    /// Writes our own words.
    pub fn own(&mut self, words: impl Display) {
        // Writing into memory cannot fail.
        let _ = write!(self, "{words}");
    }

    /// Runs `write`, whose output is coloured if colours are on.
    pub fn look(&mut self, look: Style, write: impl FnOnce(&mut Self)) {
        if self.view.color {
            self.plain(&look.begin());
        }
        write(self);
        if self.view.color {
            self.plain(style::END);
        }
    }

    /// Writes a line `key = value`.
    pub fn pair(&mut self, key: &str, value: impl Display) {
        self.look(Style::Key, |out| out.plain(key));
        self.plain(" = ");
        self.line(value);
    }

    /// Writes a line `key = value` with a number, which a stat block has many of.
    pub fn number_pair(&mut self, key: &str, number: i32) {
        self.plain_pair(key, itoa::Buffer::new().format(number).as_bytes());
    }

    /// Writes a line `key = 0xvalue`.
    pub fn hex_pair(&mut self, key: &str, number: i64) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut left = number.cast_unsigned();
        let mut text = [0; 18];
        let mut start = text.len();
        loop {
            let [low, ..] = left.to_le_bytes();
            start -= 1;
            text[start] = DIGITS[usize::from(low & 0xf)];
            left >>= 4;
            if left == 0 {
                break;
            }
        }
        start -= 2;
        text[start..start + 2].copy_from_slice(b"0x");
        self.plain_pair(key, &text[start..]);
    }

    fn plain_pair(&mut self, key: &str, value: &[u8]) {
        self.look(Style::Key, |out| out.plain(key));
        self.plain(" = ");
        self.bytes.extend_from_slice(value);
        self.bytes.push(b'\n');
    }

    /// Writes a name, path or other untrusted word, and keeps it on one line.
    pub fn foreign(&mut self, word: &str) {
        self.escaped(word.as_bytes(), Newlines::Escape);
    }

    /// Writes untrusted data, which may have several lines.
    pub fn data(&mut self, data: &[u8]) {
        self.escaped(data, Newlines::Keep);
    }

    fn escaped(&mut self, bytes: &[u8], newlines: Newlines) {
        let shown = if self.view.terminal {
            match escape::to_terminal(bytes, newlines) {
                Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                Cow::Owned(text) => Cow::Owned(text.into_bytes()),
            }
        } else {
            Cow::Borrowed(bytes)
        };
        self.bytes.extend_from_slice(&shown);
    }

    /// Writes `[a, b]`, as Java prints a list.
    pub fn list<'s>(&mut self, words: impl IntoIterator<Item = &'s str>) {
        self.plain("[");
        for (index, word) in words.into_iter().enumerate() {
            if index > 0 {
                self.plain(", ");
            }
            self.foreign(word);
        }
        self.plain("]\n");
    }

    /// Writes `[a, b]` if that fits into a row of `width` screen columns, and otherwise the names in
    /// columns.
    pub fn list_or_columns(&mut self, names: &[String], width: usize) {
        let shown: Vec<_> = names
            .iter()
            .map(|name| escape::to_terminal(name.as_bytes(), Newlines::Escape))
            .collect();
        let shown: Vec<&str> = shown.iter().map(AsRef::as_ref).collect();
        let brackets_and_commas = 2 * shown.len().max(1);
        if shown.iter().map(|name| name.width()).sum::<usize>() + brackets_and_commas <= width {
            self.list(shown);
        } else {
            self.plain(&columns::arranged(&shown, width));
        }
    }

    /// Returns the finished text.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl fmt::Write for Text<'_> {
    fn write_str(&mut self, words: &str) -> fmt::Result {
        self.plain(words);
        Ok(())
    }
}
