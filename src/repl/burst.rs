//! Bursts of characters that arrive faster than anyone types: pasted without brackets, or typed
//! ahead.
//!
//! Drawing the whole line for each character would take quadratic time. So while more characters
//! are coming, the editor writes each one after the last, and the line is drawn with its colours
//! and hint once the burst has ended.

use std::cell::Cell;
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustyline::{
    Cmd, ConditionalEventHandler, EditMode, Event, EventContext, InputMode, KeyCode, KeyEvent,
    Modifiers, RepeatCount,
};
use unicode_width::UnicodeWidthChar;

/// The time after drawing within which nobody presses the next key.
const MIN_KEY_GAP: Duration = Duration::from_millis(3);

/// Returns the time after the last drawing within which a key belongs to a burst. It grows with the
/// line, because long lines take longer to draw and a busy machine splits bursts into more pieces.
pub(super) fn pause(line: &str) -> Duration {
    MIN_KEY_GAP
        + Duration::from_micros(10 * u64::try_from(line.len()).unwrap_or(u64::MAX).min(20_000))
}

/// What to draw for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paint {
    /// The whole line.
    Line,
    /// Only the typed character, which the editor writes itself.
    Character,
    /// The whole line without colours, because the editor draws it anyway and more characters are
    /// coming.
    PlainLine,
}

/// Detects bursts of characters.
#[derive(Debug, Default)]
pub(super) struct Burst {
    typed: Arc<AtomicBool>,
    drawn: Cell<Option<Instant>>,
    /// The length of the line in bytes after the last key.
    length: Cell<usize>,
    /// The column of the cursor while characters are written one by one.
    column: Cell<Option<u16>>,
}

impl Burst {
    /// Returns the handler that sees every key.
    pub(super) fn watcher(&self) -> WatchKeys {
        WatchKeys(Arc::clone(&self.typed))
    }

    /// Records that the line was drawn.
    pub(super) fn drawn(&self) {
        self.drawn.set(Some(Instant::now()));
    }

    /// Decides what to draw for a key after which the line is `line`, with the cursor at `cursor`.
    /// `more` returns whether unread input is waiting, and `end` the column in which the line ends.
    pub(super) fn paint(
        &self,
        line: &str,
        cursor: usize,
        columns: u16,
        more: impl FnOnce() -> bool,
        end: impl FnOnce() -> u16,
    ) -> Paint {
        let length = self.length.replace(line.len());
        let typed = self.typed.swap(false, Ordering::Relaxed);
        let last = line.chars().next_back().filter(|_| cursor == line.len());
        let appended = last.filter(|c| typed && line.len() == length + c.len_utf8());
        let soon = || self.drawn.get().is_some_and(|at| at.elapsed() < pause(line)) || more();
        let Some(c) = appended.filter(|_| soon()) else {
            self.column.set(None);
            return Paint::Line;
        };
        self.drawn();
        let width = u16::try_from(c.width().unwrap_or(0)).unwrap_or(0);
        // The editor writes the character alone if the line was last drawn without colours, and if
        // the row does not end.
        if let Some(column) = self.column.get().map(|column| column + width)
            && width > 0
            && column < columns
        {
            self.column.set(Some(column));
            return Paint::Character;
        }
        self.column.set(Some(end()));
        Paint::PlainLine
    }
}

/// Returns whether unread input is waiting.
pub(super) fn input_waits() -> bool {
    let stdin = io::stdin();
    let mut fds = [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
    poll(&mut fds, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
}

/// Detects the keys that insert a character.
pub(super) struct WatchKeys(Arc<AtomicBool>);

impl ConditionalEventHandler for WatchKeys {
    fn handle(
        &self,
        event: &Event,
        count: RepeatCount,
        positive: bool,
        context: &EventContext<'_>,
    ) -> Option<Cmd> {
        let inserts =
            context.mode() == EditMode::Emacs || context.input_mode() == InputMode::Insert;
        let is_char = matches!(event.get(0), Some(KeyEvent(KeyCode::Char(_), Modifiers::NONE)));
        self.0.store(inserts && is_char && count == 1 && positive, Ordering::Relaxed);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_of_a_burst_are_written_one_by_one() {
        let burst = Burst::default();
        let mut line = String::new();
        let mut type_char = |c, end: u16| {
            line.push(c);
            burst.typed.store(true, Ordering::Relaxed);
            burst.paint(&line, line.len(), 10, || c != 'a', || end)
        };
        // A person types this character.
        assert_eq!(type_char('a', 3), Paint::Line);
        assert_eq!(type_char('b', 4), Paint::PlainLine);
        assert_eq!(type_char('c', 5), Paint::Character);
        assert_eq!(type_char('湖', 7), Paint::Character);
        // A character without a width of its own, then one that ends the row.
        assert_eq!(type_char('\u{301}', 7), Paint::PlainLine);
        assert_eq!(type_char('d', 8), Paint::Character);
        assert_eq!(type_char('e', 9), Paint::Character);
        assert_eq!(type_char('f', 0), Paint::PlainLine);
        assert_eq!(type_char('g', 1), Paint::Character);
        // A key that inserts nothing ends the burst.
        assert_eq!(burst.paint(&line, line.len(), 10, || true, || 1), Paint::Line);
        assert_eq!(burst.column.get(), None);
    }
}
