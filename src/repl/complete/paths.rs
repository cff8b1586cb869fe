//! Completion of znode paths: children of the live tree.

use super::super::znode_cache::ZnodeCache;
use super::Candidates;
use super::names::{Hand, fitting, list, split};
use crate::zk::ZnodePath;

/// Completes a path that is typed as far as `typed`.
pub(super) fn complete(tree: &ZnodeCache, typed: &str, hand: Hand) -> Candidates {
    // A place, not the beginning of a name.
    let typed = if matches!(split(typed).1, "." | "..") { &format!("{typed}/") } else { typed };
    let (directory, prefix) = split(typed);
    let base = match directory {
        "" => tree.resolve("."),
        "/" => Some(ZnodePath::root()),
        directory => tree.resolve(directory.trim_end_matches('/')),
    };
    let Some(base) = base else { return Candidates::default() };
    let Some(names) = tree.children(&base) else { return Candidates::default() };
    let found = fitting(&names, prefix);
    // The only znode of that name: what is below it comes next, or another word.
    if let [only] = found
        && only == prefix
        && let Some(below) = tree.children(&base.child(prefix))
    {
        if !below.is_empty() {
            return list(&below, &format!("{directory}{prefix}/"), hand);
        }
        let mut found = list(found, directory, hand);
        for candidate in &mut found.found {
            candidate.replacement.push(' ');
        }
        return found;
    }
    list(found, directory, hand)
}
