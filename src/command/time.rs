//! `time`: run a command and print how long it took.

use std::time::Instant;

use super::Invocation;
use crate::dispatch::{Context, Effects, Globbed, Spec, Task, Wrapped, WrappedCommand};
use crate::error::{Error, Result};
use crate::output::{Report, Text};

/// Run a command and print how long it took
#[derive(Debug, clap::Args)]
#[command(override_usage = "time command [argument...]", after_long_help = EXAMPLE)]
pub struct Time {
    #[command(flatten)]
    wrapped: WrappedCommand,
}

const EXAMPLE: &str = "\
The time is measured from the request to the last reply. Timed lines of a script run one after the
other.

Example:
> create /lake
Created /lake
> time ls /lake
[]
<decimal> ms";

impl Spec for Time {
    const NAME: &'static str = "time";
    const TASK: Task = Task::Script;
    type Report = Timed;

    fn effects(&self) -> Effects {
        Effects::SHELL
    }

    async fn run(&self, cx: &Context) -> Result<Timed> {
        let invocation: Invocation = self.wrapped.invocation()?;
        let begun = Instant::now();
        let result = Box::pin(invocation.run(cx)).await?;
        let seconds = begun.elapsed().as_secs_f64();
        Ok(Timed { command: invocation.name, seconds, result })
    }

    fn wrapped(&self, _: Option<&Context>) -> Option<Result<Wrapped>> {
        Some(Ok(Wrapped::Words(self.wrapped.words())))
    }

    fn wrapped_patterns(&mut self) -> Option<&mut Option<Globbed>> {
        Some(self.wrapped.patterns())
    }
}

/// The result of a command, and how long it took.
#[derive(serde::Serialize)]
pub struct Timed {
    command: String,
    seconds: f64,
    result: Box<dyn Report>,
}

impl Report for Timed {
    fn text(&self, out: &mut Text<'_>) {
        self.result.text(out);
        out.line(format_args!("{:.1} ms", self.seconds * 1e3));
    }

    fn failure(&self) -> Option<Error> {
        self.result.failure()
    }
}
