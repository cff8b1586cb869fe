//! The shell's settings: switches, and the style of the prompt.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use crate::output::style::PromptStyle;

/// A setting that is on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// Grey suggestions after the cursor.
    Hints,
    /// Results longer than the screen go to $PAGER.
    Pager,
    /// Events are printed with the time of day.
    Times,
    /// Keys work as in vi.
    Vi,
    /// Events are shown (`printwatches`).
    Events,
    /// The requests of each command are explained (`explain`).
    Explain,
    /// Changes are kept for `undo`.
    Journal,
}

/// The settings, shared by the shell and all output code.
#[derive(Debug)]
pub struct Switches {
    on: [AtomicBool; 7],
    prompt: AtomicU8,
}

impl Default for Switches {
    fn default() -> Self {
        let switches =
            Self { on: [const { AtomicBool::new(false) }; 7], prompt: AtomicU8::default() };
        switches.set(Switch::Hints, true);
        switches.set(Switch::Events, true);
        switches.set(Switch::Journal, true);
        switches
    }
}

impl Switches {
    /// Returns whether a setting is on.
    pub fn is_on(&self, switch: Switch) -> bool {
        self.on[switch as usize].load(Ordering::Relaxed)
    }

    /// Turns a setting on or off.
    pub fn set(&self, switch: Switch, on: bool) {
        self.on[switch as usize].store(on, Ordering::Relaxed);
    }

    /// Returns how the prompt names the servers.
    pub fn prompt(&self) -> PromptStyle {
        PromptStyle::ALL[usize::from(self.prompt.load(Ordering::Relaxed))]
    }

    /// Sets how the prompt names the servers.
    pub fn set_prompt(&self, style: PromptStyle) {
        self.prompt.store(style as u8, Ordering::Relaxed);
    }
}

/// The values of a switch.
#[expect(missing_docs, reason = "a comment here would show in the help of each command")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Choice {
    On,
    Off,
}
