//! Gives the terminal to another program for a while: an editor, a pager, the system's shell.
//! Meanwhile nothing else is written, and events wait.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};

use super::output_queue::Foreground;
use super::writer::Writer;

/// Until this is dropped, events wait: for another program that has the terminal, or for the answer
/// to a question.
pub struct TtyGuard {
    writer: Arc<Writer>,
    /// What had the terminal before.
    before: Foreground,
    /// The settings that the terminal had before: a program that fails may leave others behind.
    settings: Option<Termios>,
}

impl TtyGuard {
    /// Gives the terminal to another program, with the settings that the shell found. Everything
    /// printed before is on it when this returns.
    pub(super) fn for_child_program(writer: &Arc<Writer>) -> Self {
        let ours = tcgetattr(io::stdin()).ok();
        let guard = Self::new(writer, Foreground::ChildProgram, ours);
        let found = writer.settings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = &*found {
            let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, found);
        }
        drop(found);
        guard
    }

    /// Keeps events back for a question. Everything printed before is on the terminal when this
    /// returns.
    pub(super) fn for_question(writer: &Arc<Writer>) -> Self {
        Self::new(writer, Foreground::Question, None)
    }

    fn new(writer: &Arc<Writer>, foreground: Foreground, settings: Option<Termios>) -> Self {
        let mut streams = writer.streams();
        writer.write(&mut streams);
        streams.clear_status();
        let before = std::mem::replace(&mut writer.queue().foreground, foreground);
        Self { writer: Arc::clone(writer), before, settings }
    }
}

impl Drop for TtyGuard {
    fn drop(&mut self) {
        if let Some(settings) = &self.settings {
            let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, settings);
        }
        let mut queue = self.writer.queue();
        let ended = std::mem::replace(&mut queue.foreground, self.before);
        if ended == Foreground::ChildProgram {
            // A Ctrl-C until now was the other program's.
            self.writer.ctrl_c.store(false, Ordering::SeqCst);
        }
        queue.place_events();
        drop(queue);
        self.writer.wake();
    }
}

/// Returns how `sh` is to run a program that is given the terminal. Ctrl-C is that program's: a `sh`
/// that does not listen would itself be ended by it, sooner or later than the program.
pub fn child_program(command: &str) -> String {
    format!("trap : INT; {command}")
}
