//! `quit` and `exit`: close the session and leave.

use super::Shell;
use crate::error::Result;
use crate::output::{Report, Text};
use crate::session::Losses;

/// Close the session and leave the shell
#[derive(Debug, clap::Args)]
#[command(override_usage = "quit", after_long_help = EXAMPLE)]
pub struct Quit {}

const EXAMPLE: &str = "\
Example:
> quit
Quitting...";

impl Quit {
    pub(super) async fn run(&self, shell: &Shell) -> Result<Farewell> {
        let losses = shell.session.close().await;
        Ok(Farewell { losses })
    }
}

/// The last words.
#[derive(serde::Serialize)]
pub(super) struct Farewell {
    #[serde(skip)]
    losses: Losses,
}

impl Report for Farewell {
    fn text(&self, out: &mut Text<'_>) {
        if out.is_terminal() {
            self.losses.text(out);
        }
        if let Some(words) = out.dialect().farewell() {
            out.line(words);
        }
    }
}
