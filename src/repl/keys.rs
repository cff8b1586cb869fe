//! Keys that do here what the line editor by itself does not.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustyline::{
    Cmd, ConditionalEventHandler, EditMode, Event, EventContext, InputMode, RepeatCount,
};

use crate::terminal::Screen;

/// So soon after the editor has begun, a NUL is a Ctrl-D from before: nobody presses Ctrl-Space so
/// quickly.
const SOON: Duration = Duration::from_millis(100);

/// Why a line was accepted that is not to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Accepted {
    /// Ctrl-C: it is thrown away. The editor's own way to be interrupted forgets the keys that were
    /// typed behind Ctrl-C.
    ThrownAway,
    /// Ctrl-X Ctrl-E: it is to be edited in another editor.
    ForEditor,
}

/// Notes why the line that is being read is accepted, where that is not to run it.
#[derive(Debug, Clone, Default)]
pub(super) struct WhyAccepted(Arc<Mutex<Option<Accepted>>>);

impl WhyAccepted {
    pub(super) fn take(&self) -> Option<Accepted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A key that accepts the line, and says why.
pub(super) struct Accept {
    pub(super) why: Accepted,
    pub(super) note: WhyAccepted,
    pub(super) screen: Arc<Screen>,
}

impl ConditionalEventHandler for Accept {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, _: &EventContext<'_>) -> Option<Cmd> {
        *self.note.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.why);
        // The line is drawn for the last time.
        self.screen.key(true);
        Some(Cmd::AcceptLine)
    }
}

/// Ctrl-D that was pressed while the editor did not have the terminal: a command ran, or the editor
/// was about to show other words. The terminal then hands over a NUL instead of the key.
#[derive(Clone)]
pub(super) struct EarlyCtrlD(Arc<Mutex<Instant>>);

impl EarlyCtrlD {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    /// Notes that the editor begins.
    pub(super) fn begin(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

impl ConditionalEventHandler for EarlyCtrlD {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, at: &EventContext<'_>) -> Option<Cmd> {
        let begun = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (at.line().is_empty() && begun.elapsed() < SOON).then_some(Cmd::EndOfFile)
    }
}

/// The hint on the screen: the line it stands behind, and what it would add.
#[derive(Debug, Clone, Default)]
pub(super) struct ShownHint(Arc<Mutex<Option<(String, String)>>>);

impl ShownHint {
    /// Notes that behind `line` stands a hint that would add `rest`, or none.
    pub(super) fn set(&self, hint: Option<(&str, &str)>) {
        let hint = hint.map(|(line, rest)| (line.to_owned(), rest.to_owned()));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = hint;
    }

    fn behind(&self, line: &str) -> Option<String> {
        let shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shown.as_ref().filter(|(typed, _)| typed == line).map(|(_, rest)| rest.clone())
    }
}

/// How much of a hint a key takes into the line.
#[derive(Debug, Clone, Copy)]
pub(super) enum HintPart {
    All,
    /// Up to the next blank or behind the next `/`.
    Word,
}

/// A key that takes the hint, where the cursor stands before one; otherwise it does what it does.
pub(super) struct TakeHint {
    pub(super) hint: ShownHint,
    pub(super) take: HintPart,
}

impl ConditionalEventHandler for TakeHint {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, at: &EventContext<'_>) -> Option<Cmd> {
        let commands = at.mode() == EditMode::Vi && at.input_mode() == InputMode::Command;
        if at.pos() < at.line().len() || commands {
            return None;
        }
        let rest = self.hint.behind(at.line())?;
        let taken = match self.take {
            HintPart::All => &rest,
            HintPart::Word => first_word(&rest),
        };
        Some(Cmd::Insert(1, taken.to_owned()))
    }
}

/// Returns the first word of a text, with the blanks before it; of a path its next part.
fn first_word(text: &str) -> &str {
    let blanks = text.len() - text.trim_start().len();
    let word = &text[blanks..];
    let end = word.find(char::is_whitespace).unwrap_or(word.len());
    let part = word[..end].find('/').map_or(end, |slash| slash + 1);
    // A path that begins here is taken with its first name.
    let part = match &word[..part] {
        "/" => word[1..end].find('/').map_or(end, |slash| slash + 2),
        _ => part,
    };
    &text[..blanks + part]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_a_hint_is_a_part_of_a_path() {
        for (hint, word) in [
            ("", ""),
            ("te /lake", "te"),
            (" /lake/reed x", " /lake/"),
            ("ke/reed x", "ke/"),
            ("reed x", "reed"),
            ("/", "/"),
            (" /lake", " /lake"),
            ("  x", "  x"),
        ] {
            assert_eq!(first_word(hint), word, "{hint:?}");
        }
    }
}
