//! A temporary file that the user changes in an editor. It may hold a secret, so only its owner can
//! read it. It is deleted only once nobody needs its content any more.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::tty_guard::child_program;

/// The editor if neither `VISUAL` nor `EDITOR` is set (the default of POSIX `mailx` and `more`).
const EDITOR: &str = "vi";

/// Maximum size of the edited file in bytes, more than any server accepts.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Maximum length of the part of the file name that comes from the znode, in bytes: file systems
/// allow 255.
const LONGEST: usize = 100;

/// A file in its own temporary folder.
#[derive(Debug)]
pub struct Draft {
    folder: PathBuf,
    file: PathBuf,
    text: String,
}

impl Draft {
    /// Writes `text` to a new file. The file name ends like `name`, since editors choose the syntax
    /// by it.
    pub fn new(name: &str, text: &str) -> io::Result<Self> {
        let base = std::env::temp_dir();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let folder = base.join(format!("zksh-{}-{}", std::process::id(), now.as_nanos()));
        // This fails if somebody else has already created a folder with this name.
        DirBuilder::new().mode(0o700).create(&folder)?;
        let file = folder.join(file_name(name));
        let draft = Self { folder, file, text: text.to_owned() };
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft.file);
        match made.and_then(|mut file| file.write_all(text.as_bytes())) {
            Ok(()) => Ok(draft),
            Err(error) => {
                draft.remove();
                Err(error)
            }
        }
    }

    /// Returns the file's path.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Returns the path of the file, for messages.
    pub fn place(&self) -> std::path::Display<'_> {
        self.file.display()
    }

    /// Reads the file. If `text` did not end with a newline, a final newline that the editor added
    /// is removed.
    pub fn read(&self, text: &str) -> io::Result<String> {
        if self.file.metadata()?.len() > LARGEST {
            return Err(io::Error::other("the file is larger than any server accepts"));
        }
        let mut edited = std::fs::read_to_string(&self.file)?;
        if !text.ends_with('\n') && edited.ends_with('\n') {
            edited.pop();
        }
        Ok(edited)
    }

    /// Returns whether the file still has its original content.
    pub fn is_untouched(&self) -> bool {
        self.read(&self.text).is_ok_and(|edited| edited == self.text)
    }

    /// Removes the file, and whatever the editor has left next to it.
    pub fn remove(&self) {
        // A failure is not worth a message: only the owner can read the file.
        let _ = std::fs::remove_dir_all(&self.folder);
    }

    /// Removes the folder if the editor has removed the file and left nothing else.
    pub fn remove_empty(&self) {
        let _ = std::fs::remove_dir(&self.folder);
    }
}

/// Returns the editor command from `VISUAL` or `EDITOR`, which may include options.
pub fn editor() -> String {
    let named = |name| std::env::var(name).ok().filter(|editor| !editor.trim().is_empty());
    named("VISUAL").or_else(|| named("EDITOR")).unwrap_or_else(|| EDITOR.to_owned())
}

/// Returns the arguments of the `sh` that runs the editor on a file.
pub fn editor_arguments<'a>(editor: &str, file: &'a Path) -> [Cow<'a, OsStr>; 4] {
    let script = child_program(&format!("{editor} \"$1\""));
    let own = |text: String| Cow::Owned(OsString::from(text));
    [own("-c".to_owned()), own(script), own("sh".to_owned()), file.as_os_str().into()]
}

/// Returns a file name that is safe in a shell and on a terminal.
fn file_name(znode: &str) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let name: String = znode.chars().map(|c| if harmless(c) { c } else { '_' }).collect();
    let name = name.trim_start_matches(['.', '-']);
    let name = &name[name.len().saturating_sub(LONGEST)..];
    if name.is_empty() { "data".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_the_owner_can_read_it() {
        let draft = Draft::new("conf.json", "{}").unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(draft.file()), mode(&draft.folder)), (0o600, 0o700));
        assert!(draft.file().ends_with("conf.json"));
        assert!(draft.is_untouched());
        draft.remove_empty();
        assert!(draft.file().exists());
        draft.remove();
        assert!(!draft.folder.exists());
    }

    #[test]
    fn no_folder_is_left_without_a_file() {
        let draft = Draft::new("a", "deep").unwrap();
        std::fs::remove_file(draft.file()).unwrap();
        draft.remove_empty();
        assert!(!draft.folder.exists());
    }

    #[test]
    fn the_editors_newline_is_left_out() {
        let draft = Draft::new("a", "deep").unwrap();
        std::fs::write(draft.file(), "deep\n").unwrap();
        assert!(draft.is_untouched());
        std::fs::write(draft.file(), "deep\n\n").unwrap();
        assert_eq!(draft.read("deep").unwrap(), "deep\n");
        assert_eq!(draft.read("deep\n").unwrap(), "deep\n\n");
        draft.remove();
    }

    #[test]
    fn names_are_harmless() {
        for (znode, name) in [
            ("conf.json", "conf.json"),
            ("", "data"),
            ("..", "data"),
            ("-rf \x1b[2J", "rf___2J"),
            (".hidden", "hidden"),
            ("湖.xml", "_.xml"),
        ] {
            assert_eq!(file_name(znode), name);
        }
        assert_eq!(file_name(&format!("{}.json", "a".repeat(300))).len(), LONGEST);
    }
}
