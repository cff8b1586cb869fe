//! The progress of a long command, which is shown while it runs and reported if it is interrupted.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Screen;

/// A command shows no progress before this time has passed.
const PATIENCE: Duration = Duration::from_millis(500);

/// The interval between redraws.
const PERIOD: Duration = Duration::from_millis(200);

/// The progress of the running command.
#[derive(Debug, Default)]
pub struct Progress {
    done: Mutex<Option<(u64, Things, &'static str)>>,
    paused: AtomicBool,
}

/// The singular and the plural of what is counted.
type Things = (&'static str, &'static str);

/// A guard that hides the progress line until it is dropped.
pub struct Paused<'a>(&'a Progress);

impl Drop for Paused<'_> {
    fn drop(&mut self) {
        self.0.paused.store(false, Ordering::Relaxed);
    }
}

impl Progress {
    /// Resets the progress for a new command.
    pub fn begin(&self) {
        *self.done.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Records that `count` znodes are `done`, such as "deleted".
    pub fn note(&self, count: u64, done: &'static str) {
        self.put(count, ("znode", "znodes"), done);
    }

    /// Records how many runs of a repeated command have finished.
    pub fn note_runs(&self, count: u64) {
        self.put(count, ("run", "runs"), "done");
    }

    /// Records the remaining time of a wait.
    pub fn count_down(&self, left: Duration) {
        // Round up, so that the countdown ends with 1.
        let seconds = left.as_millis().div_ceil(1000);
        self.put(u64::try_from(seconds).unwrap_or(u64::MAX), ("second", "seconds"), "to wait");
    }

    fn put(&self, count: u64, things: Things, done: &'static str) {
        *self.done.lock().unwrap_or_else(PoisonError::into_inner) = Some((count, things, done));
    }

    /// Returns the progress as text, or `None` if the command does not count anything.
    pub fn words(&self) -> Option<String> {
        let (count, things, done) = (*self.done.lock().unwrap_or_else(PoisonError::into_inner))?;
        let things = if count == 1 { things.0 } else { things.1 };
        Some(format!("{} {things} {done}", grouped(count)))
    }

    /// Hides the progress line, because a question needs its place.
    pub fn pause(&self) -> Paused<'_> {
        self.paused.store(true, Ordering::Relaxed);
        Paused(self)
    }

    /// Shows the progress on standard error until the future is dropped, starting after half a
    /// second. If the command does not count, `otherwise` names what it does. Only for terminals.
    pub async fn show(&self, screen: &Screen, otherwise: impl Fn() -> &'static str) {
        let begun = Instant::now();
        tokio::time::sleep(PATIENCE).await;
        loop {
            if !self.paused.load(Ordering::Relaxed) {
                let words = self.words().unwrap_or_else(|| {
                    format!("{} for {} s", otherwise(), begun.elapsed().as_secs())
                });
                screen.status(&format!("{words} (Ctrl-C stops)"));
            }
            tokio::time::sleep(PERIOD).await;
        }
    }
}

/// Formats a number with a comma every three digits.
pub fn grouped(number: impl Display) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_counted_in_words() {
        let progress = Progress::default();
        assert_eq!(progress.words(), None);
        progress.note(1, "deleted");
        assert_eq!(progress.words().as_deref(), Some("1 znode deleted"));
        progress.note(1_234_567, "listed");
        assert_eq!(progress.words().as_deref(), Some("1,234,567 znodes listed"));
        progress.note_runs(2);
        assert_eq!(progress.words().as_deref(), Some("2 runs done"));
        progress.begin();
        assert_eq!(progress.words(), None);
    }

    #[test]
    fn thousands_are_grouped() {
        let text: Vec<String> = [0, 12, 123, 1234, 123_456].map(grouped).to_vec();
        assert_eq!(text, ["0", "12", "123", "1,234", "123,456"]);
    }
}
