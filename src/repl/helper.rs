//! What the editor asks of us while a line is edited: the prompt with the events above it, and
//! whether the line is finished.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use rustyline::completion::Completer;
use rustyline::config::CompletionType;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Cmd, ConditionalEventHandler, Event, EventContext, RepeatCount};

use super::block::Block;
use crate::dialect::Dialect;
use crate::report::escape::{self, Newlines};
use crate::report::screen::Screen;

/// The line on the screen.
#[derive(Debug, Clone, Default)]
pub(super) struct Drawn {
    pub(super) line: String,
    /// The cursor's place in `line`, in bytes.
    pub(super) cursor: usize,
    pub(super) hint: String,
}

pub(super) struct Helper {
    screen: Arc<Screen>,
    dialect: Dialect,
    drawn: RefCell<Drawn>,
}

impl Helper {
    pub(super) fn new(screen: Arc<Screen>, dialect: Dialect) -> Self {
        Self { screen, dialect, drawn: RefCell::default() }
    }

    /// Returns the line as it was drawn last.
    pub(super) fn drawn(&self) -> Drawn {
        self.drawn.borrow().clone()
    }
}

impl rustyline::Helper for Helper {}

impl Highlighter for Helper {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, own: bool) -> Cow<'b, str> {
        self.drawn.borrow_mut().hint.clear();
        Cow::Owned(self.screen.draw(prompt, own, str::to_owned))
    }

    fn highlight<'l>(&self, line: &'l str, cursor: usize) -> Cow<'l, str> {
        let mut drawn = self.drawn.borrow_mut();
        line.clone_into(&mut drawn.line);
        drawn.cursor = cursor;
        // What was pasted may hold characters that drive the terminal. They have no width, so the
        // editor does not miss them.
        match escape::to_terminal(line.as_bytes(), Newlines::Keep) {
            Cow::Borrowed(_) => Cow::Borrowed(line),
            Cow::Owned(_) => Cow::Owned(line.chars().filter(|c| escape::is_safe(*c)).collect()),
        }
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        hint.clone_into(&mut self.drawn.borrow_mut().hint);
        Cow::Borrowed(hint)
    }

    fn highlight_candidate<'c>(&self, candidate: &'c str, _: CompletionType) -> Cow<'c, str> {
        // The editor draws after the list without asking `highlight_char`.
        self.screen.key(false);
        Cow::Borrowed(candidate)
    }

    // True makes the editor draw after every key, so that `drawn` is never out of date.
    fn highlight_char(&self, _: &str, _: usize, kind: CmdKind) -> bool {
        self.screen.key(kind == CmdKind::ForcedRefresh);
        true
    }
}

impl Validator for Helper {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let unfinished = Block::parse(context.input(), self.dialect).unfinished;
        Ok(if unfinished { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

impl Completer for Helper {
    type Candidate = String;
}

impl Hinter for Helper {
    type Hint = String;
}

/// Tells the screen that Ctrl-C ends the line: the editor does not draw then.
pub(super) struct Interrupting(pub(super) Arc<Screen>);

impl ConditionalEventHandler for Interrupting {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, _: &EventContext<'_>) -> Option<Cmd> {
        self.0.key(true);
        Some(Cmd::Interrupt)
    }
}
