//! `version`: print the shell's version.

use crate::dispatch::{Connects, Context, Effects, Spec, Task};
use crate::error::Result;
use crate::output::Message;

/// Print the shell's name and version
#[derive(Debug, clap::Args)]
#[command(override_usage = "version", after_long_help = EXAMPLE)]
pub struct Version {}

const EXAMPLE: &str =
    concat!("Example:\n> version\nZooKeeper CLI version: zksh ", env!("CARGO_PKG_VERSION"));

impl Spec for Version {
    const NAME: &'static str = "version";
    const TASK: Task = Task::Shell;
    const CONNECTS: Connects = Connects::Never;
    type Report = Message;

    fn effects(&self) -> Effects {
        Effects::SHELL
    }

    async fn run(&self, _: &Context) -> Result<Message> {
        Ok(Message(format!("ZooKeeper CLI version: zksh {}", env!("CARGO_PKG_VERSION"))))
    }
}
