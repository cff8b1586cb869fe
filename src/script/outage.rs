//! A script that meets an outage: it waits for a session if it may, and otherwise says once that the
//! lines which need one fail.

use std::time::Instant;

use super::results::complain;
use super::{Completed, ParsedLine, Run};
use crate::dialect::Format;
use crate::dispatch::Effects;
use crate::error::{Error, Kind};
use crate::script::lines::SourceLine;

/// What an outage has come to by now.
#[derive(Debug, Default)]
pub(super) struct Outage {
    /// Whether a session was waited for in vain: nobody waits for it again.
    given_up: bool,
    /// The last line that was begun a second time, since nothing of it had left.
    repeated: u64,
    /// Lines that failed for want of a session, one right after the other.
    failing: Option<Failing>,
}

/// Lines that failed for want of a session.
#[derive(Debug)]
struct Failing {
    /// The first that is only counted, and the last.
    first: u64,
    last: u64,
    count: u64,
}

/// Returns whether a command needs a session.
fn needs_session(effects: Effects) -> bool {
    effects.reads || effects.write.is_some() || effects.auth || effects.watches
}

impl Run<'_> {
    /// Returns whether this line begins a second time.
    pub(super) fn is_repeated(&self, number: u64) -> bool {
        self.outage.repeated == number
    }

    /// Waits for a session where there is none, the line that is to begin needs one, and the script
    /// may wait. What is in flight is told before.
    pub(super) async fn regain_session(&mut self, effects: Option<Effects>, number: u64) {
        let Some(patience) = self.rules.reconnect else { return };
        let is_connected = || self.cx.session.state().is_connected();
        if self.outage.given_up || is_connected() || !effects.is_some_and(needs_session) {
            return;
        }
        self.drain().await;
        let session = self.cx.session.clone();
        let deadline = Instant::now() + patience;
        let mut is_new = false;
        while !self.is_over() && !session.state().is_connected() {
            if session.has_expired() {
                // Its credentials are given again.
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
            self.limits = None;
            self.cx.transaction.lose();
            if self.cx.view.format != Format::Json {
                let id = session.id().unwrap_or_default();
                let name = &self.rules.name;
                self.screen.error(&format!("{name}:{number}: goes on in session {id:#x}"));
            }
        }
    }

    /// Takes what came of a line: shows it, unless the line is to begin again, since nothing of it
    /// has left and the script may wait for a session.
    pub(super) fn completed(&mut self, done: Completed) {
        let again = self.rules.reconnect.is_some()
            && is_want_of_session(&done)
            && done.can_repeat
            && !self.outage.given_up
            && !self.is_repeated(done.line.number)
            && self.window.is_empty();
        if !again {
            return self.show(done);
        }
        let Completed { line, share, .. } = done;
        self.outage.repeated = line.number;
        let invocation = self.cx.reader.read(&line.typed);
        let typed = SourceLine { number: line.number, text: Ok(line.typed), share };
        self.parsed.push_front(ParsedLine { typed, invocation });
    }

    /// Notes that a line failed for want of a session. Returns false if it is only counted, since
    /// such a line was told.
    pub(super) fn tells_want_of_session(&mut self, done: &Completed, number: u64) -> bool {
        let is_text = self.cx.view.format != Format::Json;
        let session = &self.cx.session;
        let is_outage = !session.state().is_connected() && !session.is_closed_by_user();
        if !(is_text && is_outage && is_want_of_session(done)) {
            if done.stamp.is_some() {
                self.tell_failing();
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

    /// Tells how many lines failed for want of a session beside the one that was told.
    pub(super) fn tell_failing(&mut self) {
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

    /// Complains of a line.
    pub(super) fn complain(&self, done: &super::Line, error: &Error) {
        complain(self.cx.view, self.screen, self.rules, done, error);
    }
}

/// Returns whether a line failed for want of a session, and nothing of it has left.
fn is_want_of_session(done: &Completed) -> bool {
    let is_lost = |error: &Error| error.kind() == Kind::Lost && !error.is_uncertain();
    !done.has_sent && done.result.as_ref().err().is_some_and(is_lost)
}
