//! `source`: run the lines of a file.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::Command;
use crate::dispatch::{Context, Effects, MultiLine, Spec, Table, Task, Write};
use crate::error::{Error, Kind, Result};
use crate::output::NoOutput;
use crate::session::recording::Recording;

/// The maximum size of a file in bytes, because it is read as a whole. `zksh -f` has no such limit.
const LARGEST: u64 = 16 * 1024 * 1024;

/// The maximum depth of files that run each other.
const DEEPEST: usize = 16;

/// Run the lines of a file, as if they were typed here
#[derive(Debug, clap::Args)]
#[command(override_usage = "source file", after_long_help = EXAMPLE)]
pub struct Source {
    /// File of lines
    #[arg(value_name = "file", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
}

const EXAMPLE: &str = "\
At a prompt, a line that fails is reported with its place, and the next one runs; elsewhere it ends the
file. zksh asks no questions about lines of a file: a command that would ask needs --yes. Lines for the
system's shell are not run.

Example:
> source no-such-file
! Cannot read no-such-file: No such file or directory (os error 2)";

impl Spec for Source {
    const NAME: &'static str = "source";
    const TASK: Task = Task::Script;
    type Report = NoOutput;

    fn effects(&self) -> Effects {
        Effects { reads: true, write: Some(Write::Several), is_long: true, ..Effects::SHELL }
    }

    async fn run(&self, cx: &Context) -> Result<NoOutput> {
        let name = self.file.display().to_string();
        let depth = cx.running_files.enter();
        if depth.depth() > DEEPEST {
            let message = format!("Not run: {name}: files are nested {DEEPEST} deep");
            return Err(Error::new(Kind::Refused, message));
        }
        let text = read(&self.file)
            .map_err(|why| Error::new(Kind::Refused, format!("Cannot read {name}: {why}")))?;
        let MultiLine { lines, rows, open, .. } =
            MultiLine::parse::<Command>(&text, cx.view.dialect);
        if open.is_some() {
            let row = rows.last().copied().unwrap_or(1);
            return Err(Error::usage(format!("Not run: the line {name}:{row} has no end")));
        }
        let mut failed = 0_u64;
        for (row, line) in rows.into_iter().zip(lines) {
            let Err(error) = Box::pin(Recording::without(run_line(cx, &line))).await else {
                continue;
            };
            let place = format!("{name}:{row}");
            match &cx.terminal {
                Some(screen) if error.kind() != Kind::Interrupted => {
                    screen.error(&format!("{place}: {}", cx.view.error_text(&error)));
                    failed += 1;
                }
                _ => return Err(error.with_detail(place)),
            }
        }
        match failed {
            0 => Ok(NoOutput {}),
            1 => Err(Error::new(Kind::Refused, format!("1 line of {name} failed"))),
            _ => Err(Error::new(Kind::Refused, format!("{failed} lines of {name} failed"))),
        }
    }
}

/// Runs a line and shows its result.
async fn run_line(cx: &Context, line: &str) -> Result<()> {
    let Some(invocation) = cx.reader.read::<Command>(line)? else { return Ok(()) };
    if cx.terminal.is_some()
        && let Some(question) = invocation.command.question(cx).await?
    {
        return Err(question.unasked());
    }
    let report = invocation.run(cx).await?;
    cx.show_whole(&*report)?;
    report.failure().map_or(Ok(()), Err)
}

fn read(file: &Path) -> std::io::Result<String> {
    let opened = std::fs::File::open(file)?;
    if opened.metadata()?.is_dir() {
        return Err(std::io::Error::other("it is a directory"));
    }
    let mut bytes = Vec::new();
    opened.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(std::io::Error::other("it is larger than 16 MiB; zksh -f runs it"));
    }
    String::from_utf8(bytes).map_err(|_| std::io::Error::other("it is not text"))
}
