//! The line editor on a terminal: rustyline, adapted to show events and prompts that change.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use nix::sys::signal::{Signal, raise};
use nix::sys::termios::{SetArg, tcgetattr, tcsetattr};
use rustyline::config::Configurer;
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{
    ColorMode, CompletionType, Config, EditMode, Event, EventHandler, ExternalPrinter, KeyCode,
    KeyEvent, Modifiers,
};

use super::external_editor::edit_line;
use super::helper::{Drawn, EditorInput, Helper};
use super::history::{Entry, MAX_ENTRIES};
use super::keys::{
    Accept, Accepted, EarlyCtrlD, Enter, HintPart, ShownHint, TakeHint, WhyAccepted,
};
use super::recall::{Recall, SharedHistory, TakeLastWord};
use super::wrap::{self, Drawing};
use crate::command::Command;
use crate::dialect::Dialect;
use crate::dispatch::{MultiLine, Unfinished};
use crate::terminal::Screen;
use crate::terminal::prompt::{REDRAW_REQUEST, Returned};

/// How long a lone ESC waits for the rest of a key, in milliseconds. It suits slow connections, and
/// no event is shown while it waits.
const KEY_TIMEOUT: u16 = 200;

/// The result of reading a line.
#[derive(Debug)]
pub(super) enum Read {
    /// A line, or several that were pasted.
    Text(String),
    /// Ctrl-C: no line to run.
    Nothing,
    /// Ctrl-D, or the terminal is gone.
    End,
    /// The screen wants no more lines.
    Ended,
}

/// The result of reading a row.
enum Row {
    Read(Read),
    /// A text to edit in another editor.
    ForEditor(String),
}

/// A text in place of the prompt: a question, or the prompt of a further row.
type OtherWords = Arc<Mutex<Option<String>>>;

pub(super) struct Editor {
    inner: rustyline::Editor<Helper, MemHistory>,
    screen: Arc<Screen>,
    why_accepted: WhyAccepted,
    early: EarlyCtrlD,
    words: Arc<dyn Fn() -> String + Send + Sync>,
    other_words: OtherWords,
    dialect: Dialect,
    past: SharedHistory,
}

impl Editor {
    /// Takes over the terminal. `words` returns the current prompt.
    pub(super) fn new(
        screen: Arc<Screen>,
        helper: Helper,
        past: SharedHistory,
        hint: &ShownHint,
        dialect: Dialect,
        words: impl Fn() -> String + Send + Sync + 'static,
    ) -> rustyline::Result<Self> {
        let config = Config::builder()
            .max_history_size(MAX_ENTRIES)?
            .history_ignore_space(true)
            .auto_add_history(false)
            .completion_type(CompletionType::List)
            .completion_show_all_if_ambiguous(true)
            // Lists fit on the screen, so the editor never asks.
            .completion_prompt_limit(usize::MAX)
            // Events are drawn by the helper's highlighting, so it must be on even without colours.
            .color_mode(ColorMode::Forced)
            .keyseq_timeout(Some(KEY_TIMEOUT))
            .build();
        let history = MemHistory::with_config(&config);
        let mut inner = rustyline::Editor::with_history(config, history)?;
        let why_accepted = WhyAccepted::default();
        let early = EarlyCtrlD::new();
        bind(&mut inner, &screen, &helper, &past, hint, &why_accepted, &early);
        inner.set_helper(Some(helper));
        for line in past.lock().lines() {
            let _ = inner.add_history_entry(line);
        }
        let mut printer = inner.create_external_printer()?;
        let other_words = OtherWords::default();
        let words: Arc<dyn Fn() -> String + Send + Sync> = {
            let other_words = Arc::clone(&other_words);
            Arc::new(move || {
                let other = other_words.lock().unwrap_or_else(PoisonError::into_inner).clone();
                other.unwrap_or_else(&words)
            })
        };
        let wanted = Arc::clone(&words);
        let redrawer = screen.redrawer();
        std::thread::spawn(move || {
            redrawer.run(
                || {
                    // Printing fails after the editor is dropped, when nothing must be drawn.
                    let _ = printer.print(REDRAW_REQUEST.to_owned());
                },
                || {
                    let _ = raise(Signal::SIGINT);
                },
                |rows| {
                    // Move down that many rows, which scrolls if needed, and up again.
                    let down = "\x0b".repeat(rows.into());
                    let mut stdout = io::stdout().lock();
                    let text = format!("{down}\x1b[{rows}A");
                    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
                },
                || wanted(),
            );
        });
        restore_on_panic();
        screen.hide_typing();
        Ok(Self { inner, screen, why_accepted, early, words, other_words, dialect, past })
    }

    /// Reads a line. `vi` selects vi key bindings. A line with several rows is read row by row.
    pub(super) fn read(&mut self, vi: bool) -> Read {
        let mode = if vi { EditMode::Vi } else { EditMode::Emacs };
        self.inner.set_edit_mode(mode);
        self.inner.set_keyseq_timeout(Some(KEY_TIMEOUT));
        let mut before = String::new();
        let mut initial = String::new();
        let read = loop {
            match self.row(std::mem::take(&mut initial)) {
                Row::Read(Read::Text(row)) => {
                    before.push_str(&row);
                    match MultiLine::parse::<Command>(&before, self.dialect).open {
                        Some(open) => {
                            before.push('\n');
                            self.ask_for_row(&before, open);
                        }
                        None => break Read::Text(before),
                    }
                }
                Row::Read(Read::Nothing | Read::End) if !before.is_empty() => {
                    self.screen.error("Nothing was run: the line was left unfinished");
                    break Read::Nothing;
                }
                Row::Read(read) => break read,
                Row::ForEditor(row) => {
                    before.push_str(&row);
                    initial = edit_line(&self.screen, &before);
                    before.clear();
                    self.ask_for(EditorInput::Line, None);
                }
            }
        };
        self.ask_for(EditorInput::Line, None);
        read
    }

    /// Reads a row of a line. `initial` is its initial text.
    fn row(&mut self, initial: String) -> Row {
        let mut words = (self.words)();
        let columns = self.begin(&words);
        self.screen.enter_prompt(words.clone(), columns);
        self.screen.keep_editing_keys();
        let mut kept = Drawn { cursor: initial.len(), line: initial, ..Drawn::default() };
        let row = loop {
            let initial = kept.line.split_at(kept.cursor);
            self.early.begin();
            let result = self.inner.readline_with_initial(&words, initial);
            let accepted = self.why_accepted.take();
            let wipe = match result {
                Ok(text) => {
                    // The editor does not know about the hint.
                    self.wipe_hint();
                    break match accepted {
                        Some(Accepted::ThrownAway) => Row::Read(Read::Nothing),
                        Some(Accepted::ForEditor) => Row::ForEditor(text),
                        None => Row::Read(Read::Text(text)),
                    };
                }
                Err(ReadlineError::Interrupted) => match self.screen.returned() {
                    // A signal that no key has caused.
                    Returned::Interrupted => {
                        self.wipe_hint();
                        break Row::Read(Read::Nothing);
                    }
                    Returned::Ended => break Row::Read(Read::Ended),
                    Returned::NewWords => WipeRange::All,
                    Returned::Resized => {
                        self.screen.wait_for_window();
                        WipeRange::Resized
                    }
                    Returned::Disturbed => WipeRange::Row,
                },
                // A signal, or a byte that is not UTF-8.
                Err(ReadlineError::Signal(_)) => WipeRange::ToCursor,
                Err(ReadlineError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
                    WipeRange::ToCursor
                }
                Err(_) => break Row::Read(Read::End),
            };
            kept = self.inner.helper().map(Helper::drawn).unwrap_or_default();
            self.wipe(&wipe, &words, &kept);
            words = (self.words)();
            let columns = self.begin(&words);
            self.screen.enter_again(columns);
        };
        self.screen.hide_typing();
        self.screen.leave_prompt();
        row
    }

    /// Starts a prompt. Returns the number of columns that the editor will use.
    fn begin(&mut self, words: &str) -> u16 {
        let (columns, _) = self.size();
        let columns = columns.max(1);
        if let Some(helper) = self.inner.helper() {
            helper.begin(words, columns);
        }
        columns
    }

    /// Asks a question, and returns whether the answer is yes.
    pub(super) fn ask(&mut self, question: &str) -> bool {
        self.ask_for(EditorInput::Answer, Some(question.to_owned()));
        let answer = self.row(String::new());
        self.ask_for(EditorInput::Line, None);
        let Row::Read(Read::Text(text)) = answer else { return false };
        matches!(text.trim(), "y" | "Y" | "yes" | "Yes" | "YES")
    }

    fn ask_for_row(&mut self, before: &str, open: Unfinished) {
        let words = open.prompt();
        self.ask_for(EditorInput::Row { before: before.to_owned(), open }, Some(words));
    }

    fn ask_for(&mut self, asked: EditorInput, words: Option<String>) {
        if let Some(helper) = self.inner.helper() {
            helper.ask_for(asked);
        }
        *self.other_words.lock().unwrap_or_else(PoisonError::into_inner) = words;
    }

    /// Returns the columns and rows of the terminal.
    pub(super) fn size(&mut self) -> (u16, u16) {
        self.inner.dimensions().unwrap_or((80, 24))
    }

    /// Erases the prompt and the line. The editor has left the cursor one row below.
    fn wipe(&mut self, wipe: &WipeRange, words: &str, drawn: &Drawn) {
        let (columns, _) = self.size();
        let rows = match wipe {
            WipeRange::All => wrap::rows(columns, &[words, &drawn.line]),
            WipeRange::ToCursor => wrap::rows(columns, &[words, &drawn.line[..drawn.cursor]]),
            WipeRange::Row => 0,
            WipeRange::Resized => {
                let Drawn { line, cursor, columns: before, .. } = drawn;
                let drawing = Drawing { columns: *before, prompt: words, line, cursor: *cursor };
                let reflows = wrap::reflows(|name| std::env::var(name).ok());
                drawing.rows_above_cursor(columns, reflows)
            }
        };
        self.screen.print(format!("\x1b[{}A\r\x1b[J", rows + 1).as_bytes());
    }

    /// Erases the hint of a line that was discarded, so that it does not look like part of it. The
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

    /// Adds a line to the history.
    pub(super) fn remember(&mut self, entry: Entry) {
        // An in-memory history cannot fail.
        let _ = self.inner.add_history_entry(entry.line.as_str());
        self.past.lock().push(entry);
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        self.screen.show_typing();
    }
}

/// How much of the editor's drawing to erase.
enum WipeRange {
    All,
    ToCursor,
    Row,
    Resized,
}

/// Binds the keys that have a special meaning here.
fn bind(
    editor: &mut rustyline::Editor<Helper, MemHistory>,
    screen: &Arc<Screen>,
    helper: &Helper,
    past: &SharedHistory,
    hint: &ShownHint,
    why_accepted: &WhyAccepted,
    early: &EarlyCtrlD,
) {
    let accept = |why| {
        let (note, screen) = (why_accepted.clone(), Arc::clone(screen));
        EventHandler::Conditional(Box::new(Accept { why, note, screen }))
    };
    let control = |c| KeyEvent::new(c, Modifiers::CTRL);
    editor.bind_sequence(Event::Any, EventHandler::Conditional(Box::new(helper.burst().watcher())));
    editor.bind_sequence(control('c'), accept(Accepted::ThrownAway));
    for enter in [KeyEvent(KeyCode::Enter, Modifiers::NONE), control('j'), control('m')] {
        let enter_key = Enter(Arc::clone(screen));
        editor.bind_sequence(enter, EventHandler::Conditional(Box::new(enter_key)));
    }
    let keys = Event::KeySeq(vec![control('x'), control('e')]);
    editor.bind_sequence(keys, accept(Accepted::ForEditor));
    // The key for a NUL.
    editor.bind_sequence(control('@'), EventHandler::Conditional(Box::new(early.clone())));
    for (key, back) in [(KeyCode::Up, true), (KeyCode::Down, false)] {
        let recall = Recall { past: past.clone(), back };
        let key = KeyEvent(key, Modifiers::NONE);
        editor.bind_sequence(key, EventHandler::Conditional(Box::new(recall)));
    }
    let last_word = || EventHandler::Conditional(Box::new(TakeLastWord(past.clone())));
    editor.bind_sequence(KeyEvent::alt('.'), last_word());
    editor.bind_sequence(KeyEvent::alt('_'), last_word());
    let takes = [
        (KeyEvent(KeyCode::Right, Modifiers::NONE), HintPart::All),
        (KeyEvent(KeyCode::End, Modifiers::NONE), HintPart::All),
        (control('e'), HintPart::All),
        (control('f'), HintPart::All),
        (KeyEvent(KeyCode::Right, Modifiers::CTRL), HintPart::Word),
        (KeyEvent(KeyCode::Right, Modifiers::ALT), HintPart::Word),
        (KeyEvent::alt('f'), HintPart::Word),
        (KeyEvent::alt('F'), HintPart::Word),
    ];
    for (key, take) in takes {
        let take = TakeHint { hint: hint.clone(), take };
        editor.bind_sequence(key, EventHandler::Conditional(Box::new(take)));
    }
}

/// Restores the terminal before a panic of this thread is reported.
fn restore_on_panic() {
    let Ok(cooked) = tcgetattr(io::stdin()) else { return };
    let cooked = Mutex::new(cooked);
    let editing = std::thread::current().id();
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().id() == editing
            && let Ok(cooked) = cooked.lock()
        {
            let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &cooked);
            // Turn bracketed paste off.
            let _ = io::Write::write_all(&mut io::stderr(), b"\r\n\x1b[?2004l");
        }
        previous(panic);
    }));
}
