//! Lessons in the shell: the stage that plays them in the shell's own sessions, the thread that speaks
//! to the learner, and what is kept between shells.
//!
//! What a lesson is and when a step is done is `lesson`'s business, which knows no shell.

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
