//! Owns standard output and standard error: results, errors, and events in the places between.

use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How much output is gathered before it is written, in bytes.
const BUFFER: usize = 64 * 1024;

/// Standard output and standard error of a shell that is not edited interactively.
pub struct Screen {
    inner: Mutex<Inner>,
}

struct Inner {
    buffer: Vec<u8>,
    /// Events that came inside a command's output.
    held: Vec<u8>,
    inside: bool,
    /// The first failure to write; nothing is written after it.
    failed: Option<io::ErrorKind>,
}

impl Default for Screen {
    fn default() -> Self {
        let buffer = Vec::with_capacity(BUFFER);
        Self { inner: Mutex::new(Inner { buffer, held: Vec::new(), inside: false, failed: None }) }
    }
}

impl Screen {
    /// Writes a part of a command's result; events wait until [`Screen::end`].
    pub fn print(&self, bytes: &[u8]) {
        let mut inner = self.lock();
        inner.inside = true;
        inner.put(bytes);
    }

    /// Ends a command's result: events that came inside it follow.
    pub fn end(&self) {
        let mut inner = self.lock();
        inner.inside = false;
        let held = std::mem::take(&mut inner.held);
        inner.put(&held);
    }

    /// Writes a line to standard error, after all that was printed before it.
    pub fn error(&self, line: &str) {
        let mut inner = self.lock();
        inner.flush();
        // There is nowhere left to say that this failed.
        let _ = writeln!(io::stderr().lock(), "{line}");
    }

    /// Shows an event; from any thread.
    pub fn event(&self, text: &[u8]) {
        let mut inner = self.lock();
        if inner.inside {
            inner.held.extend_from_slice(text);
        } else {
            inner.put(text);
            inner.flush();
        }
    }

    /// Writes out what was gathered.
    pub fn flush(&self) {
        self.lock().flush();
    }

    /// Returns why writing has failed, if it has.
    pub fn failure(&self) -> Option<io::ErrorKind> {
        self.lock().failed
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn put(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if self.failed.is_none() {
            let mut out = io::stdout().lock();
            let written = out.write_all(&self.buffer).and_then(|()| out.flush());
            self.failed = written.err().map(|error| error.kind());
        }
        self.buffer.clear();
    }
}
