//! The line editor on a terminal: rustyline, made to follow the events and the words of the prompt.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use nix::sys::signal::{Signal, raise};
use nix::sys::termios::{SetArg, tcgetattr, tcsetattr};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{
    ColorMode, CompletionType, Config, EventHandler, ExternalPrinter, KeyCode, KeyEvent, Modifiers,
};

use super::helper::{Drawn, Helper};
use super::history;
use super::keys::{Early, Interrupting};
use super::recall::{Recall, SharedPast};
use super::wrap::rows;
use crate::command::is_private;
use crate::dialect::Dialect;
use crate::session::is_malformed_reply;
use crate::terminal::Screen;
use crate::terminal::prompt::{REDRAW_REQUEST, Returned};

/// How long a lone ESC waits for the rest of a key, in milliseconds: long enough for a slow line,
/// and while it waits no event is shown.
const KEY_PATIENCE: u16 = 200;

/// Lines of history kept.
const HISTORY: usize = 10_000;

/// What was read.
#[derive(Debug)]
pub(super) enum Read {
    /// A line, or several that were pasted.
    Text(String),
    /// Ctrl-C: nothing to run.
    Nothing,
    /// Ctrl-D, or the terminal is gone.
    End,
    /// The screen wants no more lines.
    Ended,
}

pub(super) struct Editor {
    inner: rustyline::Editor<Helper, FileHistory>,
    screen: Arc<Screen>,
    interrupting: Interrupting,
    early: Early,
    words: Arc<dyn Fn() -> String + Send + Sync>,
    /// What is asked in the place of the prompt.
    question: Arc<Mutex<Option<String>>>,
    dialect: Dialect,
    past: SharedPast,
    /// Where history is kept, if it can be.
    file: Option<PathBuf>,
}

impl Editor {
    /// Takes over the terminal. `words` returns the prompt as it should be now.
    pub(super) fn new(
        screen: Arc<Screen>,
        helper: Helper,
        past: SharedPast,
        dialect: Dialect,
        words: impl Fn() -> String + Send + Sync + 'static,
    ) -> rustyline::Result<Self> {
        let config = Config::builder()
            .max_history_size(HISTORY)?
            .history_ignore_space(true)
            .auto_add_history(false)
            .completion_type(CompletionType::List)
            .completion_show_all_if_ambiguous(true)
            // A list fits on the screen, so there is nothing to ask.
            .completion_prompt_limit(usize::MAX)
            // The helper's drawing is the way for events, colours or not.
            .color_mode(ColorMode::Forced)
            .keyseq_timeout(Some(KEY_PATIENCE))
            .build();
        let mut inner = rustyline::Editor::with_config(config)?;
        inner.set_helper(Some(helper));
        let interrupting = Interrupting::new(Arc::clone(&screen));
        inner.bind_sequence(
            KeyEvent::new('c', Modifiers::CTRL),
            EventHandler::Conditional(Box::new(interrupting.clone())),
        );
        let early = Early::new();
        inner.bind_sequence(
            // A NUL.
            KeyEvent::new('@', Modifiers::CTRL),
            EventHandler::Conditional(Box::new(early.clone())),
        );
        let file = history::path(
            std::env::var_os("XDG_STATE_HOME").map(PathBuf::from),
            std::env::home_dir(),
        );
        let file = file.filter(|file| match history::load(inner.history_mut(), file) {
            Ok(None) => true,
            Ok(Some(aside)) => {
                screen.error(&format!("History was not text; it is now {}", aside.display()));
                true
            }
            Err(error) => {
                screen.error(&format!("History is not kept: {}: {error}", file.display()));
                false
            }
        });
        past.lock().unwrap_or_else(PoisonError::into_inner).load(inner.history().iter().cloned());
        for (key, back) in [(KeyCode::Up, true), (KeyCode::Down, false)] {
            let recall = Recall { past: Arc::clone(&past), back };
            inner.bind_sequence(
                KeyEvent(key, Modifiers::NONE),
                EventHandler::Conditional(Box::new(recall)),
            );
        }
        let mut printer = inner.create_external_printer()?;
        let question = Arc::<Mutex<Option<String>>>::default();
        let words: Arc<dyn Fn() -> String + Send + Sync> = {
            let question = Arc::clone(&question);
            Arc::new(move || {
                let question = question.lock().unwrap_or_else(PoisonError::into_inner).clone();
                question.unwrap_or_else(&words)
            })
        };
        let wanted = Arc::clone(&words);
        let redrawer = screen.redrawer();
        std::thread::spawn(move || {
            redrawer.run(
                || {
                    // It fails when the editor is gone, and with it the need.
                    let _ = printer.print(REDRAW_REQUEST.to_owned());
                },
                || {
                    let _ = raise(Signal::SIGINT);
                },
                || wanted(),
            );
        });
        restore_on_panic();
        Ok(Self { inner, screen, interrupting, early, words, question, dialect, past, file })
    }

    /// Returns the lines of earlier shells, the oldest first.
    pub(super) fn earlier(&self) -> Vec<String> {
        self.inner.history().iter().cloned().collect()
    }

    /// Reads a line.
    pub(super) fn read(&mut self) -> Read {
        let mut words = (self.words)();
        if let Some(helper) = self.inner.helper() {
            helper.begin(&words);
        }
        self.screen.enter_prompt(words.clone());
        let mut kept = Drawn::default();
        let read = loop {
            let initial = kept.line.split_at(kept.cursor);
            self.early.begin();
            let result = self.inner.readline_with_initial(&words, initial);
            let wipe = match result {
                Ok(_) if self.interrupting.take_pressed() => break Read::Nothing,
                Ok(text) => break Read::Text(text),
                Err(ReadlineError::Interrupted) => match self.screen.returned() {
                    // A signal, and no key.
                    Returned::Interrupted => {
                        self.wipe_hint();
                        break Read::Nothing;
                    }
                    Returned::Ended => break Read::Ended,
                    Returned::NewWords | Returned::Resized => Wipe::All,
                    Returned::Disturbed => Wipe::Row,
                },
                // A byte that is no UTF-8, or a window that changed its size at a bad moment.
                Err(ReadlineError::Signal(_)) => Wipe::ToCursor,
                Err(ReadlineError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
                    Wipe::ToCursor
                }
                Err(_) => break Read::End,
            };
            kept = self.inner.helper().map(Helper::drawn).unwrap_or_default();
            self.wipe(&wipe, &words, &kept);
            words = (self.words)();
            if let Some(helper) = self.inner.helper() {
                helper.begin(&words);
            }
            self.screen.enter_again();
        };
        self.screen.leave_prompt();
        read
    }

    /// Asks a question; returns whether the answer is yes.
    pub(super) fn ask(&mut self, question: &str) -> bool {
        self.set_question(Some(question.to_owned()));
        let answer = self.read();
        self.set_question(None);
        matches!(answer, Read::Text(text) if matches!(text.trim(), "y" | "Y" | "yes" | "Yes" | "YES"))
    }

    fn set_question(&mut self, question: Option<String>) {
        if let Some(helper) = self.inner.helper() {
            helper.set_asking(question.is_some());
        }
        *self.question.lock().unwrap_or_else(PoisonError::into_inner) = question;
    }

    /// Returns the columns and rows of the terminal.
    pub(super) fn size(&mut self) -> (u16, u16) {
        self.inner.dimensions().unwrap_or((80, 24))
    }

    fn columns(&mut self) -> u16 {
        self.size().0
    }

    /// Wipes the prompt and the line; the editor has left the cursor one row below.
    fn wipe(&mut self, wipe: &Wipe, words: &str, drawn: &Drawn) {
        let columns = self.columns();
        let rows = match wipe {
            Wipe::All => rows(columns, &[words, &drawn.line, &drawn.hint]),
            Wipe::ToCursor => rows(columns, &[words, &drawn.line[..drawn.cursor]]),
            Wipe::Row => 0,
        };
        self.screen.print(format!("\x1b[{}A\r\x1b[J", rows + 1).as_bytes());
    }

    /// Wipes the hint of a line that was given up, so that it does not look like part of it; the
    /// editor has left the cursor one row below.
    fn wipe_hint(&self) {
        if let Some(helper) = self.inner.helper() {
            let drawn = helper.drawn();
            if !drawn.hint.trim().is_empty() {
                let column = helper.end(&drawn.line) + 1;
                self.screen.print(format!("\x1b[A\x1b[{column}G\x1b[K\n").as_bytes());
            }
        }
    }

    /// Remembers a line, unless it is private.
    pub(super) fn remember(&mut self, line: &str) {
        if is_private(line, self.dialect) {
            return;
        }
        self.past.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        // In memory it cannot fail; and if the disk is full, editing is still possible.
        let _ = self.inner.add_history_entry(line);
        if let Some(file) = &self.file {
            let _ = self.inner.append_history(file);
        }
    }
}

/// How much of what the editor drew is to be wiped.
enum Wipe {
    All,
    ToCursor,
    Row,
}

/// Gives the terminal back before a panic of this thread is reported.
fn restore_on_panic() {
    let Ok(cooked) = tcgetattr(io::stdin()) else { return };
    let cooked = Mutex::new(cooked);
    let editing = std::thread::current().id();
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().id() == editing
            && !is_malformed_reply(panic)
            && let Ok(cooked) = cooked.lock()
        {
            let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &cooked);
            // Bracketed paste off.
            let _ = io::Write::write_all(&mut io::stderr(), b"\r\n\x1b[?2004l");
        }
        previous(panic);
    }));
}
