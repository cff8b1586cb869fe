//! The prompt that stands at the bottom of a terminal while a line is edited, and how events come
//! to stand above it: the waiting prompt stays as it is, the events follow, and the prompt is shown
//! anew with what was typed. A burst stands under one left-over prompt.
//!
//! Only the thread that edits touches the terminal meanwhile: whenever the editor draws, it asks
//! [`Screen::draw`] for the prompt and gets the events in front of it. When nobody types, a bell
//! makes it draw. When the words of the prompt change, it is made to give up the line and to start
//! anew with it.

mod bell;

use std::sync::{Arc, PoisonError};

pub use self::bell::Bell;
use super::{Desk, Screen};

/// What a bell prints in the place of the prompt, which the editor has just wiped. The editor wants
/// a newline at the end: going up before it keeps the terminal from scrolling, and the saved place
/// is found again also where there was no room to go up.
pub const BELL: &str = "\x1b7\x1b[A\n";

/// Goes back to where the bell began.
const UNDO_BELL: &str = "\x1b8";

/// Where the editor stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Stage {
    /// There is no prompt: a command runs.
    #[default]
    Away,
    /// The editor has been called and has not drawn yet.
    Entering,
    /// The prompt stands, and the editor may be disturbed.
    Waiting,
    /// The editor is about to return.
    Leaving,
}

#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about one prompt")]
pub(super) struct Prompt {
    pub(super) stage: Stage,
    /// The words on the screen, and those that are wanted.
    shown: String,
    wanted: String,
    /// Whether `wanted` may be out of date.
    stale: bool,
    /// Whether something else has used the terminal.
    disturbed: bool,
    /// Whether no more lines are wanted.
    ended: bool,
    /// Whether these words have been drawn since the last command.
    drawn: bool,
    /// Whether a prompt has been left standing above events.
    left: bool,
    /// Whether a bell is under way.
    rung: bool,
    /// Whether something beside the prompt has changed and is to be drawn.
    unseen: bool,
    /// Whether the next draw comes from a key.
    keyed: bool,
    /// Whether the editor shows words of its own, such as those of a search.
    foreign: bool,
    /// Whether the editor has been asked to give up the line.
    asked: bool,
}

impl Prompt {
    /// Returns whether the editor is to give up the line.
    fn is_over(&self) -> bool {
        let outdated = !self.foreign && self.wanted != self.shown;
        self.stage == Stage::Waiting && !self.asked && (self.ended || self.disturbed || outdated)
    }

    /// Returns whether the bell's thread has something to do.
    fn needs_bell(&self, events: &[u8]) -> bool {
        let news = self.unseen || !events.is_empty();
        // An editor that has been asked to give up the line draws soon by itself; a bell that found
        // it gone would be printed with nobody to answer.
        let unheard = self.stage == Stage::Waiting && !self.asked && !self.rung && news;
        (self.stale && self.stage != Stage::Away) || self.is_over() || unheard
    }
}

/// Why the editor returned without a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returned {
    /// The user does not want the line.
    Interrupted,
    /// The prompt is to be drawn anew in other words, with the line as it was.
    Again,
    /// Something else has used the terminal: the same, below that.
    Disturbed,
    /// No more lines are wanted.
    Ended,
}

impl Screen {
    /// Begins a prompt: everything printed before is on the terminal when this returns.
    pub fn enter_prompt(&self, wanted: String) {
        let shared = &self.0;
        let mut out = shared.out.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let mut desk = shared.desk();
            if desk.bytes.is_empty() && desk.asides.is_empty() {
                let Prompt { stale, ended, rung, .. } = desk.prompt;
                let shown = wanted.clone();
                let stage = Stage::Entering;
                desk.prompt =
                    Prompt { stage, shown, wanted, stale, ended, rung, ..Prompt::default() };
                break;
            }
            drop(desk);
            shared.write(&mut out);
        }
    }

    /// Begins the same prompt again, in other words; the old ones must have been wiped.
    pub fn enter_again(&self, wanted: String) {
        let mut desk = self.0.desk();
        let prompt = &mut desk.prompt;
        prompt.stage = Stage::Entering;
        prompt.wanted = wanted;
        // The bell's thread may know newer words by now.
        prompt.stale = true;
        prompt.disturbed = false;
        prompt.asked = false;
        prompt.keyed = false;
    }

    /// Tells that a key is about to be drawn; `last` if the editor is about to return.
    pub fn key(&self, last: bool) {
        let mut desk = self.0.desk();
        desk.prompt.keyed = true;
        match desk.prompt.stage {
            Stage::Waiting if last => desk.prompt.stage = Stage::Leaving,
            Stage::Leaving if !last => desk.prompt.stage = Stage::Waiting,
            _ => {}
        }
    }

    /// Returns what the editor is to write in the place of the prompt: events, then the prompt.
    /// `own` tells that these are our words and not some of the editor's own.
    pub fn draw(&self, words: &str, own: bool, paint: impl Fn(&str) -> String) -> String {
        let mut desk = self.0.desk();
        if let Some(line) = desk.take_left_out() {
            desk.events.extend_from_slice(line.as_bytes());
        }
        let Desk { prompt, events, .. } = &mut *desk;
        let mut text = String::new();
        let keyed = std::mem::take(&mut prompt.keyed);
        // The first draw is nobody's answer: a bell that the last prompt has not heard is still to
        // come.
        if prompt.stage != Stage::Entering && !keyed && std::mem::take(&mut prompt.rung) {
            text.push_str(UNDO_BELL);
        }
        // A prompt that is about to go leaves the events to the time after it.
        if prompt.stage != Stage::Leaving {
            if !events.is_empty() {
                if prompt.drawn && !prompt.left {
                    text.push_str(&paint(&prompt.shown));
                    text.push('\n');
                    prompt.left = true;
                }
                text.push_str(&String::from_utf8_lossy(events));
                events.clear();
            }
            if own {
                words.clone_into(&mut prompt.shown);
            }
            prompt.foreign = !own;
            prompt.unseen = false;
            prompt.drawn = true;
            prompt.stage = Stage::Waiting;
            self.0.news.notify_all();
        }
        text.push_str(&if own { paint(words) } else { words.to_owned() });
        text
    }

    /// Tells that the editor returned without a line; returns why.
    pub fn returned(&self) -> Returned {
        let mut desk = self.0.desk();
        let prompt = &mut desk.prompt;
        prompt.stage = Stage::Leaving;
        if prompt.ended {
            Returned::Ended
        } else if !prompt.asked {
            Returned::Interrupted
        } else if prompt.disturbed {
            Returned::Disturbed
        } else {
            Returned::Again
        }
    }

    /// Ends the prompt: from now on events are written as they come.
    pub fn leave_prompt(&self) {
        let mut desk = self.0.desk();
        desk.prompt.stage = Stage::Away;
        desk.place_events();
        self.0.news.notify_all();
    }

    /// Tells that the words of the prompt may have changed. Never waits for the terminal.
    pub fn refresh(&self) {
        self.tell(|prompt| prompt.stale = true);
    }

    /// Makes the editor draw what it has. Never waits for the terminal.
    pub fn redraw(&self) {
        self.tell(|prompt| prompt.unseen = true);
    }

    /// Tells that something else has used the terminal. Never waits for it.
    pub fn disturbed(&self) {
        self.tell(|prompt| prompt.disturbed = prompt.stage != Stage::Away);
    }

    /// Ends the waiting prompt, and any later one at once. Never waits for the terminal.
    pub fn end_prompt(&self) {
        self.tell(|prompt| prompt.ended = true);
    }

    /// Returns whether no more lines are wanted.
    pub fn has_ended(&self) -> bool {
        self.0.desk().prompt.ended
    }

    fn tell(&self, change: impl FnOnce(&mut Prompt)) {
        change(&mut self.0.desk().prompt);
        self.0.news.notify_all();
    }

    /// Returns the bell that wakes the editor, for a thread of its own.
    pub fn bell(&self) -> Bell {
        Bell::of(Arc::clone(&self.0))
    }
}

#[cfg(test)]
mod tests;
