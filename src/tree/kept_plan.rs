//! A plan in a file, written by `plan -o`. `apply` later applies exactly this plan, and only if the
//! tree has not changed since.
//!
//! The file has JSON lines: a [`Header`], the steps in the order in which they are applied, and an
//! [`End`] with their number. `schema/plan.schema.json` describes each line.

mod brief;
mod check;
mod read;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use self::check::{Progress, check};
pub use self::read::{KeptPlan, is_plan};
use super::step::Step;
use crate::zk::Stat;

/// The version of the format that this zksh writes. It refuses to read later versions.
pub const VERSION: u32 = 1;

/// The first line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The type of the file, always `plan`.
    pub zksh: String,
    /// The version of the format.
    pub version: u32,
    /// The path of the top znode. No step is outside its subtree.
    pub top: String,
    /// The identity of the top znode, or none if it did not exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub znode: Option<Identity>,
    /// The time when the plan was made, in RFC 3339 format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<String>,
    /// The connection string of the ensemble, without secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub servers: Option<String>,
}

/// Identifies a znode. No two znodes have the same identity, even in different ensembles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The zxid of its creation.
    pub czxid: i64,
    /// The time of its creation, in milliseconds since 1970.
    pub ctime: i64,
}

impl From<&Stat> for Identity {
    fn from(stat: &Stat) -> Self {
        Self { czxid: stat.czxid, ctime: stat.ctime }
    }
}

/// The last line of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// The number of steps.
    pub steps: u64,
    /// The last zxid that was seen while the plan was made. A znode created later was not part of
    /// the comparison.
    pub zxid: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EndLine {
    end: End,
}

/// Writes a plan. The file gets its name only when the plan is complete.
pub struct PlanWriter {
    out: BufWriter<File>,
    file: PathBuf,
    partial: PathBuf,
    steps: u64,
}

impl PlanWriter {
    /// Creates the file and writes the header. Only its owner can read the file, because it
    /// contains data and ACLs.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn new(file: &Path, header: &Header) -> io::Result<Self> {
        let mut partial = file.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let made = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(&partial)?;
        let (out, file) = (BufWriter::new(made), file.to_owned());
        let mut writer = Self { out, file, partial, steps: 0 };
        writer.line(header)?;
        Ok(writer)
    }

    /// Adds a step.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn add(&mut self, step: &Step) -> io::Result<()> {
        self.steps += 1;
        self.line(step)
    }

    /// Writes the last line and gives the file its name.
    ///
    /// # Errors
    /// If the file cannot be written or renamed.
    pub fn finish(mut self, zxid: i64) -> io::Result<()> {
        let end = End { steps: self.steps, zxid };
        self.line(&EndLine { end })?;
        self.out.flush()?;
        self.out.get_ref().sync_all()?;
        fs::rename(&self.partial, &self.file)
    }

    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, line)?;
        self.out.write_all(b"\n")
    }
}

impl Drop for PlanWriter {
    fn drop(&mut self) {
        // After `finish` this file no longer exists, so the error is ignored.
        let _ = fs::remove_file(&self.partial);
    }
}
