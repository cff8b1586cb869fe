//! The screen: results, errors and events, each in its place.

use std::io::{self, Write};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use signal_hook::consts::SIGINT;

use super::mode::Mode;
use super::output_queue::{Foreground, Output};
use super::pager::{PagerOutcome, Pages};
use super::prompt_state::PromptState;
use super::tty_guard::TtyGuard;
use super::writer::Writer;

/// How much output is gathered before it is written, where nobody watches: enough to make the cost
/// of a write small, little enough to reach the next program soon.
const GATHERED: usize = 64 * 1024;

/// Standard output and standard error.
pub struct Screen {
    pub(super) writer: Arc<Writer>,
    /// A result that may go to a pager.
    pages: Mutex<Option<Pages>>,
}

impl Screen {
    /// Takes over standard output and standard error.
    pub fn new(mode: Mode) -> Self {
        Self::with(mode, Box::new(io::stdout()), Box::new(io::stderr()))
    }

    pub(super) fn with(
        mode: Mode,
        stdout: Box<dyn Write + Send>,
        stderr: Box<dyn Write + Send>,
    ) -> Self {
        Self { writer: Arc::new(Writer::new(mode, stdout, stderr)), pages: Mutex::default() }
    }

    /// Returns who is in front of the screen.
    pub fn mode(&self) -> Mode {
        self.writer.mode
    }

    /// Writes a part of a command's result; events wait until [`Screen::end`]. At a terminal they
    /// pass between two parts: the person waits for them, and parts are whole lines.
    pub fn print(&self, bytes: &[u8]) {
        if self.put_on_page(bytes) {
            return;
        }
        let mut queue = self.writer.queue();
        if self.mode() == Mode::Plain {
            queue.foreground = Foreground::Result;
        }
        queue.stdout.extend_from_slice(bytes);
        let now = self.mode() == Mode::Terminal || queue.stdout.len() >= GATHERED;
        drop(queue);
        if now {
            self.flush();
        }
    }

    /// Returns whether a command's result has begun and not ended.
    pub fn is_inside(&self) -> bool {
        self.writer.queue().foreground == Foreground::Result
    }

    /// Ends a command's result: events that came inside it follow.
    pub fn end(&self) {
        let mut queue = self.writer.queue();
        if queue.foreground == Foreground::Result {
            queue.foreground = Foreground::Nothing;
        }
        queue.place_events();
    }

    /// Writes a line to standard error, after all that was printed before it.
    pub fn error(&self, line: &str) {
        let mut queue = self.writer.queue();
        queue.stderr.extend_from_slice(line.as_bytes());
        queue.stderr.push(b'\n');
        drop(queue);
        self.flush();
    }

    /// Shows a line on standard error until something else is written, in place of the last
    /// one; an empty text only takes that away. Only for terminals.
    pub fn status(&self, text: &str) {
        let mut streams = self.writer.streams();
        let foreground = self.writer.queue().foreground;
        if matches!(foreground, Foreground::Question | Foreground::ChildProgram) {
            return;
        }
        self.writer.write(&mut streams);
        streams.show_status(text);
    }

    /// Queues an event, newline included; from any thread, and never waits for the terminal.
    pub fn event(&self, text: &[u8]) {
        let mut queue = self.writer.queue();
        queue.push_event(text);
        queue.place_events();
        drop(queue);
        self.writer.wake();
    }

    /// Queues an event for standard error; from any thread.
    pub fn aside(&self, text: &[u8]) {
        let mut queue = self.writer.queue();
        queue.push_aside(text);
        queue.urgent = true;
        drop(queue);
        self.writer.wake();
    }

    /// Queues a line that is no result: above the prompt of a terminal, else to standard error.
    /// From any thread, and never waits for the terminal.
    pub fn notice(&self, line: &str) {
        let mut queue = self.writer.queue();
        let line = format!("{line}\n").into_bytes();
        match self.mode() {
            Mode::Terminal => queue.events.push_always(line.len(), line),
            Mode::Plain => queue.stderr.extend(line),
        }
        queue.urgent = true;
        queue.place_events();
        drop(queue);
        self.writer.wake();
    }

    /// Writes out what was gathered.
    pub fn flush(&self) {
        self.writer.flush();
    }

    /// Returns why writing has failed, if it has. `BrokenPipe` means that the reader has seen
    /// enough, which is no reason to complain.
    pub fn failure(&self) -> Option<io::ErrorKind> {
        match self.writer.queue().output {
            Output::Failed(kind) => Some(kind),
            Output::Open | Output::Closed => None,
        }
    }

    /// Returns whether all results printed so far have left for their reader.
    pub fn has_written_all(&self) -> bool {
        let queue = self.writer.queue();
        queue.stdout.is_empty() && !matches!(queue.output, Output::Failed(_))
    }

    /// Gives the terminal to another program until the guard is dropped. Everything printed before
    /// is on it when this returns.
    pub fn give_terminal(&self) -> TtyGuard {
        TtyGuard::for_child_program(&self.writer)
    }

    /// Keeps events back until the guard is dropped, while something is asked on the terminal.
    /// Everything printed before is on it when this returns.
    pub fn hold_events(&self) -> TtyGuard {
        TtyGuard::for_question(&self.writer)
    }

    /// Notes each Ctrl-C from now on, at the moment it is typed. Call it before anything else listens
    /// to SIGINT: a listener looks for the note.
    ///
    /// # Errors
    /// Those of `sigaction`.
    pub fn note_ctrl_c(&self) -> io::Result<()> {
        signal_hook::flag::register(SIGINT, Arc::clone(&self.writer.ctrl_c)).map(drop)
    }

    /// Returns whether Ctrl-C was typed since this was last asked, and not for another program that
    /// had the terminal.
    pub fn take_ctrl_c(&self) -> bool {
        self.writer.queue().foreground != Foreground::ChildProgram
            && self.writer.ctrl_c.swap(false, Ordering::SeqCst)
    }

    /// Returns whether a SIGINT that was told of just now is this shell's, and not another program's
    /// that has or had the terminal.
    pub fn is_own_ctrl_c(&self) -> bool {
        self.writer.queue().foreground != Foreground::ChildProgram
            && self.writer.ctrl_c.load(Ordering::SeqCst)
    }

    /// Shows a prompt on a terminal that cannot move its cursor. An event that comes before
    /// [`Screen::end_plain_prompt`] stands below it, and the prompt again below that.
    pub fn prompt_plainly(&self, words: &str) {
        self.end();
        let mut queue = self.writer.queue();
        queue.stdout.extend_from_slice(words.as_bytes());
        queue.plain_prompt = Some(words.to_owned());
        drop(queue);
        self.flush();
    }

    /// Says that a line was read behind the prompt.
    pub fn end_plain_prompt(&self) {
        self.writer.queue().plain_prompt = None;
    }

    /// Shows what is printed from now on with `$PAGER`, if it turns out longer than the screen,
    /// which has so many columns and rows.
    pub fn begin_pages(&self, columns: usize, rows: usize) {
        *self.pages() = Some(Pages::new(columns, rows));
    }

    /// Gives what is printed from now on to a program of the system's shell.
    pub fn begin_pipe(&self, program: String) {
        *self.pages() = Some(Pages::for_program(program));
    }

    /// Ends that: waits until the person has left the pager, or prints what fits.
    pub fn end_pages(&self) {
        let Some(pages) = self.pages().take() else { return };
        let held = pages.end(&self.writer);
        self.print(&held);
    }

    /// Returns whether the person has left the pager before the end of the result.
    pub fn has_seen_enough(&self) -> bool {
        self.pages().as_ref().is_some_and(Pages::has_seen_enough)
    }

    fn pages(&self) -> MutexGuard<'_, Option<Pages>> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a part of a result, unless it is to be printed at once.
    fn put_on_page(&self, bytes: &[u8]) -> bool {
        let mut place = self.pages();
        let Some(pages) = place.as_mut() else { return false };
        if self.writer.queue().prompt.state != PromptState::Idle {
            return false;
        }
        if let PagerOutcome::NoPager(held, why) = pages.take(bytes, &self.writer) {
            *place = None;
            drop(place);
            self.print(&held);
            self.error(&format!("No pager: {why}"));
        }
        true
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.writer.queue().output = Output::Closed;
        self.writer.changed.notify_all();
    }
}

#[cfg(test)]
mod tests;
