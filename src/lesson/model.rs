//! The data of a parsed lesson.

use std::time::Duration;

use super::{Condition, Line, Needs};

/// The structure of a lesson. Its texts are in [`super::Texts`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    /// The name of the lesson and of its files.
    pub name: String,
    /// The requirements on the servers.
    pub needs: Needs,
    /// The sessions, starting with the learner's own.
    pub sessions: Vec<Session>,
    /// Lines that are typed before the first step, without showing them.
    pub given: Vec<Line>,
    /// The steps, at least one.
    pub steps: Vec<Step>,
}

/// A session of a lesson.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The name: a letter or a word, such as `A`.
    pub name: String,
    /// The requested session timeout.
    pub timeout: Duration,
}

/// A step of a lesson.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The key of its texts.
    pub key: String,
    /// Its line in the file, starting at 1.
    pub line: usize,
    /// Lines that are typed when the step begins, without showing them.
    pub given: Vec<Line>,
    /// The corresponding output of zkCli, line by line. Empty for most steps.
    pub zkcli: Vec<String>,
    /// The ways to do the step. The demonstration uses the first.
    pub ways: Vec<Way>,
    /// The conditions for the step to be done; all must hold.
    pub until: Vec<Condition>,
    /// How long the step may take after the last line was typed.
    pub within: Duration,
    /// Mistakes that are explained when they occur.
    pub mistakes: Vec<Mistake>,
    /// Lines that are typed to undo the step. Failures are ignored.
    pub undo: Vec<Line>,
}

/// A correct way: lines that are typed in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Its line in the file, starting at 1.
    pub line: usize,
    /// The lines, at least one.
    pub lines: Vec<Line>,
}

/// A likely mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Its line in the file, starting at 1.
    pub line: usize,
    /// An example, for tests.
    pub lines: Vec<Line>,
    /// The conditions that show the mistake; all must hold.
    pub when: Vec<Condition>,
    /// The last part of the key of its text.
    pub say: String,
}
