//! The state machine of the prompt at the bottom of the terminal. It does no input or output.

use std::time::{Duration, Instant};

/// The state of the line editor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum PromptState {
    /// No prompt: a command runs.
    #[default]
    Idle,
    /// The editor has been started and has not drawn yet.
    Starting,
    /// The prompt is shown, and the editor can be interrupted.
    Editing,
    /// The editor is about to return.
    Returning,
}

/// What this prompt has left on the terminal since the last command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum PromptLine {
    /// Nothing.
    #[default]
    NotDrawn,
    /// The prompt at the bottom.
    Drawn,
    /// The prompt at the bottom, and an older copy above the events.
    LeftAbove,
}

/// The prompt text that the terminal should show.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Wanted {
    /// The text that it shows.
    #[default]
    AsShown,
    Words(String),
    /// The text may have changed: the redrawer must ask for it.
    Unknown,
}

/// Whose text the editor shows in place of the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Words {
    /// Our prompt.
    #[default]
    Ours,
    /// A text of the editor, such as the prompt of a search.
    Editors,
}

/// Whether the editor must draw without a key being pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Redraw {
    #[default]
    NotNeeded,
    /// There is something new to draw.
    Wanted,
    /// The redrawer has sent a request. The editor will answer with a draw, perhaps after some
    /// keys.
    Requested,
}

/// The cause of the editor's next draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum DrawCause {
    /// The user pressed a key.
    Key,
    /// The editor itself: it starts, or answers a redraw request.
    #[default]
    Editor,
}

/// Why the editor returned without a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returned {
    /// The user has discarded the line with Ctrl-C.
    Interrupted,
    /// The text of the prompt has changed: draw it again, with the same line.
    NewWords,
    /// The window has another width: draw again, with the rows counted again.
    Resized,
    /// Another program has used the terminal: draw again below its output.
    Disturbed,
    /// The shell reads no more lines.
    Ended,
}

/// The prompt.
#[derive(Debug, Default)]
pub(super) struct Prompt {
    pub(super) state: PromptState,
    pub(super) line: PromptLine,
    /// The prompt text on the terminal.
    pub(super) shown: String,
    pub(super) wanted: Wanted,
    pub(super) words: Words,
    pub(super) redraw: Redraw,
    pub(super) cause: DrawCause,
    /// Changes of the terminal that the editor does not know of.
    pub(super) upset: Option<Returned>,
    /// Whether the redrawer has asked the editor to return without a line.
    pub(super) asked_to_return: bool,
    /// Whether the shell reads no more lines. Kept when the next prompt starts.
    pub(super) ended: bool,
    /// A wanted redraw waits until this time, because more keys are expected.
    pub(super) not_before: Option<Instant>,
    pub(super) window: Window,
}

/// The position of the cursor relative to the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cursor {
    /// Behind the line. When the editor then returns, the cursor is at the start of a new row,
    /// where no change of width can move it.
    #[default]
    AtEnd,
    /// Inside the line.
    Inside {
        /// Rows of the line below the cursor, as counted by the editor.
        rows_below: u16,
    },
}

/// The window, whose width may change while the user edits a line.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// Whether the window has just been resized and may change again, as while the user drags its
    /// edge. The editor does not draw meanwhile. Kept when the next prompt starts.
    pub(super) unsettled: bool,
    /// The width that the editor assumes, in columns.
    pub(super) columns: u16,
    /// Whether the editor has drawn while the window had another width.
    pub(super) torn: bool,
    /// The position of the cursor in the line.
    pub(super) cursor: Cursor,
}

impl Prompt {
    /// Starts the first prompt after a command.
    pub(super) fn start(&mut self, words: String, columns: u16) {
        *self = Self {
            state: PromptState::Starting,
            shown: words,
            wanted: match self.wanted {
                Wanted::Unknown => Wanted::Unknown,
                Wanted::AsShown | Wanted::Words(_) => Wanted::AsShown,
            },
            redraw: self.redraw,
            ended: self.ended,
            window: Window { unsettled: self.window.unsettled, columns, ..Window::default() },
            ..Self::default()
        };
    }

    /// Starts the same prompt again.
    pub(super) fn restart(&mut self, columns: u16) {
        self.state = PromptState::Starting;
        self.window.columns = columns;
        self.window.torn = false;
        // The text may have changed by now.
        self.wanted = Wanted::Unknown;
        self.upset = None;
        self.asked_to_return = false;
        self.cause = DrawCause::Editor;
    }

    /// Records what happened to the terminal during a prompt.
    pub(super) fn upset(&mut self, how: Returned) {
        // After another program has used the terminal, there are no rows of ours left to count.
        if self.state != PromptState::Idle && self.upset != Some(Returned::Disturbed) {
            self.upset = Some(how);
        }
    }

    /// Records that the window is being resized and has this width now.
    pub(super) fn window_changes(&mut self, columns: u16) {
        self.window.unsettled = true;
        if self.window.columns != columns && self.window.cursor == Cursor::AtEnd {
            self.upset(Returned::Resized);
        }
    }

    /// Records that the window size has been stable for a while, with this width.
    pub(super) fn window_settles(&mut self, columns: u16) {
        self.window.unsettled = false;
        if self.window.columns != columns || self.window.torn {
            self.upset(Returned::Resized);
        }
    }

    /// Returns why the editor should return without a line, if there is a reason.
    fn reason_to_return(&self) -> Option<Returned> {
        if self.ended {
            return Some(Returned::Ended);
        }
        let outdated = self.words == Words::Ours
            && matches!(&self.wanted, Wanted::Words(wanted) if *wanted != self.shown);
        self.upset.or(outdated.then_some(Returned::NewWords))
    }

    /// Returns whether the redrawer must ask the editor to return.
    pub(super) fn must_return(&self) -> bool {
        self.state == PromptState::Editing
            && !self.asked_to_return
            && self.reason_to_return().is_some_and(|reason| {
                // A pending redraw request has moved the cursor; the draw that answers it moves it
                // back.
                reason != Returned::Resized || self.redraw != Redraw::Requested
            })
    }

    /// Returns how many rows must be free below the cursor, so that the editor's return does not
    /// scroll.
    pub(super) fn room_to_return(&self) -> Option<u16> {
        let resized = self.reason_to_return() == Some(Returned::Resized);
        match self.window.cursor {
            Cursor::Inside { rows_below } if resized && self.must_return() => {
                Some(rows_below.saturating_add(1))
            }
            Cursor::Inside { .. } | Cursor::AtEnd => None,
        }
    }

    /// Returns how long the redrawer must wait before it requests a draw, zero if it must do so at
    /// `now`, or `None` if there is nothing to draw. `events` tells whether events are waiting.
    ///
    /// One call answers both, whether to draw and how long to wait: between two calls the wait could
    /// end, and nobody would draw.
    pub(super) fn redraw_in(&self, events: bool, now: Instant) -> Option<Duration> {
        // An editor that was asked to return draws soon anyway. If a request reached a finished
        // editor, it would be printed and nothing would undo it.
        let reachable = self.state == PromptState::Editing && !self.asked_to_return;
        if !reachable || self.window.unsettled {
            return None;
        }
        match self.redraw {
            Redraw::Requested => None,
            Redraw::NotNeeded => events.then_some(Duration::ZERO),
            Redraw::Wanted => {
                let end = self.not_before.filter(|_| !events);
                Some(end.map_or(Duration::ZERO, |end| end.saturating_duration_since(now)))
            }
        }
    }

    /// Returns whether the redrawer must ask for the prompt text.
    pub(super) fn must_ask_for_words(&self) -> bool {
        self.wanted == Wanted::Unknown && self.state != PromptState::Idle
    }

    /// Records that the editor returned without a line, and returns the reason.
    pub(super) fn returned(&mut self) -> Returned {
        self.state = PromptState::Returning;
        match self.reason_to_return() {
            Some(Returned::Ended) => Returned::Ended,
            _ if !self.asked_to_return => Returned::Interrupted,
            // The text may have changed back in the meantime.
            reason => reason.unwrap_or(Returned::NewWords),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn editing() -> Prompt {
        Prompt { state: PromptState::Editing, ..Prompt::default() }
    }

    #[test]
    fn an_editor_that_is_leaving_is_not_told_to_draw() {
        let mut prompt = editing();
        let now = Instant::now();
        assert_eq!(prompt.redraw_in(true, now), Some(Duration::ZERO));
        prompt.asked_to_return = true;
        assert_eq!(prompt.redraw_in(true, now), None);
    }

    #[test]
    fn a_search_is_not_interrupted_by_new_words() {
        let mut prompt = Prompt { wanted: Wanted::Words("new> ".to_owned()), ..editing() };
        assert!(prompt.must_return());
        prompt.words = Words::Editors;
        assert!(!prompt.must_return());
    }

    #[test]
    fn a_window_is_followed_at_once_with_the_cursor_at_the_end() {
        let mut prompt = Prompt::default();
        prompt.start("> ".to_owned(), 60);
        prompt.state = PromptState::Editing;
        prompt.window_changes(60);
        assert!(!prompt.must_return());
        assert_eq!(prompt.redraw_in(true, Instant::now()), None);
        prompt.window_changes(40);
        assert!(prompt.must_return());
        assert_eq!(prompt.room_to_return(), None);
        // A request moves the cursor, and the draw that answers it moves it back.
        prompt.redraw = Redraw::Requested;
        assert!(!prompt.must_return());
        prompt.restart(40);
        assert!(prompt.window.unsettled);
        prompt.window_settles(40);
        assert_eq!(prompt.reason_to_return(), None);
    }

    #[test]
    fn a_window_is_followed_once_it_has_settled_with_the_cursor_inside() {
        let mut prompt = Prompt::default();
        prompt.start("> ".to_owned(), 60);
        prompt.state = PromptState::Editing;
        prompt.window.cursor = Cursor::Inside { rows_below: 2 };
        prompt.window_changes(40);
        assert!(!prompt.must_return());
        prompt.window_changes(60);
        prompt.window_settles(60);
        assert!(!prompt.must_return());
        // The same, but the editor has drawn a key in the meantime.
        prompt.window.torn = true;
        prompt.window_settles(60);
        assert_eq!(prompt.room_to_return(), Some(3));
        prompt.restart(60);
        prompt.state = PromptState::Editing;
        prompt.window_settles(40);
        assert_eq!(prompt.room_to_return(), Some(3));
    }

    #[test]
    fn a_redraw_waits_for_the_end_of_a_burst_but_events_do_not() {
        let mut prompt = Prompt { redraw: Redraw::Wanted, ..editing() };
        let now = Instant::now();
        assert_eq!(prompt.redraw_in(false, now), Some(Duration::ZERO));
        let moment = Duration::from_nanos(1);
        prompt.not_before = Some(now + moment);
        assert_eq!(prompt.redraw_in(false, now), Some(moment));
        assert_eq!(prompt.redraw_in(true, now), Some(Duration::ZERO));
        assert_eq!(prompt.redraw_in(false, now + moment), Some(Duration::ZERO));
        assert_eq!(prompt.redraw_in(false, now + 2 * moment), Some(Duration::ZERO));
    }

    #[test]
    fn the_end_goes_before_every_other_reason() {
        let mut prompt = Prompt { upset: Some(Returned::Resized), ..editing() };
        assert!(prompt.must_return());
        // Ctrl-C came first.
        assert_eq!(prompt.returned(), Returned::Interrupted);
        prompt.asked_to_return = true;
        assert_eq!(prompt.returned(), Returned::Resized);
        prompt.ended = true;
        assert_eq!(prompt.returned(), Returned::Ended);
    }
}
