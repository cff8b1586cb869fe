//! The progress of a long command, which is shown while it runs and reported if it is interrupted.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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
    done: Mutex<Option<Done>>,
    /// How many there will be, if that is known; else 0.
    total: AtomicU64,
    paused: AtomicBool,
}

/// The singular and the plural of what is counted.
type Things = (&'static str, &'static str);

/// What has been done so far.
#[derive(Debug, Clone, Copy)]
struct Done {
    count: u64,
    things: Things,
    /// The participle, such as "deleted".
    verb: &'static str,
    /// When the first of them was counted.
    since: Instant,
}

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
        self.total.store(0, Ordering::Relaxed);
    }

    /// Records how many there will be when the command is done, as far as is known.
    pub fn expect(&self, total: u64) {
        self.total.store(total, Ordering::Relaxed);
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
        let mut last = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let since = last.map_or_else(Instant::now, |last| last.since);
        *last = Some(Done { count, things, verb: done, since });
    }

    /// Returns the progress as text, or `None` if the command does not count anything.
    pub fn words(&self) -> Option<String> {
        let Done { count, things, verb, .. } = self.done()?;
        // A tree may grow meanwhile.
        let total = self.total.load(Ordering::Relaxed);
        let of = if total > count { format!(" of {}", grouped(total)) } else { String::new() };
        let things = if count == 1 && of.is_empty() { things.0 } else { things.1 };
        Some(format!("{}{of} {things} {verb}", grouped(count)))
    }

    fn done(&self) -> Option<Done> {
        *self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the remaining time if the rest goes on as fast as what was done in `passed`.
    fn remaining(&self, passed: Duration) -> Option<Duration> {
        let count = self.done()?.count;
        let rest = self.total.load(Ordering::Relaxed).checked_sub(count)?;
        let seconds = u128::from(rest) * passed.as_millis() / u128::from(count.max(1)) / 1000;
        (rest > 0 && count > 0).then(|| Duration::from_secs(seconds.try_into().unwrap_or(u64::MAX)))
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
                let passed = self.done().map_or(Duration::ZERO, |done| done.since.elapsed());
                let rest = self
                    .remaining(passed)
                    .map_or_else(String::new, |rest| format!(", about {} left", in_words(rest)));
                screen.status(&format!("{words}{rest} (Ctrl-C stops)"));
            }
            tokio::time::sleep(PERIOD).await;
        }
    }
}

/// Formats a time in its largest units, such as `2 min 5 s`.
fn in_words(time: Duration) -> String {
    let seconds = time.as_secs().max(1);
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
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
        progress.expect(2_000_000);
        assert_eq!(progress.words().as_deref(), Some("1,234,567 of 2,000,000 znodes listed"));
        progress.note(500_000, "listed");
        let rest = progress.remaining(Duration::from_secs(10)).map(in_words);
        assert_eq!(rest.as_deref(), Some("30 s"));
        // There are more than were expected.
        progress.note(2_000_001, "listed");
        assert_eq!(progress.words().as_deref(), Some("2,000,001 znodes listed"));
        assert_eq!(progress.remaining(Duration::from_secs(10)), None);
        assert_eq!(in_words(Duration::from_secs(3 * 3600 + 125)), "3 h 2 min");
        progress.begin();
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
