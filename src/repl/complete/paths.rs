//! Completes znode paths with children of the live tree.

use std::sync::Arc;

use super::super::znode_cache::ZnodeCache;
use super::Candidates;
use super::names::{TypedWord, escaped, fitting, list, needs_no_quotes, split};
use crate::tree::glob::is_pattern;
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

/// Completes the path that starts with `typed`. With `globs`, patterns in it stand for the znodes
/// that match.
pub(super) fn complete(
    tree: &ZnodeCache,
    typed: &str,
    typed_word: TypedWord,
    globs: bool,
) -> Candidates {
    let Some(Found { directory, mut names, is_whole }) = find(tree, typed, globs) else {
        return Candidates::default();
    };
    if globs && is_pattern(&directory) {
        // In quotes the word would be no pattern.
        let dialect = typed_word.dialect;
        names.retain(|name| needs_no_quotes(&format!("{directory}{name}"), dialect));
    }
    let mut found = list(&names, &directory, typed_word);
    if is_whole {
        for candidate in &mut found.found {
            candidate.replacement.push(' ');
        }
    }
    found
}

/// Returns the matches for a path that starts with `typed`. With `globs`, these are the names below
/// all znodes that match the patterns before the last `/`.
pub(in crate::repl) fn find(tree: &ZnodeCache, typed: &str, globs: bool) -> Option<Found> {
    let typed = place(typed);
    let (directory, prefix) = split(&typed);
    let base = base(tree, directory)?;
    let expands = globs && is_pattern(directory);
    let children = |path: &ZnodePath| {
        if expands { tree.children_of_matches(path) } else { tree.children(path) }
    };
    let mut names = children(&base)?;
    if expands {
        names = Arc::new(names.iter().map(|name| escaped(name)).collect());
    }
    let found = fitting(&names, prefix);
    // If this is the only match, continue with its children or with the next word.
    if let [only] = found
        && only == prefix
        && let Some(below) = children(&base.child(prefix))
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

/// Returns whether the path has patterns before its last `/`.
pub(in crate::repl) fn has_pattern(typed: &str) -> bool {
    is_pattern(split(typed).0)
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
