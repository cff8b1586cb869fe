//! `create`: make a znode.

use std::ffi::OsString;
use std::time::Duration;

use super::{Shell, data};
use crate::error::{Error, Result};
use crate::path::TypedPath;
use crate::report::{Report, Text};
use crate::session::{Acl, CreateMode};

/// Longest time to live that the server can keep, in milliseconds (`EphemeralType`, five bytes).
const LONGEST_TTL: u64 = 0xff_ffff_ffff;

/// Create a znode
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "create [-s] [-e] [-c] [-t ttl] [-b] path [data] [acl]",
    after_long_help = EXAMPLE
)]
#[expect(clippy::struct_excessive_bools, reason = "one flag each, as zkCli has them")]
pub struct Create {
    /// Append ten digits that count up, so that every name is new
    #[arg(short, long)]
    sequential: bool,
    /// Delete the znode when this session ends
    #[arg(short, long)]
    ephemeral: bool,
    /// Delete the znode some time after its last child has gone
    #[arg(short, long, conflicts_with_all = ["sequential", "ephemeral"])]
    container: bool,
    /// Delete the znode when nothing happens to it for so many milliseconds
    #[arg(
        short, long, value_name = "ttl",
        value_parser = clap::value_parser!(u64).range(1..=LONGEST_TTL),
        conflicts_with_all = ["container", "ephemeral"]
    )]
    ttl: Option<u64>,
    /// The data is typed in base64
    #[arg(short, long)]
    base64: bool,
    /// Znode to create; its parent must exist
    #[arg(value_name = "path")]
    path: TypedPath,
    /// Data to keep in it
    #[arg(value_name = "data", allow_hyphen_values = true)]
    data: Option<OsString>,
    /// Who may do what with it, as scheme:id:perms[,...]; everyone everything by default
    #[arg(value_name = "acl")]
    acl: Option<Acl>,
}

const EXAMPLE: &str = "\
Example:
> create /lake deep
Created /lake
> create -s /lake/reed-
Created /lake/reed-0000000000";

impl Create {
    /// Returns whether the command asks for a password.
    pub(super) fn asks(&self) -> bool {
        self.acl.as_ref().is_some_and(|acl| acl.unanswered().next().is_some())
    }

    pub(super) async fn run(&self, shell: &Shell) -> Result<Created> {
        let path = if self.sequential {
            shell.sequential(&self.path)?
        } else {
            shell.path(&self.path)?.as_str().to_owned()
        };
        let mode = CreateMode {
            ephemeral: self.ephemeral,
            sequential: self.sequential,
            container: self.container,
            ttl: self.ttl.map(Duration::from_millis),
        };
        let data = data::bytes(self.data.as_deref().unwrap_or_default(), self.base64)?;
        let acl = match &self.acl {
            Some(acl) => shell.acl(acl).await?,
            None => Acl::open(),
        };
        let path = shell.session.create(&path, &data, mode, &acl).await.map_err(explain)?;
        Ok(Created { path })
    }
}

fn explain(error: Error) -> Error {
    use crate::error::Code;
    match error.code_of() {
        Some(Code::NoNode) => error.with_hint("its parent must exist: create that first"),
        Some(Code::Unimplemented) => {
            error.with_hint("this server has no containers or TTL znodes, or they are disabled")
        }
        _ => error,
    }
}

/// The path of the new znode.
#[derive(Debug, serde::Serialize)]
pub(super) struct Created {
    path: String,
}

impl Report for Created {
    fn text(&self, out: &mut Text<'_>) {
        out.own("Created ");
        out.foreign(&self.path);
        out.line("");
    }

    fn raw(&self) -> Option<Vec<u8>> {
        Some(format!("{}\n", self.path).into_bytes())
    }
}
