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
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::Mode;
    use super::*;
    use std::io;
    use std::sync::{Mutex, mpsc};

    fn screen() -> Screen {
        Screen::with(Mode::Terminal, Box::new(io::sink()), Box::new(io::sink()))
    }

    fn draw(screen: &Screen, words: &str) -> String {
        screen.draw(words, true, str::to_owned)
    }

    fn key(screen: &Screen, words: &str) -> String {
        screen.key(false);
        draw(screen, words)
    }

    #[test]
    fn a_burst_stands_under_one_left_over_prompt() {
        let screen = screen();
        screen.enter_prompt("> ".to_owned());
        assert_eq!(key(&screen, "> "), "> ");
        screen.event(b"one\n");
        screen.event(b"two\n");
        assert_eq!(key(&screen, "> "), "> \none\ntwo\n> ");
        screen.event(b"three\n");
        assert_eq!(key(&screen, "> "), "three\n> ");
        screen.leave_prompt();
        screen.enter_prompt("> ".to_owned());
        assert_eq!(key(&screen, "> "), "> ");
        screen.event(b"four\n");
        assert_eq!(key(&screen, "> "), "> \nfour\n> ");
    }

    #[test]
    fn events_before_the_first_draw_leave_no_prompt() {
        let screen = screen();
        screen.enter_prompt("> ".to_owned());
        screen.event(b"early\n");
        assert_eq!(key(&screen, "> "), "early\n> ");
    }

    #[test]
    fn a_prompt_that_changes_leaves_its_old_words_above_events() {
        let screen = screen();
        screen.enter_prompt("old> ".to_owned());
        key(&screen, "old> ");
        screen.event(b"gone\n");
        screen.enter_again("new> ".to_owned());
        assert_eq!(key(&screen, "new> "), "old> \ngone\nnew> ");
    }

    #[test]
    fn the_last_draw_leaves_events_to_the_time_after() {
        let screen = screen();
        screen.enter_prompt("> ".to_owned());
        key(&screen, "> ");
        screen.key(true);
        screen.event(b"late\n");
        assert_eq!(draw(&screen, "> "), "> ");
        // The line turned out to be unfinished: the prompt goes on.
        assert_eq!(key(&screen, "> "), "> \nlate\n> ");
    }

    #[test]
    fn the_bell_rings_once_for_a_burst_and_its_line_is_undone() {
        let screen = screen();
        screen.enter_prompt("> ".to_owned());
        let (rings, heard) = mpsc::channel();
        let bell = screen.bell();
        let thread =
            std::thread::spawn(move || bell.serve(|| rings.send(()).unwrap(), || {}, String::new));
        key(&screen, "> ");
        screen.event(b"one\n");
        heard.recv().unwrap();
        screen.event(b"two\n");
        // A key comes first: the bell's own line is still to be undone.
        assert_eq!(key(&screen, "> "), "> \none\ntwo\n> ");
        assert_eq!(draw(&screen, "> "), "\x1b8> ");
        drop(screen);
        thread.join().unwrap();
        assert_eq!(heard.try_iter().count(), 0);
    }

    #[test]
    fn the_editor_gives_up_when_other_words_are_wanted() {
        let screen = screen();
        screen.enter_prompt("old> ".to_owned());
        let (given_up, heard) = mpsc::channel();
        let bell = screen.bell();
        let thread = std::thread::spawn(move || {
            bell.serve(|| {}, || given_up.send(()).unwrap(), || "new> ".to_owned());
        });
        key(&screen, "old> ");
        screen.refresh();
        heard.recv().unwrap();
        assert_eq!(screen.returned(), Returned::Again);
        screen.enter_again("new> ".to_owned());
        assert_eq!(key(&screen, "new> "), "new> ");
        screen.end_prompt();
        heard.recv().unwrap();
        assert_eq!(screen.returned(), Returned::Ended);
        drop(screen);
        thread.join().unwrap();
    }

    #[test]
    fn words_that_change_while_the_editor_starts_anew_are_not_lost() {
        let screen = screen();
        screen.enter_prompt("old> ".to_owned());
        let (tell, heard) = mpsc::channel();
        let words = Arc::new(Mutex::new("new> ".to_owned()));
        let (bell, now) = (screen.bell(), Arc::clone(&words));
        let wanted = move || now.lock().unwrap().clone();
        let thread =
            std::thread::spawn(move || bell.serve(|| {}, || tell.send(()).unwrap(), wanted));
        key(&screen, "old> ");
        screen.refresh();
        heard.recv().unwrap();
        assert_eq!(screen.returned(), Returned::Again);
        *words.lock().unwrap() = "newest> ".to_owned();
        screen.refresh();
        while screen.0.desk().prompt.wanted != "newest> " {
            std::thread::yield_now();
        }
        screen.enter_again("new> ".to_owned());
        key(&screen, "new> ");
        heard.recv_timeout(std::time::Duration::from_mins(1)).unwrap();
        drop(screen);
        thread.join().unwrap();
    }

    #[test]
    fn no_bell_rings_for_an_editor_that_is_leaving() {
        let mut prompt = Prompt { stage: Stage::Waiting, ..Prompt::default() };
        assert!(prompt.needs_bell(b"event"));
        prompt.asked = true;
        assert!(!prompt.needs_bell(b"event"));
    }

    #[test]
    fn the_first_draw_leaves_a_bell_unanswered() {
        let screen = screen();
        screen.0.desk().prompt.rung = true;
        screen.enter_prompt("> ".to_owned());
        assert_eq!(draw(&screen, "> "), "> ");
        assert_eq!(draw(&screen, "> "), format!("{UNDO_BELL}> "));
    }

    #[test]
    fn a_search_is_not_interrupted_by_new_words() {
        let mut prompt = Prompt { stage: Stage::Waiting, ..Prompt::default() };
        prompt.wanted = "new> ".to_owned();
        assert!(prompt.is_over());
        prompt.foreign = true;
        assert!(!prompt.is_over());
    }
}
