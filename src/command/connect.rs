//! `connect` and `close`: the session itself.

use crate::dispatch::Effects;
use super::{Shell, Spec, Task};
use crate::error::{Error, Result};
use crate::output::Silence;
use crate::zk::Servers;

/// Close the session and open one, here or elsewhere
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "connect [host:port[,host:port...][/chroot]]",
    after_long_help = EXAMPLE
)]
pub struct Connect {
    /// Servers of one ensemble; those of the last session by default
    #[arg(value_name = "host:port")]
    servers: Option<Servers>,
}

const EXAMPLE: &str = "\
Example:
> create /lake
Created /lake
> close
> connect
> ls /
[lake]";

impl Spec for Connect {
    const NAME: &'static str = "connect";
    const TASK: Task = Task::Session;
    type Report = Silence;

    fn effects(&self) -> Effects {
        Effects { session: true, ..Effects::NONE }
    }

    async fn run(&self, shell: &Shell) -> Result<Silence> {
        match &self.servers {
            Some(servers) => open(shell, servers.clone()).await,
            None => again(shell).await,
        }
    }
}

/// Opens a session on the servers of the last one.
pub(super) async fn again(shell: &Shell) -> Result<Silence> {
    let servers = shell
        .session
        .servers()
        .ok_or_else(|| Error::usage("There is no earlier session to take servers from"))?;
    open(shell, servers).await
}

async fn open(shell: &Shell, servers: Servers) -> Result<Silence> {
    shell.session.can_secure(&servers)?;
    shell.session.close().await;
    shell.session.open(servers);
    shell.session.settle().await;
    Ok(Silence {})
}

/// Close the session; its ephemerals and watches go with it
#[derive(Debug, clap::Args)]
#[command(override_usage = "close", after_long_help = CLOSE_EXAMPLE)]
pub struct Close {}

const CLOSE_EXAMPLE: &str = "\
Example:
> close
> ls /
! Not connected";

impl Spec for Close {
    const NAME: &'static str = "close";
    const TASK: Task = Task::Session;
    type Report = Silence;

    fn effects(&self) -> Effects {
        Effects { session: true, ..Effects::NONE }
    }

    async fn run(&self, shell: &Shell) -> Result<Silence> {
        if shell.session.state().is_over() {
            return Err(crate::session::not_connected());
        }
        shell.session.close().await;
        Ok(Silence {})
    }
}
