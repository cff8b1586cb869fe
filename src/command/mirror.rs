//! `mirror`: makes a tree equal to another.

use crate::dispatch::transfer::{self, Transfer, TransferOptions, TransferReport, between};
use crate::dispatch::{Consent, Context, Effects, Question, Sends, Spec, Task, TreeAddress};
use crate::error::Result;

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
    path: TreeAddress,
    /// Znode at the top of the tree to change
    #[arg(value_name = "target")]
    target: TreeAddress,
}

const EXAMPLE: &str = "\
Either path may be in another ensemble: prod:/lake, host:2181/lake, @bob:/lake (help cp).

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
    async fn prepare(&self, cx: &Context) -> Result<Transfer> {
        let (from, target) = (cx.tree(&self.path).await?, cx.tree(&self.target).await?);
        if self.delete {
            self.consent.allow_tree(cx, &target, "replace")?;
        } else {
            self.consent.allow_below_tree(cx, &target, "change")?;
        }
        cx.require_apart(&from, &target, true).await?;
        let pairs = between(&from, &target, None);
        let rules = self.options.rules(&target.session, true, self.delete);
        Ok(Transfer { pairs, rules, target, verb: "mirrored" })
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
        let transfer = self.prepare(cx).await?;
        let from = cx.tree(&self.path).await?;
        cx.estimate.walks(&from.session, &from.path);
        transfer.run(cx, self.options).await
    }

    async fn question(&self, cx: &Context) -> Result<Option<Question>> {
        if self.consent.yes || self.options.dry_run {
            return Ok(None);
        }
        self.prepare(cx).await?.question(cx).await
    }
}
