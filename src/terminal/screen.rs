//! The screen: keeps results, errors and events in order.

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

/// Bytes to buffer before a write to a pipe or file: large enough to make writes cheap, small
/// enough to reach the next program soon.
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

    /// Returns whether a person or a program uses the shell.
    pub fn mode(&self) -> Mode {
        self.writer.mode
    }

    /// Writes a part of a command's result. Into a pipe, events wait until [`Screen::end`]. On a
    /// terminal they are shown between two parts, because each part is whole lines and the user
    /// waits for events.
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

    /// Returns whether a command has printed a part of its result and not ended it.
    pub fn is_inside(&self) -> bool {
        self.writer.queue().foreground == Foreground::Result
    }

    /// Ends a command's result and prints the events that arrived during it.
    pub fn end(&self) {
        let mut queue = self.writer.queue();
        if queue.foreground == Foreground::Result {
            queue.foreground = Foreground::Nothing;
        }
        queue.place_events();
    }

    /// Writes a line to standard error, after everything printed before it.
    pub fn error(&self, line: &str) {
        let mut queue = self.writer.queue();
        queue.stderr.extend_from_slice(line.as_bytes());
        queue.stderr.push(b'\n');
        drop(queue);
        self.flush();
    }

    /// Shows a status line on standard error, in place of the previous one, until something else is
    /// written. An empty text only removes it. Only for terminals.
    pub fn status(&self, text: &str) {
        let mut streams = self.writer.streams();
        let foreground = self.writer.queue().foreground;
        if matches!(foreground, Foreground::Question | Foreground::ChildProgram) {
            return;
        }
        self.writer.write(&mut streams);
        streams.show_status(text);
    }

    /// Queues an event, newline included. Any thread may call this; it never waits for the
    /// terminal.
    pub fn event(&self, text: &[u8]) {
        let mut queue = self.writer.queue();
        queue.push_event(text);
        queue.place_events();
        drop(queue);
        self.writer.wake();
    }

    /// Queues an event for standard error. Any thread may call this.
    pub fn aside(&self, text: &[u8]) {
        let mut queue = self.writer.queue();
        queue.push_aside(text);
        queue.urgent = true;
        drop(queue);
        self.writer.wake();
    }

    /// Queues a line that is not a result: above the prompt on a terminal, else to standard error.
    /// Any thread may call this; it never waits for the terminal.
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

    /// Writes all buffered output.
    pub fn flush(&self) {
        self.writer.flush();
    }

    /// Returns the first write error, if any. `BrokenPipe` means that the reader has closed the
    /// pipe, which is not worth a message.
    pub fn failure(&self) -> Option<io::ErrorKind> {
        match self.writer.queue().output {
            Output::Failed(kind) => Some(kind),
            Output::Open | Output::Closed => None,
        }
    }

    /// Returns whether all results so far have been written.
    pub fn has_written_all(&self) -> bool {
        let queue = self.writer.queue();
        queue.stdout.is_empty() && !matches!(queue.output, Output::Failed(_))
    }

    /// Gives the terminal to another program until the guard is dropped. When this returns,
    /// everything printed before has been written.
    pub fn give_terminal(&self) -> TtyGuard {
        TtyGuard::for_child_program(&self.writer)
    }

    /// Holds events back until the guard is dropped, for a question on the terminal. When this
    /// returns, everything printed before has been written.
    pub fn hold_events(&self) -> TtyGuard {
        TtyGuard::for_question(&self.writer)
    }

    /// Records every Ctrl-C from now on, when the signal arrives. Call this before any other SIGINT
    /// listener is installed, because listeners read the record.
    ///
    /// # Errors
    /// Those of `sigaction`.
    pub fn note_ctrl_c(&self) -> io::Result<()> {
        signal_hook::flag::register(SIGINT, Arc::clone(&self.writer.ctrl_c)).map(drop)
    }

    /// Returns whether the user has typed Ctrl-C since the last call, unless another program had
    /// the terminal.
    pub fn take_ctrl_c(&self) -> bool {
        // The redrawer's own signal is noted only while it holds the lock.
        let queue = self.writer.queue();
        queue.foreground != Foreground::ChildProgram
            && self.writer.ctrl_c.swap(false, Ordering::SeqCst)
    }

    /// Returns whether a SIGINT that has just arrived is meant for this shell, and not for another
    /// program that has or had the terminal.
    pub fn is_own_ctrl_c(&self) -> bool {
        let queue = self.writer.queue();
        queue.foreground != Foreground::ChildProgram && self.writer.ctrl_c.load(Ordering::SeqCst)
    }

    /// Shows a prompt on a terminal that cannot move its cursor. If an event arrives before
    /// [`Screen::end_plain_prompt`], it is printed below the prompt, and the prompt again below it.
    pub fn prompt_plainly(&self, words: &str) {
        self.end();
        let mut queue = self.writer.queue();
        queue.stdout.extend_from_slice(words.as_bytes());
        queue.plain_prompt = Some(words.to_owned());
        drop(queue);
        self.flush();
    }

    /// Records that the user has entered a line at the plain prompt.
    pub fn end_plain_prompt(&self) {
        self.writer.queue().plain_prompt = None;
    }

    /// Sends output from now on to `$PAGER` if it does not fit on a screen of this size.
    pub fn begin_pages(&self, columns: usize, rows: usize) {
        *self.pages() = Some(Pages::new(columns, rows));
    }

    /// Sends output from now on to a shell command.
    pub fn begin_pipe(&self, program: String) {
        *self.pages() = Some(Pages::for_program(program));
    }

    /// Returns whether output goes to a program and not to the screen.
    pub fn is_piped(&self) -> bool {
        self.pages().as_ref().is_some_and(Pages::is_for_program)
    }

    /// Ends the paging: waits until the user quits the pager, or prints the output that fits the
    /// screen.
    pub fn end_pages(&self) {
        let Some(pages) = self.pages().take() else { return };
        let held = pages.end(&self.writer);
        self.print(&held);
    }

    /// Returns whether the user has quit the pager before the end of the result.
    pub fn has_seen_enough(&self) -> bool {
        self.pages().as_ref().is_some_and(Pages::has_seen_enough)
    }

    fn pages(&self) -> MutexGuard<'_, Option<Pages>> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes a part of a result to the pager. Returns `false` if the caller must print it.
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
