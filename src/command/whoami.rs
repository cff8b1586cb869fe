//! `whoami`: print the identities that the server knows for the session.

use crate::dispatch::{Context, Effects, Sends, Spec, Task};
use crate::error::Result;
use crate::output::{Report, Text};
use crate::session::Identity;

/// Print who the server takes this session for
#[derive(Debug, clap::Args)]
#[command(override_usage = "whoami", after_long_help = EXAMPLE)]
pub struct WhoAmI {}

const EXAMPLE: &str = "\
Needs ZooKeeper 3.7 or later.

Example:
> whoami
Auth scheme: User
ip: 127.0.0.1";

impl Spec for WhoAmI {
    const NAME: &'static str = "whoami";
    const TASK: Task = Task::Protect;
    const SEARCH_TERMS: &'static [(&'static str, &'static str)] = &[("id", "whoami")];
    type Report = Identities;

    fn effects(&self) -> Effects {
        Effects::READS.lone(true)
    }

    fn sends(&self) -> Sends {
        Sends::each(&["whoAmI"])
    }

    async fn run(&self, cx: &Context) -> Result<Identities> {
        Ok(Identities { identities: cx.session.identities().await? })
    }
}

/// The identities, one in each line.
#[derive(Debug, serde::Serialize)]
pub struct Identities {
    identities: Vec<Identity>,
}

impl Report for Identities {
    fn text(&self, out: &mut Text<'_>) {
        out.line("Auth scheme: User");
        for Identity { scheme, user } in &self.identities {
            out.foreign(scheme);
            out.own(": ");
            out.foreign(user);
            out.line("");
        }
    }
}
