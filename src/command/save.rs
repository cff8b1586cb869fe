//! `save`: writes a tree to a file or a folder.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::dialect::Format;
use crate::dispatch::{Context, Effects, ReadFailures, Sends, Spec, Task, counted, transfer::ALL};
use crate::error::{Error, Kind, Result};
use crate::output::json::Time;
use crate::output::{Report, Text};
use crate::tree::snapshot::{Compression, Encoder, End, FolderWriter, Header, Writer};
use crate::tree::stream::Znodes;
use crate::zk::{TypedPath, ZnodePath};

/// Write a znode and all below it to a file, or print them
#[derive(Debug, clap::Args)]
#[command(override_usage = "save [--dir] [--force] path [file]", after_long_help = EXAMPLE)]
pub struct Save {
    /// Write a folder of files, one for each znode's data
    #[arg(long)]
    dir: bool,
    /// Replace an existing file
    #[arg(long, conflicts_with = "dir")]
    force: bool,
    /// Znode at the top
    #[arg(value_name = "path")]
    path: TypedPath,
    /// File of JSON lines, .gz and .zst compressed; - or nothing is standard output
    #[arg(value_name = "file", value_hint = clap::ValueHint::FilePath)]
    file: Option<PathBuf>,
}

const EXAMPLE: &str = "\
save writes paths, data, ACLs, kinds and stats, a JSON line for each znode; schema/tree.schema.json
describes the lines. A znode that changes meanwhile is marked. The file is readable by its owner alone.
Without a file the lines are printed: save /lake | gzip at a prompt, zksh save /lake | gzip outside.

Example:
> create /lake deep
Created /lake
> create /lake/reed
Created /lake/reed
> save /lake /dev/full/lake
! /dev/full/lake: Not a directory (os error 20)";

/// Writes a tree, and records which znodes could not be read.
async fn write_tree<W: Write>(
    cx: &Context,
    top: &ZnodePath,
    writer: &mut Writer<W>,
    failed: impl Fn(std::io::Error) -> Error,
) -> Result<ReadFailures> {
    let mut znodes = Znodes::new(&cx.session, top, ALL, None).without_zookeeper();
    let mut read_failures = ReadFailures::default();
    let mut count = 0;
    while let Some(visited) = znodes.next().await? {
        count += 1;
        cx.progress.note(count, "saved");
        writer.add(&visited.record).map_err(&failed)?;
        if visited.refused.is_some() {
            writer.skip();
        }
        read_failures.note(visited.refused);
    }
    Ok(read_failures)
}

impl Save {
    async fn write(
        &self,
        cx: &Context,
        top: &ZnodePath,
        header: Header,
        name: &Path,
        partial: &Path,
    ) -> Result<(End, ReadFailures)> {
        let failed = |error: std::io::Error| wrong(name, &error);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(partial)
            .map_err(failed)?;
        let encoder =
            Encoder::new(BufWriter::with_capacity(1 << 16, file), Compression::of_name(name));
        let mut writer = Writer::new(encoder, header).map_err(failed)?;
        let read_failures = write_tree(cx, top, &mut writer, failed).await?;
        let (encoder, end) = writer.finish().map_err(failed)?;
        let mut buffer = encoder.finish().map_err(failed)?;
        buffer.flush().map_err(failed)?;
        let file: File = buffer.into_inner().map_err(|error| failed(error.into_error()))?;
        file.sync_all().map_err(failed)?;
        Ok((end, read_failures))
    }

    /// Prints the lines of the file.
    async fn print(&self, cx: &Context, top: &ZnodePath, header: Header) -> Result<Saved> {
        if self.dir {
            return Err(Error::usage("--dir needs the name of a folder"));
        }
        if cx.view.format == Format::Json {
            return Err(Error::usage("Without a file, save prints lines of its own")
                .with_hint("leave out -o json"));
        }
        let failed = |error: std::io::Error| Error::new(Kind::Interrupted, error.to_string());
        let out = BufWriter::with_capacity(1 << 16, Printer(cx));
        let mut writer = Writer::new(out, header).map_err(failed)?;
        let read_failures = write_tree(cx, top, &mut writer, failed).await?;
        let (mut out, end) = writer.finish().map_err(failed)?;
        out.flush().map_err(failed)?;
        read_failures.result()?;
        Ok(Saved { file: STDOUT.to_owned(), znodes: end.znodes, changed: end.changed, unread: 0 })
    }

    fn ended(cx: &Context, file: &Path, end: End, read_failures: ReadFailures) -> Result<Saved> {
        let file = file.display().to_string();
        let End { znodes, changed, skipped } = end;
        let saved = Saved { file, znodes, changed, unread: skipped };
        match read_failures.result() {
            Ok(()) => Ok(saved),
            Err(error) => {
                cx.show(&saved)?;
                Err(error)
            }
        }
    }
}

impl Spec for Save {
    const NAME: &'static str = "save";
    const TASK: Task = Task::Copy;
    type Report = Saved;

    fn effects(&self) -> Effects {
        Effects::READS.long(true)
    }

    fn sends(&self) -> Sends {
        Sends::many(&["getChildren2", "getData", "multiRead", "getACL"])
    }

    async fn run(&self, cx: &Context) -> Result<Saved> {
        let top = cx.path(&self.path)?;
        cx.estimate.walks(&cx.session, &top);
        let servers = cx.session.servers().map(|servers| servers.to_string());
        let saved = serde_json::to_value(Time::now()).ok();
        let saved = saved.and_then(|time| time.as_str().map(str::to_owned));
        let header = Header::new(&top, saved, servers);
        let Some(file) = self.file.as_ref().filter(|file| file.as_os_str() != STDOUT) else {
            return self.print(cx, &top, header).await;
        };
        if self.dir {
            let mut writer = FolderWriter::new(file, header)?;
            let mut read_failures = ReadFailures::default();
            let mut znodes = Znodes::new(&cx.session, &top, ALL, None).without_zookeeper();
            let mut count = 0;
            while let Some(visited) = znodes.next().await? {
                count += 1;
                cx.progress.note(count, "saved");
                writer.add(&visited.record, visited.has_children)?;
                if visited.refused.is_some() {
                    writer.skip();
                }
                read_failures.note(visited.refused);
            }
            return Self::ended(cx, file, writer.finish()?, read_failures);
        }
        let partial = partial(file);
        if !self.force && file.exists() {
            let message = format!("{} already exists", file.display());
            return Err(Error::new(Kind::Refused, message).with_hint("pass --force to replace it"));
        }
        let written = self.write(cx, &top, header, file, &partial).await;
        if written.is_err() {
            // An incomplete file could be mistaken for a saved tree.
            let _ = fs::remove_file(&partial);
        }
        let (end, read_failures) = written?;
        fs::rename(&partial, file).map_err(|error| wrong(file, &error))?;
        Self::ended(cx, file, end, read_failures)
    }
}

/// The file name that means standard output.
const STDOUT: &str = "-";

/// Writes lines to the output of commands.
struct Printer<'a>(&'a Context);

impl Write for Printer<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.output.lines(bytes).map_err(std::io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Returns the name of a file while it is being written.
fn partial(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

fn wrong(file: &Path, error: &std::io::Error) -> Error {
    Error::new(Kind::Refused, format!("{}: {error}", file.display()))
}

/// What was saved.
#[derive(Debug, serde::Serialize)]
pub struct Saved {
    file: String,
    znodes: u64,
    changed: u64,
    unread: u64,
}

impl Report for Saved {
    fn text(&self, out: &mut Text<'_>) {
        if self.file == STDOUT {
            return;
        }
        let znodes = counted(self.znodes, "znode", "znodes");
        let changed = match self.changed {
            0 => String::new(),
            changed => format!(", {changed} of which changed during the save"),
        };
        out.own(format_args!("Saved {znodes} to "));
        out.foreign(&self.file);
        out.line(changed);
    }
}
