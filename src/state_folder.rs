//! Where zksh keeps what it remembers between runs, and how files there are opened.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::libc::O_NONBLOCK;

/// Returns `$XDG_STATE_HOME/zksh`, or `~/.local/state/zksh`. None if neither variable names a
/// directory.
pub fn path() -> Option<PathBuf> {
    of(std::env::var_os("XDG_STATE_HOME").map(PathBuf::from), std::env::home_dir())
}

fn of(state_home: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    let state = state_home
        .filter(|path| path.is_absolute())
        .or_else(|| home.map(|home| home.join(".local/state")))?;
    Some(state.join("zksh"))
}

/// Creates a folder that only its owner can look into, unless it is there.
///
/// # Errors
/// Those of the system.
pub fn create(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Opens a regular file; anything else might block, or never end.
///
/// # Errors
/// If the system refuses to open the file, or if it is not a regular file.
pub fn open_regular(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let file = options.custom_flags(O_NONBLOCK).open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("it is not a regular file"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_home_comes_before_home() {
        let some = |path: &str| Some(PathBuf::from(path));
        assert_eq!(of(some("/s"), some("/h")), some("/s/zksh"));
        assert_eq!(of(some("relative"), some("/h")), some("/h/.local/state/zksh"));
        assert_eq!(of(None, None), None);
    }
}
