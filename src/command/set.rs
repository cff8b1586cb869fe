//! `set`: write a znode's data.

use std::ffi::OsString;

use clap::ValueEnum;

use super::setting::Setting;
use super::switches::{Choice, Switch};
use super::{Shell, data};
use crate::error::Result;
use crate::path::TypedPath;
use crate::report::{Report, Text};
use crate::session::Stat;

/// Write the data of a znode
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "set path data [-s] [-v version] [-b] | set path data [version]",
    after_long_help = EXAMPLE
)]
pub struct Set {
    /// Print the stat afterwards
    #[arg(short, long)]
    stat: bool,
    /// Write only if this is the version of the data
    #[arg(short = 'v', long = "version", value_name = "version", allow_negative_numbers = true)]
    only: Option<i32>,
    /// The data is typed in base64
    #[arg(short, long)]
    base64: bool,
    /// Znode to write
    #[arg(value_name = "path")]
    path: TypedPath,
    /// Data to keep in it
    #[arg(value_name = "data", allow_negative_numbers = true)]
    data: OsString,
    /// Write only if this is the version of the data
    #[arg(value_name = "version", conflicts_with = "only", allow_negative_numbers = true)]
    version: Option<i32>,
}

const EXAMPLE: &str = "\
Example:
> create /lake deep
Created /lake
> set /lake deeper -v 3
! version No is not valid : /lake";

impl Set {
    /// Returns what is meant by `set hints off` where a person types it at `/`: no znode, whose
    /// path would begin with `/` there.
    pub(super) fn setting(&self, shell: &Shell) -> Option<Setting> {
        let at_root = shell.session.working_path().is_some_and(|path| path.is_root());
        let bare = !self.stat && !self.base64 && self.only.is_none() && self.version.is_none();
        if shell.terminal.is_none() || !at_root || !bare {
            return None;
        }
        let name = Switch::from_str(self.path.as_str(), false).ok()?;
        let choice = Choice::from_str(self.data.to_str()?, false).ok()?;
        Some(Setting { name: Some(name), choice: Some(choice) })
    }

    pub(super) async fn run(&self, shell: &Shell) -> Result<Written> {
        let path = shell.path(&self.path)?;
        let version = self.only.or(self.version);
        let data = data::bytes(&self.data, self.base64)?;
        let stat = shell.session.set_data(&path, &data, version).await?;
        Ok(Written { stat: (self.stat || shell.view.tells_stat()).then_some(stat) })
    }
}

/// The stat after a write, where it was asked for.
#[derive(Debug, serde::Serialize)]
pub(super) struct Written {
    stat: Option<Stat>,
}

impl Report for Written {
    fn text(&self, out: &mut Text<'_>) {
        if let Some(stat) = &self.stat {
            stat.text(out);
        }
    }
}
