//! What a command hands back, and how it is shown: as text in the words of a dialect.
//!
//! A report knows nothing of where it goes; whether that is a terminal is the [`View`]'s business.

pub mod difference;
pub mod escape;
mod event;
mod exchange;
pub(crate) mod gap;
mod hexdump;
pub mod json;
pub mod pretty;
mod stat;
pub mod style;
mod text;
mod warning;

use std::fmt::Write;

use self::escape::Newlines;
pub use self::gap::Gap;
pub(crate) use self::hexdump::hexdump;
use self::json::{Origin, Time};
pub(crate) use self::stat::{date, minute};
use self::style::Style;
pub use self::text::Text;
use crate::dialect::{Dialect, Format};
use crate::error::Error;

/// What a command hands back: one value, shown as text for people or serialised for programs.
pub trait Report: erased_serde::Serialize + Send {
    /// Writes the report as zkCli would print it, each line with its newline.
    fn text(&self, out: &mut Text<'_>);

    /// Returns why this is a failure all the same: a command that answers no is one that has failed
    /// where its exit status is what counts.
    fn failure(&self) -> Option<Error> {
        None
    }

    /// Returns the data alone, where the report has data of its own to give: not even a newline is
    /// added. None shows the text.
    fn raw(&self) -> Option<Vec<u8>> {
        None
    }
}

erased_serde::serialize_trait_object!(Report);

impl Report for Box<dyn Report> {
    fn text(&self, out: &mut Text<'_>) {
        (**self).text(out);
    }

    fn failure(&self) -> Option<Error> {
        (**self).failure()
    }

    fn raw(&self) -> Option<Vec<u8>> {
        (**self).raw()
    }
}

/// How reports are shown, decided once at the start.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about two streams")]
pub struct View {
    /// For whom results, errors and events are written.
    pub format: Format,
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
    /// Text without colours in the default dialect, for a person or for a program.
    #[cfg(test)]
    pub(crate) fn plain(terminal: bool) -> Self {
        Self {
            format: Format::Text,
            dialect: Dialect::V34,
            terminal,
            errors_on_terminal: terminal,
            color: false,
            color_errors: false,
        }
    }

    /// Renders what came of a command, newline included; empty when there is nothing to say.
    pub fn result(&self, origin: &Origin, report: &dyn Report) -> Vec<u8> {
        match self.format {
            Format::Json => self.record(json::result(origin, report)),
            Format::Raw => match report.raw() {
                Some(data) if self.terminal => {
                    escape::to_terminal(&data, Newlines::Keep).into_owned().into_bytes()
                }
                Some(data) => data,
                None => self.render(report),
            },
            Format::Text => self.render(report),
        }
    }

    /// Renders a part of what comes of a command, ahead of the rest.
    pub fn part(&self, origin: &Origin, report: &dyn Report) -> Vec<u8> {
        match self.format {
            Format::Json => self.record(json::part(origin, report)),
            Format::Raw | Format::Text => self.render(report),
        }
    }

    /// Renders what came without being asked for, at `now`; in the text the time of day stands
    /// before it where `times` says so. `session` is the one that it came to, where the shell has
    /// more than one.
    pub fn event(
        &self,
        session: Option<&str>,
        report: &dyn Report,
        now: Time,
        times: bool,
    ) -> Vec<u8> {
        if self.format == Format::Json {
            return self.record(json::event(session, now, report));
        }
        let time =
            times.then(|| format!("{} ", Style::Quiet.paint(self.color, &stat::time(now.0))));
        let mut text = time.unwrap_or_default().into_bytes();
        let mut words = Text::new(self).of_session(session);
        report.text(&mut words);
        text.extend(words.into_bytes());
        text
    }

    /// Renders what a command sent and what came of it.
    pub fn explanation(&self, origin: &Origin, report: &dyn Report) -> Vec<u8> {
        match self.format {
            Format::Json => self.record(json::explanation(origin, report)),
            Format::Raw => Vec::new(),
            Format::Text => self.render(report),
        }
    }

    fn record(self, json: Vec<u8>) -> Vec<u8> {
        if self.terminal { escape::json_to_terminal(json) } else { json }
    }

    /// Returns whether a stat that costs nothing is told though it was not asked for.
    pub fn tells_stat(&self) -> bool {
        self.dialect.always_shows_stat() || self.format == Format::Json
    }

    /// Renders a report as text.
    pub fn render(&self, report: &dyn Report) -> Vec<u8> {
        let mut text = Text::new(self);
        report.text(&mut text);
        text.into_bytes()
    }
}

impl View {
    /// Renders an error for programs, as a line of standard output, or none if errors are sentences
    /// on standard error. `typed` is the line, without secrets.
    pub fn record_of(
        &self,
        origin: &Origin,
        typed: Option<&str>,
        error: &Error,
    ) -> Option<Vec<u8>> {
        let json = self.format == Format::Json;
        json.then(|| self.record(json::error(origin, typed, error, self.dialect)))
    }

    /// Renders an error, without the last newline: the sentence, the usage line where words were
    /// wrong, and on a terminal what to do next.
    pub fn complaint(&self, error: &Error) -> String {
        let mut text = self.statement(error);
        if self.errors_on_terminal
            && let Some(hint) = error.hint()
        {
            let hint = format!("hint: {}", self.one_line(hint));
            let _ = write!(text, "\n{}", Style::Quiet.paint(self.color_errors, &hint));
        }
        text
    }

    /// As [`View::complaint`], without what to do next: in a script nobody is there to do it.
    pub fn statement(&self, error: &Error) -> String {
        let sentence = self.one_line(&error.message(self.dialect));
        let mut text = Style::Wrong.paint(self.color_errors, &sentence);
        for cause in error.causes() {
            let _ = write!(text, "\n{}", self.one_line(&cause.message(self.dialect)));
        }
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
pub struct NoOutput {}

impl Report for NoOutput {
    fn text(&self, _: &mut Text<'_>) {}
}

/// A report of plain lines that zksh itself words.
#[derive(Debug)]
pub struct Message(pub String);

impl serde::Serialize for Message {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut out = serializer.serialize_struct("Said", 1)?;
        out.serialize_field("text", &self.0)?;
        out.end()
    }
}

impl Report for Message {
    fn text(&self, out: &mut Text<'_>) {
        out.line(&self.0);
    }
}
