//! Owns standard output and standard error. Events are printed between the results of two commands
//! or, on a terminal, above the prompt.
//!
//! Any thread may queue an event. While a line is being edited, the editing thread draws the events
//! (see [`prompt`]); otherwise the writer thread prints them. This module knows neither commands
//! nor the line editor.

pub mod draft;
mod mode;
mod output_queue;
mod pager;
pub mod password;
pub mod password_command;
pub mod progress;
pub mod prompt;
mod prompt_state;
mod redrawer;
mod screen;
mod tty_guard;
mod typing;
mod writer;

pub use self::mode::Mode;
pub use self::screen::Screen;
pub use self::tty_guard::{TtyGuard, child_program};
