//! Keeps what the user types while a command runs, and shows it at the next prompt. Echoed at once,
//! it would mix with the command's output and the progress line.

use std::io;
use std::sync::PoisonError;

use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};

use super::output_queue::Foreground;
use super::screen::Screen;

impl Screen {
    /// Turns the echo off while no line is edited. Another program gets the terminal with its
    /// original settings.
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

    /// Restores the terminal settings from before the shell started.
    pub fn show_typing(&self) {
        let settings = self.writer.settings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(settings) = &*settings {
            let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, settings);
        }
    }

    /// Restores the terminal for the parent shell, before this one is stopped with Ctrl-Z.
    pub fn suspend(&self) {
        if self.has_terminal() {
            self.show_typing();
        }
    }

    /// Takes the terminal back when this shell continues.
    pub fn resume(&self) {
        if self.has_terminal() {
            self.hide_typing();
            self.disturbed();
        }
    }

    /// Returns whether this shell has the terminal, and not another program.
    fn has_terminal(&self) -> bool {
        self.writer.queue().foreground != Foreground::ChildProgram
    }
}
