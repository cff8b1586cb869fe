//! Lessons in the shell: the stage that plays them in the shell's own sessions, the thread that
//! talks to the learner, and the saved progress.
//!
//! The module `lesson` defines lessons and decides when a step is done. It does not know the shell.

mod check;
mod course;
mod demonstration;
mod place;
mod player;
mod progress_file;
mod stage;
mod tree_reader;

pub use self::check::check;
pub use self::course::Course;
pub use self::demonstration::demonstrate;
pub use self::place::available;
pub use self::player::begin;
pub use self::progress_file::progress;
