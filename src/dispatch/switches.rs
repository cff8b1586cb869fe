//! The shell's settings: some are on or off, and the prompt has a style.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use crate::output::style::PromptStyle;

/// Something that is on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// Grey words behind the cursor.
    Hints,
    /// A result that is longer than the screen goes to $PAGER.
    Pager,
    /// The time of day stands before each event.
    Times,
    /// Keys mean what they mean in vi.
    Vi,
    /// Events are shown: the switch of `printwatches`.
    Events,
    /// What a command sends and what comes of it is told: the switch of `explain`.
    Explain,
}

/// How they are, shared by the shell and whatever shows things.
#[derive(Debug)]
pub struct Switches {
    on: [AtomicBool; 6],
    prompt: AtomicU8,
}

impl Default for Switches {
    fn default() -> Self {
        let switches =
            Self { on: [const { AtomicBool::new(false) }; 6], prompt: AtomicU8::default() };
        switches.set(Switch::Hints, true);
        switches.set(Switch::Events, true);
        switches
    }
}

impl Switches {
    /// Returns whether it is on.
    pub fn is_on(&self, switch: Switch) -> bool {
        self.on[switch as usize].load(Ordering::Relaxed)
    }

    /// Switches it on or off.
    pub fn set(&self, switch: Switch, on: bool) {
        self.on[switch as usize].store(on, Ordering::Relaxed);
    }

    /// Returns how the prompt names the servers.
    pub fn prompt(&self) -> PromptStyle {
        PromptStyle::ALL[usize::from(self.prompt.load(Ordering::Relaxed))]
    }

    /// Chooses how the prompt names the servers.
    pub fn set_prompt(&self, style: PromptStyle) {
        self.prompt.store(style as u8, Ordering::Relaxed);
    }
}

/// The two positions.
#[expect(missing_docs, reason = "a comment here would show in the help of each command")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Choice {
    On,
    Off,
}
