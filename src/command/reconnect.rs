//! `reconnect`: a new session in the place of one that is over.

use super::connect::{Left, again};
use crate::dispatch::{Context, Effects, Spec, Task};
use crate::error::{Error, Kind, Result};

/// Open a new session where one has expired
#[derive(Debug, clap::Args)]
#[command(override_usage = "reconnect", after_long_help = EXAMPLE)]
pub struct Reconnect {}

const EXAMPLE: &str = "\
The servers are those of the last session. Its ephemerals and watches are gone; they are to be
made anew; its credentials are given again.

Example:
> close
> reconnect
> reconnect
! There is a session already";

impl Spec for Reconnect {
    const NAME: &'static str = "reconnect";
    const TASK: Task = Task::Session;
    type Report = Left;

    fn effects(&self) -> Effects {
        Effects { session: true, ..Effects::NONE }
    }

    async fn run(&self, cx: &Context) -> Result<Left> {
        if !cx.session.state().is_over() {
            return Err(Error::new(Kind::Refused, "There is a session already")
                .with_hint("by itself it finds a server again; close ends it"));
        }
        again(cx).await
    }
}
