//! `du`: show which branches of a tree hold the most data.

use crate::dispatch::{Context, Effects, Globs, ReadFailures, Sends, Spec, Task};
use crate::error::Result;
use crate::output::style::Style;
use crate::output::{Report, Text};
use crate::tree::filter::Needs;
use crate::tree::stream::Znodes;
use crate::tree::usage::{By, Largest, Size, Usage};
use crate::zk::TypedPath;

/// The width of the longest bar in columns.
const BAR: u64 = 20;

/// Show which branches of a tree hold the most
#[derive(Debug, clap::Args)]
#[command(override_usage = "du [--top N] [--by bytes|znodes] [path]", after_long_help = EXAMPLE)]
pub struct Du {
    /// Show this many of the largest
    #[arg(long, value_name = "N", default_value = "20")]
    top: usize,
    /// What counts as large
    #[arg(long, value_enum, default_value = "bytes")]
    by: Order,
    /// Znode at the top; the working path by default
    #[arg(value_name = "path", default_value = ".")]
    path: TypedPath,
}

/// By what branches are sorted.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Order {
    /// Bytes of data
    Bytes,
    /// Number of znodes
    Znodes,
}

const EXAMPLE: &str = "\
Bytes are bytes of data. Names and stats take a server's memory too.

Example:
> create /lake deep
Created /lake
> create /lake/fish
Created /lake/fish
> create /lake/fish/trout brown
Created /lake/fish/trout
> create /lake/reed
Created /lake/reed
> du /lake
9 bytes  4 znodes  /lake
5 bytes  2 znodes  /lake/fish
0 bytes  1 znode   /lake/reed";

impl Spec for Du {
    const NAME: &'static str = "du";
    const TASK: Task = Task::Search;
    const GLOBS: Globs = Globs::Plain;
    type Report = Sizes;

    fn effects(&self) -> Effects {
        Effects::READS.long(true)
    }

    fn sends(&self) -> Sends {
        Sends::many(&["getChildren2", "getData", "multiRead"])
    }

    async fn run(&self, cx: &Context) -> Result<Sizes> {
        let top = cx.path_or_root(&self.path)?;
        let needs = Needs { stat: true, ..Needs::default() };
        cx.estimate.walks(&cx.session, &top);
        let mut znodes = Znodes::new(&cx.session, &top, needs, None);
        let by = match self.by {
            Order::Bytes => By::Bytes,
            Order::Znodes => By::Znodes,
        };
        let (mut usage, mut largest) = (Usage::default(), Largest::new(self.top, by));
        let mut read_failures = ReadFailures::default();
        while let Some(visited) = znodes.next().await? {
            let record = &visited.record;
            for branch in usage.add(&record.path, record.data_length()) {
                if top.is_parent_of(&branch.path) {
                    largest.add(branch);
                }
            }
            cx.progress.note(usage.total().znodes, "counted");
            read_failures.note(visited.refused);
        }
        for branch in usage.finish() {
            if top.is_parent_of(&branch.path) {
                largest.add(branch);
            }
        }
        let (branches, others, rest) = largest.finish();
        let total = usage.total();
        let row = |name: &str, size: Size| Row {
            path: name.to_owned(),
            bytes: size.bytes,
            znodes: size.znodes,
        };
        let largest =
            branches.iter().map(|branch| row(branch.path.as_str(), branch.size)).collect();
        let bars = cx.view.terminal.then_some(by);
        let total = row(top.as_str(), total);
        let rest = (others > 0).then_some(Rest {
            branches: others,
            bytes: rest.bytes,
            znodes: rest.znodes,
        });
        let sizes = Sizes { total, largest, rest, bars };
        if let Err(error) = read_failures.result() {
            cx.show(&sizes)?;
            return Err(error);
        }
        Ok(sizes)
    }
}

#[derive(Debug, serde::Serialize)]
struct Row {
    path: String,
    bytes: u64,
    znodes: u64,
}

/// The branches that are not shown.
#[derive(Debug, serde::Serialize)]
struct Rest {
    branches: u64,
    bytes: u64,
    znodes: u64,
}

/// The total and the largest branches.
#[derive(Debug, serde::Serialize)]
pub struct Sizes {
    total: Row,
    largest: Vec<Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rest: Option<Rest>,
    #[serde(skip)]
    bars: Option<By>,
}

impl Report for Sizes {
    fn text(&self, out: &mut Text<'_>) {
        let rest = self.rest.as_ref().map(|rest| {
            let others = if rest.branches == 1 { "other" } else { "others" };
            Row {
                path: format!("{} {others}", rest.branches),
                bytes: rest.bytes,
                znodes: rest.znodes,
            }
        });
        let rows: Vec<&Row> =
            std::iter::once(&self.total).chain(&self.largest).chain(&rest).collect();
        let cells: Vec<(String, String)> = rows
            .iter()
            .map(|row| (counted(row.bytes, "byte"), counted(row.znodes, "znode")))
            .collect();
        let digits = |text: &String| text.find(' ').unwrap_or(0);
        let wide = |cells: &dyn Fn(&(String, String)) -> usize, all: &[(String, String)]| {
            all.iter().map(cells).max().unwrap_or(0)
        };
        let bytes = wide(&|cell| digits(&cell.0), &cells);
        let znodes = wide(&|cell| digits(&cell.1), &cells);
        let whole = match self.bars {
            Some(By::Znodes) => self.total.znodes,
            _ => self.total.bytes,
        };
        for (row, cell) in rows.iter().zip(&cells) {
            let padded = |text: &String, most: usize, unit: usize| {
                let before = most - digits(text);
                let behind = (most + 1 + unit).saturating_sub(before + text.len());
                format!("{:before$}{text}{:behind$}", "", "")
            };
            out.own(format_args!(
                "{}  {}  ",
                padded(&cell.0, bytes, 5),
                padded(&cell.1, znodes, 6)
            ));
            if let Some(by) = self.bars {
                let part = if by == By::Znodes { row.znodes } else { row.bytes };
                let filled = if whole == 0 { 0 } else { part.saturating_mul(BAR).div_ceil(whole) };
                let bar: String = (0..BAR).map(|at| if at < filled { '█' } else { ' ' }).collect();
                out.look(Style::Key, |out| out.own(bar));
                out.own("  ");
            }
            out.foreign(&row.path);
            out.line("");
        }
    }
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
