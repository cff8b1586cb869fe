//! The children of all znodes that a path with patterns matches, for completion. A bounded number of
//! znodes is listed, since the user waits.

use std::sync::Arc;

use futures_util::{StreamExt, stream};

use crate::tree::glob::{Element, PathPattern};
use crate::zk::ZnodePath;

/// The children of a znode, sorted by name.
pub(super) type Names = Arc<Vec<String>>;

/// The maximum number of znodes that are listed for a completion, including those above the last
/// element.
const MAX_LISTED: usize = 64;

/// The maximum number of requests in flight.
const MAX_IN_FLIGHT: usize = 16;

/// Returns the names of the children of the znodes that match `pattern`, sorted and each once. If
/// the pattern matches too many, only the first ones are listed. `list` returns the sorted children
/// of a znode, or `None` if it has no answer.
pub(super) async fn child_names<F>(
    pattern: &PathPattern,
    list: impl Fn(ZnodePath) -> F,
) -> Vec<String>
where
    F: Future<Output = Option<Names>>,
{
    let mut lister = Lister { list, left: MAX_LISTED };
    let mut paths = vec![ZnodePath::root()];
    for element in pattern.elements() {
        let above = std::mem::take(&mut paths);
        match element {
            Element::Name(name) => paths = above.iter().map(|path| path.child(name)).collect(),
            Element::Pattern(glob) => {
                for (path, names) in lister.lists(above).await {
                    let picked = PathPattern::pick(glob, &names);
                    paths.extend(picked.into_iter().take(MAX_LISTED).map(|name| path.child(name)));
                }
            }
            Element::AnyDepth => {
                let mut level = above;
                while !level.is_empty() && paths.len() < MAX_LISTED {
                    paths.extend(level.iter().cloned());
                    let lists = lister.lists(level).await;
                    let below = |(path, names): (ZnodePath, Names)| {
                        let names = names.iter().take(MAX_LISTED);
                        names.map(|name| path.child(name)).collect::<Vec<_>>()
                    };
                    level = lists.into_iter().flat_map(below).collect();
                }
            }
        }
    }
    let lists = lister.lists(paths).await;
    let mut names: Vec<String> =
        lists.iter().flat_map(|(_, names)| names.iter()).cloned().collect();
    names.sort_unstable();
    names.dedup();
    names
}

struct Lister<L> {
    list: L,
    /// The number of znodes that may still be listed.
    left: usize,
}

impl<F: Future<Output = Option<Names>>, L: Fn(ZnodePath) -> F> Lister<L> {
    /// Lists the first of these znodes, without those that have no answer.
    async fn lists(&mut self, mut paths: Vec<ZnodePath>) -> Vec<(ZnodePath, Names)> {
        paths.truncate(self.left);
        self.left -= paths.len();
        let list = &self.list;
        let asked = paths.into_iter().map(|path| async move {
            let names = list(path.clone()).await;
            names.map(|names| (path, names))
        });
        stream::iter(asked).buffered(MAX_IN_FLIGHT).filter_map(std::future::ready).collect().await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::cell::Cell;

    use super::*;

    /// Returns the names for a pattern, and the number of listed znodes. Every znode above the
    /// third level has `width` children, named after their number.
    fn found(pattern: &str, width: usize) -> (Vec<String>, usize) {
        let listed = Cell::new(0);
        let list = |path: ZnodePath| {
            listed.set(listed.get() + 1);
            let depth = path.as_str().split('/').filter(|name| !name.is_empty()).count();
            let names = (0..if depth < 3 { width } else { 0 }).map(|n| format!("{depth}n{n:03}"));
            std::future::ready((path.name() != "0n001").then(|| Arc::new(names.collect())))
        };
        let pattern = PathPattern::new(pattern).unwrap().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let names = runtime.block_on(child_names(&pattern, list));
        (names, listed.get())
    }

    #[test]
    fn children_of_all_matches_are_found_once() {
        let all = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        // The root, its three children, of which one has no answer, and so on.
        assert_eq!(found("/*", 3), (all(&["1n000", "1n001", "1n002"]), 4));
        assert_eq!(found("/0n000/*", 2), (all(&["2n000", "2n001"]), 3));
        assert_eq!(found("/*/nosuch*", 2), (Vec::new(), 3));
        assert_eq!(found("/**", 1), (all(&["0n000", "1n000", "2n000"]), 8));
    }

    #[test]
    fn a_bounded_number_of_znodes_is_listed() {
        for pattern in ["/*", "/*/*", "/**", "/**/*"] {
            let (_, listed) = found(pattern, 1000);
            assert!(listed <= MAX_LISTED, "{pattern}: {listed}");
        }
        assert_eq!(found("/*", 1000).0.len(), 1000);
    }
}
