//! Handles a lost session: the script waits for a new one if it may, and otherwise reports once
//! that the lines which need a session fail.

use std::time::Instant;

use super::results::report_error;
use super::{Completed, ParsedLine, Run};
use crate::dialect::Format;
use crate::dispatch::Effects;
use crate::error::{Error, Kind};
use crate::script::lines::SourceLine;

/// The state of an outage.
#[derive(Debug, Default)]
pub(super) struct Outage {
    /// Whether waiting for a session timed out. Later lines do not wait again.
    given_up: bool,
    /// The last line that was started a second time, because it had sent nothing.
    repeated: u64,
    /// Consecutive lines that failed because there was no session.
    failing: Option<Failing>,
}

/// Consecutive lines that failed because there was no session.
#[derive(Debug)]
struct Failing {
    /// The first and last lines that are only counted.
    first: u64,
    last: u64,
    count: u64,
}

/// Returns whether a command needs a session.
fn needs_session(effects: Effects) -> bool {
    effects.reads || effects.write.is_some() || effects.auth || effects.watches
}

impl Run<'_> {
    /// Returns whether this line starts a second time.
    pub(super) fn is_repeated(&self, number: u64) -> bool {
        self.outage.repeated == number
    }

    /// Returns whether there is no session, the next line needs one, and the script may wait for it.
    pub(super) fn may_wait_for_session(&self, effects: Option<Effects>) -> bool {
        self.rules.reconnect.is_some()
            && !self.outage.given_up
            && !self.cx.session.state().is_connected()
            && effects.is_some_and(needs_session)
    }

    /// Finishes the commands in flight, and then waits for a session as long as the script may.
    pub(super) async fn regain_session(&mut self, number: u64) {
        let Some(patience) = self.rules.reconnect else { return };
        self.drain().await;
        let session = self.cx.session.clone();
        let deadline = Instant::now() + patience;
        let mut is_new = false;
        while !self.is_over() && !session.state().is_connected() {
            if session.has_expired() {
                // The new session gets the same credentials.
                session.renew();
                is_new = true;
            } else if session.state().is_over() {
                return;
            }
            self.screen.flush();
            let left = deadline.saturating_duration_since(Instant::now());
            let waiting = tokio::time::timeout(left, session.reconnected());
            let waited = tokio::select! {
                waited = waiting => waited.is_ok(),
                () = self.stop.asked() => {
                    self.is_stopped = true;
                    return;
                }
            };
            if !waited {
                self.outage.given_up = true;
                session.give_up();
                return;
            }
        }
        if is_new && session.state().is_connected() {
            self.forget_limits();
            self.cx.transaction.lose();
            if self.cx.view.format != Format::Json {
                let id = session.id().unwrap_or_default();
                let name = &self.rules.name;
                self.screen.error(&format!("{name}:{number}: goes on in session {id:#x}"));
            }
        }
    }

    /// Shows the result of a line, or starts the line again if it has sent nothing and the script
    /// may wait for a session.
    pub(super) fn completed(&mut self, done: Completed) {
        let again = self.rules.reconnect.is_some()
            && lacks_session(&done)
            && done.can_repeat
            && !self.outage.given_up
            && !self.is_repeated(done.line.number)
            && self.window.is_empty();
        if !again {
            return self.show(done);
        }
        let Completed { line, permit, .. } = done;
        self.outage.repeated = line.number;
        let typed = SourceLine { number: line.number, text: Ok(line.typed), permit };
        self.parsed.push_front(ParsedLine::new(typed, &self.cx.reader));
    }

    /// Records that a line failed because there was no session. Returns false if the line is only
    /// counted, because an earlier one was reported.
    pub(super) fn is_reported(&mut self, done: &Completed, number: u64) -> bool {
        let is_text = self.cx.view.format != Format::Json;
        let session = &self.cx.session;
        let is_outage = !session.state().is_connected() && !session.is_closed_by_user();
        if !(is_text && is_outage && lacks_session(done)) {
            if done.stamp.is_some() {
                self.report_failing();
            }
            return true;
        }
        let Some(failing) = &mut self.outage.failing else {
            self.outage.failing = Some(Failing { first: number, last: number, count: 0 });
            return true;
        };
        failing.count += 1;
        failing.last = number;
        if failing.count == 1 {
            failing.first = number;
            let text = "every line that needs a session fails too; they are counted";
            let hint = match self.rules.reconnect {
                None => " (--reconnect waits for a session)",
                Some(_) => "",
            };
            self.screen.error(&format!("{}:{number}: {text}{hint}", self.rules.name));
        }
        false
    }

    /// Reports how many lines failed because there was no session, in addition to the reported one.
    pub(super) fn report_failing(&mut self) {
        let Some(Failing { first, last, count }) = self.outage.failing.take() else { return };
        let name = &self.rules.name;
        match count {
            0 => {}
            1 => self.screen.error(&format!("{name}:{first}: 1 line failed: no session")),
            _ => {
                let text = format!("{name}:{first}-{last}: {count} lines failed: no session");
                self.screen.error(&text);
            }
        }
    }

    /// Reports the error of a line.
    pub(super) fn report_error(&self, done: &super::Line, error: &Error) {
        report_error(self.cx.view, self.screen, self.rules, done, error);
    }
}

/// Returns whether a line failed because there was no session, without sending anything.
fn lacks_session(done: &Completed) -> bool {
    let is_lost = |error: &Error| error.kind() == Kind::Lost && !error.is_uncertain();
    !done.has_sent && done.result.as_ref().err().is_some_and(is_lost)
}
