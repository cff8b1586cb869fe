//! `diff`: compares two trees.

use std::path::{Path, PathBuf};

use crate::dispatch::transfer::copied;
use crate::dispatch::{Context, Effects, ReadFailures, Sends, Spec, Task, Tree, TreeAddress};
use crate::error::{Code, Error, Kind, Result};
use crate::output::style::Style;
use crate::output::{NoOutput, Report, Text, difference, json};
use crate::tree::diff::{Changed, Difference, Pair};
use crate::tree::source::{Pairs, Source, open};
use crate::tree::{Data, Record};

/// Show how two trees differ, or a tree and a file
#[derive(Debug, clap::Args)]
#[command(override_usage = "diff [-q] (path | -f file) path", after_long_help = EXAMPLE)]
pub struct Diff {
    /// Show the paths only, not the values
    #[arg(short, long)]
    quiet: bool,
    /// Compare with a file or folder that save wrote
    #[arg(short, long, value_name = "file", value_hint = clap::ValueHint::AnyPath)]
    file: Option<PathBuf>,
    /// Znode at the top of the first tree
    #[arg(value_name = "path", num_args = 1..=2, required = true)]
    paths: Vec<TreeAddress>,
}

const EXAMPLE: &str = "\
+ marks what only the second has, - what only the first has, and ~ what differs. diff compares data, ACLs
and kinds. The exit status is 4 if they differ. Either path may be in another ensemble: prod:/lake,
host:2181/lake, @bob:/lake (help cp).

Example:
> create /lake deep
Created /lake
> create /pond wide
Created /pond
> create /pond/frog
Created /pond/frog
> diff -q /lake /pond
~ /pond (data)
+ /pond/frog
! /lake and /pond differ: 1 added, 0 removed, 1 changed";

impl Diff {
    /// Returns the pairs of both trees, with the paths of the second, and the names of the trees.
    async fn pairs(&self, cx: &Context) -> Result<(Pairs, [String; 2])> {
        let mut trees = Vec::new();
        for path in &self.paths {
            trees.push(cx.tree(path).await?);
        }
        let seen_at = |tree: &Tree, path| copied(&tree.session, &tree.path, path, None);
        match (&self.file, &trees[..]) {
            (Some(file), [tree]) => {
                let saved = open(file, Some(&tree.path), cx.session.max_request() as u64)?;
                let names = [file.display().to_string(), tree.to_string()];
                cx.estimate.walks(&tree.session, &tree.path);
                let new = seen_at(tree, &tree.path);
                Ok((Pairs { old: Source::file(saved.records), new }, names))
            }
            (None, [old, new]) => {
                cx.estimate.walks(&new.session, &new.path);
                let names = [old.to_string(), new.to_string()];
                let pairs = Pairs { old: seen_at(old, &new.path), new: seen_at(new, &new.path) };
                Ok((pairs, names))
            }
            (Some(_), _) => Err(Error::usage("With -f, one path is compared")),
            (None, _) => Err(Error::usage("Missing: path of the second tree, or -f file")),
        }
    }

    async fn compare(&self, cx: &Context) -> Result<NoOutput> {
        let (mut pairs, names) = self.pairs(cx).await?;
        let [mut added, mut removed, mut changed, mut seen] = [0_u64; 4];
        while let Some((pair, _)) = pairs.next().await? {
            seen += 1;
            cx.progress.note(seen, "compared");
            let Some(difference) = pair.difference() else { continue };
            match difference {
                Difference::Added => added += 1,
                Difference::Removed => removed += 1,
                Difference::Changed(_) => changed += 1,
            }
            cx.show(&Differing { pair: &pair, difference, quiet: self.quiet })?;
        }
        let mut read_failures = ReadFailures::default();
        let failures = pairs.old.take_failures().into_iter().chain(pairs.new.take_failures());
        failures.for_each(|error| read_failures.note(Some(error)));
        read_failures.result()?;
        if added + removed + changed == 0 {
            return Ok(NoOutput {});
        }
        let message = format!(
            "{} and {} differ: {added} added, {removed} removed, {changed} changed",
            names[0], names[1]
        );
        Err(Error::new(Kind::Different, message))
    }

    /// Adds a hint if a tree that does not exist has the path of a local file.
    fn suggest_file(&self, error: Error) -> Error {
        let is_no_tree = error.code_of() == Some(Code::NoNode) || error.kind() == Kind::Usage;
        if self.file.is_some() || !is_no_tree {
            return error;
        }
        let mut typed = self.paths.iter().map(TreeAddress::as_str);
        match typed.find(|path| Path::new(path).exists()) {
            Some(file) => error.with_hint(format!("diff -f {file} compares with the local file")),
            None => error,
        }
    }
}

impl Spec for Diff {
    const NAME: &'static str = "diff";
    const TASK: Task = Task::Copy;
    type Report = NoOutput;

    fn effects(&self) -> Effects {
        Effects::READS.long(true)
    }

    fn sends(&self) -> Sends {
        Sends::many(&["getChildren2", "getData", "multiRead", "getACL"])
    }

    async fn run(&self, cx: &Context) -> Result<NoOutput> {
        self.compare(cx).await.map_err(|error| self.suggest_file(error))
    }
}

/// The difference at one path.
pub(super) struct Differing<'a> {
    pub(super) pair: &'a Pair,
    pub(super) difference: Difference,
    pub(super) quiet: bool,
}

#[derive(serde::Serialize)]
struct Side<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Bytes<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acl: Option<&'a crate::tree::Acl>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
}

struct Bytes<'a>(&'a Data);

impl serde::Serialize for Bytes<'_> {
    fn serialize<S: serde::Serializer>(
        &self,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        match self.0 {
            Data::Null => serializer.serialize_none(),
            Data::Bytes(bytes) => json::bytes(bytes, serializer),
        }
    }
}

impl<'a> Side<'a> {
    fn of(record: &'a Record, changed: Changed) -> Self {
        Self {
            data: record.data.as_ref().filter(|_| changed.data).map(Bytes),
            acl: record.acl.as_ref().filter(|_| changed.acl),
            kind: record.kind.filter(|_| changed.kind).map(|kind| kind.to_string()),
        }
    }
}

impl serde::Serialize for Differing<'_> {
    fn serialize<S: serde::Serializer>(
        &self,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("path", self.pair.path())?;
        let (what, changed) = match self.difference {
            Difference::Added => ("added", Changed::default()),
            Difference::Removed => ("removed", Changed::default()),
            Difference::Changed(changed) => ("changed", changed),
        };
        map.serialize_entry("difference", what)?;
        if let (false, Some(old), Some(new)) = (self.quiet, &self.pair.old, &self.pair.new) {
            map.serialize_entry("old", &Side::of(old, changed))?;
            map.serialize_entry("new", &Side::of(new, changed))?;
        }
        map.end()
    }
}

impl Report for Differing<'_> {
    fn text(&self, out: &mut Text<'_>) {
        let (look, mark, what) = match self.difference {
            Difference::Added => (Style::Come, '+', String::new()),
            Difference::Removed => (Style::Gone, '-', String::new()),
            Difference::Changed(changed) => {
                let names: Vec<&str> = changed.names().collect();
                (Style::Changed, '~', format!(" ({})", names.join(", ")))
            }
        };
        out.look(look, |out| {
            out.own(format_args!("{mark} "));
            out.foreign(self.pair.path().as_str());
            out.own(what);
        });
        out.line("");
        let Difference::Changed(changed) = self.difference else { return };
        let (false, Some(old), Some(new)) = (self.quiet, &self.pair.old, &self.pair.new) else {
            return;
        };
        if changed.data {
            fn bytes(record: &Record) -> Option<&[u8]> {
                match &record.data {
                    Some(Data::Bytes(bytes)) => Some(bytes),
                    _ => None,
                }
            }
            difference::show(bytes(old), bytes(new), out);
        }
        let mut value = |mark: char, look: Style, text: Option<String>| {
            if let Some(text) = text {
                out.look(look, |out| {
                    out.own(format_args!("  {mark}"));
                    out.foreign(&text);
                });
                out.line("");
            }
        };
        if changed.acl {
            value('-', Style::Gone, old.acl.as_ref().map(ToString::to_string));
            value('+', Style::Come, new.acl.as_ref().map(ToString::to_string));
        }
        if changed.kind {
            value('-', Style::Gone, old.kind.map(|kind| kind.to_string()));
            value('+', Style::Come, new.kind.map(|kind| kind.to_string()));
        }
    }
}
