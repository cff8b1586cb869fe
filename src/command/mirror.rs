//! `mirror`: make one tree like another.

use crate::dispatch::transfer::{
    self, Transfer, TransferOptions, TransferReport, apart, copied, live,
};
use crate::dispatch::{Consent, Context, Effects, Question, Sends, Spec, Task};
use crate::error::Result;
use crate::tree::source::Pairs;
use crate::zk::TypedPath;

/// Make a tree like another
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "mirror [-n] [--delete] [--persist-ephemerals] [--yes] [--force] path target",
    after_long_help = EXAMPLE
)]
pub struct Mirror {
    /// Delete what only the target has, except live ephemerals
    #[arg(long)]
    delete: bool,
    #[command(flatten)]
    options: TransferOptions,
    #[command(flatten)]
    consent: Consent,
    /// Znode at the top of the tree to copy
    #[arg(value_name = "path")]
    path: TypedPath,
    /// Znode at the top of the tree to change
    #[arg(value_name = "target")]
    target: TypedPath,
}

const EXAMPLE: &str = "\
Example:
> create /lake deep
Created /lake
> create /pond
Created /pond
> create /pond/frog
Created /pond/frog
> mirror --delete --dry-run /lake /pond
~ /pond
- /pond/frog
would be: 1 changed, 1 deleted, 0 unchanged";

impl Mirror {
    fn prepare(&self, cx: &Context) -> Result<Transfer> {
        let (path, target) = (cx.path(&self.path)?, cx.path(&self.target)?);
        let target = if self.delete {
            self.consent.allow(cx, target, "replace")?
        } else {
            self.consent.allow_below(cx, target, "change")?
        };
        apart(&path, &target, true)?;
        let pairs = Pairs { old: live(cx, &target, None), new: copied(cx, &path, &target, None) };
        let rules = self.options.rules(cx, true, self.delete);
        Ok(Transfer { pairs, rules, target })
    }
}

impl Spec for Mirror {
    const NAME: &'static str = "mirror";
    const TASK: Task = Task::Copy;
    type Report = TransferReport;

    fn effects(&self) -> Effects {
        self.options.effects()
    }

    fn sends(&self) -> Sends {
        transfer::REPLACES
    }

    async fn run(&self, cx: &Context) -> Result<TransferReport> {
        self.prepare(cx)?.run(cx, self.options).await
    }

    async fn question(&self, cx: &Context) -> Result<Option<Question>> {
        if self.consent.yes || self.options.dry_run {
            return Ok(None);
        }
        self.prepare(cx)?.question(cx).await
    }
}
