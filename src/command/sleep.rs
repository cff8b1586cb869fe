//! `sleep`: wait a while.

use std::str::FromStr;
use std::time::Duration;

use crate::dispatch::{Context, Effects, Spec, Task};
use crate::error::{Error, Result};
use crate::output::NoOutput;

/// Wait for some seconds with the session kept alive
#[derive(Debug, clap::Args)]
#[command(override_usage = "sleep seconds", after_long_help = EXAMPLE)]
pub struct Sleep {
    /// How long to wait, such as 2 or 0.5
    #[arg(value_name = "seconds")]
    seconds: Seconds,
}

const EXAMPLE: &str = "\
Example:
> sleep 0.1";

impl Spec for Sleep {
    const NAME: &'static str = "sleep";
    const TASK: Task = Task::Script;
    type Report = NoOutput;

    fn effects(&self) -> Effects {
        Effects::SHELL
    }

    async fn run(&self, _: &Context) -> Result<NoOutput> {
        tokio::time::sleep(self.seconds.0).await;
        Ok(NoOutput {})
    }
}

/// A duration as it is typed: a number of seconds, optionally with a fraction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seconds(pub(super) Duration);

impl FromStr for Seconds {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let seconds = text.parse().ok().and_then(|number| Duration::try_from_secs_f64(number).ok());
        seconds.map(Self).ok_or_else(|| {
            Error::usage(format!("{text} is not a number of seconds such as 2 or 0.5"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_may_have_a_fraction() {
        let read = |text: &str| text.parse::<Seconds>().map(|seconds| seconds.0.as_millis()).ok();
        assert_eq!(read("2"), Some(2000));
        assert_eq!(read("0.25"), Some(250));
        for wrong in ["", "x", "-1", "inf", "nan", "1e300", "1s"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
