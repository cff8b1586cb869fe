//! Code shared by `cp`, `mv`, `mirror`, `load` and `apply`, which turn one tree into another.

use std::fmt::Display;
use std::io::{BufReader, IsTerminal};
use std::path::Path;

use super::{Context, Effects, Question, Sends, Tree, Write, counted};
use crate::error::{Error, Kind, Result};
use crate::output::style::Style;
use crate::output::{Report, Text};
use crate::session::Session;
use crate::terminal::progress::grouped;
use crate::tree::apply::{Applier, Counts};
use crate::tree::filter::Needs;
use crate::tree::plan::{NewEphemerals, Planned, Planner, Reason, Refused, Rules};
use crate::tree::source::{Pairs, Source, open, open_input};
use crate::tree::step::Step;
use crate::tree::stream::Znodes;
use crate::tree::transfer::{Transferred, transfer};
use crate::tree::{AclEntry, Permissions};
use crate::zk::{TypedPath, ZnodePath};

/// Maximum number of steps to count for a question: beyond it the exact number does not matter.
const COUNTED: u64 = 20_000;

/// All parts of a znode.
pub const ALL: Needs = Needs { stat: true, data: true, acl: true };

/// The operations of a command that copies into a tree.
pub const COPIES: Sends = Sends::many(&[
    "getChildren2",
    "getData",
    "multiRead",
    "getACL",
    "create",
    "setData",
    "setACL",
    "multi",
]);

/// The operations of a command that makes one tree equal to another.
pub const REPLACES: Sends = Sends::many(&[
    "getChildren2",
    "getData",
    "multiRead",
    "getACL",
    "create",
    "setData",
    "setACL",
    "delete",
    "multi",
]);

/// The options of all commands that turn one tree into another.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct TransferOptions {
    /// Show what would be done, and do nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Make ephemerals persistent; otherwise they are left out
    #[arg(long)]
    pub persist_ephemerals: bool,
}

impl TransferOptions {
    /// Returns the effects of a command with these options.
    pub fn effects(self) -> Effects {
        if self.dry_run { Effects::READS.long(true) } else { Effects::writes(Write::Several) }
    }

    /// Returns the rules for the plan.
    pub fn rules(self, session: &Session, overwrite: bool, prune: bool) -> Rules {
        let new_ephemerals =
            if self.persist_ephemerals { NewEphemerals::Persist } else { NewEphemerals::Refuse };
        Rules {
            overwrite,
            prune,
            new_ephemerals,
            touch_ephemerals: false,
            interim: interim(session),
        }
    }
}

/// Returns the ACL entry that lets this session work below a new znode until its final ACL is set:
/// the session's own identities, or `world:anyone` if it has not authenticated.
pub fn interim(session: &Session) -> AclEntry {
    let proved = ["digest", "sasl", "x509"];
    if proved.iter().any(|scheme| session.has_credentials(scheme)) {
        return AclEntry { scheme: "auth".to_owned(), id: String::new(), perms: Permissions::ALL };
    }
    AclEntry::world(Permissions::CREATE.union(Permissions::ADMIN))
}

/// Returns the live tree at `path`, which need not exist.
pub fn live(session: &Session, path: &ZnodePath, deepest: Option<usize>) -> Source {
    let znodes = Znodes::new(session, path, ALL, deepest).without_zookeeper();
    Source::server(znodes, path.clone(), path.clone(), true)
}

/// Returns the tree at `path` with paths as if it were at `target`.
pub fn copied(
    session: &Session,
    path: &ZnodePath,
    target: &ZnodePath,
    deepest: Option<usize>,
) -> Source {
    let znodes = Znodes::new(session, path, ALL, deepest).without_zookeeper();
    Source::server(znodes, path.clone(), target.clone(), false)
}

/// Returns what is at the target, and what is to be there: the tree `from`.
pub fn between(from: &Tree, target: &Tree, deepest: Option<usize>) -> Pairs {
    Pairs {
        old: live(&target.session, &target.path, deepest),
        new: copied(&from.session, &from.path, &target.path, deepest),
    }
}

/// Refuses to copy a tree into itself, which would never end.
pub fn apart(path: &ZnodePath, target: &ZnodePath, recursive: bool) -> Result<()> {
    let wrong = |words: String| Err(Error::new(Kind::Refused, words));
    if path == target {
        return wrong(format!("{path} and {target} are the same znode"));
    }
    if recursive && path.contains(target) {
        return wrong(format!("{target} is inside {path}"));
    }
    if recursive && target.contains(path) {
        return wrong(format!("{path} is inside {target}"));
    }
    Ok(())
}

/// Returns the comparison of a saved tree with a live one, at `path` or where it was saved from.
pub fn saved(cx: &Context, file: &Path, path: Option<&TypedPath>) -> Result<(Pairs, ZnodePath)> {
    let target = path.map(|path| cx.path(path)).transpose()?;
    let saved = open(file, target.as_ref(), cx.session.max_request() as u64)?;
    cx.progress.expect(saved.znodes);
    let target = target.unwrap_or(saved.top);
    let pairs = Pairs { old: live(&cx.session, &target, None), new: Source::file(saved.records) };
    Ok((pairs, target))
}

/// Returns the comparison of a tree that standard input brings with a live one, at `path` or where
/// it was saved from. A failure that the tree brings on the way has `detail`.
pub async fn arriving(
    cx: &Context,
    path: Option<&TypedPath>,
    detail: &'static str,
) -> Result<(Pairs, ZnodePath)> {
    let path = path.map(|path| cx.path(path)).transpose()?;
    let input = cx.input.take().ok_or_else(|| {
        Error::usage("Standard input is already in use")
            .with_hint("zksh load - reads a pipe; here, load a file")
    })?;
    if std::io::stdin().is_terminal() {
        return Err(Error::usage("Standard input is the terminal, and not a saved tree")
            .with_hint("zksh save /lake | zksh -server other load -"));
    }
    let max_bytes = cx.session.max_request() as u64;
    // Whoever writes the tree may not have begun.
    let opened = tokio::task::spawn_blocking(move || {
        let input = BufReader::with_capacity(1 << 16, input);
        open_input(input, ("standard input", detail), path, max_bytes)
    });
    let (new, target) = opened
        .await
        .map_err(|why| Error::new(Kind::Refused, format!("Cannot read standard input: {why}")))??;
    Ok((Pairs { old: live(&cx.session, &target, None), new }, target))
}

/// A transfer that is ready to start: the trees, the rules, and the top of the changed tree.
pub struct Transfer {
    /// The znodes of both trees.
    pub pairs: Pairs,
    /// Which changes are allowed.
    pub rules: Rules,
    /// The top of the changed tree.
    pub target: Tree,
    /// What progress says of the znodes that are as wanted, such as "copied".
    pub verb: &'static str,
}

impl Transfer {
    /// Plans and, unless it is a dry run, applies the changes. Returns the report.
    pub async fn run(self, cx: &Context, options: TransferOptions) -> Result<TransferReport> {
        let session = &self.target.session;
        let dry_run = options.dry_run;
        let done = run(cx, session, self.pairs, self.rules, dry_run, self.verb).await?;
        outcome(cx, done, dry_run)
    }

    /// Returns the question to ask the user before the transfer runs.
    pub async fn question(self, cx: &Context) -> Result<Option<Question>> {
        question(cx, self.pairs, self.rules, &self.target).await
    }
}

/// Plans and, unless it is a dry run, applies the changes in this session.
pub async fn run(
    cx: &Context,
    session: &Session,
    mut pairs: Pairs,
    rules: Rules,
    dry_run: bool,
    verb: &'static str,
) -> Result<Transferred> {
    let mut applier = (!dry_run).then(|| Applier::new(session));
    let on = |planned: &Planned| match planned {
        Planned::Do(step) if dry_run => cx.show(&ShownStep { step }),
        _ => Ok(()),
    };
    let reached = |count| cx.progress.note(count, if dry_run { "compared" } else { verb });
    transfer(&mut pairs, rules, applier.as_mut(), on, reached).await
}

/// Returns the report of a transfer, or an error if some changes were not made.
pub fn outcome(cx: &Context, done: Transferred, dry_run: bool) -> Result<TransferReport> {
    let report = TransferReport {
        counts: done.counts,
        failed: done.failed,
        left: done.left_count,
        same: done.same,
        dry_run,
        is_silent: false,
    };
    let mut failures: Vec<Error> = done.left.iter().map(left).collect();
    failures.extend(done.failures);
    let count =
        done.left_count + done.failed.max(u64::from(failures.len() as u64 > done.left_count));
    if count == 0 {
        return Ok(report);
    }
    cx.show(&report)?;
    match failures.pop() {
        Some(error) if failures.is_empty() => Err(error),
        Some(last) => {
            failures.push(last);
            let message = format!("{} were not changed", counted(count, "znode", "znodes"));
            Err(Error::new(Kind::Refused, message).with_causes(failures))
        }
        None => Err(Error::new(Kind::Refused, format!("{count} steps failed"))),
    }
}

/// Describes why a znode is left unchanged.
pub fn left(refused: &Refused) -> Error {
    let path = &refused.path;
    let (words, hint) = match &refused.reason {
        Reason::Differs(changed) => {
            let what: Vec<&str> = changed.names().collect();
            let words = format!("{path} exists with different {}", what.join(" and "));
            (words, Some("pass --overwrite to overwrite it"))
        }
        Reason::LiveEphemeral => (format!("{path} is an ephemeral of a live session"), None),
        Reason::NewEphemeral => (
            format!("{path} is ephemeral and would end with this session"),
            Some("pass --persist-ephemerals to make it persistent"),
        ),
        Reason::KindWithChildren => (
            format!("{path} must be recreated to change its kind, but it has children"),
            Some("delete them first"),
        ),
        Reason::Root => (format!("{path} cannot be created or deleted"), None),
    };
    let error = Error::new(Kind::Refused, words);
    match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

/// Returns the question to ask before a tree is changed, or `None` if nothing would change.
pub async fn question(
    cx: &Context,
    mut pairs: Pairs,
    rules: Rules,
    target: &impl Display,
) -> Result<Option<Question>> {
    let mut planner = Planner::new(rules);
    let mut counts = Counts::default();
    let mut is_over = false;
    while !is_over && counts.total() <= COUNTED {
        if let Some((pair, _)) = pairs.next().await? {
            planner.add(pair);
        } else {
            planner.finish();
            is_over = true;
        }
        while let Some(planned) = planner.next_planned() {
            if let Planned::Do(step) = planned {
                counts.add(&step);
            }
        }
    }
    if counts.total() == 0 {
        return Ok(None);
    }
    let more = if is_over { "" } else { "more than " };
    let znodes = counted(counts.total(), "znode", "znodes");
    let words = format!("Change {more}{znodes} at {target} and below it ({})", counts.words());
    let lost = cx.journal.foresees(cx, counts.total(), 0, 0);
    Ok(Some(Question { words, declined: "Nothing was changed" }.ending(lost)))
}

/// A step to show, done or only planned.
pub struct ShownStep<'a> {
    /// The step.
    pub step: &'a Step,
}

impl serde::Serialize for ShownStep<'_> {
    fn serialize<S: serde::Serializer>(
        &self,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut out = serializer.serialize_struct("Shown", 2)?;
        out.serialize_field("path", self.step.path())?;
        let what = match self.step {
            Step::Create { .. } => "create",
            Step::SetData { .. } => "set",
            Step::SetAcl { .. } => "setAcl",
            Step::Delete { .. } => "delete",
        };
        out.serialize_field("step", what)?;
        out.end()
    }
}

impl Report for ShownStep<'_> {
    fn text(&self, out: &mut Text<'_>) {
        let (look, mark, what) = match self.step {
            Step::Create { .. } => (Style::Come, '+', ""),
            Step::SetData { .. } => (Style::Changed, '~', ""),
            Step::SetAcl { .. } => (Style::Changed, '~', " (ACL)"),
            Step::Delete { .. } => (Style::Gone, '-', ""),
        };
        out.look(look, |out| {
            out.own(format_args!("{mark} "));
            out.foreign(self.step.path().as_str());
            out.own(what);
        });
        out.line("");
    }
}

/// The result of a transfer.
#[derive(Debug, serde::Serialize)]
pub struct TransferReport {
    #[serde(flatten)]
    counts: Counts,
    #[serde(rename = "unchanged")]
    same: u64,
    /// The number of znodes that differ but were left unchanged.
    left: u64,
    /// The number of steps that the server refused.
    failed: u64,
    #[serde(rename = "dryRun")]
    dry_run: bool,
    #[serde(skip)]
    is_silent: bool,
}

impl TransferReport {
    /// Returns the report of a single moved znode, which prints nothing.
    pub fn silent() -> Self {
        let counts = Counts { created: 1, deleted: 1, ..Counts::default() };
        Self { counts, same: 0, left: 0, failed: 0, dry_run: false, is_silent: true }
    }
}

impl Report for TransferReport {
    fn text(&self, out: &mut Text<'_>) {
        if self.is_silent {
            return;
        }
        let would = if self.dry_run { "would be: " } else { "" };
        let failed = if self.failed == 0 {
            String::new()
        } else {
            format!(", {} failed", grouped(self.failed))
        };
        out.line(format_args!("{would}{}, {} unchanged{failed}", self.counts.words(), self.same));
    }
}
