//! Shows the results of script lines, and the events between them.

use super::event_buffer::Part;
use super::in_flight::{Completed, Line};
use super::{Rules, Run};
use crate::command::Command;
use crate::dialect::Format;
use crate::dispatch::{DataHint, redact};
use crate::error::Error;
use crate::output::{Gap, View};
use crate::session::Stamp;
use crate::terminal::Screen;

/// Reports why a line failed: the place, the message, and the line without its secrets.
pub(super) fn report_error(view: View, screen: &Screen, rules: &Rules, done: &Line, error: &Error) {
    let typed = redact::<Command>(&done.typed, view.dialect);
    let origin = rules.origin(done.number, done.origin.clone());
    if let Some(record) = view.record_of(&origin, Some(&typed), error) {
        return screen.print(&record);
    }
    let mut text = format!("{}:{}: {}", rules.name, done.number, view.statement(error));
    if !typed.is_empty() {
        text.push_str("\n    ");
        text.push_str(&view.one_line(&typed));
    }
    screen.error(&text);
}

impl Run<'_> {
    /// Shows the result of a line, after the events that arrived before its reply.
    pub(super) fn show(&mut self, done: Completed) {
        if let Some(stamp) = done.stamp {
            self.show_events(stamp);
        }
        let is_reported = self.is_reported(&done, done.line.number);
        let Completed { line, result, stamp, writes, .. } = done;
        let view = self.cx.view;
        let has_begun = self.screen.is_inside();
        let (failure, has_record) = match result {
            Ok(outcome) => {
                self.limit.record_length(outcome.text.len());
                if writes && !outcome.text.is_empty() {
                    self.note_unwritten(line.number);
                }
                self.screen.print(&outcome.text);
                self.over |= outcome.quit;
                if let Some(hint) = outcome.data_hint.filter(DataHint::is_for_scripts)
                    && !std::mem::replace(&mut self.hinted, true)
                {
                    self.screen.end();
                    let place = format!("{}:{}", self.rules.name, line.number);
                    self.cx.show_data_hint(self.screen, Some(&place), &hint);
                }
                (outcome.failure, view.format == Format::Json)
            }
            Err(error) => (Some(error), false),
        };
        self.screen.end();
        if let Some(stamp) = stamp.filter(|_| has_begun) {
            // Show the events that arrived while the result was printed in parts.
            self.show_events(stamp);
        }
        if let Some(error) = failure {
            self.failed = true;
            self.over |= self.rules.stop_on_error;
            if is_reported && !has_record {
                self.report_error(&line, &error);
                self.cx.explain_failure(self.screen);
            }
        }
    }

    /// Shows the events that arrived before `stamp`, unless they would interrupt a result. A slow
    /// reader holds up the script, and the buffer collects new events meanwhile.
    pub(super) fn show_events(&self, stamp: Stamp) {
        while !self.screen.is_inside()
            && let Some(part) = self.event_buffer.before(stamp)
        {
            match part {
                Part::Events(texts) => self.screen.print(&texts),
                Part::LeftOut(count) => {
                    self.screen.print(&self.cx.news(&Gap::left_out(count)));
                }
            }
            self.screen.end();
        }
    }
}
