//! What a command hands back, and how it is shown: as text in the words of a dialect.
//!
//! A report knows nothing of where it goes; whether that is a terminal is the [`View`]'s business.

pub mod color;
pub mod escape;
mod event;
mod hexdump;
pub mod pretty;
pub mod progress;
pub mod screen;
mod stat;
mod text;

use std::fmt::Write;

use self::color::Look;
use self::escape::Newlines;
pub(crate) use self::hexdump::hexdump;
pub(crate) use self::stat::date;
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
#[expect(clippy::struct_excessive_bools, reason = "independent facts about two streams")]
pub struct View {
    /// Whose words are used.
    pub dialect: Dialect,
    /// Whether a person reads the results: foreign bytes are escaped.
    pub terminal: bool,
    /// Whether a person reads the errors: foreign bytes are escaped, and hints are given.
    pub errors_on_terminal: bool,
    /// Whether results and events may be coloured.
    pub color: bool,
    /// Whether errors may be coloured.
    pub color_errors: bool,
}

impl View {
    /// Renders a report, newline included; empty when there is nothing to say.
    pub fn render(&self, report: &dyn Report) -> Vec<u8> {
        let mut text = Text::new(self);
        report.text(&mut text);
        text.into_bytes()
    }

    /// Renders what came without being asked for; with `time`, the milliseconds since 1970, the
    /// time of day stands before it.
    pub fn render_news(&self, report: &dyn Report, time: Option<i64>) -> Vec<u8> {
        let time =
            time.map(|time| format!("{} ", Look::Quiet.paint(self.color, &stat::time(time))));
        let mut text = time.unwrap_or_default().into_bytes();
        text.extend(self.render(report));
        text
    }
}

impl View {
    /// Renders an error, without the last newline: the sentence, the usage line where words were
    /// wrong, and on a terminal what to do next.
    pub fn complaint(&self, error: &Error) -> String {
        let mut text = self.statement(error);
        if self.errors_on_terminal
            && let Some(hint) = error.hint()
        {
            let hint = format!("hint: {}", self.one_line(hint));
            let _ = write!(text, "\n{}", Look::Quiet.paint(self.color_errors, &hint));
        }
        text
    }

    /// As [`View::complaint`], without what to do next: in a script nobody is there to do it.
    pub fn statement(&self, error: &Error) -> String {
        let sentence = self.one_line(&error.message(self.dialect));
        let mut text = Look::Wrong.paint(self.color_errors, &sentence);
        if let Some(usage) = error.usage_line() {
            let _ = write!(text, "\n{usage}");
        }
        text
    }

    /// Keeps a sentence on one line, whatever names it quotes.
    pub fn one_line(self, sentence: &str) -> String {
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
