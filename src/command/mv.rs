//! `mv`: moves a znode or a tree.

use crate::dispatch::transfer::{
    ALL, TransferOptions, TransferReport, between, outcome, question, run,
};
use crate::dispatch::{
    Consent, Context, Effects, Question, Sends, Spec, Task, Tree, TreeAddress, Write,
};
use crate::error::{Code, Error, Kind, Result};
use crate::session::{CreateMode, Operation};
use crate::tree::Kind as ZnodeKind;
use crate::tree::apply::Applier;
use crate::tree::source::Pairs;
use crate::tree::step::Step;
use crate::tree::stream::Znodes;
use crate::zk::{Acl, ZnodeData, ZnodePath};

/// Move a znode, with -r all below it too
#[derive(Debug, clap::Args)]
#[command(override_usage = "mv [-r] [-n] [--yes] [--force] path target", after_long_help = EXAMPLE)]
pub struct Mv {
    /// Move all znodes below it too
    #[arg(short, long)]
    recursive: bool,
    /// Show what would be moved, and move nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    #[command(flatten)]
    consent: Consent,
    /// Znode to move
    #[arg(value_name = "path")]
    path: TreeAddress,
    /// Its new path
    #[arg(value_name = "target")]
    target: TreeAddress,
}

/// A move keeps the kinds of znodes.
const OPTIONS: TransferOptions = TransferOptions { dry_run: false, persist_ephemerals: false };

const EXAMPLE: &str = "\
A single znode moves in a transaction. A tree is copied, compared again and then deleted; znodes that
have changed meanwhile stay in both places. An ephemeral cannot move, since it belongs to its session.
Either path may be in another ensemble (help cp); then a single znode is copied and deleted, too.

Example:
> create /lake deep
Created /lake
> mv /lake /pond
> ls /
[pond]";

impl Mv {
    async fn trees(&self, cx: &Context) -> Result<(Tree, Tree)> {
        let (from, target) = (cx.tree(&self.path).await?, cx.tree(&self.target).await?);
        cx.require_apart(&from, &target, true).await?;
        if self.recursive {
            self.consent.allow_tree(cx, &from, "move")?;
            self.consent.allow_below_tree(cx, &target, "move to")?;
        }
        Ok((from, target))
    }

    /// Returns the maximum depth of the znodes to move, or none for the whole tree.
    fn deepest(&self) -> Option<usize> {
        (!self.recursive).then_some(0)
    }
}

impl Spec for Mv {
    const NAME: &'static str = "mv";
    const TASK: Task = Task::Copy;
    type Report = TransferReport;

    fn effects(&self) -> Effects {
        if self.dry_run { Effects::READS.long(true) } else { Effects::writes(Write::Several) }
    }

    fn sends(&self) -> Sends {
        Sends::many(&[
            "getChildren2",
            "getData",
            "multiRead",
            "getACL",
            "create",
            "delete",
            "multi",
        ])
    }

    async fn run(&self, cx: &Context) -> Result<TransferReport> {
        let (path, target) = self.trees(cx).await?;
        if !self.recursive && path.is_here() && target.is_here() && !self.dry_run {
            one(cx, &path.path, &target.path).await?;
            return Ok(TransferReport::silent());
        }
        if target.session.exists(&target.path, false).await?.is_some() {
            return Err(Error::code(Code::NodeExists, target.path.as_str()));
        }
        if !self.recursive
            && let Some(stat) = path.session.exists(&path.path, false).await?
            && stat.num_children > 0
        {
            let error = Error::code(Code::NotEmpty, path.path.as_str());
            return Err(error.with_hint("-r moves its children too"));
        }
        let pairs = || between(&path, &target, self.deepest());
        let rules = OPTIONS.rules(&target.session, false, false);
        let mut done = run(cx, &target.session, pairs(), rules, self.dry_run, "copied").await?;
        if self.dry_run {
            // A real run would delete each copied znode at the source.
            done.counts.deleted = done.counts.created;
            return outcome(cx, done, true);
        }
        let whole = done.left_count == 0 && done.failed == 0 && done.failures.is_empty();
        if !whole {
            return outcome(cx, done, false)
                .map_err(|error| error.with_detail(format!("{path} was not deleted")));
        }
        delete(cx, pairs(), &path, &target).await?;
        if !self.recursive {
            return Ok(TransferReport::silent());
        }
        outcome(cx, done, false)
    }

    async fn question(&self, cx: &Context) -> Result<Option<Question>> {
        if self.consent.yes || !self.recursive || self.dry_run {
            return Ok(None);
        }
        let (path, target) = self.trees(cx).await?;
        let rules = OPTIONS.rules(&target.session, false, false);
        let question = question(cx, between(&path, &target, None), rules, &target).await?;
        Ok(question.map(|question| Question {
            words: format!("{}, and delete {path} with all below it", question.words),
            ..question
        }))
    }
}

/// Moves one znode in a transaction.
async fn one(cx: &Context, path: &ZnodePath, target: &ZnodePath) -> Result<()> {
    let mut znodes = Znodes::new(&cx.session, path, ALL, Some(0));
    let gone = || Error::code(Code::NoNode, path.as_str());
    let visited = znodes.next().await?.ok_or_else(gone)?;
    if let Some(error) = visited.refused {
        return Err(error);
    }
    let record = visited.record;
    let (Some(data), Some(acl), Some(stat)) = (record.data, record.acl, record.stat) else {
        return Err(gone());
    };
    let mode = match ZnodeKind::of_owner(stat.ephemeral_owner) {
        ZnodeKind::Persistent => CreateMode::default(),
        ZnodeKind::Container => CreateMode { container: true, ..CreateMode::default() },
        ZnodeKind::Ttl(milliseconds) => {
            let ttl = Some(std::time::Duration::from_millis(milliseconds));
            CreateMode { ttl, ..CreateMode::default() }
        }
        ZnodeKind::Ephemeral => {
            let message =
                format!("{path} is ephemeral: it belongs to its session and does not move");
            return Err(Error::new(Kind::Refused, message));
        }
    };
    let operations = [
        Operation::Create {
            prefix: target.to_shared(),
            data: ZnodeData::from(&data),
            mode,
            acl: Acl::from(&acl),
        },
        Operation::Delete { path: path.clone(), version: Some(stat.version) },
    ];
    match cx.session.transact(&operations).await? {
        Ok(_) => Ok(()),
        Err((_, error)) if error.code_of() == Some(Code::NotEmpty) => {
            Err(error.with_hint("-r moves its children too"))
        }
        Err((_, error)) => Err(error),
    }
}

/// Deletes a tree after it was copied. Znodes that differ from their copy by now are kept.
async fn delete(cx: &Context, mut pairs: Pairs, path: &Tree, target: &Tree) -> Result<()> {
    let mut applier = Applier::new(&path.session);
    let mut open: Vec<Step> = Vec::new();
    let mut kept = 0_u64;
    loop {
        let next = pairs.next().await?;
        let at = next.as_ref().map(|(pair, _)| pair.path().clone());
        while let Some(step) =
            open.pop_if(|step| at.as_ref().is_none_or(|at| !step.path().contains(at)))
        {
            let below = crate::tree::snapshot::rebase(step.path(), &target.path, &path.path);
            if let (Some(path), Step::Delete { version, .. }) = (below, step) {
                applier.apply(Step::Delete { path, version }).await?;
            }
        }
        let Some((pair, _)) = next else { break };
        cx.progress.note(applier.applied.deleted, "deleted");
        if pair.difference().is_some() {
            kept += 1;
            // The ancestors of a kept znode are kept too.
            open.clear();
            continue;
        }
        let version = pair.new.as_ref().and_then(|new| new.stat).map_or(-1, |stat| stat.version);
        open.push(Step::Delete { path: pair.path().clone(), version });
    }
    let (failed, failures) = applier.finish().await?;
    if kept + failed == 0 {
        return Ok(());
    }
    let message = format!(
        "{path} was copied to {target}, but parts of {path} changed meanwhile and were not deleted"
    );
    Err(Error::new(Kind::Refused, message).with_causes(failures))
}
