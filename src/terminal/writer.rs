//! Writes the output queue to standard output and standard error, from any thread.

use std::io::Write;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Once, PoisonError};

use nix::sys::termios::Termios;

use super::mode::Mode;
use super::output_queue::{Output, OutputQueue};
use super::prompt_state::PromptState;

/// State that the screen, the prompt and their threads share.
pub(super) struct Writer {
    pub(super) mode: Mode,
    queue: Mutex<OutputQueue>,
    /// Notified whenever the queue changes.
    pub(super) changed: Condvar,
    // Locked before the queue, and held during writes: a terminal that is stopped with Ctrl-S
    // blocks the thread that writes, never a thread that queues an event.
    streams: Mutex<Streams>,
    thread: Once,
    /// Whether the user typed Ctrl-C and nobody has taken the record yet.
    pub(super) ctrl_c: Arc<AtomicBool>,
    /// The terminal settings from before the shell started, if the shell has changed them.
    pub(super) settings: Mutex<Option<Termios>>,
}

/// Standard output and standard error.
pub(super) struct Streams {
    /// Whether standard error shows a status line.
    status: bool,
    stdout: Box<dyn Write + Send>,
    stderr: Box<dyn Write + Send>,
}

impl Streams {
    /// Erases the status line.
    pub(super) fn clear_status(&mut self) {
        if std::mem::take(&mut self.status) {
            let _ = self.stderr.write_all(b"\r\x1b[K").and_then(|()| self.stderr.flush());
        }
    }

    /// Shows a status line; an empty text shows none.
    pub(super) fn show_status(&mut self, text: &str) {
        self.clear_status();
        // A lost status line does no harm.
        let _ = self.stderr.write_all(text.as_bytes()).and_then(|()| self.stderr.flush());
        self.status = !text.is_empty();
    }
}

impl Writer {
    pub(super) fn new(
        mode: Mode,
        stdout: Box<dyn Write + Send>,
        stderr: Box<dyn Write + Send>,
    ) -> Self {
        Self {
            mode,
            queue: Mutex::default(),
            changed: Condvar::new(),
            streams: Mutex::new(Streams { status: false, stdout, stderr }),
            thread: Once::new(),
            ctrl_c: Arc::default(),
            settings: Mutex::default(),
        }
    }

    pub(super) fn queue(&self) -> MutexGuard<'_, OutputQueue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn streams(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `ready` returns true for the queue.
    pub(super) fn wait_until(
        &self,
        ready: impl Fn(&OutputQueue) -> bool,
    ) -> MutexGuard<'_, OutputQueue> {
        let idle = |queue: &mut OutputQueue| !ready(queue);
        self.changed.wait_while(self.queue(), idle).unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the threads that print events. The first call starts the writer thread.
    pub(super) fn wake(self: &Arc<Self>) {
        self.thread.call_once(|| {
            let writer = Arc::clone(self);
            std::thread::spawn(move || writer.write_events());
        });
        self.changed.notify_all();
    }

    /// Writes all buffered output.
    pub(super) fn flush(&self) {
        self.write(&mut self.streams());
    }

    /// Writes all buffered output to these streams.
    pub(super) fn write(&self, streams: &mut Streams) {
        let mut queue = self.queue();
        queue.urgent = false;
        let stdout = std::mem::take(&mut queue.stdout);
        let mut stderr = std::mem::take(&mut queue.stderr);
        if let Some(line) = queue.take_gap() {
            stderr.extend_from_slice(line.as_bytes());
        }
        let failed = matches!(queue.output, Output::Failed(_));
        drop(queue);
        if !(stdout.is_empty() && stderr.is_empty()) {
            streams.clear_status();
        }
        if !failed
            && let Err(error) =
                streams.stdout.write_all(&stdout).and_then(|()| streams.stdout.flush())
        {
            self.queue().output = Output::Failed(error.kind());
        }
        // If standard error is gone, the failure cannot be reported.
        let _ = streams.stderr.write_all(&stderr).and_then(|()| streams.stderr.flush());
    }

    fn write_events(&self) {
        loop {
            let queue = self.wait_until(|queue| queue.is_due() || queue.is_closed());
            if queue.is_closed() {
                return;
            }
            drop(queue);
            let mut streams = self.streams();
            // A prompt that has started in the meantime has already written everything.
            if self.queue().prompt.state == PromptState::Idle {
                self.write(&mut streams);
            }
        }
    }
}
