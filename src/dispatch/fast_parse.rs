//! Parses the most frequent lines of long scripts (a command, a path, perhaps data) without clap,
//! which takes twice as long for such a line as everything else done with it.
//!
//! The result is the same as clap's; a test with random words compares the two.

use std::ffi::OsString;

use super::Table;
use super::invocation::Invocation;
use crate::zk::TypedPath;

/// Returns the invocation if the words are one of these commands with a path and optional data.
pub(super) fn read<T: Table>(words: &[OsString]) -> Option<Invocation<T>> {
    let (name, path, data) = match words {
        [name, path] => (name, path, None),
        [name, path, data] => (name, path, Some(data)),
        _ => return None,
    };
    // A word that starts with a dash may be an option.
    let may_be_more = |word: &OsString| matches!(word.as_encoded_bytes(), [] | [b'-', ..]);
    if words.iter().any(may_be_more) {
        return None;
    }
    let name = name.to_str()?;
    let path: TypedPath = path.to_str()?.parse().ok()?;
    let command = T::from_path(name, &path, data)?;
    Some(Invocation {
        command,
        name: name.to_owned(),
        path: Some(path),
        has_block: false,
        globbed: None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::command::Command;
    use crate::dialect::Dialect;
    use crate::dispatch::parse::by_clap;
    use proptest::prelude::*;
    use std::os::unix::ffi::OsStringExt;

    fn names() -> Vec<String> {
        let tree = Command::tree();
        let names = tree.get_subcommands().flat_map(|known| {
            std::iter::once(known.get_name()).chain(known.get_all_aliases()).map(str::to_owned)
        });
        names.collect()
    }

    fn word() -> impl Strategy<Value = OsString> {
        prop_oneof![
            "/[a-z/]{0,8}".prop_map(OsString::from),
            "[-=@a-z0-9 \"']{0,6}".prop_map(OsString::from),
            "\\PC{0,6}".prop_map(OsString::from),
            proptest::collection::vec(any::<u8>(), 0..6).prop_map(OsString::from_vec),
        ]
    }

    proptest! {
        #[test]
        fn clap_would_read_the_same(
            name in proptest::sample::select(names()),
            more in proptest::collection::vec(word(), 0..4),
        ) {
            let words: Vec<OsString> = std::iter::once(name.into()).chain(more).collect();
            if let Some(invocation) = read::<Command>(&words) {
                let same = by_clap::<Command>(&words.into(), Dialect::V34).unwrap().unwrap();
                prop_assert_eq!(format!("{invocation:?}"), format!("{same:?}"));
            }
        }
    }

    #[test]
    fn the_lines_of_long_scripts_are_read_here() {
        let read = |line: &str| {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            read::<Command>(&words).map(|invocation| invocation.name)
        };
        for line in ["create /a", "create /a b", "set /a b", "delete /a", "get /a", "ls a/b"] {
            assert_eq!(read(line).as_deref(), line.split(' ').next(), "{line}");
        }
        for line in ["get -s /a", "get /a true", "create /a -", "set /a", "rmr /a", "get", "get "] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
