//! `repeat`: run a command several times.

use std::time::Duration;

use super::Invocation;
use super::sleep::Seconds;
use crate::dispatch::{Context, Effects, Globbed, Spec, Task, Wrapped, WrappedCommand};
use crate::error::Result;
use crate::output::NoOutput;

/// Run a command a number of times, until it fails
#[derive(Debug, clap::Args)]
#[command(override_usage = "repeat N [-i seconds] command [argument...]", after_long_help = EXAMPLE)]
pub struct Repeat {
    /// Pause between two runs
    #[arg(short, long, value_name = "seconds")]
    interval: Option<Seconds>,
    /// How many times
    #[arg(value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    times: u64,
    #[command(flatten)]
    wrapped: WrappedCommand,
}

const EXAMPLE: &str = "\
Example:
> repeat 2 create -s /lake-
Created /lake-0000000000
Created /lake-0000000001";

impl Spec for Repeat {
    const NAME: &'static str = "repeat";
    const TASK: Task = Task::Script;
    type Report = NoOutput;

    fn effects(&self) -> Effects {
        Effects::SHELL
    }

    async fn run(&self, cx: &Context) -> Result<NoOutput> {
        let invocation: Invocation = self.wrapped.invocation()?;
        for run in 0..self.times {
            cx.progress.note_runs(run);
            if run > 0 {
                let interval = self.interval.map_or(Duration::ZERO, |seconds| seconds.0);
                tokio::time::sleep(interval).await;
            }
            let report = Box::pin(invocation.run(cx)).await?;
            cx.show_whole(&*report)?;
            if let Some(failure) = report.failure() {
                return Err(failure);
            }
        }
        Ok(NoOutput {})
    }

    fn wrapped(&self, _: Option<&Context>) -> Option<Result<Wrapped>> {
        Some(Ok(Wrapped::Words(self.wrapped.words())))
    }

    fn wrapped_patterns(&mut self) -> Option<&mut Option<Globbed>> {
        Some(self.wrapped.patterns())
    }
}
