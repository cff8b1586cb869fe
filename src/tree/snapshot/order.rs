//! Checks the paths of a saved tree: they are in order, unique, below the top, and without gaps.

use std::collections::VecDeque;

use crate::error::{Error, Kind, Result};
use crate::tree::{Record, walk_order};
use crate::zk::ZnodePath;

/// A znode of a file, with its line number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The line number, starting at 1, or 0 if the file has no lines.
    pub line: u64,
    /// The znode.
    pub record: Record,
}

impl Located {
    /// Returns the path of the znode.
    pub fn path(&self) -> &ZnodePath {
        &self.record.path
    }
}

/// Sorts znodes in walk order, in memory.
pub fn sort(records: &mut [Located]) {
    records.sort_by(|one, other| walk_order(&one.record.path, &other.record.path));
}

/// Returns the path below `target` that corresponds to `path` below `top`, or `None` if it is
/// outside.
pub fn rebase(path: &ZnodePath, top: &ZnodePath, target: &ZnodePath) -> Option<ZnodePath> {
    if !top.contains(path) {
        return None;
    }
    if top == target {
        return Some(path.clone());
    }
    let below = if top.is_root() { path.as_str() } else { &path.as_str()[top.as_str().len()..] };
    if below.is_empty() || below == "/" {
        return Some(target.clone());
    }
    // A path below the top is valid below the target too.
    Some(target.child(below.strip_prefix('/').unwrap_or(below)))
}

/// Checks that the znodes of a file are in walk order, rebases them from the top of the file to the
/// target, and adds missing ancestors.
pub struct Ordered<I> {
    records: I,
    name: String,
    top: ZnodePath,
    target: ZnodePath,
    last: Option<(ZnodePath, u64)>,
    ready: VecDeque<Located>,
}

impl<I: Iterator<Item = Result<Located>>> Ordered<I> {
    /// Wraps the znodes of the file called `name`, whose top is `top`, for the tree at `target`.
    pub fn new(records: I, name: &str, top: ZnodePath, target: ZnodePath) -> Self {
        let (last, ready) = (None, VecDeque::new());
        Self { records, name: name.to_owned(), top, target, last, ready }
    }

    /// Queues a znode after the ancestors that it implies.
    fn take(&mut self, mut located: Located) -> Result<()> {
        let Located { line, record } = &mut located;
        let wrong = |words: String| Err(Error::new(Kind::Refused, at(&self.name, *line, &words)));
        let Some(path) = rebase(&record.path, &self.top, &self.target) else {
            return wrong(format!("{} is outside {}", record.path, self.top));
        };
        if let Some((last, last_line)) = &self.last {
            match walk_order(last, &path) {
                std::cmp::Ordering::Less => {}
                std::cmp::Ordering::Equal if *last_line == 0 => {
                    return wrong(format!("{} appears twice", record.path));
                }
                std::cmp::Ordering::Equal => {
                    return wrong(format!("{} is on line {last_line} already", record.path));
                }
                std::cmp::Ordering::Greater => {
                    return wrong(format!("{} is out of order", record.path));
                }
            }
        }
        let known =
            |above: &ZnodePath| self.last.as_ref().is_some_and(|(last, _)| above.contains(last));
        let mut implied = Vec::new();
        let mut above = if path == self.target { None } else { path.parent() };
        while let Some(parent) =
            above.take_if(|parent| self.target.contains(parent) && !known(parent))
        {
            above = if parent == self.target { None } else { parent.parent() };
            implied.push(Located { line: *line, record: Record::bare(parent) });
        }
        self.ready.extend(implied.into_iter().rev());
        self.last = Some((path.clone(), *line));
        record.path = path;
        self.ready.push_back(located);
        Ok(())
    }
}

impl<I: Iterator<Item = Result<Located>>> Iterator for Ordered<I> {
    type Item = Result<Located>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() {
            match self.records.next()? {
                Ok(located) => match self.take(located) {
                    Ok(()) => {}
                    Err(error) => return Some(Err(error)),
                },
                Err(error) => return Some(Err(error)),
            }
        }
        self.ready.pop_front().map(Ok)
    }
}

/// Prefixes a message with its place in a file.
pub(super) fn at(name: &str, line: u64, words: &str) -> String {
    if line == 0 { format!("{name}: {words}") } else { format!("{name}:{line}: {words}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::record::path;

    fn ordered(
        paths: &[&str],
        top: &str,
        target: &str,
    ) -> Vec<std::result::Result<String, String>> {
        let records = paths.iter().enumerate().map(|(index, text)| {
            Ok(Located { line: index as u64 + 1, record: Record::bare(path(text)) })
        });
        Ordered::new(records, "f", path(top), path(target))
            .map(|located| match located {
                Ok(located) => Ok(located.record.path.as_str().to_owned()),
                Err(error) => Err(error.to_string()),
            })
            .collect()
    }

    fn good(paths: &[&str], top: &str, target: &str) -> Vec<String> {
        ordered(paths, top, target).into_iter().map(|path| path.expect("a valid path")).collect()
    }

    #[test]
    fn znodes_move_to_their_target() {
        assert_eq!(good(&["/a", "/a/b"], "/a", "/x/y"), ["/x/y", "/x/y/b"]);
        assert_eq!(good(&["/", "/b"], "/", "/x"), ["/x", "/x/b"]);
        assert_eq!(good(&["/a", "/a/b"], "/a", "/"), ["/", "/b"]);
    }

    #[test]
    fn missing_ancestors_are_added_once() {
        assert_eq!(
            good(&["/a/b/c/d", "/a/b/e", "/a/f"], "/a", "/a"),
            ["/a", "/a/b", "/a/b/c", "/a/b/c/d", "/a/b/e", "/a/f"]
        );
        assert_eq!(good(&["/b/c"], "/", "/"), ["/", "/b", "/b/c"]);
    }

    #[test]
    fn errors_name_their_line_and_reading_continues() {
        let seen = ordered(&["/a", "/a/c", "/b", "/a/c", "/a/b", "/a/d"], "/a", "/a");
        assert_eq!(
            seen,
            [
                Ok("/a".to_owned()),
                Ok("/a/c".to_owned()),
                Err("f:3: /b is outside /a".to_owned()),
                Err("f:4: /a/c is on line 2 already".to_owned()),
                Err("f:5: /a/b is out of order".to_owned()),
                Ok("/a/d".to_owned()),
            ]
        );
    }
}
