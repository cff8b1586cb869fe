//! `find`: list the znodes that meet conditions.

use super::Invocation;
use crate::dialect::Dialect;
use crate::dispatch::{
    Consent, Context, Effects, Globs, Question, ReadFailures, Sends, Spec, Table, Task, Words,
    WrappedWord, Write, counted, words,
};
use crate::error::{Error, Kind, Result};
use crate::output::json::Time;
use crate::output::{NoOutput, Report, Text};
use crate::tree::Record;
use crate::tree::apply::Applier;
use crate::tree::filter::{Age, Bound, Filter, Needs, Owner, Type};
use crate::tree::glob::Glob;
use crate::tree::step::Step;
use crate::tree::stream::Znodes;
use crate::zk::{TypedPath, ZnodePath};

/// List the znodes that meet all conditions
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "find [path] [-name glob] [-regex regex] [-data regex] [-type kind] [-size [+|-]N] [-newer|-older age] [-owner session] [-empty] [-null] [-acl text] [-depth N] [-delete] [-exec command ... {}]",
    after_long_help = EXAMPLE
)]
pub struct Find {
    /// The name matches this pattern, with *, ? and [a-z]; any of several will do
    #[arg(long, value_name = "glob", allow_hyphen_values = true)]
    name: Vec<String>,
    /// The path matches this regular expression
    #[arg(long, value_name = "regex", allow_hyphen_values = true)]
    regex: Option<String>,
    /// The data matches this regular expression
    #[arg(long, value_name = "regex", allow_hyphen_values = true)]
    data: Option<String>,
    /// One of persistent, ephemeral, container, ttl and sequential; any of several
    #[arg(long = "type", value_name = "kind")]
    kinds: Vec<Type>,
    /// N bytes of data: +N more, -N less; k and M are 1024 and 1024 times 1024
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    size: Option<Bound>,
    /// The data changed within this time, such as 30s, 5m, 12h, 30d, 2w
    #[arg(long, value_name = "age")]
    newer: Option<Age>,
    /// The data has not changed for this time
    #[arg(long, value_name = "age")]
    older: Option<Age>,
    /// It is an ephemeral of this session
    #[arg(long, value_name = "session", allow_hyphen_values = true)]
    owner: Option<Owner>,
    /// It has neither data nor children
    #[arg(long)]
    empty: bool,
    /// It has no data at all, which is not the same as data of no bytes
    #[arg(long)]
    null: bool,
    /// The ACL, as scheme:id:perms, has this text in it
    #[arg(long, value_name = "text")]
    acl: Option<String>,
    /// Look at this many levels below path only
    #[arg(long, value_name = "N")]
    depth: Option<usize>,
    /// Delete the znodes found, children first
    #[arg(long)]
    delete: bool,
    #[command(flatten)]
    consent: Consent,
    /// Znode at the top; the working path by default
    #[arg(value_name = "path", default_value = ".")]
    path: TypedPath,
    /// Run a command, all the words that follow, for each znode; {} is its path
    #[arg(
        long,
        value_name = "command",
        num_args = 1..,
        allow_hyphen_values = true,
        conflicts_with = "delete"
    )]
    exec: Vec<WrappedWord>,
}

const EXAMPLE: &str = "\
Example:
> create /lake
Created /lake
> create /lake/fish deep
Created /lake/fish
> create /lake/reed
Created /lake/reed
> find /lake -name f*
/lake/fish
> find /lake -empty -exec ls {}
[]";

impl Find {
    fn top(&self, cx: &Context) -> Result<ZnodePath> {
        let top = cx.path_or_root(&self.path)?;
        if self.delete { self.consent.allow(cx, top, "delete from") } else { Ok(top) }
    }

    fn znodes(&self, cx: &Context, filter: &Filter, top: &ZnodePath) -> Znodes {
        let json = cx.view.format == crate::dialect::Format::Json;
        let needs = filter.needs();
        let needs = Needs { stat: needs.stat || json, ..needs };
        let znodes = Znodes::new(&cx.session, top, needs, self.depth);
        if self.delete { znodes.without_zookeeper() } else { znodes }
    }

    fn filter(&self) -> Result<Filter> {
        Ok(Filter {
            names: self.name.iter().map(|name| Glob::new(name)).collect::<Result<_>>()?,
            regex: self.regex.as_deref().map(Filter::regex).transpose()?,
            data: self.data.as_deref().map(|text| Filter::data_regex(text, false)).transpose()?,
            types: self.kinds.clone(),
            size: self.size,
            newer: self.newer,
            older: self.older,
            owner: self.owner,
            empty: self.empty,
            null: self.null,
            acl: self.acl.clone(),
        })
    }

    /// Returns the command to run for a znode.
    fn invocation(&self, path: &ZnodePath) -> Result<Invocation> {
        let with_path = |word: &WrappedWord| match word.0.to_str() {
            Some(word) => word.replace("{}", path.as_str()).into(),
            None => word.0.clone(),
        };
        let typed: Vec<_> = self.exec.iter().map(with_path).collect();
        words(Words::from(typed), Dialect::default())?
            .ok_or_else(|| Error::usage("Missing: command"))
    }

    async fn execute(&self, cx: &Context, path: &ZnodePath) -> Result<()> {
        let invocation = self.invocation(path)?;
        if cx.terminal.is_some()
            && let Some(question) = Box::pin(invocation.command.question(cx)).await?
        {
            return Err(question.unasked());
        }
        let report = Box::pin(invocation.command.run(cx)).await?;
        cx.show(&*report)?;
        match report.failure() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

impl Spec for Find {
    const NAME: &'static str = "find";
    const TASK: Task = Task::Search;
    const GLOBS: Globs = Globs::Plain;
    type Report = NoOutput;

    fn effects(&self) -> Effects {
        if self.delete || !self.exec.is_empty() {
            Effects::writes(Write::Several)
        } else {
            Effects::READS.long(true)
        }
    }

    fn sends(&self) -> Sends {
        Sends::many(&["getChildren2", "getData", "multiRead", "getACL"])
    }

    async fn run(&self, cx: &Context) -> Result<NoOutput> {
        let filter = self.filter()?;
        let top = self.top(cx)?;
        let mut deleter = self.delete.then(|| Deleter::new(cx));
        let mut read_failures = ReadFailures::default();
        let (mut found, now) = (0, Time::now().0);
        let mut znodes = self.znodes(cx, &filter, &top);
        while let Some(visited) = znodes.next().await? {
            read_failures.note(visited.refused);
            if !filter.matches(&visited.record, now) {
                continue;
            }
            found += 1;
            if let Some(deleter) = &mut deleter {
                deleter.add(&visited.record.path).await?;
                cx.progress.note(deleter.applier.applied.deleted, "deleted");
                continue;
            }
            cx.progress.note(found, "found");
            if self.exec.is_empty() {
                cx.show(&FoundZnode::new(&visited.record))?;
            } else {
                self.execute(cx, &visited.record.path).await?;
            }
        }
        if let Some(deleter) = deleter {
            deleter.finish().await?;
        }
        read_failures.result()?;
        Ok(NoOutput {})
    }

    async fn question(&self, cx: &Context) -> Result<Option<Question>> {
        if !self.delete || self.consent.yes {
            return Ok(None);
        }
        let (filter, top) = (self.filter()?, self.top(cx)?);
        let (mut found, now) = (0, Time::now().0);
        let mut znodes = self.znodes(cx, &filter, &top);
        while let Some(visited) = znodes.next().await? {
            found += u64::from(filter.matches(&visited.record, now));
        }
        let words = format!("Delete {} at {top} and below it", counted(found, "znode", "znodes"));
        Ok((found > 0).then_some(Question { words, declined: "Nothing was deleted" }))
    }
}

/// Deletes znodes that arrive in walk order, each after the znodes below it.
struct Deleter {
    applier: Applier,
    open: Vec<ZnodePath>,
}

impl Deleter {
    fn new(cx: &Context) -> Self {
        Self { applier: Applier::new(&cx.session), open: Vec::new() }
    }

    async fn add(&mut self, path: &ZnodePath) -> Result<()> {
        self.leave(Some(path)).await?;
        self.open.push(path.clone());
        Ok(())
    }

    async fn leave(&mut self, next: Option<&ZnodePath>) -> Result<()> {
        while let Some(path) = self.open.pop_if(|path| next.is_none_or(|next| !path.contains(next)))
        {
            if !path.is_root() {
                self.applier.apply(Step::Delete { path, version: -1 }).await?;
            }
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<()> {
        self.leave(None).await?;
        let (failed, failures) = self.applier.finish().await?;
        if failed == 0 {
            return Ok(());
        }
        let message = format!("{} deleted, {failed} left", self.applier.applied.deleted);
        Err(Error::new(Kind::Refused, message).with_causes(failures))
    }
}

/// A znode that was found.
#[derive(serde::Serialize)]
struct FoundZnode<'a> {
    path: &'a ZnodePath,
    #[serde(skip_serializing_if = "Option::is_none")]
    stat: Option<crate::zk::Stat>,
}

impl<'a> FoundZnode<'a> {
    fn new(record: &'a Record) -> Self {
        Self { path: &record.path, stat: record.stat }
    }
}

impl Report for FoundZnode<'_> {
    fn text(&self, out: &mut Text<'_>) {
        out.foreign(self.path.as_str());
        out.line("");
    }
}
