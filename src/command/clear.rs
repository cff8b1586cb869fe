//! `clear`: clear the screen.

use crate::dispatch::{Context, Effects, Spec, Task};
use crate::error::Result;
use crate::output::{Report, Text};

/// Clear the screen
#[derive(Debug, clap::Args)]
#[command(override_usage = "clear", after_long_help = EXAMPLE)]
pub struct Clear {}

const EXAMPLE: &str = "\
Ctrl-L does the same and keeps the line that is being typed. If the output is not a terminal,
nothing is printed.

Example:
> clear";

impl Spec for Clear {
    const NAME: &'static str = "clear";
    const TASK: Task = Task::Shell;
    type Report = Cleared;

    fn effects(&self) -> Effects {
        Effects::SHELL
    }

    async fn run(&self, cx: &Context) -> Result<Cleared> {
        Ok(Cleared { is_seen: cx.terminal.is_some() })
    }
}

/// A cleared screen, if there is one.
#[derive(Debug, serde::Serialize)]
pub struct Cleared {
    #[serde(skip)]
    is_seen: bool,
}

impl Report for Cleared {
    fn text(&self, out: &mut Text<'_>) {
        if self.is_seen {
            // Move the cursor to the top and erase everything below it.
            out.own("\x1b[H\x1b[2J");
        }
    }
}
