//! The journal: changes that shells have made at their prompts, as JSON lines in a file of bounded
//! size. It contains the replaced data, secrets included, so only its owner can read it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::undo::{Change, Renamed, rename_all};

/// The maximum size of an entry as JSON, in bytes. A larger one is stored without its changes, and
/// says so.
pub const MAX_ENTRY_BYTES: usize = 8 << 20;

/// The file size in bytes above which the oldest entries are dropped.
pub const MAX_FILE_BYTES: u64 = 32 << 20;

/// One line that changed something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The number of the entry within its shell, starting with 1.
    pub number: u64,
    /// The shell: its process id and start time, in milliseconds since 1970.
    pub shell: String,
    /// The time of the entry, in milliseconds since 1970.
    pub time: i64,
    /// The connection string, without the chroot.
    pub servers: String,
    /// The chroot of the connection, which the paths do not include.
    pub chroot: String,
    /// The id of the session.
    pub session: i64,
    /// The line as typed, without secrets.
    pub line: String,
    /// The changes, one for each znode, in walk order.
    pub changes: Vec<Change>,
    /// Why the entry cannot be undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub irreversible: Option<String>,
    /// The numbers of the entries that this one has undone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undoes: Vec<u64>,
    /// Whether the entry was undone. In the file, a later amendment records this.
    #[serde(skip)]
    pub is_undone: bool,
}

/// The effect of an undo on earlier entries of the same shell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amendment {
    /// The shell, as in [`Entry::shell`].
    pub shell: String,
    /// Numbers of the entries that were undone.
    pub undone: Vec<u64>,
    /// Numbers of the entries that are in effect again, because their undo was undone.
    pub redone: Vec<u64>,
    /// States that were restored.
    pub renamed: Vec<Renamed>,
    /// The servers and the chroot to which these states belong.
    pub place: (String, String),
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Amendment { amend: Amendment },
    Entry(Box<Entry>),
}

impl Amendment {
    /// Applies the amendment to the entries before it.
    pub fn apply(&self, entries: &mut [Entry]) {
        for entry in entries.iter_mut().filter(|entry| entry.shell == self.shell) {
            if self.undone.contains(&entry.number) {
                entry.is_undone = true;
            }
            if self.redone.contains(&entry.number) {
                entry.is_undone = false;
            }
            if (&entry.servers, &entry.chroot) == (&self.place.0, &self.place.1) {
                rename_all(&self.renamed, &mut entry.changes);
            }
        }
    }
}

/// Reads and writes the file of the journal.
#[derive(Debug, Clone)]
pub struct Journal {
    file: PathBuf,
}

impl Journal {
    /// Returns the journal in this file, which need not exist yet.
    pub fn new(file: PathBuf) -> Self {
        Self { file }
    }

    /// Returns the path of the file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Adds an entry. If it is too large, it is stored without its changes and cannot be undone.
    pub fn add(&self, entry: &mut Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        if line.len() > MAX_ENTRY_BYTES {
            entry.changes.clear();
            entry.irreversible =
                Some(format!("it changed more than {} MiB", MAX_ENTRY_BYTES >> 20));
            line = serde_json::to_vec(entry)?;
        }
        self.append(line)
    }

    /// Appends the effect of an undo on earlier entries.
    pub fn amend(&self, amendment: Amendment) -> io::Result<()> {
        self.append(serde_json::to_vec(&Line::Amendment { amend: amendment })?)
    }

    /// Deletes all entries, including those of other shells.
    pub fn clear(&self) -> io::Result<()> {
        match fs::remove_file(&self.file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            cleared => cleared,
        }
    }

    fn append(&self, mut line: Vec<u8>) -> io::Result<()> {
        line.push(b'\n');
        let mut file = self.locked()?;
        if file.metadata()?.len() > MAX_FILE_BYTES {
            self.trim()?;
            drop(file);
            file = self.locked()?;
        }
        file.write_all(&line)
    }

    /// Opens the file and locks it. Waits while another shell has the lock.
    fn locked(&self) -> io::Result<File> {
        loop {
            let file = self.open()?;
            file.lock()?;
            // Another shell may have replaced the file while this one waited for the lock.
            let is_same = |there: fs::Metadata| -> io::Result<bool> {
                use std::os::unix::fs::MetadataExt;
                let own = file.metadata()?;
                Ok((own.dev(), own.ino()) == (there.dev(), there.ino()))
            };
            if fs::metadata(&self.file).and_then(is_same).unwrap_or(false) {
                return Ok(file);
            }
        }
    }

    fn open(&self) -> io::Result<File> {
        if let Some(folder) = self.file.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&self.file)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        // Another program may have created the file with other permissions.
        if metadata.permissions().mode() & 0o077 != 0 {
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
        }
        Ok(file)
    }

    /// Returns all entries, the oldest first. Lines that cannot be parsed are skipped, because a
    /// crash of the machine can truncate a line.
    pub fn entries(&self) -> io::Result<Vec<Entry>> {
        let file = match File::open(&self.file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            file => file?,
        };
        let mut entries = Vec::new();
        for line in BufReader::new(file).split(b'\n') {
            match serde_json::from_slice(&line?) {
                Ok(Line::Amendment { amend }) => amend.apply(&mut entries),
                Ok(Line::Entry(entry)) => entries.push(*entry),
                Err(_) => {}
            }
        }
        Ok(entries)
    }

    /// Drops the older half of the entries. The caller holds the lock of the file.
    fn trim(&self) -> io::Result<()> {
        let bytes = fs::read(&self.file)?;
        let half = bytes.len() / 2;
        let start = bytes[half..].iter().position(|byte| *byte == b'\n');
        let kept = start.map_or(&[][..], |start| &bytes[half + start + 1..]);
        let new = self.file.with_extension("new");
        // A file that a crash has left might have another mode.
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&new)?;
        file.write_all(kept)?;
        fs::rename(&new, &self.file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::undo::{Image, Mark, Marks};
    use crate::tree::{Acl, Data, Kind};

    fn marks(version: i32) -> Marks {
        let mark = Some(Mark { czxid: 9, version });
        Marks { data: mark, acl: mark }
    }

    fn entry(number: u64, bytes: usize) -> Entry {
        let image = Image {
            data: Some(Data::Bytes(vec![b'x'; bytes])),
            acl: Some(Acl::open()),
            kind: Kind::Persistent,
            owner: 0,
            marks: marks(1),
        };
        let change =
            Change { path: "/a".to_owned(), before: Some(image), after: None, is_uncertain: false };
        Entry {
            number,
            shell: "1".to_owned(),
            time: 0,
            servers: "localhost:2181".to_owned(),
            chroot: "/".to_owned(),
            session: 1,
            line: "delete /a".to_owned(),
            changes: vec![change],
            irreversible: None,
            undoes: Vec::new(),
            is_undone: false,
        }
    }

    #[test]
    fn entries_are_kept_in_a_private_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = Journal::new(folder.path().join("state/journal.jsonl"));
        assert_eq!(journal.entries().expect("none yet"), []);
        journal.add(&mut entry(1, 3)).expect("written");
        let public = fs::Permissions::from_mode(0o644);
        fs::set_permissions(journal.file(), public).expect("permitted");
        journal.add(&mut entry(2, 3)).expect("written");
        let mode = fs::metadata(journal.file()).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(journal.entries().expect("two"), [entry(1, 3), entry(2, 3)]);
    }

    #[test]
    fn a_truncated_line_does_not_affect_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = Journal::new(folder.path().join("journal.jsonl"));
        journal.add(&mut entry(1, 3)).expect("written");
        let mut bytes = fs::read(journal.file()).expect("there");
        bytes.extend(b"{\"number\":2,\"sh\xff\n");
        fs::write(journal.file(), bytes).expect("written");
        journal.add(&mut entry(3, 3)).expect("written");
        let numbers: Vec<u64> =
            journal.entries().expect("two").iter().map(|entry| entry.number).collect();
        assert_eq!(numbers, [1, 3]);
    }

    #[test]
    fn an_undo_amends_the_entries_of_its_shell() {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = Journal::new(folder.path().join("journal.jsonl"));
        journal.add(&mut entry(1, 3)).expect("written");
        journal.add(&mut Entry { shell: "2".to_owned(), ..entry(1, 3) }).expect("written");
        let renamed = Renamed { path: "/a".to_owned(), old: marks(1), new: marks(4) };
        let place = ("localhost:2181".to_owned(), "/".to_owned());
        let amendment = Amendment {
            shell: "1".to_owned(),
            undone: vec![1],
            renamed: vec![renamed],
            place,
            ..Amendment::default()
        };
        journal.amend(amendment).expect("written");
        let entries = journal.entries().expect("two");
        let seen: Vec<_> = entries
            .iter()
            .map(|entry| (entry.is_undone, entry.changes[0].before.as_ref().map(|it| it.marks)))
            .collect();
        assert_eq!(seen, [(true, Some(marks(4))), (false, Some(marks(1)))]);
        journal.clear().expect("permitted");
        assert_eq!(journal.entries().expect("none"), []);
    }

    #[test]
    fn entries_and_the_file_have_bounded_sizes() {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = Journal::new(folder.path().join("journal.jsonl"));
        let mut large = entry(1, MAX_ENTRY_BYTES);
        journal.add(&mut large).expect("written");
        assert!(large.changes.is_empty() && large.irreversible.is_some());
        // A crash has left a file that others may read.
        let left = journal.file().with_extension("new");
        fs::write(&left, "").expect("written");
        fs::set_permissions(&left, fs::Permissions::from_mode(0o644)).expect("permitted");
        for number in 2..12 {
            journal.add(&mut entry(number, MAX_ENTRY_BYTES - 1000)).expect("written");
        }
        let size = fs::metadata(journal.file()).expect("there").len();
        assert!(size <= MAX_FILE_BYTES + MAX_ENTRY_BYTES as u64, "{size}");
        let entries = journal.entries().expect("some");
        assert_eq!(entries.last().map(|entry| entry.number), Some(11));
        assert!(entries.len() >= 2);
        let mode = fs::metadata(journal.file()).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
