//! `grep`: print the lines of data that match a regular expression.

use crate::dispatch::{Context, Effects, Globs, ReadFailures, Sends, Spec, Task};
use crate::error::{Error, Kind, Result};
use crate::output::style::Style;
use crate::output::{NoOutput, Report, Text};
use crate::tree::Data;
use crate::tree::filter::{Filter, Needs};
use crate::tree::grep::{Found, MAX_SHOWN_BYTES, Pattern};
use crate::tree::stream::Znodes;
use crate::zk::TypedPath;

/// Search the data of a znode and of all below it
#[derive(Debug, clap::Args)]
#[command(override_usage = "grep [-i] [-l | -c] [-v] regex [path]", after_long_help = EXAMPLE)]
#[expect(clippy::struct_excessive_bools, reason = "one flag for each option of grep")]
pub struct Grep {
    /// Ignore case
    #[arg(short, long)]
    ignore_case: bool,
    /// Print only the znodes with a match
    #[arg(short = 'l', long, conflicts_with = "count")]
    znodes: bool,
    /// Print only how many lines of each znode match
    #[arg(short, long)]
    count: bool,
    /// Print the lines that do not match
    #[arg(short = 'v', long)]
    invert: bool,
    /// What to look for, as a regular expression
    #[arg(value_name = "regex")]
    regex: String,
    /// Znode at the top; the working path by default
    #[arg(value_name = "path", default_value = ".")]
    path: TypedPath,
}

const EXAMPLE: &str = "\
If data is not text, grep prints only that it matches. Without any match the status is 1.

Example:
> create /lake depth=12
Created /lake
> create /lake/reed height=3
Created /lake/reed
> grep [0-9]{2} /lake
/lake:1:depth=12";

impl Spec for Grep {
    const NAME: &'static str = "grep";
    const TASK: Task = Task::Search;
    const GLOBS: Globs = Globs::Plain;
    type Report = NoOutput;

    fn effects(&self) -> Effects {
        Effects::READS.long(true)
    }

    fn sends(&self) -> Sends {
        Sends::many(&["getChildren2", "getData", "multiRead"])
    }

    async fn run(&self, cx: &Context) -> Result<NoOutput> {
        let top = cx.path_or_root(&self.path)?;
        let regex = Filter::data_regex(&self.regex, self.ignore_case)?;
        let pattern = Pattern { regex, invert: self.invert };
        let needs = Needs { data: true, ..Needs::default() };
        cx.estimate.walks(&cx.session, &top);
        let mut znodes = Znodes::new(&cx.session, &top, needs, None);
        let (mut count, mut found, mut read_failures) = (0, false, ReadFailures::default());
        while let Some(visited) = znodes.next().await? {
            count += 1;
            cx.progress.note(count, "searched");
            let path = visited.record.path.as_str();
            let data = visited.record.data.as_ref().map_or(&[][..], Data::bytes);
            if self.znodes {
                if pattern.is_in(data) {
                    found = true;
                    cx.show(&Match {
                        path,
                        line: None,
                        count: None,
                        binary: false,
                        text: None,
                        marks: &[],
                    })?;
                }
            } else if self.count {
                let count = pattern.count(data);
                if count > 0 {
                    found = true;
                    let count = Some(count);
                    cx.show(&Match {
                        path,
                        line: None,
                        count,
                        binary: false,
                        text: None,
                        marks: &[],
                    })?;
                }
            } else {
                match pattern.find(data) {
                    Found::Nothing => {}
                    Found::Binary => {
                        found = true;
                        cx.show(&Match {
                            path,
                            line: None,
                            count: None,
                            binary: true,
                            text: None,
                            marks: &[],
                        })?;
                    }
                    Found::Lines(lines) => {
                        found = true;
                        for line in lines {
                            // Cut at a character boundary, because the data is text.
                            let text = std::str::from_utf8(line.bytes).unwrap_or_default();
                            let end = text.floor_char_boundary(MAX_SHOWN_BYTES.min(text.len()));
                            let (number, text) = (Some(line.number), Some(&text[..end]));
                            let marks = &line.matches;
                            cx.show(&Match {
                                path,
                                line: number,
                                count: None,
                                binary: false,
                                text,
                                marks,
                            })?;
                        }
                    }
                }
            }
            read_failures.note(visited.refused);
        }
        read_failures.result()?;
        if found {
            return Ok(NoOutput {});
        }
        Err(Error::new(
            Kind::Refused,
            format!("Nothing at {top} or below it matches {}", self.regex),
        ))
    }
}

/// A line or znode that was found.
#[derive(serde::Serialize)]
struct Match<'a> {
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    binary: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip)]
    marks: &'a [(usize, usize)],
}

impl Report for Match<'_> {
    fn text(&self, out: &mut Text<'_>) {
        if self.binary {
            out.own("Binary data matches: ");
            out.foreign(self.path);
            return out.line("");
        }
        out.look(Style::Key, |out| out.foreign(self.path));
        if let Some(count) = self.count {
            return out.line(format_args!(":{count}"));
        }
        if let Some(line) = self.line {
            out.own(format_args!(":{line}:"));
        }
        let text = self.text.unwrap_or_default();
        let mut at = 0;
        for (start, end) in self.marks {
            if let (Some(before), Some(found)) = (text.get(at..*start), text.get(*start..*end)) {
                out.data(before.as_bytes());
                out.look(Style::Wrong, |out| out.data(found.as_bytes()));
                at = *end;
            }
        }
        out.data(text.get(at..).unwrap_or_default().as_bytes());
        out.line("");
    }
}
