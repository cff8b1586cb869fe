//! `get`: read a znode's data.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::dispatch::{Context, Effects, Globs, Sends, Spec, Task};
use crate::error::Result;
use crate::output::{Report, Text, hexdump, json, pretty};
use crate::zk::{Stat, TypedPath, ZnodeData, ZnodePath};

/// Print the data of a znode
#[derive(Debug, Default, clap::Args)]
#[command(
    override_usage = USAGE,
    after_long_help = EXAMPLE
)]
#[expect(clippy::struct_excessive_bools, reason = "one flag for each option of zkCli")]
pub struct Get {
    /// Print the stat as well
    #[arg(short, long)]
    stat: bool,
    /// Leave a watch: one event when the data changes or the znode is deleted
    #[arg(short, long)]
    watch: bool,
    /// Print the data in base64
    #[arg(short, long)]
    base64: bool,
    /// Print the data as a table of bytes in hexadecimal
    #[arg(short = 'x', long)]
    hex: bool,
    /// Show the data by its kind: JSON indented, compressed data unpacked
    #[arg(long, conflicts_with_all = ["base64", "hex"])]
    pretty: bool,
    /// Znode to read; the working path by default
    #[arg(value_name = "path")]
    path: Option<TypedPath>,
    /// Any word here leaves a watch too; usually `true`
    #[arg(value_name = "watch")]
    word: Option<String>,
}

const USAGE: &str = "get [-s] [-w] [-b] [-x] [--pretty] path [watch]";

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
    /// Returns whether the command sets a watch.
    pub(super) fn watches(&self) -> bool {
        self.watch || self.word.is_some()
    }
}

impl Spec for Get {
    const NAME: &'static str = "get";
    const TASK: Task = Task::Look;
    const GLOBS: Globs = Globs::WithHeadings;
    const SEARCH_TERMS: &'static [(&'static str, &'static str)] =
        &[("cat", "get"), ("less", "get"), ("more", "get")];
    type Report = Data;

    fn effects(&self) -> Effects {
        Effects::READS.watching(self.watches())
    }

    fn sends(&self) -> Sends {
        Sends::each(&["getData"])
    }

    async fn run(&self, cx: &Context) -> Result<Data> {
        let path = cx.path_or_here(self.path.as_ref(), USAGE)?;
        let (held, stat) = if self.watches() {
            cx.session.get_data(&path, true).await?
        } else {
            cx.session.read(&path).await?
        };
        let stat = (self.stat || cx.view.tells_stat()).then_some(stat);
        // If both are given, zkCli prints the table.
        let form = match (self.hex, self.base64, self.pretty) {
            (true, _, _) => Form::Hex,
            (_, true, _) => Form::Base64,
            (_, _, true) => Form::Pretty,
            _ => Form::Plain,
        };
        Ok(Data { held, stat, form, path })
    }

    fn from_path(path: TypedPath, data: Option<crate::dispatch::Data>) -> Option<Self> {
        data.is_none().then(|| Self { path: Some(path), ..Self::default() })
    }
}

/// The data of a znode, and its stat if requested.
#[derive(Debug, serde::Serialize)]
pub struct Data {
    #[serde(rename = "data", serialize_with = "json::data")]
    held: ZnodeData,
    stat: Option<Stat>,
    #[serde(skip)]
    form: Form,
    #[serde(skip)]
    path: ZnodePath,
}

/// The text form of data.
#[derive(Debug, Clone, Copy)]
enum Form {
    Plain,
    Pretty,
    Base64,
    Hex,
}

impl Report for Data {
    fn text(&self, out: &mut Text<'_>) {
        let bytes = self.held.as_bytes();
        match self.form {
            Form::Plain | Form::Pretty if self.held.is_null() => out.line("null"),
            Form::Plain => {
                out.data(bytes);
                out.line("");
            }
            Form::Pretty => pretty::show(&self.path, bytes, out),
            // Null has no bytes. The bytes of the word null would be read back as data.
            Form::Base64 => out.line(BASE64.encode(bytes)),
            Form::Hex => out.line(hexdump(bytes)),
        }
        if let Some(stat) = &self.stat {
            stat.text(out);
        }
    }

    fn raw(&self) -> Option<Vec<u8>> {
        matches!(self.form, Form::Plain).then(|| self.held.as_bytes().to_vec())
    }
}
