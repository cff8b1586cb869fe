//! What a lesson is, once it has been read.

use std::time::Duration;

use super::{Condition, Line, Needs};

/// The structure of a lesson; its texts are in [`super::Texts`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    /// The name by which it is started, and that its files have.
    pub name: String,
    /// What the server must offer.
    pub needs: Needs,
    /// The sessions, the learner's own first.
    pub sessions: Vec<Session>,
    /// Typed before the first step, unseen.
    pub given: Vec<Line>,
    /// At least one.
    pub steps: Vec<Step>,
}

/// A session of a lesson.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// A letter or a word, such as `A`.
    pub name: String,
    /// What it asks of the server.
    pub timeout: Duration,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The key of its texts.
    pub key: String,
    /// Its line in the file, counted from 1.
    pub line: usize,
    /// Typed as the step begins, unseen.
    pub given: Vec<Line>,
    /// What zkCli shows in the same place, line by line; empty for most steps.
    pub zkcli: Vec<String>,
    /// Ways that lead through the step; the first is the demonstration's.
    pub ways: Vec<Way>,
    /// What must have happened; all of it.
    pub until: Vec<Condition>,
    /// How long it may take after the last line was typed.
    pub within: Duration,
    /// Mistakes that are explained where they happen.
    pub mistakes: Vec<Mistake>,
    /// Typed to take the step back; a line that fails does no harm.
    pub undo: Vec<Line>,
}

/// A correct way: lines that are typed one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Its line in the file, counted from 1.
    pub line: usize,
    /// At least one.
    pub lines: Vec<Line>,
}

/// A likely mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Its line in the file, counted from 1.
    pub line: usize,
    /// An example, for tests.
    pub lines: Vec<Line>,
    /// How it is recognised; all of it.
    pub when: Vec<Condition>,
    /// The last part of the key of its text.
    pub say: String,
}
