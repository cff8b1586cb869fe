//! Sources of the znodes of a tree (a server, a file, a folder), and pairs of two sources.

mod input;

use std::io::BufRead;
use std::path::Path;

use futures_util::future::try_join;
use tokio::sync::mpsc;

pub use self::input::open_input;
use super::diff::{Pair, order};
use super::is_gone;
use super::snapshot::{FolderReader, Located, Ordered, TreeFile, rebase, sort};
use super::stream::Znodes;
use crate::error::{Error, Kind, Result};
use crate::zk::ZnodePath;

/// The number of records that a file is read ahead. Each may have as much data as a server accepts.
const FILE_AHEAD: usize = 16;

/// A tree as a stream of records in walk order.
pub struct Source {
    from: From,
    /// The record that was read ahead.
    next: Option<Located>,
    /// Branches that could not be read, so that the znodes below them are unknown.
    unreadable: Vec<ZnodePath>,
    /// The reasons, and other errors that did not end the stream.
    failures: Vec<Error>,
}

enum From {
    Nothing,
    Server {
        znodes: Box<Znodes>,
        top: ZnodePath,
        target: ZnodePath,
        may_lack: bool,
        begun: bool,
    },
    File(mpsc::Receiver<Result<Located>>),
    /// A file that is used while it is read. Its first error ends it.
    Stream(mpsc::Receiver<Result<Located>>),
}

impl Source {
    fn of(from: From) -> Self {
        Self { from, next: None, unreadable: Vec::new(), failures: Vec::new() }
    }

    /// Returns a source without any znode.
    pub fn nothing() -> Self {
        Self::of(From::Nothing)
    }

    /// Returns the tree at `top` on a server, with its paths moved to `target`. If `may_lack` is
    /// set, a missing tree has no znodes instead of being an error.
    pub fn server(znodes: Znodes, top: ZnodePath, target: ZnodePath, may_lack: bool) -> Self {
        Self::of(From::Server { znodes: Box::new(znodes), top, target, may_lack, begun: false })
    }

    /// Returns the tree in a file or folder. A thread of its own reads it, so that a slow file
    /// blocks no other task.
    pub fn file(records: impl Iterator<Item = Result<Located>> + Send + 'static) -> Self {
        Self::of(From::File(read_on_thread(records)))
    }

    /// Like [`Source::file`], for a file that nobody has checked. An error ends the tree, and is
    /// added to the failures, so that what stands before it is still used.
    pub(super) fn unchecked(
        records: impl Iterator<Item = Result<Located>> + Send + 'static,
    ) -> Self {
        Self::of(From::Stream(read_on_thread(records)))
    }

    /// Returns the next znode. Znodes that could not be read are skipped and added to the failures.
    pub async fn next(&mut self) -> Result<Option<Located>> {
        loop {
            match &mut self.from {
                From::Nothing => return Ok(None),
                From::File(receiver) => match receiver.recv().await {
                    None => return Ok(None),
                    Some(located) => return located.map(Some),
                },
                From::Stream(receiver) => match receiver.recv().await {
                    None => return Ok(None),
                    Some(Ok(located)) => return Ok(Some(located)),
                    Some(Err(error)) => {
                        self.failures.push(error);
                        self.from = From::Nothing;
                    }
                },
                From::Server { znodes, top, target, may_lack, begun } => {
                    let first = !std::mem::replace(begun, true);
                    let visited = match znodes.next().await {
                        Ok(Some(visited)) => visited,
                        Ok(None) => return Ok(None),
                        Err(error) if first && *may_lack && is_gone(&error) => return Ok(None),
                        Err(error) => return Err(error),
                    };
                    let mut record = visited.record;
                    let Some(path) = rebase(&record.path, top, target) else { continue };
                    if let Some(error) = visited.refused {
                        self.failures.push(error);
                        self.unreadable.push(path.clone());
                    }
                    record.path = path;
                    return Ok(Some(Located { line: 0, record }));
                }
            }
        }
    }

    /// Returns whether a path is in a branch that could not be read.
    pub fn is_unreadable(&self, path: &ZnodePath) -> bool {
        self.unreadable.iter().any(|unreadable| unreadable != path && unreadable.contains(path))
    }

    /// Removes and returns the failures so far.
    pub fn take_failures(&mut self) -> Vec<Error> {
        std::mem::take(&mut self.failures)
    }

    /// Reads the next znode ahead, if that was not done.
    async fn read_ahead(&mut self) -> Result<()> {
        if self.next.is_none() {
            self.next = self.next().await?;
        }
        Ok(())
    }
}

/// Reads records ahead on a thread of its own.
fn read_on_thread(
    records: impl Iterator<Item = Result<Located>> + Send + 'static,
) -> mpsc::Receiver<Result<Located>> {
    let (sender, receiver) = mpsc::channel(FILE_AHEAD);
    std::thread::spawn(move || {
        for record in records {
            // The receiver was dropped.
            if sender.blocking_send(record).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Two trees as a stream of pairs.
pub struct Pairs {
    /// The first tree.
    pub old: Source,
    /// The second tree.
    pub new: Source,
}

impl Pairs {
    /// Returns the next pair, and the line of the second znode. Skips branches that could not be
    /// read in either tree, so that their znodes do not count as missing.
    pub async fn next(&mut self) -> Result<Option<(Pair, u64)>> {
        loop {
            // Both are read at once, so that neither waits for the requests of the other.
            try_join(self.new.read_ahead(), self.old.read_ahead()).await?;
            let path = Located::path;
            let order = order(self.old.next.as_ref().map(path), self.new.next.as_ref().map(path));
            let Some(order) = order else { return Ok(None) };
            let old = if order.is_le() { self.old.next.take() } else { None };
            let new = if order.is_ge() { self.new.next.take() } else { None };
            let line = new.as_ref().map_or(0, |located| located.line);
            let (old, new) = (old.map(|old| old.record), new.map(|new| new.record));
            let pair = Pair { old, new };
            let unknown = match (&pair.old, &pair.new) {
                (Some(old), None) => self.new.is_unreadable(&old.path),
                (None, Some(new)) => self.old.is_unreadable(&new.path),
                _ => false,
            };
            if !unknown {
                return Ok(Some((pair, line)));
            }
        }
    }
}

/// A saved tree that was checked.
pub struct Saved {
    /// The top znode, as in the paths of the file.
    pub top: ZnodePath,
    /// The znodes in walk order, with their paths moved to the target.
    pub records: Box<dyn Iterator<Item = Result<Located>> + Send>,
    /// The number of znodes, including added ancestors.
    pub znodes: u64,
    /// Whether the whole tree was held in memory in order to sort it.
    pub was_sorted: bool,
}

/// The maximum number of errors of a file that are reported.
const MAX_FAILURES: usize = 1000;

/// Opens a saved tree: a file or a folder. Reads all of it once in advance, so that nothing is
/// written from a file with errors. `target` is the destination, by default the path that was
/// saved.
pub fn open(file: &Path, target: Option<&ZnodePath>, max_bytes: u64) -> Result<Saved> {
    let name = file.display().to_string();
    let (top, _) = first_top(file, &name, max_bytes)?;
    let target = target.unwrap_or(&top).clone();
    let ordered = || -> Result<_> {
        let records = read(file, &name, max_bytes)?;
        Ok(Ordered::new(records, &name, top.clone(), target.clone()))
    };
    let mut failures = Vec::new();
    let mut znodes = 0;
    let mut is_ordered = true;
    for located in ordered()? {
        match located {
            Ok(located) => {
                znodes += 1;
                failures.extend(too_long(&located, &name, max_bytes));
            }
            Err(error) if error.to_string().ends_with(" is out of order") => {
                is_ordered = false;
            }
            Err(error) => failures.push(error),
        }
        if failures.len() >= MAX_FAILURES {
            break;
        }
    }
    if !failures.is_empty() {
        return Err(broken(&name, failures));
    }
    if is_ordered {
        let records = Box::new(ordered()?);
        return Ok(Saved { top, records, znodes, was_sorted: false });
    }
    let all = read(file, &name, max_bytes)?.collect::<Result<Vec<Located>>>()?;
    in_memory(all, &name, top, target, max_bytes)
}

/// Sorts znodes in memory and checks them.
fn in_memory(
    mut all: Vec<Located>,
    name: &str,
    top: ZnodePath,
    target: ZnodePath,
    max_bytes: u64,
) -> Result<Saved> {
    sort(&mut all);
    let mut failures = Vec::new();
    let mut records = Vec::new();
    for located in Ordered::new(all.into_iter().map(Ok), name, top.clone(), target) {
        match located {
            Ok(located) => {
                failures.extend(too_long(&located, name, max_bytes));
                records.push(located);
            }
            Err(error) => failures.push(error),
        }
    }
    if !failures.is_empty() {
        failures.truncate(MAX_FAILURES);
        return Err(broken(name, failures));
    }
    let znodes = records.len() as u64;
    Ok(Saved { top, records: Box::new(records.into_iter().map(Ok)), znodes, was_sorted: true })
}

/// Returns the error for a znode with more data than the server accepts.
fn too_long(located: &Located, name: &str, max_bytes: u64) -> Option<Error> {
    let length = located.record.data_length();
    (located.record.data.is_some() && length > max_bytes).then(|| {
        let words = format!("{length} bytes of data; a znode may have {max_bytes}");
        Error::new(Kind::Refused, format!("{name}:{}: {words}", located.line))
    })
}

fn broken(name: &str, mut failures: Vec<Error>) -> Error {
    if failures.len() == 1
        && let Some(error) = failures.pop()
    {
        return error.with_detail("nothing was changed");
    }
    Error::new(Kind::Refused, format!("{name} has {} faults; nothing was changed", failures.len()))
        .with_causes(failures)
}

/// Returns the records of a file in their order.
fn read(
    file: &Path,
    name: &str,
    max_bytes: u64,
) -> Result<Box<dyn Iterator<Item = Result<Located>> + Send>> {
    if file.is_dir() {
        return Ok(Box::new(FolderReader::open(file, max_bytes)?));
    }
    Ok(TreeFile::open(opened(file, name)?, name)?.records)
}

/// Returns the top znode: the one in the header, or otherwise the common ancestor of all znodes.
fn first_top(file: &Path, name: &str, max_bytes: u64) -> Result<(ZnodePath, bool)> {
    if file.is_dir() {
        return Ok((FolderReader::open(file, max_bytes)?.top().clone(), true));
    }
    let tree = TreeFile::open(opened(file, name)?, name)?;
    if let Some(header) = &tree.header {
        return Ok((ZnodePath::new(header.top.clone())?, true));
    }
    // Without a header the znodes may be in any order. The top is their common ancestor.
    // An error is reported when the file is checked.
    let paths = tree.records.filter_map(|located| Some(located.ok()?.record.path));
    Ok((common_top(paths, name)?, false))
}

/// Returns the common ancestor of all znodes of a file.
fn common_top(paths: impl Iterator<Item = ZnodePath>, name: &str) -> Result<ZnodePath> {
    let top = paths.reduce(|top, path| above_both(top, &path));
    top.ok_or_else(|| Error::new(Kind::Refused, format!("{name}: it contains no znode")))
}

fn above_both(mut top: ZnodePath, path: &ZnodePath) -> ZnodePath {
    while !top.contains(path) {
        match top.parent() {
            Some(parent) => top = parent,
            None => break,
        }
    }
    top
}

fn opened(file: &Path, name: &str) -> Result<impl BufRead + Send + 'static> {
    let wrong = |error: std::io::Error| Error::new(Kind::Refused, format!("{name}: {error}"));
    let meta = std::fs::metadata(file).map_err(wrong)?;
    if !meta.is_file() {
        return Err(Error::new(Kind::Refused, format!("{name}: neither a file nor a folder"))
            .with_hint(
                "it cannot be a pipe, since it is read twice; load - reads standard input",
            ));
    }
    Ok(std::io::BufReader::with_capacity(1 << 16, std::fs::File::open(file).map_err(wrong)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::record::path;

    fn seen(
        text: &str,
        target: Option<&str>,
    ) -> std::result::Result<(String, Vec<String>, bool), String> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("f");
        std::fs::write(&file, text).expect("disk space");
        let saved = open(&file, target.map(path).as_ref(), 4).map_err(|error| {
            let mut all = vec![error.to_string()];
            all.extend(error.causes().iter().map(ToString::to_string));
            all.join("|").replace(&file.display().to_string(), "f")
        })?;
        let paths =
            saved.records.map(|located| located.expect("a valid znode").record.path.to_string());
        Ok((saved.top.to_string(), paths.collect(), saved.was_sorted))
    }

    #[test]
    fn a_file_without_a_header_may_be_in_any_order() {
        let lines = |paths: &[&str]| {
            paths.iter().fold(String::new(), |text, path| text + "{\"path\":\"" + path + "\"}\n")
        };
        let all = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            seen(&lines(&["/a/c", "/a/b/d"]), None),
            Ok(("/a".to_owned(), all(&["/a", "/a/b", "/a/b/d", "/a/c"]), true))
        );
        assert_eq!(
            seen(&lines(&["/a", "/a/b"]), Some("/x")),
            Ok(("/a".to_owned(), all(&["/x", "/x/b"]), false))
        );
        assert_eq!(
            seen(&lines(&["/b", "/a", "/b"]), None),
            Err("f:3: /b is on line 1 already; nothing was changed".to_owned())
        );
    }

    #[test]
    fn a_file_with_errors_is_not_used() {
        let text = "{\"zksh\":\"tree\",\"version\":1,\"top\":\"/a\"}\n{\"path\":\"/b\"}\n\
                    {\"path\":\"/a/c\",\"data\":{\"text\":\"12345\"}}\n";
        assert_eq!(
            seen(text, None),
            Err("f has 3 faults; nothing was changed|f:2: /b is outside /a|\
                 f:3: 5 bytes of data; a znode may have 4|\
                 f:4: the file was cut: the end line is missing"
                .to_owned())
        );
        assert!(seen("", None).is_err_and(|error| error.contains("the file is empty")));
    }
}
