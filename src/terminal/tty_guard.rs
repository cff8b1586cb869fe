//! Gives the terminal to another program for a while: an editor, a pager or a shell command.
//! Meanwhile the shell writes nothing, and events wait.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};

use super::output_queue::Foreground;
use super::writer::Writer;

/// Holds events back until dropped, while another program has the terminal or a question is open.
pub struct TtyGuard {
    writer: Arc<Writer>,
    /// The previous user of the terminal.
    before: Foreground,
    /// The previous settings of the terminal, which a program that crashes may not restore.
    settings: Option<Termios>,
}

impl TtyGuard {
    /// Gives the terminal to another program, with the settings from before the shell started. When
    /// this returns, everything printed before has been written.
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

    /// Holds events back for a question. When this returns, everything printed before has been
    /// written to the terminal.
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
            // Any Ctrl-C so far was meant for the other program.
            self.writer.ctrl_c.store(false, Ordering::SeqCst);
        }
        queue.place_events();
        drop(queue);
        self.writer.wake();
    }
}

/// Returns the `sh` script that runs a program on the terminal. Ctrl-C is meant for that program:
/// without the trap it would also kill `sh`, sooner or later than the program.
pub fn child_program(command: &str) -> String {
    format!("trap : INT; {command}")
}
