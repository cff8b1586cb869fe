//! The lines of earlier shells: a file that shells share, without secrets.
//!
//! Each row of the file is a JSON object with a line and the ensemble that it was typed for. Rows
//! are appended under a lock, so parallel shells add to one file. Each shell reads it at the start.
//! If there is no file yet, the lines of older releases are imported from `history`; they belong to
//! no ensemble.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::state_folder::{self, open_regular};

/// The maximum number of lines.
pub(super) const MAX_ENTRIES: usize = 10_000;

/// The maximum number of bytes that are read from the end of a file.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// The first line of an old file with escaped newlines.
const OLD_HEADER: &str = "#V2";

/// A line of an earlier shell.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Entry {
    /// The line, which may have several rows.
    pub(super) line: String,
    /// The servers that the line was typed for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ensemble: Option<String>,
}

/// The history file.
#[derive(Debug)]
pub(super) struct HistoryFile(PathBuf);

/// The contents of the history file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Loaded {
    /// The entries, oldest first.
    pub(super) entries: Vec<Entry>,
    /// The number of invalid rows.
    pub(super) unreadable: usize,
}

impl HistoryFile {
    /// Opens the file in a folder, and creates both if they do not exist.
    pub(super) fn open(folder: &Path) -> io::Result<(Self, Loaded)> {
        state_folder::create(folder)?;
        let this = Self(folder.join("history.jsonl"));
        let made = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&this.0);
        let loaded = match made {
            Ok(mut file) => {
                file.lock()?;
                let unreadable = |_| Loaded { unreadable: 1, ..Loaded::default() };
                let old = read_old(&folder.join("history")).unwrap_or_else(unreadable);
                file.write_all(&rows(&old.entries))?;
                old
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => this.read()?,
            Err(error) => return Err(error),
        };
        Ok((this, loaded))
    }

    /// Returns the path of the file.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Appends a line.
    pub(super) fn append(&self, entry: &Entry) -> io::Result<()> {
        let mut file = open_regular(OpenOptions::new().append(true), &self.0)?;
        file.lock()?;
        file.write_all(&rows(std::slice::from_ref(entry)))
    }

    fn read(&self) -> io::Result<Loaded> {
        let mut file = open_regular(OpenOptions::new().read(true).write(true), &self.0)?;
        file.lock()?;
        let text = read_end(&mut file)?;
        let mut loaded = Loaded::default();
        for row in text.split(|byte| *byte == b'\n').filter(|row| !row.is_empty()) {
            match serde_json::from_slice(row) {
                Ok(entry) => loaded.entries.push(entry),
                Err(_) => loaded.unreadable += 1,
            }
        }
        let surplus = loaded.entries.len().saturating_sub(MAX_ENTRIES);
        loaded.entries.drain(..surplus);
        // This happens rarely, because the surplus must exceed the part that is kept.
        if surplus > MAX_ENTRIES {
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(&rows(&loaded.entries))?;
        }
        Ok(loaded)
    }
}

/// Reads the end of a file, starting at the beginning of a row.
fn read_end(file: &mut File) -> io::Result<Vec<u8>> {
    let skipped = file.metadata()?.len().saturating_sub(MAX_BYTES);
    file.seek(SeekFrom::Start(skipped))?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut bytes)?;
    if skipped > 0 {
        let partial = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
        bytes.drain(..partial);
    }
    Ok(bytes)
}

fn rows(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        // Writing to memory cannot fail.
        let _ = serde_json::to_writer(&mut bytes, entry);
        bytes.push(b'\n');
    }
    bytes
}

/// Reads the file of an older release, if it exists.
fn read_old(path: &Path) -> io::Result<Loaded> {
    let bytes = match open_regular(OpenOptions::new().read(true), path) {
        Ok(mut file) => read_end(&mut file)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Loaded::default()),
        Err(error) => return Err(error),
    };
    let mut rows = bytes.split(|byte| *byte == b'\n').filter(|row| !row.is_empty()).peekable();
    let escaped = rows.next_if(|row| *row == OLD_HEADER.as_bytes()).is_some();
    let mut loaded = Loaded::default();
    for row in rows {
        match std::str::from_utf8(row) {
            Ok(line) => {
                let line = if escaped { unescaped(line) } else { line.to_owned() };
                loaded.entries.push(Entry { line, ensemble: None });
            }
            Err(_) => loaded.unreadable += 1,
        }
    }
    let surplus = loaded.entries.len().saturating_sub(MAX_ENTRIES);
    loaded.entries.drain(..surplus);
    Ok(loaded)
}

/// Replaces `
/// ` by a newline and `\\` by a backslash.
fn unescaped(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => text.push('\n'),
                Some(c) => text.push(c),
                None => text.push('\\'),
            },
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn entry(line: &str, ensemble: Option<&str>) -> Entry {
        Entry { line: line.to_owned(), ensemble: ensemble.map(str::to_owned) }
    }

    #[test]
    fn two_shells_share_one_private_file() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("state/zksh");
        let (first, nothing) = HistoryFile::open(&folder).unwrap();
        assert_eq!(nothing, Loaded::default());
        let (second, _) = HistoryFile::open(&folder).unwrap();
        let entries = [
            entry("ls /", Some("zk1:2181")),
            entry("set /a 'x\ny'", None),
            entry("get /湖", Some("zk2:2181/app")),
        ];
        first.append(&entries[0]).unwrap();
        second.append(&entries[1]).unwrap();
        first.append(&entries[2]).unwrap();
        let (third, loaded) = HistoryFile::open(&folder).unwrap();
        assert_eq!(loaded.entries, entries);
        assert_eq!(third.path().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn the_lines_of_older_releases_are_imported_once() {
        let folder = tempfile::tempdir().unwrap();
        let old = folder.path().join("history");
        std::fs::write(&old, b"#V2\nls /\nset /a 'x\\ny\\\\z'\n\xff\xfe\n").unwrap();
        let (_, loaded) = HistoryFile::open(folder.path()).unwrap();
        assert_eq!(loaded.entries, [entry("ls /", None), entry("set /a 'x\ny\\z'", None)]);
        assert_eq!(loaded.unreadable, 1);
        std::fs::write(&old, b"get /\n").unwrap();
        let (_, again) = HistoryFile::open(folder.path()).unwrap();
        assert_eq!((again.entries, again.unreadable), (loaded.entries, 0));
        // Older files had no escapes.
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("history"), b"get /a\\n\n").unwrap();
        let (_, loaded) = HistoryFile::open(folder.path()).unwrap();
        assert_eq!(loaded.entries, [entry("get /a\\n", None)]);
    }

    #[test]
    fn invalid_rows_are_skipped() {
        let folder = tempfile::tempdir().unwrap();
        let (file, _) = HistoryFile::open(folder.path()).unwrap();
        std::fs::write(file.path(), b"nonsense\n\xff\n{\"line\":\"ls /\"}\n").unwrap();
        let (_, loaded) = HistoryFile::open(folder.path()).unwrap();
        assert_eq!((loaded.entries, loaded.unreadable), (vec![entry("ls /", None)], 2));
    }

    #[test]
    fn the_size_of_the_file_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let (file, _) = HistoryFile::open(folder.path()).unwrap();
        let entries: Vec<Entry> =
            (0..=2 * MAX_ENTRIES).map(|number| entry(&format!("get /{number}"), None)).collect();
        std::fs::write(file.path(), rows(&entries)).unwrap();
        let (_, loaded) = HistoryFile::open(folder.path()).unwrap();
        assert_eq!(loaded.entries, entries[MAX_ENTRIES + 1..]);
        let kept = std::fs::read_to_string(file.path()).unwrap();
        assert_eq!(kept.lines().count(), MAX_ENTRIES);
    }

    #[test]
    fn only_a_regular_file_is_opened() {
        let made = |name: &str, make: &dyn Fn(&Path)| {
            let folder = tempfile::tempdir().unwrap();
            make(&folder.path().join(name));
            HistoryFile::open(folder.path()).map(|(_, loaded)| loaded.unreadable)
        };
        let endless = |path: &Path| std::os::unix::fs::symlink("/dev/zero", path).unwrap();
        let fifo = |path: &Path| nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        for make in [&endless as &dyn Fn(&Path), &fifo] {
            let error = made("history.jsonl", make).unwrap_err();
            assert_eq!(error.to_string(), "it is not a regular file");
            assert_eq!(made("history", make).unwrap(), 1);
        }
    }
}
