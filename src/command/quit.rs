//! `quit` and `exit`: close the session and leave.

use std::ffi::OsString;

use crate::dispatch::{Context, Effects, Spec, Task};
use crate::error::Result;
use crate::output::{Report, Text};
use crate::session::Losses;

/// Close the session and leave the shell
#[derive(Debug, clap::Args)]
#[command(override_usage = "quit", after_long_help = EXAMPLE)]
pub struct Quit {
    /// Ignored, as zkCli does
    #[arg(hide = true, num_args = 0.., allow_hyphen_values = true, trailing_var_arg = true)]
    ignored: Vec<OsString>,
}

const EXAMPLE: &str = "\
Example:
> quit
Quitting...";

impl Spec for Quit {
    const NAME: &'static str = "quit";
    const ALIASES: &'static [&'static str] = &["exit"];
    const TASK: Task = Task::Session;
    const SEARCH_TERMS: &'static [(&'static str, &'static str)] =
        &[(":q", "quit"), ("bye", "quit"), ("logout", "quit")];
    type Report = QuitReport;

    fn effects(&self) -> Effects {
        Effects { session: true, ..Effects::NONE }
    }

    async fn run(&self, cx: &Context) -> Result<QuitReport> {
        if cx.terminal.is_some() {
            cx.may_leave()?;
        }
        let losses = cx.session.close_all().await;
        Ok(QuitReport { losses })
    }
}

/// The result of `quit`.
#[derive(serde::Serialize)]
pub struct QuitReport {
    #[serde(skip)]
    losses: Vec<Losses>,
}

impl Report for QuitReport {
    fn text(&self, out: &mut Text<'_>) {
        if out.is_terminal() {
            self.losses.iter().for_each(|losses| losses.text(out));
        }
        if let Some(words) = out.dialect().farewell() {
            out.line(words);
        }
    }
}
