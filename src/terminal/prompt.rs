//! The prompt at the bottom of a terminal, and how events appear above it: the old prompt stays, the
//! events follow, and the prompt is drawn again with what was typed. A burst of events leaves one
//! old prompt above it.
//!
//! Meanwhile only the editing thread writes to the terminal. Whenever the editor draws, it calls
//! [`Screen::draw`] for the prompt and gets the events in front of it. When nobody types, the
//! [`Redrawer`] makes it draw. When the prompt's words change, the `Redrawer` makes it return
//! without a line, and it starts again with what was typed.

use std::sync::Arc;
use std::time::{Duration, Instant};

pub use super::prompt_state::{Cursor, Returned};
use super::prompt_state::{DrawCause, Prompt, PromptLine, PromptState, Redraw, Wanted, Words};
use super::redrawer::UNDO_REQUEST;
pub use super::redrawer::{REDRAW_REQUEST, Redrawer};
use super::screen::Screen;

impl Screen {
    /// Begins a prompt, for an editor that takes the window to have so many columns: everything printed
    /// before is on the terminal when this returns.
    pub fn enter_prompt(&self, words: String, columns: u16) {
        let mut streams = self.writer.streams();
        loop {
            let mut queue = self.writer.queue();
            if queue.stdout.is_empty() && queue.stderr.is_empty() {
                queue.prompt.start(words, columns);
                break;
            }
            drop(queue);
            self.writer.write(&mut streams);
        }
    }

    /// Begins the same prompt again; what the editor drew must have been wiped.
    pub fn enter_again(&self, columns: u16) {
        self.writer.queue().prompt.restart(columns);
    }

    /// Notes where the cursor stands in the line that is drawn, and whether the window still has the
    /// columns that the editor takes it to have.
    pub fn line_drawn(&self, cursor: Cursor, same_width: bool) {
        let window = &mut self.writer.queue().prompt.window;
        window.cursor = cursor;
        window.torn |= !same_width;
    }

    /// Notes that a key is about to be drawn; `last` if the editor is about to return.
    pub fn key(&self, last: bool) {
        let prompt = &mut self.writer.queue().prompt;
        prompt.cause = DrawCause::Key;
        match prompt.state {
            PromptState::Editing if last => prompt.state = PromptState::Returning,
            PromptState::Returning if !last => prompt.state = PromptState::Editing,
            _ => {}
        }
    }

    /// Returns what the editor is to write in place of the prompt: events, then the prompt.
    /// `own` says that these are our words and not some of the editor's own.
    pub fn draw(&self, words: &str, own: bool, paint: impl Fn(&str) -> String) -> String {
        let mut queue = self.writer.queue();
        let mut text = String::new();
        let cause = std::mem::take(&mut queue.prompt.cause);
        let starting = queue.prompt.state == PromptState::Starting;
        // The first draw answers nothing: a request that the last prompt has not heard is still to
        // come.
        if !starting && cause == DrawCause::Editor && queue.prompt.redraw == Redraw::Requested {
            queue.prompt.redraw = Redraw::NotNeeded;
            text.push_str(UNDO_REQUEST);
        }
        // A prompt that is about to go leaves the events to the time after it.
        if queue.prompt.state != PromptState::Returning {
            let mut events = queue.take_events();
            events.extend(queue.take_gap().map(String::into_bytes).unwrap_or_default());
            let Prompt { state, line, shown, redraw, not_before, words: whose, .. } =
                &mut queue.prompt;
            if *line == PromptLine::NotDrawn {
                *line = PromptLine::Drawn;
            } else if *line == PromptLine::Drawn && !events.is_empty() {
                text.push_str(&paint(shown));
                text.push('\n');
                *line = PromptLine::LeftAbove;
            }
            text.push_str(&String::from_utf8_lossy(&events));
            if own {
                words.clone_into(shown);
            }
            *whose = if own { Words::Ours } else { Words::Editors };
            // A burst of keys that goes on still wants its last drawing.
            if *redraw == Redraw::Wanted && not_before.is_none() {
                *redraw = Redraw::NotNeeded;
            }
            *state = PromptState::Editing;
            self.writer.changed.notify_all();
        }
        text.push_str(&if own { paint(words) } else { words.to_owned() });
        text
    }

    /// Notes that the editor returned without a line; returns why.
    pub fn returned(&self) -> Returned {
        self.writer.queue().prompt.returned()
    }

    /// Ends the prompt: from now on events are written as they come.
    pub fn leave_prompt(&self) {
        let mut queue = self.writer.queue();
        queue.prompt.state = PromptState::Idle;
        queue.place_events();
        self.writer.changed.notify_all();
    }

    /// Says that the words of the prompt may have changed. Never waits for the terminal.
    pub fn refresh(&self) {
        self.tell(|prompt| prompt.wanted = Wanted::Unknown);
    }

    /// Makes the editor draw what it has once this has not been asked for so long. Never waits for the
    /// terminal.
    pub fn request_redraw_after(&self, quiet: Duration) {
        let prompt = &mut self.writer.queue().prompt;
        // One that is on its way is answered behind the keys that were typed until now.
        if prompt.redraw == Redraw::Requested {
            return;
        }
        let known = prompt.not_before.replace(Instant::now() + quiet).is_some();
        prompt.redraw = Redraw::Wanted;
        if !known {
            self.writer.changed.notify_all();
        }
    }

    /// Makes the editor draw what it has. Never waits for the terminal.
    pub fn request_redraw(&self) {
        let prompt = &mut self.writer.queue().prompt;
        if prompt.redraw == Redraw::NotNeeded {
            prompt.redraw = Redraw::Wanted;
            self.writer.changed.notify_all();
        }
    }

    /// Says that another program has used the terminal. Never waits for it.
    pub fn disturbed(&self) {
        self.tell(|prompt| prompt.upset(Returned::Disturbed));
    }

    /// Says that the window changes its size and has so many columns now. Never waits for the terminal.
    pub fn window_changes(&self, columns: u16) {
        self.tell(|prompt| prompt.window_changes(columns));
    }

    /// Says that the window has kept its size for a while, with so many columns. Never waits for the
    /// terminal.
    pub fn window_settles(&self, columns: u16) {
        self.tell(|prompt| prompt.window_settles(columns));
    }

    /// Waits until the window has kept its size for a while, if it has just changed.
    pub fn wait_for_window(&self) {
        drop(self.writer.wait_until(|queue| {
            !queue.prompt.window.unsettled || queue.prompt.ended || queue.is_closed()
        }));
    }

    /// Ends the waiting prompt, and any later one at once. Never waits for the terminal.
    pub fn end_prompt(&self) {
        self.tell(|prompt| prompt.ended = true);
    }

    /// Returns whether no more lines are wanted.
    pub fn has_ended(&self) -> bool {
        self.writer.queue().prompt.ended
    }

    fn tell(&self, change: impl FnOnce(&mut Prompt)) {
        change(&mut self.writer.queue().prompt);
        self.writer.changed.notify_all();
    }

    /// Returns what wakes the editor, for a thread of its own.
    pub fn redrawer(&self) -> Redrawer {
        Redrawer::new(Arc::clone(&self.writer))
    }
}

#[cfg(test)]
mod tests;
