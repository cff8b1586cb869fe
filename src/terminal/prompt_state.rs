//! The state of the prompt at the bottom of the terminal. No input or output.

use std::time::{Duration, Instant};

/// Where the line editor stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum PromptState {
    /// There is no prompt: a command runs.
    #[default]
    Idle,
    /// The editor has been called and has not drawn yet.
    Starting,
    /// The prompt stands, and the editor may be disturbed.
    Editing,
    /// The editor is about to return.
    Returning,
}

/// What stands on the terminal of this prompt since the last command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum PromptLine {
    /// Nothing.
    #[default]
    NotDrawn,
    /// The prompt, at the bottom.
    Drawn,
    /// The prompt at the bottom, and another one above the events that came meanwhile.
    LeftAbove,
}

/// The words that should stand on the terminal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Wanted {
    /// Those that do.
    #[default]
    AsShown,
    Words(String),
    /// Something has changed: they are to be asked for.
    Unknown,
}

/// Whose words the editor shows in place of the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Words {
    /// Our prompt.
    #[default]
    Ours,
    /// The editor's own, such as those of a search.
    Editors,
}

/// Whether the editor must draw although nobody types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Redraw {
    #[default]
    NotNeeded,
    /// Something has changed that is to be drawn.
    Wanted,
    /// The editor has been told. It answers with a draw, perhaps after some keys.
    Requested,
}

/// What makes the editor draw the next time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum DrawCause {
    /// A key.
    Key,
    /// The editor itself: it starts, or answers a request.
    #[default]
    Editor,
}

/// Why the editor returned without a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returned {
    /// The user does not want the line.
    Interrupted,
    /// The prompt is to be drawn again in other words, with the line as it was.
    NewWords,
    /// The window has another width: the same, with its rows counted again.
    Resized,
    /// Another program has used the terminal: the same, below that.
    Disturbed,
    /// No more lines are wanted.
    Ended,
}

/// The prompt.
#[derive(Debug, Default)]
pub(super) struct Prompt {
    pub(super) state: PromptState,
    pub(super) line: PromptLine,
    /// The words on the terminal.
    pub(super) shown: String,
    pub(super) wanted: Wanted,
    pub(super) words: Words,
    pub(super) redraw: Redraw,
    pub(super) cause: DrawCause,
    /// What has happened to the terminal behind the editor's back.
    pub(super) upset: Option<Returned>,
    /// Whether the editor has been asked to return without a line.
    pub(super) asked_to_return: bool,
    /// Whether no more lines are wanted. It outlasts this prompt.
    pub(super) ended: bool,
    /// A redraw that is wanted waits until then, since more keys are expected.
    pub(super) not_before: Option<Instant>,
    pub(super) window: Window,
}

/// Where the cursor stands in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cursor {
    /// Behind it: what the editor does to return leaves the cursor in a row of its own, which no other
    /// width moves from there.
    #[default]
    AtEnd,
    /// Inside it.
    Inside {
        /// Rows of the line below the cursor, as the editor counts them.
        rows_below: u16,
    },
}

/// The window, whose width may change while a line is edited.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// Whether it has just changed and may change again, as while somebody drags its edge. Nothing is
    /// drawn meanwhile. It outlasts the prompt.
    pub(super) unsettled: bool,
    /// The columns that the editor takes it to have.
    pub(super) columns: u16,
    /// Whether the editor has drawn while it had other columns.
    pub(super) torn: bool,
    /// Where the cursor stands in the line.
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
        // Newer words may be known by now.
        self.wanted = Wanted::Unknown;
        self.upset = None;
        self.asked_to_return = false;
        self.cause = DrawCause::Editor;
    }

    /// Notes what has happened to the terminal while a prompt stands.
    pub(super) fn upset(&mut self, how: Returned) {
        // A terminal that another program has used has no rows of ours to count.
        if self.state != PromptState::Idle && self.upset != Some(Returned::Disturbed) {
            self.upset = Some(how);
        }
    }

    /// Notes that the window has changed its size, and has so many columns now.
    pub(super) fn window_changes(&mut self, columns: u16) {
        self.window.unsettled = true;
        if self.window.columns != columns && self.window.cursor == Cursor::AtEnd {
            self.upset(Returned::Resized);
        }
    }

    /// Notes that the window has kept its size for a while, with so many columns.
    pub(super) fn window_settles(&mut self, columns: u16) {
        self.window.unsettled = false;
        if self.window.columns != columns || self.window.torn {
            self.upset(Returned::Resized);
        }
    }

    /// Returns why the editor is to return without a line, if it is.
    fn reason_to_return(&self) -> Option<Returned> {
        if self.ended {
            return Some(Returned::Ended);
        }
        let outdated = self.words == Words::Ours
            && matches!(&self.wanted, Wanted::Words(wanted) if *wanted != self.shown);
        self.upset.or(outdated.then_some(Returned::NewWords))
    }

    /// Returns whether the editor is to be asked to return.
    pub(super) fn must_return(&self) -> bool {
        self.state == PromptState::Editing
            && !self.asked_to_return
            && self.reason_to_return().is_some_and(|reason| {
                // What a request does to the cursor is undone by the drawing that answers it.
                reason != Returned::Resized || self.redraw != Redraw::Requested
            })
    }

    /// Returns the rows of room that the editor needs below the cursor to return without scrolling.
    pub(super) fn room_to_return(&self) -> Option<u16> {
        let resized = self.reason_to_return() == Some(Returned::Resized);
        match self.window.cursor {
            Cursor::Inside { rows_below } if resized && self.must_return() => {
                Some(rows_below.saturating_add(1))
            }
            Cursor::Inside { .. } | Cursor::AtEnd => None,
        }
    }

    /// Returns how long a redraw that is wanted still has to wait.
    pub(super) fn redraw_waits(&self) -> Option<Duration> {
        let left = self.not_before?.saturating_duration_since(Instant::now());
        (self.redraw == Redraw::Wanted && !left.is_zero()).then_some(left)
    }

    /// Returns whether the editor is to be told to draw; `events` if there are some for it.
    pub(super) fn must_redraw(&self, events: bool) -> bool {
        // An editor that was asked to return draws soon by itself. A request that found it gone
        // would be printed with nobody to answer.
        let reachable = self.state == PromptState::Editing && !self.asked_to_return;
        reachable
            && !self.window.unsettled
            && match self.redraw {
                Redraw::NotNeeded => events,
                Redraw::Wanted => events || self.redraw_waits().is_none(),
                Redraw::Requested => false,
            }
    }

    /// Returns whether the words are to be asked for.
    pub(super) fn must_ask_for_words(&self) -> bool {
        self.wanted == Wanted::Unknown && self.state != PromptState::Idle
    }

    /// Notes that the editor returned without a line; returns why.
    pub(super) fn returned(&mut self) -> Returned {
        self.state = PromptState::Returning;
        match self.reason_to_return() {
            Some(Returned::Ended) => Returned::Ended,
            _ if !self.asked_to_return => Returned::Interrupted,
            // The words may have changed back meanwhile.
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
        assert!(prompt.must_redraw(true));
        prompt.asked_to_return = true;
        assert!(!prompt.must_redraw(true));
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
        assert!(!prompt.must_return() && !prompt.must_redraw(true));
        prompt.window_changes(40);
        assert!(prompt.must_return());
        assert_eq!(prompt.room_to_return(), None);
        // A request moves the cursor, and the drawing that answers it moves it back.
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
        // The same, but a key was drawn meanwhile.
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
        assert!(prompt.must_redraw(false));
        prompt.not_before = Some(Instant::now() + Duration::from_hours(1));
        assert!(!prompt.must_redraw(false) && prompt.must_redraw(true));
        assert!(prompt.redraw_waits().is_some());
        prompt.not_before = Some(Instant::now());
        assert!(prompt.must_redraw(false));
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
