//! Up and Down: earlier lines that begin as the one that was typed.

use std::sync::{Arc, Mutex, PoisonError};

use rustyline::{Cmd, ConditionalEventHandler, Event, EventContext, RepeatCount};

/// Earlier lines, and where Up has led.
#[derive(Debug, Default)]
pub(super) struct Past {
    lines: Vec<String>,
    /// What was typed before the first Up.
    typed: String,
    /// The line that Up has put on the screen.
    shown: Option<usize>,
    /// The line that is to take the place of the whole one.
    recalled: Option<String>,
}

/// Earlier lines, shared by the keys and the editor's helper.
pub(super) type SharedPast = Arc<Mutex<Past>>;

impl Past {
    pub(super) fn load(&mut self, lines: impl Iterator<Item = String>) {
        self.lines = lines.collect();
    }

    pub(super) fn push(&mut self, line: &str) {
        self.lines.push(line.to_owned());
        self.shown = None;
    }

    /// Returns the line that a key has just called for.
    pub(super) fn take_recalled(&mut self) -> Option<String> {
        self.recalled.take()
    }

    /// Returns the line that is to take the place of `line`; none where there is no other.
    fn step(&mut self, line: &str, back: bool) -> Option<String> {
        if self.shown.is_none_or(|at| self.lines.get(at).is_none_or(|shown| shown != line)) {
            self.shown = None;
            line.clone_into(&mut self.typed);
        }
        let fits = |at: &usize| {
            let earlier = &self.lines[*at];
            earlier != line && earlier.starts_with(&self.typed)
        };
        let end = self.lines.len();
        let found = if back {
            (0..self.shown.unwrap_or(end)).rev().find(fits)
        } else {
            (self.shown? + 1..end).find(fits)
        };
        match found {
            Some(at) => {
                self.shown = Some(at);
                Some(self.lines[at].clone())
            }
            None if back => None,
            // Behind the newest line stands what was typed.
            None => {
                self.shown = None;
                Some(self.typed.clone())
            }
        }
    }
}

/// One of the two keys.
pub(super) struct Recall {
    pub(super) past: SharedPast,
    pub(super) back: bool,
}

impl ConditionalEventHandler for Recall {
    fn handle(
        &self,
        _: &Event,
        _: RepeatCount,
        _: bool,
        context: &EventContext<'_>,
    ) -> Option<Cmd> {
        let (before, after) = context.line().split_at(context.pos());
        let inside = if self.back { before } else { after };
        if inside.contains('\n') {
            // The cursor moves within the rows of the line.
            return None;
        }
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        past.recalled = past.step(context.line(), self.back);
        // The editor's own ways to replace a line leave the cursor at its start. A completion of
        // the whole line leaves it at the end.
        Some(if past.recalled.is_some() { Cmd::Complete } else { Cmd::Noop })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn past() -> Past {
        let mut past = Past::default();
        past.load(["ls /", "get /a", "ls /b", "ls /b", "get /c"].map(str::to_owned).into_iter());
        past
    }

    #[test]
    fn an_empty_line_recalls_all_from_the_newest() {
        let mut past = past();
        let mut line = String::new();
        let mut seen = Vec::new();
        while let Some(earlier) = past.step(&line, true) {
            line = earlier;
            seen.push(line.clone());
        }
        assert_eq!(seen, ["get /c", "ls /b", "get /a", "ls /"]);
        let mut back = Vec::new();
        while let Some(later) = past.step(&line, false) {
            line = later;
            back.push(line.clone());
        }
        assert_eq!(back, ["get /a", "ls /b", "get /c", ""]);
    }

    #[test]
    fn what_was_typed_chooses() {
        let mut past = past();
        assert_eq!(past.step("ls", true).as_deref(), Some("ls /b"));
        assert_eq!(past.step("ls /b", true).as_deref(), Some("ls /"));
        assert_eq!(past.step("ls /", true), None);
        assert_eq!(past.step("ls /", false).as_deref(), Some("ls /b"));
        assert_eq!(past.step("ls /b", false).as_deref(), Some("ls"));
        assert_eq!(past.step("nothing", true), None);
    }

    #[test]
    fn an_edited_line_begins_anew() {
        let mut past = past();
        assert_eq!(past.step("", true).as_deref(), Some("get /c"));
        assert_eq!(past.step("get ", true).as_deref(), Some("get /c"));
        past.push("get /d");
        assert_eq!(past.step("", true).as_deref(), Some("get /d"));
    }
}
