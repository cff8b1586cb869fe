//! The numbered lines of this shell. In a long script only the last ones are kept.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// Maximum bytes of lines to keep, because a script may be endless.
const KEPT: usize = 256 * 1024;

/// Bytes that a line costs besides its text.
const OVERHEAD: usize = 32;

/// Lines with their numbers, from 0.
#[derive(Debug, Default)]
pub struct LineLog {
    lines: VecDeque<String>,
    /// The number of lines that were dropped.
    forgotten: usize,
    bytes: usize,
}

impl LineLog {
    /// Adds a line, and drops old ones if there is no room. The newest line is always kept.
    pub fn push(&mut self, line: &str) {
        self.bytes += line.len() + OVERHEAD;
        self.lines.push_back(line.to_owned());
        while self.bytes > KEPT && self.lines.len() > 1 {
            let gone = self.lines.pop_front().map_or(0, |line| line.len() + OVERHEAD);
            self.bytes -= gone;
            self.forgotten += 1;
        }
    }

    /// Returns the number of lines so far, which is also the number of the next line.
    pub fn count(&self) -> usize {
        self.forgotten + self.lines.len()
    }

    /// Returns a line by its number, or `None` if it was dropped or does not exist yet.
    pub fn get(&self, number: usize) -> Option<&String> {
        self.lines.get(number.checked_sub(self.forgotten)?)
    }

    /// Replaces the last line.
    pub fn replace_last(&mut self, line: &str) {
        if let Some(last) = self.lines.back_mut() {
            self.bytes = self.bytes - last.len() + line.len();
            line.clone_into(last);
        }
    }

    /// Returns the lines that are kept, with their numbers, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (usize, &String)> {
        let forgotten = self.forgotten;
        self.lines.iter().enumerate().map(move |(index, line)| (forgotten + index, line))
    }
}

/// The lines of this shell and of earlier shells.
#[derive(Debug, Default)]
pub struct History {
    log: Mutex<LineLog>,
    earlier: OnceLock<Vec<String>>,
}

impl History {
    /// Adds a line; its number is the one that the prompt showed.
    pub fn note(&self, line: &str) {
        self.log().push(line);
    }

    /// Returns the lines of this shell.
    pub fn log(&self) -> MutexGuard<'_, LineLog> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the number of the next line.
    pub fn next_number(&self) -> usize {
        self.log().count()
    }

    /// Sets the lines of earlier shells, oldest first. May be called only once.
    pub fn set_earlier(&self, lines: Vec<String>) {
        let _ = self.earlier.set(lines);
    }

    /// Returns the lines of earlier shells.
    pub fn earlier(&self) -> &[String] {
        self.earlier.get().map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_when_old_lines_are_forgotten() {
        let mut log = LineLog::default();
        for number in 0..100_000 {
            log.push(&format!("get /{number}"));
        }
        assert_eq!(log.count(), 100_000);
        assert_eq!(log.get(99_999).map(String::as_str), Some("get /99999"));
        assert_eq!((log.get(0), log.get(100_000)), (None, None));
        let (first, line) = log.iter().next().unwrap_or_else(|| panic!("it keeps some"));
        assert_eq!(*line, format!("get /{first}"));
        assert!(log.bytes <= KEPT && log.lines.capacity() < 20_000);
        log.replace_last("ls /");
        assert_eq!(log.iter().next_back(), Some((99_999, &"ls /".to_owned())));
        log.push(&"x".repeat(2 * KEPT));
        assert_eq!(log.iter().count(), 1);
    }
}
