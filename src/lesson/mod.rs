//! Lessons: learning ZooKeeper in the shell itself.
//!
//! A lesson is data: its structure in one file, and its texts by key in a file for each language
//! (see `docs/lessons.md`). This module parses and checks lessons, and follows them step by step.
//! The [`Effect`] decides whether a step is done, never the typed text. All of this is pure: a
//! [`Stage`] runs lines and records effects, or the caller passes an [`Effect`].

mod check;
mod condition;
mod effect;
mod engine;
mod library;
mod line;
mod model;
mod needs;
mod parse;
mod pattern;
mod progress;
mod record;
mod screen;
mod texts;

pub use self::check::{Problem, check, play};
pub use self::condition::Condition;
pub use self::effect::{
    Effect, Event, Reply, Server, ServerState, SessionState, Stage, Watch, WatchKind, Znode,
};
pub use self::engine::{Engine, Output, Request};
pub use self::library::{LESSONS, Source, built_in, menu};
pub use self::line::Line;
pub use self::model::{Lesson, Mistake, Session, Step, Way};
pub use self::needs::{Available, Needs};
pub use self::progress::Progress;
pub use self::record::Record;
pub use self::texts::{MOST_BYTES, Texts};
