//! The journal: the changes made by shells, in a private file of JSON lines with a bounded size. It
//! holds the replaced data, secrets included, so only its owner can read it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::undo::Change;

/// The largest entry, in bytes as JSON: what is larger is not kept, and said not to be.
pub const MAX_ENTRY_BYTES: usize = 8 << 20;

/// The size of the file from which on the oldest entries are dropped, in bytes.
pub const MAX_FILE_BYTES: u64 = 32 << 20;

/// One line that changed something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Counts the entries of one shell, from 1 on.
    pub number: u64,
    /// The shell: its process and when it began, in milliseconds since 1970.
    pub shell: String,
    /// When, in milliseconds since 1970.
    pub time: i64,
    /// The connection string, without the chroot.
    pub servers: String,
    /// What the paths are below.
    pub chroot: String,
    /// The session.
    pub session: i64,
    /// The line as typed, without secrets.
    pub line: String,
    /// What it changed, in order.
    pub changes: Vec<Change>,
    /// Why it cannot be taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub irreversible: Option<String>,
    /// Whether it was taken back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undone: bool,
}

/// The file.
#[derive(Debug, Clone)]
pub struct Journal {
    file: PathBuf,
}

impl Journal {
    /// The journal in this file, which need not be there yet.
    pub fn new(file: PathBuf) -> Self {
        Self { file }
    }

    /// Returns where it is.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Adds an entry. One that is too large is kept without its changes, and cannot be taken back.
    pub fn add(&self, entry: &mut Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        if line.len() > MAX_ENTRY_BYTES {
            entry.changes.clear();
            entry.irreversible = Some(format!("it changed more than {MAX_ENTRY_BYTES} bytes"));
            line = serde_json::to_vec(entry)?;
        }
        line.push(b'\n');
        self.trim()?;
        // One write, so that the lines of two shells do not mix.
        self.open()?.write_all(&line)
    }

    fn open(&self) -> io::Result<File> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&self.file)?;
        // It may have been made by somebody with other ideas.
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
        }
        Ok(file)
    }

    /// Returns all entries, the oldest first. What is no entry is passed over: a line may be cut
    /// where the machine was.
    pub fn entries(&self) -> io::Result<Vec<Entry>> {
        let file = match File::open(&self.file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            file => file?,
        };
        let mut entries = Vec::new();
        for line in BufReader::new(file).split(b'\n') {
            entries.extend(serde_json::from_slice::<Entry>(&line?).ok());
        }
        Ok(entries)
    }

    /// Drops the older half where the file has become too large.
    fn trim(&self) -> io::Result<()> {
        match fs::metadata(&self.file) {
            Ok(meta) if meta.len() > MAX_FILE_BYTES => {}
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        }
        let bytes = fs::read(&self.file)?;
        let half = bytes.len() / 2;
        let start = bytes[half..].iter().position(|byte| *byte == b'\n');
        let kept = start.map_or(&[][..], |start| &bytes[half + start + 1..]);
        let new = self.file.with_extension("new");
        let mut file =
            OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(kept)?;
        fs::rename(&new, &self.file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::undo::Image;
    use crate::tree::{Acl, Data, Kind};

    fn entry(number: u64, bytes: usize) -> Entry {
        let image = Image {
            data: Data::Bytes(vec![b'x'; bytes]),
            acl: Acl::open(),
            kind: Kind::Persistent,
            owner: 0,
            version: 1,
            aversion: 0,
        };
        Entry {
            number,
            shell: "1".to_owned(),
            time: 0,
            servers: "localhost:2181".to_owned(),
            chroot: "/".to_owned(),
            session: 1,
            line: "delete /a".to_owned(),
            changes: vec![Change { path: "/a".to_owned(), before: Some(image), after: None }],
            irreversible: None,
            undone: false,
        }
    }

    #[test]
    fn entries_are_kept_in_a_private_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = Journal::new(folder.path().join("state/journal.jsonl"));
        assert_eq!(journal.entries().expect("none yet"), []);
        journal.add(&mut entry(1, 3)).expect("room");
        let public = fs::Permissions::from_mode(0o644);
        fs::set_permissions(journal.file(), public).expect("ours");
        journal.add(&mut entry(2, 3)).expect("room");
        let mode = fs::metadata(journal.file()).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(journal.entries().expect("two"), [entry(1, 3), entry(2, 3)]);
    }

    #[test]
    fn a_line_that_was_cut_costs_no_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = Journal::new(folder.path().join("journal.jsonl"));
        journal.add(&mut entry(1, 3)).expect("room");
        let mut bytes = fs::read(journal.file()).expect("there");
        bytes.extend(b"{\"number\":2,\"sh\xff\n");
        fs::write(journal.file(), bytes).expect("room");
        journal.add(&mut entry(3, 3)).expect("room");
        let numbers: Vec<u64> =
            journal.entries().expect("two").iter().map(|entry| entry.number).collect();
        assert_eq!(numbers, [1, 3]);
    }

    #[test]
    fn neither_an_entry_nor_the_file_grows_without_bound() {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = Journal::new(folder.path().join("journal.jsonl"));
        let mut large = entry(1, MAX_ENTRY_BYTES);
        journal.add(&mut large).expect("room");
        assert!(large.changes.is_empty() && large.irreversible.is_some());
        for number in 2..12 {
            journal.add(&mut entry(number, MAX_ENTRY_BYTES - 1000)).expect("room");
        }
        let size = fs::metadata(journal.file()).expect("there").len();
        assert!(size <= MAX_FILE_BYTES + MAX_ENTRY_BYTES as u64, "{size}");
        let entries = journal.entries().expect("some");
        assert_eq!(entries.last().map(|entry| entry.number), Some(11));
        assert!(entries.len() >= 2);
    }
}
