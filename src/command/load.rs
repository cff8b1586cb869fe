//! `load`: creates the znodes of a saved tree.

use std::path::PathBuf;

use crate::dispatch::transfer::{self, Transfer, TransferOptions, TransferReport};
use crate::dispatch::{Consent, Context, Effects, Question, Sends, Spec, Task};
use crate::error::Result;
use crate::zk::TypedPath;

/// Load the znodes of a saved file
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "load [-n] [--overwrite] [--persist-ephemerals] [--yes] [--force] file [path]",
    after_long_help = EXAMPLE
)]
pub struct Load {
    /// Change znodes that exist with different data, ACL or kind
    #[arg(long)]
    overwrite: bool,
    #[command(flatten)]
    options: TransferOptions,
    #[command(flatten)]
    consent: Consent,
    /// File or folder that save or another tool wrote; - is standard input
    #[arg(value_name = "file", value_hint = clap::ValueHint::AnyPath)]
    file: PathBuf,
    /// Znode to load the tree into; by default the one that was saved
    #[arg(value_name = "path")]
    path: Option<TypedPath>,
}

const EXAMPLE: &str = "\
load checks the whole file first, so that a truncated file changes nothing. It skips znodes that are
equal already, so after an interruption the same line continues. It also reads a backup that zk_shell
made (json://), and an export of ZooNavigator.

With -, zksh load reads what save printed: zksh save /lake | zksh -server other load - /pond. It writes
while it reads, so if the input is cut, what came before the cut stays.

Example:
> load /dev/null
! /dev/null: neither a file nor a folder";

impl Load {
    async fn prepare(&self, cx: &Context) -> Result<Transfer> {
        let (pairs, target) = if self.is_input() {
            let dry_run = self.options.dry_run;
            let detail =
                if dry_run { "nothing was changed" } else { "what came before it is loaded" };
            transfer::arriving(cx, self.path.as_ref(), detail).await?
        } else {
            transfer::saved(cx, &self.file, self.path.as_ref())?
        };
        let target = self.consent.allow_below(cx, target, "load into")?;
        let rules = self.options.rules(&cx.session, self.overwrite, false);
        Ok(Transfer { pairs, rules, target: cx.here(target), verb: "loaded" })
    }

    /// Returns whether the tree comes from standard input.
    fn is_input(&self) -> bool {
        self.file.as_os_str() == "-"
    }
}

impl Spec for Load {
    const NAME: &'static str = "load";
    const TASK: Task = Task::Copy;
    type Report = TransferReport;

    fn effects(&self) -> Effects {
        self.options.effects()
    }

    fn sends(&self) -> Sends {
        transfer::COPIES
    }

    async fn run(&self, cx: &Context) -> Result<TransferReport> {
        self.prepare(cx).await?.run(cx, self.options).await
    }

    async fn question(&self, cx: &Context) -> Result<Option<Question>> {
        // The input can be read only once, and an answer cannot come from it.
        if self.consent.yes || self.options.dry_run || self.is_input() {
            return Ok(None);
        }
        self.prepare(cx).await?.question(cx).await
    }
}
