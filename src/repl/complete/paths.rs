//! Completes znode paths with children of the live tree.

use super::super::znode_cache::ZnodeCache;
use super::Candidates;
use super::names::{TypedWord, fitting, list, split};
use crate::zk::ZnodePath;

/// The matches for a typed path.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::repl) struct Found {
    /// The text before the names.
    pub(in crate::repl) directory: String,
    pub(in crate::repl) names: Vec<String>,
    /// Whether the only name is complete.
    pub(in crate::repl) is_whole: bool,
}

/// Completes the path that starts with `typed`.
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

/// Returns the matches for a path that starts with `typed`.
pub(in crate::repl) fn find(tree: &ZnodeCache, typed: &str) -> Option<Found> {
    let typed = place(typed);
    let (directory, prefix) = split(&typed);
    let base = base(tree, directory)?;
    let names = tree.children(&base)?;
    let found = fitting(&names, prefix);
    // If this is the only match, continue with its children or with the next word.
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

/// Appends a `/` to `.` and `..`, which are complete names.
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
