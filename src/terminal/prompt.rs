//! The prompt at the bottom of a terminal, and events that appear above it: the old prompt stays,
//! the events follow, and the prompt is drawn again with the line typed so far. A burst of events
//! leaves only one old prompt above it.
//!
//! During a prompt only the editing thread writes to the terminal. Whenever the editor draws, it
//! calls [`Screen::draw`], which returns the pending events followed by the prompt. While the user
//! does not type, the [`Redrawer`] makes the editor draw. When the text of the prompt changes, the
//! `Redrawer` makes the editor return without a line, and it starts again with the line typed so
//! far.

use std::sync::Arc;
use std::time::{Duration, Instant};

pub use super::prompt_state::{Cursor, Returned};
use super::prompt_state::{DrawCause, Prompt, PromptLine, PromptState, Redraw, Wanted, Words};
use super::redrawer::UNDO_REQUEST;
pub use super::redrawer::{REDRAW_REQUEST, Redrawer};
use super::screen::Screen;

impl Screen {
    /// Starts a prompt in a window of this width. When this returns, everything printed before has
    /// been written to the terminal.
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

    /// Starts the same prompt again. The caller must have erased what the editor drew.
    pub fn enter_again(&self, columns: u16) {
        self.writer.queue().prompt.restart(columns);
    }

    /// Records where the cursor is in the drawn line, and whether the window still has the width
    /// that the editor assumes.
    pub fn line_drawn(&self, cursor: Cursor, same_width: bool) {
        let window = &mut self.writer.queue().prompt.window;
        window.cursor = cursor;
        window.torn |= !same_width;
    }

    /// Records that the editor is about to draw a key; `last` means that it then returns.
    pub fn key(&self, last: bool) {
        let prompt = &mut self.writer.queue().prompt;
        prompt.cause = DrawCause::Key;
        match prompt.state {
            PromptState::Editing if last => prompt.state = PromptState::Returning,
            PromptState::Returning if !last => prompt.state = PromptState::Editing,
            _ => {}
        }
    }

    /// Returns what the editor must write in place of the prompt: events, then the prompt. `own`
    /// means that `words` are our prompt, not a text of the editor such as a search.
    pub fn draw(&self, words: &str, own: bool, paint: impl Fn(&str) -> String) -> String {
        let mut queue = self.writer.queue();
        let mut text = String::new();
        let cause = std::mem::take(&mut queue.prompt.cause);
        let starting = queue.prompt.state == PromptState::Starting;
        // The first draw is not the answer to a redraw request. A request that the last prompt has
        // not handled is still pending.
        if !starting && cause == DrawCause::Editor && queue.prompt.redraw == Redraw::Requested {
            queue.prompt.redraw = Redraw::NotNeeded;
            text.push_str(UNDO_REQUEST);
        }
        // The editor is about to return, so events are printed after the prompt instead.
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
            // The redraw after a burst of keys is still needed once the burst ends.
            if *redraw == Redraw::Wanted && not_before.is_none() {
                *redraw = Redraw::NotNeeded;
            }
            *state = PromptState::Editing;
            self.writer.changed.notify_all();
        }
        text.push_str(&if own { paint(words) } else { words.to_owned() });
        text
    }

    /// Records that the editor returned without a line, and returns the reason.
    pub fn returned(&self) -> Returned {
        self.writer.queue().prompt.returned()
    }

    /// Ends the prompt. From now on events are written as soon as they arrive.
    pub fn leave_prompt(&self) {
        let mut queue = self.writer.queue();
        queue.prompt.state = PromptState::Idle;
        queue.place_events();
        self.writer.changed.notify_all();
    }

    /// Marks the text of the prompt as outdated. Never waits for the terminal.
    pub fn refresh(&self) {
        self.tell(|prompt| prompt.wanted = Wanted::Unknown);
    }

    /// Requests a redraw after `quiet`; each further call restarts that delay. Never waits for the
    /// terminal.
    pub fn request_redraw_after(&self, quiet: Duration) {
        let prompt = &mut self.writer.queue().prompt;
        // The editor will answer the pending request after the keys typed so far.
        if prompt.redraw == Redraw::Requested {
            return;
        }
        let known = prompt.not_before.replace(Instant::now() + quiet).is_some();
        prompt.redraw = Redraw::Wanted;
        if !known {
            self.writer.changed.notify_all();
        }
    }

    /// Requests a redraw. Never waits for the terminal.
    pub fn request_redraw(&self) {
        let prompt = &mut self.writer.queue().prompt;
        if prompt.redraw == Redraw::NotNeeded {
            prompt.redraw = Redraw::Wanted;
            self.writer.changed.notify_all();
        }
    }

    /// Records that another program has used the terminal. Never waits for the terminal.
    pub fn disturbed(&self) {
        self.tell(|prompt| prompt.upset(Returned::Disturbed));
    }

    /// Records that the window is being resized and has this width now. Never waits for the
    /// terminal.
    pub fn window_changes(&self, columns: u16) {
        self.tell(|prompt| prompt.window_changes(columns));
    }

    /// Records that the window size has been stable for a while, with this width. Never waits for
    /// the terminal.
    pub fn window_settles(&self, columns: u16) {
        self.tell(|prompt| prompt.window_settles(columns));
    }

    /// Waits until the size of the window is stable.
    pub fn wait_for_window(&self) {
        drop(self.writer.wait_until(|queue| {
            !queue.prompt.window.unsettled || queue.prompt.ended || queue.is_closed()
        }));
    }

    /// Ends this prompt and any later one. Never waits for the terminal.
    pub fn end_prompt(&self) {
        self.tell(|prompt| prompt.ended = true);
    }

    /// Returns whether the shell reads no more lines.
    pub fn has_ended(&self) -> bool {
        self.writer.queue().prompt.ended
    }

    fn tell(&self, change: impl FnOnce(&mut Prompt)) {
        change(&mut self.writer.queue().prompt);
        self.writer.changed.notify_all();
    }

    /// Returns the redrawer, which must run on its own thread.
    pub fn redrawer(&self) -> Redrawer {
        Redrawer::new(Arc::clone(&self.writer))
    }
}

#[cfg(test)]
mod tests;
