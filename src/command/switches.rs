//! The few things about the shell that can be switched on and off.

use std::sync::atomic::{AtomicBool, Ordering};

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Switch {
    /// Grey words behind the cursor: usage, earlier lines, what a znode is
    Hints,
    /// Show a result that is longer than the screen with $PAGER
    Pager,
    /// Show the time of day before each event
    Times,
    /// Events are shown: the switch of `printwatches`.
    #[value(skip)]
    Events,
}

impl Switch {
    /// Those that `setting` names.
    pub(super) const SETTINGS: &[Self] = &[Self::Hints, Self::Pager, Self::Times];

    /// Returns the word that is typed.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hints => "hints",
            Self::Pager => "pager",
            Self::Times => "times",
            Self::Events => "printwatches",
        }
    }
}

/// How they are, shared by the shell and whoever shows things.
#[derive(Debug)]
pub struct Switches([AtomicBool; 4]);

impl Default for Switches {
    fn default() -> Self {
        let switches = Self([const { AtomicBool::new(false) }; 4]);
        switches.set(Switch::Hints, true);
        switches.set(Switch::Events, true);
        switches
    }
}

impl Switches {
    /// Returns whether it is on.
    pub fn is_on(&self, switch: Switch) -> bool {
        self.0[switch as usize].load(Ordering::Relaxed)
    }

    /// Switches it on or off.
    pub fn set(&self, switch: Switch, on: bool) {
        self.0[switch as usize].store(on, Ordering::Relaxed);
    }
}

/// The two positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Choice {
    On,
    Off,
}
