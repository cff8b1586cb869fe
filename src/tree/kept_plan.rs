//! A plan in a file: what `plan -o` keeps, so that exactly this is applied later, and only if the tree
//! is still what it was.
//!
//! A file of JSON lines: a [`Header`], a step a line in the order in which they are applied, and an
//! [`End`] that says how many there are. `schema/plan.schema.json` has each line.

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
use super::plan::Step;
use crate::zk::Stat;

/// The version of the format that is written. A reader refuses later ones.
pub const VERSION: u32 = 1;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// What the file is: always `plan`.
    pub zksh: String,
    /// The version of the format.
    pub version: u32,
    /// The znode at the top of the tree; no step is outside it.
    pub top: String,
    /// Which znode that is; none if it was not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub znode: Option<Identity>,
    /// When it was made: RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<String>,
    /// The connection string of the ensemble, without secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub servers: Option<String>,
}

/// What no two znodes of any ensembles have in common.
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

/// The last line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// How many steps there are.
    pub steps: u64,
    /// The last zxid that was seen while the plan was made. What was created later is not what was
    /// compared.
    pub zxid: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EndLine {
    end: End,
}

/// Writes a plan. The file has its name once the plan is whole.
pub struct PlanWriter {
    out: BufWriter<File>,
    file: PathBuf,
    partial: PathBuf,
    steps: u64,
}

impl PlanWriter {
    /// Begins with the header. The file, which has data and ACLs, is its owner's alone.
    ///
    /// # Errors
    /// Those of the system.
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
    /// Those of the system.
    pub fn add(&mut self, step: &Step) -> io::Result<()> {
        self.steps += 1;
        self.line(step)
    }

    /// Writes the end and gives the file its name.
    ///
    /// # Errors
    /// Those of the system.
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
        // It is there only where the plan was not finished.
        let _ = fs::remove_file(&self.partial);
    }
}
