//! Keys with a meaning that the line editor does not provide.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustyline::{
    Cmd, ConditionalEventHandler, EditMode, Event, EventContext, InputMode, RepeatCount,
};

use crate::terminal::Screen;

/// If a NUL arrives this soon after the editor starts, it is a Ctrl-D from before, because nobody
/// presses Ctrl-Space so quickly.
const EARLY: Duration = Duration::from_millis(100);

/// The reason for accepting a line that must not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Accepted {
    /// Ctrl-C: discard the line. The editor's own interrupt would lose the keys that were typed
    /// after Ctrl-C.
    ThrownAway,
    /// Ctrl-X Ctrl-E: edit the line in another editor.
    ForEditor,
}

/// The reason why the current line was accepted, if it must not run.
#[derive(Debug, Clone, Default)]
pub(super) struct WhyAccepted(Arc<Mutex<Option<Accepted>>>);

impl WhyAccepted {
    pub(super) fn take(&self) -> Option<Accepted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A key that accepts the line and stores the reason.
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

/// The Enter key. The editor draws the line once more when it is accepted, but not after characters
/// that it wrote one by one, so the screen must be told here that the editor returns. Otherwise the
/// redrawer could still send it a signal, which would then look like Ctrl-C.
pub(super) struct Enter(pub(super) Arc<Screen>);

impl ConditionalEventHandler for Enter {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, _: &EventContext<'_>) -> Option<Cmd> {
        self.0.key(true);
        None
    }
}

/// A Ctrl-D that was pressed while the editor did not have the terminal, because a command ran or
/// the prompt was changing. The terminal then delivers a NUL instead of the key.
#[derive(Clone)]
pub(super) struct EarlyCtrlD(Arc<Mutex<Instant>>);

impl EarlyCtrlD {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    /// Records that the editor starts.
    pub(super) fn begin(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

impl ConditionalEventHandler for EarlyCtrlD {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, at: &EventContext<'_>) -> Option<Cmd> {
        let begun = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (at.line().is_empty() && begun.elapsed() < EARLY).then_some(Cmd::EndOfFile)
    }
}

/// The hint on the screen: the line before it, and the text that it would insert.
#[derive(Debug, Clone, Default)]
pub(super) struct ShownHint(Arc<Mutex<Option<(String, String)>>>);

impl ShownHint {
    /// Records that the hint after `line` would insert `rest`, or that there is no hint.
    pub(super) fn set(&self, hint: Option<(&str, &str)>) {
        let hint = hint.map(|(line, rest)| (line.to_owned(), rest.to_owned()));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = hint;
    }

    fn behind(&self, line: &str) -> Option<String> {
        let shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shown.as_ref().filter(|(typed, _)| typed == line).map(|(_, rest)| rest.clone())
    }
}

/// How much of a hint a key inserts.
#[derive(Debug, Clone, Copy)]
pub(super) enum HintPart {
    All,
    /// Up to the next blank, or through the next `/`.
    Word,
}

/// A key that inserts the hint if the cursor is before one. Otherwise it has its usual meaning.
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

/// Returns the first word of a text with the blanks before it. For a path, returns its next
/// element.
fn first_word(text: &str) -> &str {
    let blanks = text.len() - text.trim_start().len();
    let word = &text[blanks..];
    let end = word.find(char::is_whitespace).unwrap_or(word.len());
    let part = word[..end].find('/').map_or(end, |slash| slash + 1);
    // A path that starts here is inserted with its first name.
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
    fn a_word_of_a_path_hint_is_one_element() {
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
