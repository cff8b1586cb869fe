//! `get`: read a znode's data.

use super::Shell;
use crate::error::Result;
use crate::path::TypedPath;
use crate::report::{Report, Text, pretty};
use crate::session::Stat;

/// Print the data of a znode
#[derive(Debug, clap::Args)]
#[command(override_usage = "get [-s] [-w] [--pretty] path [watch]", after_long_help = EXAMPLE)]
pub struct Get {
    /// Print the stat as well
    #[arg(short, long)]
    stat: bool,
    /// Leave a watch: one event when the data changes or the znode goes
    #[arg(short, long)]
    watch: bool,
    /// Show the data as what it is: JSON indented, binary as a hexdump
    #[arg(long)]
    pretty: bool,
    /// Znode to read
    #[arg(value_name = "path")]
    path: TypedPath,
    /// Any word here leaves a watch too, by custom `true`
    #[arg(value_name = "watch")]
    word: Option<String>,
}

const EXAMPLE: &str = "\
Example:
> create /lake deep
Created /lake
> get -s /lake
deep
cZxid = <zxid>
ctime = <time>
mZxid = <zxid>
mtime = <time>
pZxid = <zxid>
cversion = 0
dataVersion = 0
aclVersion = 0
ephemeralOwner = 0x0
dataLength = 4
numChildren = 0";

impl Get {
    /// Returns whether the command leaves a watch.
    pub(super) fn watches(&self) -> bool {
        self.watch || self.word.is_some()
    }

    pub(super) async fn run(&self, shell: &Shell) -> Result<Data> {
        let path = shell.path(&self.path)?;
        let watch = self.watches();
        let (bytes, stat) = shell.session.get_data(&path, watch).await?;
        let stat = (self.stat || shell.view.dialect.always_shows_stat()).then_some(stat);
        Ok(Data { bytes, stat, pretty: self.pretty })
    }
}

/// A znode's data, and its stat where it was asked for.
#[derive(Debug, serde::Serialize)]
pub(super) struct Data {
    #[serde(rename = "data")]
    bytes: Vec<u8>,
    stat: Option<Stat>,
    #[serde(skip)]
    pretty: bool,
}

impl Report for Data {
    fn text(&self, out: &mut Text<'_>) {
        if self.pretty {
            pretty::show(&self.bytes, out);
        } else {
            out.data(&self.bytes);
            out.line("");
        }
        if let Some(stat) = &self.stat {
            stat.text(out);
        }
    }
}
