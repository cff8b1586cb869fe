//! The learner's progress, which is saved between shells as lines of text.

use std::collections::BTreeMap;
use std::fmt;

/// The word for a completed lesson.
const DONE: &str = "-done-";

/// The maximum number of lessons that are read.
const MOST: usize = 1000;

/// The learner's progress in every lesson.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress(BTreeMap<String, String>);

impl Progress {
    /// Parses the output of [`fmt::Display`]. Skips invalid lines, because the file may come from a
    /// later version and must not prevent learning.
    pub fn parse(text: &str) -> Self {
        let sound = |word: &str| !word.is_empty() && !word.contains(char::is_whitespace);
        let lines = text.lines().take(MOST).filter_map(|line| line.split_once(' '));
        let kept = lines.filter(|(lesson, step)| sound(lesson) && sound(step));
        Self(kept.map(|(lesson, step)| (lesson.to_owned(), step.to_owned())).collect())
    }

    /// Records the step at which the learner is.
    pub fn reach(&mut self, lesson: &str, step: &str) {
        self.0.insert(lesson.to_owned(), step.to_owned());
    }

    /// Records that the learner has completed the lesson.
    pub fn finish(&mut self, lesson: &str) {
        self.0.insert(lesson.to_owned(), DONE.to_owned());
    }

    /// Returns the step at which the learner stopped, or `None` at the beginning or the end.
    pub fn step(&self, lesson: &str) -> Option<&str> {
        self.0.get(lesson).map(String::as_str).filter(|step| *step != DONE)
    }

    /// Returns whether the learner has completed the lesson.
    pub fn is_finished(&self, lesson: &str) -> bool {
        self.0.get(lesson).is_some_and(|step| step == DONE)
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (lesson, step) in &self.0 {
            writeln!(f, "{lesson} {step}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_reads_back() {
        let mut progress = Progress::default();
        progress.reach("watches", "once");
        progress.reach("watches", "again");
        progress.finish("election");
        let kept = Progress::parse(&progress.to_string());
        assert_eq!(kept, progress);
        assert_eq!(kept.step("watches"), Some("again"));
        assert!(kept.is_finished("election") && kept.step("election").is_none());
        assert!(!kept.is_finished("locks") && kept.step("locks").is_none());
    }

    #[test]
    fn foreign_lines_are_ignored() {
        let kept = Progress::parse("\n nonsense\nwatches\nlocks  x\nacl read\n\0 \u{1b}[2J x");
        assert_eq!(kept.to_string(), "acl read\n");
    }
}
