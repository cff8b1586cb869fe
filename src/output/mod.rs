//! Reports, the results of commands, and how they are shown in each dialect.
//!
//! A report does not know where it is printed; the [`View`] decides whether that is a terminal.

mod columns;
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

/// The result of a command, shown as text for people or serialised for programs.
pub trait Report: erased_serde::Serialize + Send {
    /// Writes the report as zkCli would print it; every line ends with a newline.
    fn text(&self, out: &mut Text<'_>);

    /// Returns the error of a report that is negative, so that a command which answers "no" can
    /// fail with an exit status.
    fn failure(&self) -> Option<Error> {
        None
    }

    /// Returns only the data, if the report has data of its own; not even a newline is added.
    /// `None` prints the text instead.
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

/// How reports are shown; decided once at startup.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about two streams")]
pub struct View {
    /// The format of results, errors and events.
    pub format: Format,
    /// The dialect of messages.
    pub dialect: Dialect,
    /// Whether results go to a terminal, so that untrusted bytes are escaped.
    pub terminal: bool,
    /// Whether errors go to a terminal, so that untrusted bytes are escaped and hints are shown.
    pub errors_on_terminal: bool,
    /// Whether results and events may be coloured.
    pub color: bool,
    /// Whether errors may be coloured.
    pub color_errors: bool,
}

impl View {
    /// Text without colours in the default dialect, for a terminal or for a program.
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

    /// Renders the result of a command, newline included. Empty if there is nothing to print.
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

    /// Renders a part of a result, printed before the result is complete.
    pub fn part(&self, origin: &Origin, report: &dyn Report) -> Vec<u8> {
        match self.format {
            Format::Json => self.record(json::part(origin, report)),
            Format::Raw | Format::Text => self.render(report),
        }
    }

    /// Renders an asynchronous event that arrived at `now`. The text starts with the time of day if
    /// `times` is set. `session` names the session that received it, if the shell has more than
    /// one.
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

    /// Renders the requests of a command and their replies.
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

    /// Returns whether to show a stat that the reply contains anyway, although the user did not ask
    /// for it.
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
    /// Renders an error as a JSON record for standard output, or returns `None` if errors are
    /// printed as text on standard error. `typed` is the line with secrets removed.
    pub fn record_of(
        &self,
        origin: &Origin,
        typed: Option<&str>,
        error: &Error,
    ) -> Option<Vec<u8>> {
        let json = self.format == Format::Json;
        json.then(|| self.record(json::error(origin, typed, error, self.dialect)))
    }

    /// Renders an error without the final newline: the message, the usage line after a usage error,
    /// and on a terminal a hint.
    pub fn error_text(&self, error: &Error) -> String {
        let mut text = self.statement(error);
        if self.errors_on_terminal
            && let Some(hint) = error.hint()
        {
            let hint = format!("hint: {}", self.one_line(hint));
            let _ = write!(text, "\n{}", Style::Quiet.paint(self.color_errors, &hint));
        }
        text
    }

    /// Renders an error like [`View::error_text`] but without a hint, since nobody can act on it in
    /// a script.
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

    /// Keeps a message on one line, even if the names in it contain newlines.
    pub fn one_line(self, sentence: &str) -> String {
        if self.errors_on_terminal {
            escape::to_terminal(sentence.as_bytes(), Newlines::Escape).into_owned()
        } else {
            sentence.replace('\n', "\\n")
        }
    }
}

/// The report of a command that prints nothing on success.
#[derive(Debug, serde::Serialize)]
pub struct NoOutput {}

impl Report for NoOutput {
    fn text(&self, _: &mut Text<'_>) {}
}

/// A report with lines of zksh's own text.
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
