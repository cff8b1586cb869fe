//! Completes files and programs of this machine.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use clap::{Arg, ValueHint};

use super::Candidates;
use super::names::{TypedWord, list, split};

/// Returns whether an argument takes a file name.
pub(super) fn is_file(arg: &Arg) -> bool {
    matches!(arg.get_value_hint(), ValueHint::FilePath | ValueHint::CommandWithArguments)
}

/// Completes a file name.
pub(super) fn complete(word: &str, typed_word: TypedWord) -> Candidates {
    let (directory, prefix) = split(word);
    let place = if directory.is_empty() { "." } else { directory };
    let Ok(entries) = Path::new(place).read_dir() else { return Candidates::default() };
    let names: BTreeSet<String> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name().into_string().ok()?;
            let wanted = name.starts_with(prefix) && (!name.starts_with('.') || !prefix.is_empty());
            wanted.then(|| if entry.path().is_dir() { name + "/" } else { name })
        })
        .collect();
    whole(names, directory, typed_word)
}

/// Completes the name of a program.
pub(super) fn programs(word: &str, typed_word: TypedWord) -> Candidates {
    if word.contains('/') {
        return complete(word, typed_word);
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let names = std::env::split_paths(&folders)
        .filter_map(|folder| folder.read_dir().ok())
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name().into_string().ok()?;
            (name.starts_with(word) && runs(&entry.path())).then_some(name)
        })
        .collect();
    whole(names, "", typed_word)
}

fn runs(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// Lists names. If a file is the only match, a blank follows for the next word.
fn whole(names: BTreeSet<String>, directory: &str, typed_word: TypedWord) -> Candidates {
    let names: Vec<String> = names.into_iter().collect();
    let mut found = list(&names, directory, typed_word);
    if let ([name], [only]) = (names.as_slice(), found.found.as_mut_slice())
        && !name.ends_with('/')
    {
        only.replacement.push(' ');
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::dialect::Dialect;

    const HAND: TypedWord = TypedWord { quote: None, dashes: false, dialect: Dialect::V34 };

    fn typed(candidates: Candidates) -> Vec<String> {
        candidates.found.into_iter().map(|pair| pair.replacement).collect()
    }

    #[test]
    fn files_and_folders_are_found() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("deep")).unwrap();
        for name in ["data.json", "a b", ".hidden"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let place = folder.path().to_str().unwrap();
        let found = |prefix: &str| typed(complete(&format!("{place}/{prefix}"), HAND));
        assert_eq!(found("dat"), [format!("{place}/data.json ")]);
        assert_eq!(found("de"), [format!("{place}/deep/")]);
        assert_eq!(found("d"), [format!("{place}/d"), format!("{place}/d")]);
        assert_eq!(found("a"), [format!("'{place}/a b' ")]);
        assert_eq!(found(""), vec![format!("{place}/"); 3]);
        assert_eq!(found(".h"), [format!("{place}/.hidden ")]);
        assert_eq!(found("none/x"), [""; 0]);
    }

    #[test]
    fn programs_are_found() {
        assert!(programs("s", HAND).found.iter().any(|pair| pair.display == "sh"));
        assert_eq!(typed(programs("/bin/sh", HAND)).first().unwrap().trim_end(), "/bin/sh");
        assert_eq!(typed(programs("no-such-program-anywhere", HAND)), [""; 0]);
    }
}
