//! `cp`: copies a znode or a tree.

use crate::dispatch::transfer::{self, Transfer, TransferOptions, TransferReport, between};
use crate::dispatch::{Consent, Context, Effects, Question, Sends, Spec, Task, TreeAddress};
use crate::error::Result;

/// Copy a znode, with -r all below it too
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "cp [-r] [-n] [--overwrite] [--persist-ephemerals] [--yes] [--force] path target",
    after_long_help = EXAMPLE
)]
pub struct Cp {
    /// Copy all znodes below it too
    #[arg(short, long)]
    recursive: bool,
    /// Change znodes that exist with different data, ACL or kind
    #[arg(long)]
    overwrite: bool,
    #[command(flatten)]
    options: TransferOptions,
    #[command(flatten)]
    consent: Consent,
    /// Znode to copy
    #[arg(value_name = "path")]
    path: TreeAddress,
    /// Path of the copy
    #[arg(value_name = "target")]
    target: TreeAddress,
}

const EXAMPLE: &str = "\
cp copies data, ACLs and kinds. It changes no znode that exists, unless --overwrite is given. Either path
may be in another ensemble: prod:/lake is named in the config file, host:2181/lake names its servers,
and @bob:/lake uses the session bob of this shell, with its credentials.

Example:
> create /lake deep
Created /lake
> create /lake/reed
Created /lake/reed
> cp -r /lake /pond
2 created, 0 unchanged
> ls /pond
[reed]";

impl Cp {
    async fn prepare(&self, cx: &Context) -> Result<Transfer> {
        let (from, target) = (cx.tree(&self.path).await?, cx.tree(&self.target).await?);
        self.consent.allow_below_tree(cx, &target, "copy to")?;
        cx.require_apart(&from, &target, self.recursive).await?;
        let pairs = between(&from, &target, (!self.recursive).then_some(0));
        let rules = self.options.rules(&target.session, self.overwrite, false);
        Ok(Transfer { pairs, rules, target, verb: "copied" })
    }
}

impl Spec for Cp {
    const NAME: &'static str = "cp";
    const TASK: Task = Task::Copy;
    type Report = TransferReport;

    fn effects(&self) -> Effects {
        self.options.effects()
    }

    fn sends(&self) -> Sends {
        transfer::COPIES
    }

    async fn run(&self, cx: &Context) -> Result<TransferReport> {
        let transfer = self.prepare(cx).await?;
        if self.recursive {
            let from = cx.tree(&self.path).await?;
            cx.estimate.walks(&from.session, &from.path);
        }
        transfer.run(cx, self.options).await
    }

    async fn question(&self, cx: &Context) -> Result<Option<Question>> {
        if self.consent.yes || self.options.dry_run || !self.recursive {
            return Ok(None);
        }
        self.prepare(cx).await?.question(cx).await
    }
}
