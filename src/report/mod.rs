//! What a command hands back, and how it is shown: as text in the words of a dialect.
//!
//! A report knows nothing of where it goes; whether that is a terminal is the [`View`]'s business.

pub mod escape;
mod event;
pub mod progress;
pub mod screen;
mod stat;
mod text;

use std::fmt::Write;

use self::escape::Newlines;
pub use self::text::Text;
use crate::dialect::Dialect;
use crate::error::Error;

/// What a command hands back: one value, shown as text for people or serialised for programs.
pub trait Report: erased_serde::Serialize + Send {
    /// Writes the report as zkCli would print it, each line with its newline.
    fn text(&self, out: &mut Text<'_>);
}

erased_serde::serialize_trait_object!(Report);

/// How reports are shown, decided once at the start.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// Whose words are used.
    pub dialect: Dialect,
    /// Whether a person reads the results: foreign bytes are escaped.
    pub terminal: bool,
    /// Whether a person reads the errors: foreign bytes are escaped, and hints are given.
    pub errors_on_terminal: bool,
    /// Whether colours may be used.
    pub color: bool,
}

impl View {
    /// Renders a report, newline included; empty when there is nothing to say.
    pub fn render(&self, report: &dyn Report) -> Vec<u8> {
        let mut text = Text::new(self);
        report.text(&mut text);
        text.into_bytes()
    }
}

impl View {
    /// Renders an error, without the last newline: the sentence, the usage line where words were
    /// wrong, and on a terminal what to do next.
    pub fn complaint(&self, error: &Error) -> String {
        let mut text = self.one_line(&error.message(self.dialect));
        if let Some(usage) = error.usage_line() {
            let _ = write!(text, "\n{usage}");
        }
        if self.errors_on_terminal
            && let Some(hint) = error.hint()
        {
            let _ = write!(text, "\nhint: {}", self.one_line(hint));
        }
        text
    }

    /// Keeps a sentence on one line, whatever names it quotes.
    fn one_line(self, sentence: &str) -> String {
        if self.errors_on_terminal {
            escape::to_terminal(sentence.as_bytes(), Newlines::Escape).into_owned()
        } else {
            sentence.replace('\n', "\\n")
        }
    }
}

/// The report of a command that says nothing when it has worked.
#[derive(Debug, serde::Serialize)]
pub struct Silence {}

impl Report for Silence {
    fn text(&self, _: &mut Text<'_>) {}
}

/// A report of plain lines that zksh itself words.
#[derive(Debug, serde::Serialize)]
#[serde(transparent)]
pub struct Said(pub String);

impl Report for Said {
    fn text(&self, out: &mut Text<'_>) {
        out.line(&self.0);
    }
}
