//! `quit` and `exit`: close the session and leave.

use crate::dispatch::Effects;
use super::{Shell, Spec, Task};
use crate::error::Result;
use crate::output::{Report, Text};

/// Close the session and leave the shell
#[derive(Debug, clap::Args)]
#[command(override_usage = "quit", after_long_help = EXAMPLE)]
pub struct Quit {
    /// Words that zkCli passes over, and so does this
    #[arg(value_name = "word", hide = true)]
    words: Vec<String>,
}

const EXAMPLE: &str = "\
Example:
> quit
Quitting...";

impl Spec for Quit {
    const NAME: &'static str = "quit";
    const ALIASES: &'static [&'static str] = &["exit"];
    const TASK: Task = Task::Session;
    const SEARCH_TERMS: &'static [(&'static str, &'static str)] = &[(":q", "quit"), ("bye", "quit"), ("logout", "quit")];
    type Report = Farewell;

    fn effects(&self) -> Effects {
        Effects { session: true, ..Effects::NONE }
    }

    async fn run(&self, shell: &Shell) -> Result<Farewell> {
        if shell.terminal.is_some() {
            shell.may_leave_transaction()?;
        }
        shell.session.close().await;
        Ok(Farewell {})
    }
}

/// The last words.
#[derive(Debug, serde::Serialize)]
pub(super) struct Farewell {}

impl Report for Farewell {
    fn text(&self, out: &mut Text<'_>) {
        if let Some(words) = out.dialect().farewell() {
            out.line(words);
        }
    }
}
