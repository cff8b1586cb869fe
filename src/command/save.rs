//! `save`: write a tree to a file or a folder.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::dispatch::{Context, Effects, ReadFailures, Sends, Spec, Task, counted, transfer::ALL};
use crate::error::{Error, Kind, Result};
use crate::output::json::Time;
use crate::output::{Report, Text};
use crate::tree::snapshot::{Compression, Encoder, End, FolderWriter, Header, Writer};
use crate::tree::stream::Znodes;
use crate::zk::{TypedPath, ZnodePath};

/// Write a znode and all below it to a file
#[derive(Debug, clap::Args)]
#[command(override_usage = "save [--dir] [--force] path file", after_long_help = EXAMPLE)]
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
    /// File of JSON lines; .gz and .zst are compressed
    #[arg(value_name = "file", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
}

const EXAMPLE: &str = "\
Saved are paths, data, ACLs, kinds and stats, a JSON line for each znode; schema/tree.schema.json
describes them. A znode that changes meanwhile is marked. The file is readable by its owner alone.

Example:
> create /lake deep
Created /lake
> create /lake/reed
Created /lake/reed
> save /lake /dev/full/lake
! /dev/full/lake: Not a directory (os error 20)";

impl Save {
    async fn write(
        &self,
        cx: &Context,
        top: &ZnodePath,
        header: Header,
        partial: &Path,
    ) -> Result<(End, ReadFailures)> {
        let failed = |error: std::io::Error| wrong(&self.file, &error);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(partial)
            .map_err(failed)?;
        let encoder =
            Encoder::new(BufWriter::with_capacity(1 << 16, file), Compression::of_name(&self.file));
        let mut writer = Writer::new(encoder, header).map_err(failed)?;
        let mut znodes = Znodes::new(&cx.session, top, ALL, None).without_zookeeper();
        let mut read_failures = ReadFailures::default();
        let mut count = 0;
        while let Some(visited) = znodes.next().await? {
            count += 1;
            cx.progress.note(count, "saved");
            writer.add(&visited.record).map_err(failed)?;
            if visited.refused.is_some() {
                writer.skip();
            }
            read_failures.note(visited.refused);
        }
        let (encoder, end) = writer.finish().map_err(failed)?;
        let mut buffer = encoder.finish().map_err(failed)?;
        buffer.flush().map_err(failed)?;
        let file: File = buffer.into_inner().map_err(|error| failed(error.into_error()))?;
        file.sync_all().map_err(failed)?;
        Ok((end, read_failures))
    }

    fn ended(&self, cx: &Context, end: End, read_failures: ReadFailures) -> Result<Saved> {
        let file = self.file.display().to_string();
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
        let servers = cx.session.servers().map(|servers| servers.to_string());
        let saved = serde_json::to_value(Time::now()).ok();
        let saved = saved.and_then(|time| time.as_str().map(str::to_owned));
        let header = Header::new(&top, saved, servers);
        if self.dir {
            let mut writer = FolderWriter::new(&self.file, header)?;
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
            return self.ended(cx, writer.finish()?, read_failures);
        }
        let partial = partial(&self.file);
        if !self.force && self.file.exists() {
            let message = format!("{} already exists", self.file.display());
            return Err(Error::new(Kind::Refused, message).with_hint("pass --force to replace it"));
        }
        let written = self.write(cx, &top, header, &partial).await;
        if written.is_err() {
            // What is left of it would be taken for a saved tree.
            let _ = fs::remove_file(&partial);
        }
        let (end, read_failures) = written?;
        fs::rename(&partial, &self.file).map_err(|error| wrong(&self.file, &error))?;
        self.ended(cx, end, read_failures)
    }
}

/// The name of a file while it is written.
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
