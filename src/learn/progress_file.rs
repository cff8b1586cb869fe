//! The file with a learner's progress.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::lesson::Progress;
use crate::state_folder::{self, open_regular};

/// The name of the file in the state folder.
const NAME: &str = "lessons";

/// The maximum number of bytes that are read.
const MOST_BYTES: u64 = 64 * 1024;

/// Returns the learner's progress, which is empty if the file cannot be read.
pub fn progress() -> Progress {
    state_folder::path().map(|folder| read(&folder)).unwrap_or_default()
}

/// Changes the saved progress after reading it again, because another shell may have changed it.
/// Errors such as a full disk are ignored, because learning can continue.
pub(super) fn update(change: impl FnOnce(&mut Progress)) {
    if let Some(folder) = state_folder::path() {
        let mut progress = read(&folder);
        change(&mut progress);
        let _ = write(&folder, &progress);
    }
}

fn read(folder: &Path) -> Progress {
    let Ok(file) = open_regular(OpenOptions::new().read(true), &folder.join(NAME)) else {
        return Progress::default();
    };
    let mut bytes = Vec::new();
    let _ = file.take(MOST_BYTES).read_to_end(&mut bytes);
    Progress::parse(&String::from_utf8_lossy(&bytes))
}

/// Writes a temporary file and renames it, so that no reader sees a partial file.
fn write(folder: &Path, progress: &Progress) -> std::io::Result<()> {
    state_folder::create(folder)?;
    let beside = folder.join(format!("{NAME}.{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let written = options
        .open(&beside)
        .and_then(|mut file| file.write_all(progress.to_string().as_bytes()))
        .and_then(|()| fs::rename(&beside, folder.join(NAME)));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn progress_is_kept_in_a_private_file_and_foreign_contents_are_ignored() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("state/zksh");
        assert_eq!(read(&folder), Progress::default());
        let mut progress = Progress::default();
        progress.finish("first-steps");
        progress.reach("election", "watch");
        write(&folder, &progress).unwrap();
        assert_eq!(read(&folder), progress);
        let mode = folder.join(NAME).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "the temporary file is gone");
        fs::write(folder.join(NAME), b"\xff\xfe\nelection watch\n\0\0\0").unwrap();
        assert_eq!(read(&folder).step("election"), Some("watch"));
    }
}
