//! Owns standard output and standard error, and finds the place for events: between the outputs of
//! two commands, and on a terminal also above a waiting prompt.
//!
//! Whoever has an event only queues it. On a terminal where a line is being edited, the thread that
//! edits draws the events (see [`prompt`]); otherwise a thread of the screen writes them. It knows
//! neither commands nor the line editor.

mod desk;
mod lend;
pub mod progress;
pub mod prompt;

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Once, PoisonError};

use self::desk::Desk;
use self::lend::Pages;
pub use self::lend::{Lent, guest};
use self::prompt::Stage;

/// How much output is gathered before it is written, where nobody watches: enough to make the cost
/// of a write small, little enough to reach the next program soon.
const GATHERED: usize = 64 * 1024;

/// Who is in front of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A person at a terminal that can move its cursor: lines are edited, output appears at once.
    Terminal,
    /// A pipe, a file or a dumb terminal: output is gathered until `flush`.
    Plain,
}

impl Mode {
    /// Chooses the mode for this process; `term` is the environment's `TERM`. Both ends must be
    /// terminals, or the editor's control sequences would end up in a file.
    pub fn detect(term: Option<&str>) -> Self {
        let dumb = matches!(term, None | Some("" | "dumb" | "cons25" | "emacs"));
        if !dumb && io::stdin().is_terminal() && io::stdout().is_terminal() {
            Self::Terminal
        } else {
            Self::Plain
        }
    }
}

/// Standard output and standard error.
pub struct Screen(Arc<Shared>);

struct Shared {
    mode: Mode,
    desk: Mutex<Desk>,
    news: Condvar,
    // Locked before the desk, and while writing: a terminal that was stopped with Ctrl-S holds up
    // whoever writes, never whoever has an event.
    out: Mutex<Out>,
    writer: Once,
    /// A result that may go to a pager.
    pages: Mutex<Option<Pages>>,
    /// Whether Ctrl-C was typed and nobody has asked yet.
    interrupted: Arc<AtomicBool>,
}

struct Out {
    /// Whether a line about the running command stands on standard error.
    status: bool,
    stdout: Box<dyn Write + Send>,
    stderr: Box<dyn Write + Send>,
}

impl Screen {
    /// Takes over standard output and standard error.
    pub fn new(mode: Mode) -> Self {
        Self::with(mode, Box::new(io::stdout()), Box::new(io::stderr()))
    }

    fn with(mode: Mode, stdout: Box<dyn Write + Send>, stderr: Box<dyn Write + Send>) -> Self {
        Self(Arc::new(Shared {
            mode,
            desk: Mutex::default(),
            news: Condvar::new(),
            out: Mutex::new(Out { status: false, stdout, stderr }),
            writer: Once::new(),
            pages: Mutex::default(),
            interrupted: Arc::default(),
        }))
    }

    /// Returns who is in front of the screen.
    pub fn mode(&self) -> Mode {
        self.0.mode
    }

    /// Writes a part of a command's result; events wait until [`Screen::end`]. At a terminal they
    /// pass between two parts: the person waits for them, and parts are whole lines.
    pub fn print(&self, bytes: &[u8]) {
        if self.put_on_page(bytes) {
            return;
        }
        let mut desk = self.0.desk();
        desk.inside = self.0.mode == Mode::Plain;
        desk.bytes.extend_from_slice(bytes);
        let now = !desk.inside || desk.bytes.len() >= GATHERED;
        drop(desk);
        if now {
            self.flush();
        }
    }

    /// Returns whether a command's result has begun and not ended.
    pub fn is_inside(&self) -> bool {
        self.0.desk().inside
    }

    /// Ends a command's result: events that came inside it follow.
    pub fn end(&self) {
        let mut desk = self.0.desk();
        desk.inside = false;
        desk.place_events();
    }

    /// Writes a line to standard error, after all that was printed before it.
    pub fn error(&self, line: &str) {
        let mut desk = self.0.desk();
        desk.asides.extend_from_slice(line.as_bytes());
        desk.asides.push(b'\n');
        drop(desk);
        self.flush();
    }

    /// Shows a line on standard error until something else is written, in the place of the last
    /// one; an empty text only takes that away. Only for terminals.
    pub fn status(&self, text: &str) {
        let mut out = self.0.out.lock().unwrap_or_else(PoisonError::into_inner);
        if self.0.desk().held {
            return;
        }
        self.0.write(&mut out);
        out.clear_status();
        // It is no loss if it cannot be written.
        let _ = out.stderr.write_all(text.as_bytes()).and_then(|()| out.stderr.flush());
        out.status = !text.is_empty();
    }

    /// Queues an event, newline included; from any thread, and never waits for the terminal.
    pub fn event(&self, text: &[u8]) {
        let mut desk = self.0.desk();
        if desk.has_room() {
            desk.events.extend_from_slice(text);
            desk.place_events();
        }
        drop(desk);
        self.0.wake();
    }

    /// Queues an event for standard error; from any thread.
    pub fn aside(&self, text: &[u8]) {
        let mut desk = self.0.desk();
        if desk.has_room() {
            desk.asides.extend_from_slice(text);
            desk.urgent = true;
        }
        drop(desk);
        self.0.wake();
    }

    /// Queues a line that is no result: above the prompt of a terminal, else to standard error.
    /// From any thread, and never waits for the terminal.
    pub fn notice(&self, line: &str) {
        let mut desk = self.0.desk();
        let queue = match self.0.mode {
            Mode::Terminal => &mut desk.events,
            Mode::Plain => &mut desk.asides,
        };
        queue.extend_from_slice(line.as_bytes());
        queue.push(b'\n');
        desk.urgent = true;
        desk.place_events();
        drop(desk);
        self.0.wake();
    }

    fn pages(&self) -> MutexGuard<'_, Option<Pages>> {
        self.0.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes out what was gathered.
    pub fn flush(&self) {
        let mut out = self.0.out.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.write(&mut out);
    }

    /// Returns why writing has failed, if it has. `BrokenPipe` means that the reader has seen
    /// enough, which is no reason to complain.
    pub fn failure(&self) -> Option<io::ErrorKind> {
        self.0.desk().failure
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.0.desk().closed = true;
        self.0.news.notify_all();
    }
}

impl Out {
    fn clear_status(&mut self) {
        if std::mem::take(&mut self.status) {
            let _ = self.stderr.write_all(b"\r\x1b[K").and_then(|()| self.stderr.flush());
        }
    }
}

impl Shared {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes whoever shows events; their own thread starts with the first of them.
    fn wake(self: &Arc<Self>) {
        self.writer.call_once(|| {
            let shared = Arc::clone(self);
            std::thread::spawn(move || shared.write_events());
        });
        self.news.notify_all();
    }

    /// Writes everything that is on its way.
    fn write(&self, out: &mut Out) {
        let mut desk = self.desk();
        desk.urgent = false;
        let bytes = std::mem::take(&mut desk.bytes);
        let mut asides = std::mem::take(&mut desk.asides);
        if desk.events.is_empty()
            && let Some(line) = desk.take_left_out()
        {
            asides.extend_from_slice(line.as_bytes());
        }
        let failed = desk.failure.is_some();
        drop(desk);
        if !(bytes.is_empty() && asides.is_empty()) {
            out.clear_status();
        }
        if !failed
            && let Err(error) = out.stdout.write_all(&bytes).and_then(|()| out.stdout.flush())
        {
            self.desk().failure = Some(error.kind());
        }
        // Where standard error is gone, there is nowhere left to say so.
        let _ = out.stderr.write_all(&asides).and_then(|()| out.stderr.flush());
    }

    fn write_events(&self) {
        loop {
            let idle = |desk: &mut Desk| {
                let due = desk.urgent && desk.prompt.stage == Stage::Away;
                !(due || desk.closed)
            };
            let desk =
                self.news.wait_while(self.desk(), idle).unwrap_or_else(PoisonError::into_inner);
            if desk.closed {
                return;
            }
            drop(desk);
            let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
            // A prompt may have come meanwhile; then it has written everything itself.
            if self.desk().prompt.stage == Stage::Away {
                self.write(&mut out);
            }
        }
    }
}

#[cfg(test)]
mod tests;
