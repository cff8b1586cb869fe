//! Keeps what the user types while a command runs, and shows it at the next prompt. Shown at once,
//! it would mix with the command's output and its progress line.

use std::io;
use std::sync::PoisonError;

use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};

use super::output_queue::Foreground;
use super::screen::Screen;

impl Screen {
    /// Lets the terminal show nothing of what is typed, but where a line is edited. Another program
    /// that is given the terminal gets it as the shell found it.
    pub fn hide_typing(&self) {
        let mut settings = self.writer.settings.lock().unwrap_or_else(PoisonError::into_inner);
        if settings.is_none() {
            *settings = tcgetattr(io::stdin()).ok();
        }
        if let Some(mut hidden) = settings.clone() {
            hidden.local_flags.remove(LocalFlags::ECHO);
            let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &hidden);
        }
    }

    /// Gives the terminal the settings that the shell found.
    pub fn show_typing(&self) {
        let settings = self.writer.settings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(settings) = &*settings {
            let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, settings);
        }
    }

    /// Prepares the terminal for the shell that this one was started from: this one is stopped.
    pub fn suspend(&self) {
        if self.has_terminal() {
            self.show_typing();
        }
    }

    /// Takes the terminal again: this shell goes on.
    pub fn resume(&self) {
        if self.has_terminal() {
            self.hide_typing();
            self.disturbed();
        }
    }

    /// Returns whether no other program has the terminal.
    fn has_terminal(&self) -> bool {
        self.writer.queue().foreground != Foreground::ChildProgram
    }
}
