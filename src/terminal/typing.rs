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
        self.turn_off(LocalFlags::ECHO);
    }

    /// Also lets the terminal keep editing keys such as Ctrl-U as they are. While a line is edited,
    /// the editor stops and begins again for a redraw. A key that comes in between is for the line;
    /// the terminal would apply it to its own input, and the line would never see it.
    pub fn keep_editing_keys(&self) {
        self.turn_off(LocalFlags::ECHO | LocalFlags::ICANON);
    }

    fn turn_off(&self, flags: LocalFlags) {
        let mut settings = self.writer.settings.lock().unwrap_or_else(PoisonError::into_inner);
        if settings.is_none() {
            *settings = tcgetattr(io::stdin()).ok();
        }
        if let Some(mut changed) = settings.clone() {
            changed.local_flags.remove(flags);
            let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &changed);
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
