//! Completion of znode paths: children of the live tree.

use super::super::znode_cache::ZnodeCache;
use super::Candidates;
use super::names::{TypedWord, fitting, list, split};
use crate::zk::ZnodePath;

/// What a path can be completed with.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::repl) struct Found {
    /// What stands before the names.
    pub(in crate::repl) directory: String,
    pub(in crate::repl) names: Vec<String>,
    /// Whether the path ends with the only name.
    pub(in crate::repl) is_whole: bool,
}

/// Completes a path that is typed as far as `typed`.
pub(super) fn complete(tree: &ZnodeCache, typed: &str, typed_word: TypedWord) -> Candidates {
    let Some(Found { directory, names, is_whole }) = find(tree, typed) else {
        return Candidates::default();
    };
    let mut found = list(&names, &directory, typed_word);
    if is_whole {
        for candidate in &mut found.found {
            candidate.replacement.push(' ');
        }
    }
    found
}

/// Returns what a path that is typed as far as `typed` can be completed with.
pub(in crate::repl) fn find(tree: &ZnodeCache, typed: &str) -> Option<Found> {
    let typed = place(typed);
    let (directory, prefix) = split(&typed);
    let base = base(tree, directory)?;
    let names = tree.children(&base)?;
    let found = fitting(&names, prefix);
    // The only znode of that name: what is below it comes next, or another word.
    if let [only] = found
        && only == prefix
        && let Some(below) = tree.children(&base.child(prefix))
    {
        let (directory, names, is_whole) = if below.is_empty() {
            (directory.to_owned(), found.to_vec(), true)
        } else {
            (format!("{directory}{prefix}/"), below.to_vec(), false)
        };
        return Some(Found { directory, names, is_whole });
    }
    Some(Found { directory: directory.to_owned(), names: found.to_vec(), is_whole: false })
}

/// Returns the znodes whose children must be known to complete a path.
pub(in crate::repl) fn needed(tree: &ZnodeCache, typed: &str) -> Vec<ZnodePath> {
    let typed = place(typed);
    let (directory, prefix) = split(&typed);
    let Some(base) = base(tree, directory) else { return Vec::new() };
    let below = (!prefix.is_empty()).then(|| base.child(prefix));
    std::iter::once(base).chain(below).collect()
}

/// Ends `.` and `..` with a `/`: each is a place, not the beginning of a name.
fn place(typed: &str) -> String {
    let is_place = matches!(split(typed).1, "." | "..");
    format!("{typed}{}", if is_place { "/" } else { "" })
}

fn base(tree: &ZnodeCache, directory: &str) -> Option<ZnodePath> {
    match directory {
        "" => tree.resolve("."),
        "/" => Some(ZnodePath::root()),
        directory => tree.resolve(directory.trim_end_matches('/')),
    }
}
