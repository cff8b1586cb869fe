//! Keys that do here what the line editor by itself does not.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustyline::{Cmd, ConditionalEventHandler, Event, EventContext, RepeatCount};

use crate::terminal::Screen;

/// So soon after the editor has begun, a NUL is a Ctrl-D from before: nobody presses Ctrl-Space so
/// quickly.
const SOON: Duration = Duration::from_millis(100);

/// Ctrl-C. The editor's own way to be interrupted forgets the keys that were typed behind it, so the
/// line is accepted instead, to be thrown away.
#[derive(Clone)]
pub(super) struct Interrupting {
    screen: Arc<Screen>,
    pressed: Arc<AtomicBool>,
}

impl Interrupting {
    pub(super) fn new(screen: Arc<Screen>) -> Self {
        Self { screen, pressed: Arc::default() }
    }

    /// Returns whether the line that was just read is one to be thrown away.
    pub(super) fn take_pressed(&self) -> bool {
        self.pressed.swap(false, Ordering::Relaxed)
    }
}

impl ConditionalEventHandler for Interrupting {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, _: &EventContext<'_>) -> Option<Cmd> {
        self.pressed.store(true, Ordering::Relaxed);
        // The line is drawn for the last time.
        self.screen.key(true);
        Some(Cmd::AcceptLine)
    }
}

/// Ctrl-D that was pressed while the editor did not have the terminal: a command ran, or the editor
/// was about to show other words. The terminal then hands over a NUL instead of the key.
#[derive(Clone)]
pub(super) struct Early(Arc<Mutex<Instant>>);

impl Early {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    /// Tells that the editor begins.
    pub(super) fn begin(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

impl ConditionalEventHandler for Early {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, at: &EventContext<'_>) -> Option<Cmd> {
        let begun = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (at.line().is_empty() && begun.elapsed() < SOON).then_some(Cmd::EndOfFile)
    }
}
