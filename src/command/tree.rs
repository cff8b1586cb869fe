//! `tree`: draw the znodes below a znode.

use crate::dispatch::{Context, Effects, Globs, ReadFailures, Sends, Spec, Task};
use crate::error::Result;
use crate::output::style::Style;
use crate::output::{NoOutput, Report, Text};
use crate::tree::Kind;
use crate::tree::filter::Needs;
use crate::tree::stream::{Visited, Znodes};
use crate::zk::{TypedPath, ZnodePath};

/// Draw what lies below a znode
#[derive(Debug, clap::Args)]
#[command(override_usage = "tree [-d depth] [-s] [path]", after_long_help = EXAMPLE)]
pub struct Tree {
    /// Draw this many levels only
    #[arg(short, long, value_name = "depth")]
    depth: Option<usize>,
    /// Show the bytes of data, and the kind of znodes that are not persistent
    #[arg(short, long)]
    sizes: bool,
    /// Znode at the top; the working path by default
    #[arg(value_name = "path", default_value = ".")]
    path: TypedPath,
}

const EXAMPLE: &str = "\
Example:
> create /lake
Created /lake
> create /lake/fish deep
Created /lake/fish
> create /lake/fish/trout
Created /lake/fish/trout
> create /lake/reed
Created /lake/reed
> tree /lake
/lake
├── fish
│   └── trout
└── reed";

impl Spec for Tree {
    const NAME: &'static str = "tree";
    const TASK: Task = Task::Search;
    const GLOBS: Globs = Globs::Plain;
    type Report = NoOutput;

    fn effects(&self) -> Effects {
        Effects::READS.long(true)
    }

    fn sends(&self) -> Sends {
        Sends::many(&["getChildren2", "multiRead"])
    }

    async fn run(&self, cx: &Context) -> Result<NoOutput> {
        let top = cx.path_or_root(&self.path)?;
        let needs = Needs { stat: self.sizes, ..Needs::default() };
        if self.depth.is_none() {
            cx.estimate.walks(&cx.session, &top);
        }
        let mut znodes = Znodes::new(&cx.session, &top, needs, self.depth);
        let mut read_failures = ReadFailures::default();
        // Whether the branch at each level above continues below.
        let mut goes_on: Vec<bool> = Vec::new();
        let mut count = 0;
        while let Some(visited) = znodes.next().await? {
            count += 1;
            cx.progress.note(count, "drawn");
            goes_on.truncate(visited.depth.saturating_sub(1));
            cx.show(&Branch::new(&visited, &goes_on, self.sizes))?;
            if visited.depth > 0 {
                goes_on.push(!visited.is_last);
            }
            read_failures.note(visited.refused);
        }
        read_failures.result()?;
        Ok(NoOutput {})
    }
}

/// A znode of the drawing.
#[derive(serde::Serialize)]
struct Branch<'a> {
    path: &'a ZnodePath,
    depth: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip)]
    lines: String,
}

impl<'a> Branch<'a> {
    fn new(visited: &'a Visited, goes_on: &[bool], sizes: bool) -> Self {
        let mut lines = String::new();
        if visited.depth > 0 {
            for goes_on in goes_on {
                lines.push_str(if *goes_on { "│   " } else { "    " });
            }
            lines.push_str(if visited.is_last { "└── " } else { "├── " });
        }
        let record = &visited.record;
        let stat = record.stat.filter(|_| sizes);
        Self {
            path: &record.path,
            depth: visited.depth,
            bytes: stat.map(|stat| u64::try_from(stat.data_length).unwrap_or(0)),
            kind: stat.map(|stat| Kind::of_owner(stat.ephemeral_owner).name()),
            lines,
        }
    }
}

impl Report for Branch<'_> {
    fn text(&self, out: &mut Text<'_>) {
        out.look(Style::Quiet, |out| out.own(&self.lines));
        out.foreign(if self.depth == 0 { self.path.as_str() } else { self.path.name() });
        if let (Some(bytes), Some(kind)) = (self.bytes, self.kind) {
            let kind =
                if kind == Kind::Persistent.name() { String::new() } else { format!(", {kind}") };
            let unit = if bytes == 1 { "byte" } else { "bytes" };
            out.look(Style::Quiet, |out| out.own(format_args!(" ({bytes} {unit}{kind})")));
        }
        out.line("");
    }
}
