//! `reconnect`: open a new session after one has ended.

use super::connect::{SwitchReport, again};
use crate::dispatch::{Context, Effects, Spec, Task};
use crate::error::{Error, Kind, Result};

/// Open a new session after one has expired
#[derive(Debug, clap::Args)]
#[command(override_usage = "reconnect", after_long_help = EXAMPLE)]
pub struct Reconnect {}

const EXAMPLE: &str = "\
The servers are those of the last session. Its credentials are sent again. Its ephemerals and watches
are gone, so create and set them again.

Example:
> close
> reconnect
> reconnect
! A session is already open";

impl Spec for Reconnect {
    const NAME: &'static str = "reconnect";
    const TASK: Task = Task::Session;
    type Report = SwitchReport;

    fn effects(&self) -> Effects {
        Effects { session: true, ..Effects::NONE }
    }

    async fn run(&self, cx: &Context) -> Result<SwitchReport> {
        if !cx.session.state().is_over() {
            return Err(Error::new(Kind::Refused, "A session is already open")
                .with_hint("it reconnects by itself; close ends it"));
        }
        again(cx).await
    }
}
