//! Where the znodes of a tree come from (a server, a file, a folder), and two sources side by side.

use std::io::BufRead;
use std::path::Path;

use tokio::sync::mpsc;

use super::diff::{Pair, order};
use super::is_gone;
use super::snapshot::{FolderReader, Located, Ordered, TreeFile, rebase, sort};
use super::stream::Znodes;
use crate::error::{Error, Kind, Result};
use crate::zk::ZnodePath;

/// Records that a reader of a file may be ahead: each may have as much data as a server takes.
const FILE_AHEAD: usize = 16;

/// A tree, record after record in the order of a walk.
pub struct Source {
    from: From,
    /// What was read ahead.
    next: Option<Located>,
    /// Branches that could not be read: nothing is known of what is below them.
    blind: Vec<ZnodePath>,
    /// Why, and what else went wrong without ending it.
    failures: Vec<Error>,
}

enum From {
    Nothing,
    Server { znodes: Box<Znodes>, top: ZnodePath, target: ZnodePath, may_lack: bool, begun: bool },
    File(mpsc::Receiver<Result<Located>>),
}

impl Source {
    fn of(from: From) -> Self {
        Self { from, next: None, blind: Vec::new(), failures: Vec::new() }
    }

    /// No znode at all.
    pub fn nothing() -> Self {
        Self::of(From::Nothing)
    }

    /// The tree at `top` on a server, as if it were at `target`. Where it may lack, a tree that is not
    /// there is one without znodes.
    pub fn server(znodes: Znodes, top: ZnodePath, target: ZnodePath, may_lack: bool) -> Self {
        Self::of(From::Server { znodes: Box::new(znodes), top, target, may_lack, begun: false })
    }

    /// A file or folder, read by a thread of its own, so that one that is slow holds up nobody.
    pub fn file(records: impl Iterator<Item = Result<Located>> + Send + 'static) -> Self {
        let (sender, receiver) = mpsc::channel(FILE_AHEAD);
        std::thread::spawn(move || {
            for record in records {
                // Nobody reads on.
                if sender.blocking_send(record).is_err() {
                    return;
                }
            }
        });
        Self::of(From::File(receiver))
    }

    /// Returns the next znode. What could not be read is among the failures, and is passed over.
    pub async fn next(&mut self) -> Result<Option<Located>> {
        loop {
            match &mut self.from {
                From::Nothing => return Ok(None),
                From::File(receiver) => match receiver.recv().await {
                    None => return Ok(None),
                    Some(located) => return located.map(Some),
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
                        self.blind.push(path.clone());
                    }
                    record.path = path;
                    return Ok(Some(Located { line: 0, record }));
                }
            }
        }
    }

    /// Returns whether a path is in a branch that could not be read.
    pub fn is_blind(&self, path: &ZnodePath) -> bool {
        self.blind.iter().any(|blind| blind != path && blind.contains(path))
    }

    /// Takes what went wrong so far.
    pub fn take_failures(&mut self) -> Vec<Error> {
        std::mem::take(&mut self.failures)
    }

    /// Reads the next znode, if that was not done.
    async fn look(&mut self) -> Result<()> {
        if self.next.is_none() {
            self.next = self.next().await?;
        }
        Ok(())
    }
}

/// Two trees side by side.
pub struct Pairs {
    /// The first tree.
    pub old: Source,
    /// The second tree.
    pub new: Source,
}

impl Pairs {
    /// Returns the next pair, and the line of the second znode. What is in a branch that could not be
    /// read in either tree is passed over: it must not be taken for missing.
    pub async fn next(&mut self) -> Result<Option<(Pair, u64)>> {
        loop {
            self.new.look().await?;
            self.old.look().await?;
            let record =
                |next: &Option<Located>| next.as_ref().map(|located| located.record.path.clone());
            let (old, new) = (record(&self.old.next), record(&self.new.next));
            let Some(order) = order(old.as_ref(), new.as_ref()) else { return Ok(None) };
            let old = if order.is_le() { self.old.next.take() } else { None };
            let new = if order.is_ge() { self.new.next.take() } else { None };
            let line = new.as_ref().map_or(0, |located| located.line);
            let (old, new) = (old.map(|old| old.record), new.map(|new| new.record));
            let pair = Pair { old, new };
            let unknown = match (&pair.old, &pair.new) {
                (Some(old), None) => self.new.is_blind(&old.path),
                (None, Some(new)) => self.old.is_blind(&new.path),
                _ => false,
            };
            if !unknown {
                return Ok(Some((pair, line)));
            }
        }
    }
}

/// A saved tree that was looked through.
pub struct Saved {
    /// The znode at its top, as it has the paths.
    pub top: ZnodePath,
    /// Its znodes, below the path that they are for, in the order of a walk.
    pub records: Box<dyn Iterator<Item = Result<Located>> + Send>,
    /// How many there are, implied ones included.
    pub znodes: u64,
    /// Whether all of it had to be held in memory to be sorted.
    pub was_sorted: bool,
}

/// The most errors of a file that are told.
const TOLD_FAILURES: usize = 1000;

/// Opens a saved tree: a file, or a folder. All of it is read once before, so that nothing is written
/// from a file that is broken further down. `target` is where it goes; none is where it comes from.
pub fn open(file: &Path, target: Option<&ZnodePath>, max_bytes: u64) -> Result<Saved> {
    let name = file.display().to_string();
    let (top, _) = first_top(file, &name, max_bytes)?;
    let target = target.unwrap_or(&top).clone();
    let ordered = |sorted: Option<Vec<Located>>| -> Result<_> {
        let records: Box<dyn Iterator<Item = Result<Located>> + Send> = match sorted {
            Some(records) => Box::new(records.into_iter().map(Ok)),
            None => read(file, &name, max_bytes)?,
        };
        Ok(Ordered::new(records, &name, top.clone(), target.clone()))
    };
    let mut failures = Vec::new();
    let mut znodes = 0;
    let mut is_ordered = true;
    for located in ordered(None)? {
        match located {
            Ok(located) => {
                znodes += 1;
                let length = located.record.data_length();
                if located.record.data.is_some() && length > max_bytes {
                    let words = format!("{length} bytes of data; a znode may have {max_bytes}");
                    failures.push(Error::new(
                        Kind::Refused,
                        format!("{name}:{}: {words}", located.line),
                    ));
                }
            }
            Err(error) if error.to_string().ends_with(" is out of order") => {
                is_ordered = false;
            }
            Err(error) => failures.push(error),
        }
        if failures.len() >= TOLD_FAILURES {
            break;
        }
    }
    if !failures.is_empty() {
        return Err(broken(&name, failures));
    }
    if is_ordered {
        let records = Box::new(ordered(None)?);
        return Ok(Saved { top, records, znodes, was_sorted: false });
    }
    let mut all = read(file, &name, max_bytes)?.collect::<Result<Vec<Located>>>()?;
    sort(&mut all);
    let sorted: Vec<Result<Located>> = ordered(Some(all))?.collect();
    let mut failures = Vec::new();
    let mut records = Vec::new();
    for located in sorted {
        match located {
            Ok(located) => records.push(located),
            Err(error) => failures.push(error),
        }
    }
    if !failures.is_empty() {
        failures.truncate(TOLD_FAILURES);
        return Err(broken(&name, failures));
    }
    let znodes = records.len() as u64;
    Ok(Saved { top, records: Box::new(records.into_iter().map(Ok)), znodes, was_sorted: true })
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

/// The records of a file as they come.
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

/// Returns the znode at the top: what the header says, or the first znode, or the one above all.
fn first_top(file: &Path, name: &str, max_bytes: u64) -> Result<(ZnodePath, bool)> {
    if file.is_dir() {
        return Ok((FolderReader::open(file, max_bytes)?.top().clone(), true));
    }
    let tree = TreeFile::open(opened(file, name)?, name)?;
    if let Some(header) = &tree.header {
        return Ok((ZnodePath::new(header.top.clone())?, true));
    }
    // Without a header the order need not hold either: the top is what is above all of them.
    let mut top: Option<ZnodePath> = None;
    for located in tree.records {
        let path = match located {
            Ok(located) => located.record.path,
            // It is told when the file is looked through.
            Err(_) => continue,
        };
        top = Some(match top {
            None => path,
            Some(top) => above_both(top, &path),
        });
    }
    top.map(|top| (top, false))
        .ok_or_else(|| Error::new(Kind::Refused, format!("{name}: it contains no znode")))
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
            .with_hint("it cannot be a pipe, since it is read twice"));
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
        std::fs::write(&file, text).expect("room");
        let saved = open(&file, target.map(path).as_ref(), 4).map_err(|error| {
            let mut all = vec![error.to_string()];
            all.extend(error.causes().iter().map(ToString::to_string));
            all.join("|").replace(&file.display().to_string(), "f")
        })?;
        let paths = saved.records.map(|located| located.expect("good").record.path.to_string());
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
    fn nothing_is_used_of_a_file_with_faults() {
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
