//! `connect` and `close`: open and close the session.

use crate::dispatch::{Context, Effects, Sends, Spec, Task};
use crate::error::{Error, Result};
use crate::output::{Report, Text};
use crate::session::Losses;
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
The new session is opened before the old one is closed. If no server opens one, the old session stays.
The new session has no credentials until addauth adds them; reconnect sends the last ones again.

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
    type Report = SwitchReport;

    fn effects(&self) -> Effects {
        Effects { session: true, ..Effects::NONE }
    }

    async fn run(&self, cx: &Context) -> Result<SwitchReport> {
        let servers = match &self.servers {
            Some(servers) => servers.clone(),
            None => last_servers(cx)?,
        };
        cx.session.can_secure(&servers)?;
        let session = &cx.session;
        let schemes = session.credential_schemes();
        let losses = if session.state().is_connected() {
            session
                .switch(servers)
                .await
                .map_err(|error| error.with_detail("the session is unchanged"))?
        } else {
            let losses = session.close().await;
            session.forget_credentials();
            session.open(servers);
            losses
        };
        session.settle().await;
        let identity = (!schemes.is_empty()).then(|| {
            format!("{} credentials were not sent again; use addauth", schemes.join(" and "))
        });
        Ok(SwitchReport { losses, identity })
    }
}

/// Returns the servers of the last session.
fn last_servers(cx: &Context) -> Result<Servers> {
    let servers = cx.session.servers();
    servers.ok_or_else(|| Error::usage("There is no earlier session to take servers from"))
}

/// Opens a session on the servers of the last one, with its credentials.
pub(super) async fn again(cx: &Context) -> Result<SwitchReport> {
    let servers = last_servers(cx)?;
    cx.session.can_secure(&servers)?;
    let schemes = cx.session.credential_schemes();
    let losses = cx.session.close().await;
    cx.session.open(servers);
    cx.session.settle().await;
    let identity = (!schemes.is_empty())
        .then(|| format!("{} credentials were sent again", schemes.join(" and ")));
    Ok(SwitchReport { losses, identity })
}

/// What was lost with the old session, and the identity of the new one. Scripts do not print this.
#[derive(serde::Serialize)]
pub struct SwitchReport {
    #[serde(skip)]
    losses: Losses,
    #[serde(skip)]
    identity: Option<String>,
}

impl Report for SwitchReport {
    fn text(&self, out: &mut Text<'_>) {
        if !out.is_terminal() {
            return;
        }
        self.losses.text(out);
        if let Some(identity) = &self.identity {
            out.line(identity);
        }
    }
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
    type Report = SwitchReport;

    fn effects(&self) -> Effects {
        Effects { session: true, ..Effects::NONE }
    }

    fn sends(&self) -> Sends {
        Sends::each(&["closeSession"])
    }

    async fn run(&self, cx: &Context) -> Result<SwitchReport> {
        if cx.session.state().is_over() {
            return Err(crate::session::not_connected());
        }
        Ok(SwitchReport { losses: cx.session.close().await, identity: None })
    }
}
