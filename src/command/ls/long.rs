//! `ls -l`: shows a line for each child, with parts of its stat.

use crate::dispatch::{Context, ReadFailures};
use crate::error::Result;
use crate::output::json::{Hex, Time};
use crate::output::{Report, Text, minute};
use crate::tree::Kind;
use crate::tree::filter::Needs;
use crate::tree::stream::Znodes;
use crate::zk::{Stat, ZnodePath};

/// What the lines are sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Order {
    /// The name, A to Z
    #[default]
    Name,
    /// The bytes of data, the most first
    Size,
    /// The number of children, the most first
    Children,
    /// The last write of data, the newest first
    Modified,
}

/// Reads the stats of all children of a znode. Read failures are reported after the others are
/// shown.
pub(super) async fn list(cx: &Context, path: &ZnodePath, order: Order) -> Result<LongList> {
    let needs = Needs { stat: true, ..Needs::default() };
    let mut znodes = Znodes::new(&cx.session, path, needs, Some(1));
    let (mut rows, mut failures) = (Vec::new(), ReadFailures::default());
    while let Some(visited) = znodes.next().await? {
        failures.note(visited.refused);
        if let Some(stat) = visited.record.stat.filter(|_| visited.depth == 1) {
            rows.push(Row::new(visited.record.path.name(), &stat));
            cx.progress.note(rows.len() as u64, "listed");
        }
    }
    match order {
        // The same order as in a plain `ls`.
        Order::Name => rows.sort_by(|one, other| one.name.cmp(&other.name)),
        Order::Size => rows.sort_by_key(|row| std::cmp::Reverse(row.bytes)),
        Order::Children => rows.sort_by_key(|row| std::cmp::Reverse(row.children)),
        Order::Modified => rows.sort_by_key(|row| std::cmp::Reverse(row.modified.0)),
    }
    let list = LongList { znodes: rows };
    if let Err(error) = failures.result() {
        cx.show(&list)?;
        return Err(error);
    }
    Ok(list)
}

/// The children of a znode.
#[derive(Debug, serde::Serialize)]
pub struct LongList {
    znodes: Vec<Row>,
}

#[derive(Debug, serde::Serialize)]
struct Row {
    name: String,
    kind: &'static str,
    bytes: i32,
    children: i32,
    version: i32,
    modified: Time,
    /// The session that owns an ephemeral.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<Hex>,
}

impl Row {
    fn new(name: &str, stat: &Stat) -> Self {
        let kind = Kind::of_owner(stat.ephemeral_owner);
        Self {
            name: name.to_owned(),
            kind: kind.name(),
            bytes: stat.data_length,
            children: stat.num_children,
            version: stat.version,
            modified: Time(stat.mtime),
            owner: (kind == Kind::Ephemeral).then_some(Hex(stat.ephemeral_owner)),
        }
    }

    /// Returns the columns before the name.
    fn cells(&self) -> [String; 5] {
        [
            self.kind.to_owned(),
            self.bytes.to_string(),
            self.children.to_string(),
            self.version.to_string(),
            minute(self.modified.0),
        ]
    }
}

const HEAD: [&str; 5] = ["kind", "bytes", "children", "version", "modified"];

impl Report for LongList {
    fn text(&self, out: &mut Text<'_>) {
        let rows: Vec<[String; 5]> = self.znodes.iter().map(Row::cells).collect();
        let mut widths = HEAD.map(str::len);
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.len());
            }
        }
        before_name(out, &HEAD.map(str::to_owned), widths);
        out.line("name  owner");
        for (row, znode) in rows.iter().zip(&self.znodes) {
            before_name(out, row, widths);
            out.foreign(&znode.name);
            // A column for the owner would make every line longer than 80 characters.
            match znode.owner {
                Some(owner) => out.line(format_args!("  {:#x}", owner.0)),
                None => out.line(""),
            }
        }
    }

    fn raw(&self) -> Option<Vec<u8>> {
        Some(self.znodes.iter().flat_map(|row| [row.name.as_bytes(), b"\n"].concat()).collect())
    }
}

/// Writes the columns before the name. Numbers are aligned to the right.
fn before_name(out: &mut Text<'_>, cells: &[String; 5], widths: [usize; 5]) {
    for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
        if (1..=3).contains(&column) {
            out.own(format_args!("{cell:>width$}  "));
        } else {
            out.own(format_args!("{cell:<width$}  "));
        }
    }
}
