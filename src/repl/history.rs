//! The lines of earlier shells: a file that shells share, without secrets.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustyline::history::{FileHistory, History};

/// The first line of a file in which newlines are escaped, as rustyline writes it.
const HEADER: &[u8] = b"#V2\n";

/// Where history is kept: `$XDG_STATE_HOME/zksh/history`, or `~/.local/state/zksh/history`. None
/// where neither variable names a directory.
pub(super) fn path(state_home: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    let state = state_home
        .filter(|path| path.is_absolute())
        .or_else(|| home.map(|home| home.join(".local/state")))?;
    Some(state.join("zksh/history"))
}

/// Reads the file into `history`, and makes it where there is none. A file that is not text is put
/// aside under another name, which is returned.
pub(super) fn load(history: &mut FileHistory, path: &Path) -> rustyline::Result<Option<PathBuf>> {
    if let Some(directory) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    // Saved by rustyline, a first line would empty the file before it is locked, and with it what
    // another shell has just written.
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(mut file) => {
            file.write_all(HEADER)?;
            return history.load(path).map(|()| None);
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error.into()),
    }
    match history.load(path) {
        Err(rustyline::error::ReadlineError::Io(error))
            if error.kind() == io::ErrorKind::InvalidData =>
        {
            let aside = path.with_extension("unreadable");
            std::fs::rename(path, &aside)?;
            history.clear()?;
            load(history, path)?;
            Ok(Some(aside))
        }
        result => result.map(|()| None),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn state_home_comes_before_home() {
        let some = |path: &str| Some(PathBuf::from(path));
        assert_eq!(path(some("/s"), some("/h")), some("/s/zksh/history"));
        assert_eq!(path(some("relative"), some("/h")), some("/h/.local/state/zksh/history"));
        assert_eq!(path(None, None), None);
    }

    #[test]
    fn two_shells_share_one_private_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/zksh/history");
        let (mut first, mut second) = (FileHistory::new(), FileHistory::new());
        assert_eq!(load(&mut first, &path).unwrap(), None);
        assert_eq!(load(&mut second, &path).unwrap(), None);
        first.add("ls /").unwrap();
        first.append(&path).unwrap();
        second.add("set /a 'x\ny'").unwrap();
        second.append(&path).unwrap();
        first.add("get /a").unwrap();
        first.append(&path).unwrap();
        let mut third = FileHistory::new();
        load(&mut third, &path).unwrap();
        let lines: Vec<&String> = third.iter().collect();
        assert_eq!(lines, ["ls /", "set /a 'x\ny'", "get /a"]);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_is_no_text_is_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history");
        std::fs::write(&path, b"#V2\nls /\n\xff\xfe\n").unwrap();
        let mut history = FileHistory::new();
        let aside = load(&mut history, &path).unwrap().unwrap();
        assert!(history.is_empty());
        history.add("ls /").unwrap();
        history.append(&path).unwrap();
        assert_eq!(std::fs::read(aside).unwrap(), b"#V2\nls /\n\xff\xfe\n");
        assert_eq!(std::fs::read(&path).unwrap(), b"#V2\nls /\n");
    }
}
