//! A tree as a folder of files, for people and for git. The data of each znode is in a file. A
//! znode with children is a folder, whose `_data` file has the data of the znode itself.
//!
//! Everything that files cannot express (ACL, kind, stat, null data) is in `_tree.jsonl` at the
//! top, which is a saved tree without data. Without that file, only the data is stated.
//!
//! Bytes of a name that a file name cannot contain are written as `%` and two hexadecimal digits.
//! Hidden files such as `.git` are ignored.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::line::{End, Header};
use super::order::{Located, rebase};
use super::read::Reader;
use super::write::Writer;
use crate::error::{Error, Kind, Result};
use crate::tree::{Data, Record, walk_order};
use crate::zk::ZnodePath;

/// The name of the file with the data of a znode that has children.
const DATA: &str = "_data";

/// The name of the file with everything except the data.
const TREE: &str = "_tree.jsonl";

/// The maximum length of a file name on most systems, in bytes.
const MAX_NAME_BYTES: usize = 255;

/// Bytes that systems or shells reserve in file names.
const RESERVED: &[u8] = b"%\\:*?\"<>|";

/// Returns the file name for the name of a znode.
fn encode(name: &str) -> String {
    use std::fmt::Write;
    let mut file = String::with_capacity(name.len());
    for (index, c) in name.char_indices() {
        let first = index == 0 && matches!(c, '.' | '_');
        let last = index + c.len_utf8() == name.len() && matches!(c, '.' | ' ');
        match u8::try_from(c) {
            Ok(byte)
                if first || last || byte < b' ' || byte == 0x7f || RESERVED.contains(&byte) =>
            {
                // Writing to memory cannot fail.
                file.push('%');
                let _ = write!(file, "{byte:02X}");
            }
            _ => file.push(c),
        }
    }
    file
}

/// Returns the name of the znode for a file name.
fn decode(file: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(file.len());
    let mut rest = file.as_bytes();
    while let [first, more @ ..] = rest {
        rest = more;
        if *first == b'%' {
            let digits = std::str::from_utf8(more.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &more[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

fn wrong(path: &Path, words: impl std::fmt::Display) -> Error {
    Error::new(Kind::Refused, format!("{}: {words}", path.display()))
}

/// Writes a tree to a folder.
pub struct FolderWriter {
    folder: PathBuf,
    top: ZnodePath,
    tree: Writer<BufWriter<File>>,
}

impl FolderWriter {
    /// Opens a folder for writing. It must be new or empty, because other files would later be
    /// taken for znodes.
    pub fn new(folder: &Path, header: Header) -> Result<Self> {
        let failed = |error: io::Error| wrong(folder, error);
        fs::create_dir_all(folder).map_err(failed)?;
        let mut entries = fs::read_dir(folder).map_err(failed)?;
        let taken = entries.find_map(|entry| match entry {
            Ok(entry) if entry.file_name().as_encoded_bytes().starts_with(b".") => None,
            Ok(entry) => Some(Ok(entry.file_name())),
            Err(error) => Some(Err(error)),
        });
        if let Some(taken) = taken.transpose().map_err(failed)? {
            let words = format!("the folder is not empty: it has {}", taken.display());
            return Err(wrong(folder, words).with_hint("save to another folder, or empty this one"));
        }
        let top = ZnodePath::new(header.top.clone())?;
        let file = File::create_new(folder.join(TREE)).map_err(failed)?;
        let tree = Writer::new(BufWriter::new(file), header).map_err(failed)?;
        Ok(Self { folder: folder.to_owned(), top, tree })
    }

    /// Adds a znode. `has_children` tells whether znodes below it follow.
    pub fn add(&mut self, record: &Record, has_children: bool) -> Result<()> {
        let mut file = self.folder.clone();
        let below = rebase(&record.path, &self.top, &ZnodePath::root())
            .ok_or_else(|| wrong(&file, format!("{} is outside {}", record.path, self.top)))?;
        for name in below.as_str().split('/').filter(|name| !name.is_empty()) {
            let name = encode(name);
            if name.len() > MAX_NAME_BYTES {
                let words = format!("the name of {} is too long for a file", record.path);
                return Err(wrong(&self.folder, words).with_hint("save it to a file of JSON lines"));
            }
            file.push(name);
        }
        let failed = |error: io::Error| wrong(&file, error);
        let is_folder = has_children || below.is_root();
        if is_folder {
            fs::create_dir_all(&file).map_err(failed)?;
        }
        if let Some(Data::Bytes(bytes)) = &record.data {
            let data = if is_folder { file.join(DATA) } else { file.clone() };
            File::create_new(&data).and_then(|mut data| data.write_all(bytes)).map_err(failed)?;
        }
        let data = match &record.data {
            Some(Data::Null) => Some(Data::Null),
            _ => None,
        };
        self.tree.add(&Record { data, ..without_data(record) }).map_err(|error| wrong(&file, error))
    }

    /// Counts a znode that could not be read.
    pub fn skip(&mut self) {
        self.tree.skip();
    }

    /// Writes the end line.
    pub fn finish(self) -> Result<End> {
        let failed = |error: io::Error| wrong(&self.folder, error);
        let (mut file, end) = self.tree.finish().map_err(failed)?;
        file.flush().map_err(failed)?;
        Ok(end)
    }
}

fn without_data(record: &Record) -> Record {
    Record {
        path: record.path.clone(),
        data: None,
        acl: record.acl.clone(),
        kind: record.kind,
        stat: record.stat,
        changed: record.changed,
    }
}

/// Reads a tree from a folder, in walk order.
pub struct FolderReader {
    /// The header, if there is one.
    pub header: Option<Header>,
    top: ZnodePath,
    max_bytes: u64,
    /// Files and folders that are still to be read, the next one last.
    waiting: Vec<(ZnodePath, PathBuf)>,
    /// The next znode that has a file.
    file: Option<Record>,
    tree: Option<Reader<BufReader<File>>>,
    /// The next znode in `_tree.jsonl`.
    stated: Option<Located>,
    failed: Option<Error>,
    begun: bool,
    folder: PathBuf,
}

impl FolderReader {
    /// Opens a folder. Files of more than `max_bytes` bytes are an error.
    pub fn open(folder: &Path, max_bytes: u64) -> Result<Self> {
        let tree = folder.join(TREE);
        let mut header = None;
        let tree = match File::open(&tree) {
            Ok(file) => {
                let mut reader = Reader::new(BufReader::new(file), &tree.display().to_string());
                header = reader.header()?;
                Some(reader)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(wrong(&tree, error)),
        };
        let top = match &header {
            Some(header) => ZnodePath::new(header.top.clone())?,
            None => ZnodePath::root(),
        };
        Ok(Self {
            header,
            waiting: vec![(top.clone(), folder.to_owned())],
            top,
            max_bytes,
            file: None,
            tree,
            stated: None,
            failed: None,
            begun: false,
            folder: folder.to_owned(),
        })
    }

    /// Returns the path of the top znode, which the paths of the records start with.
    pub fn top(&self) -> &ZnodePath {
        &self.top
    }

    /// Reads the next file or folder.
    fn next_file(&mut self) -> Result<Option<Record>> {
        let Some((path, file)) = self.waiting.pop() else { return Ok(None) };
        let failed = |error: io::Error| wrong(&file, error);
        let meta = fs::symlink_metadata(&file).map_err(failed)?;
        // The folder itself may be named by a link. A link below it could lead anywhere, or in a
        // circle.
        let meta = if path == self.top { fs::metadata(&file).map_err(failed)? } else { meta };
        let mut record = Record::bare(path);
        if meta.is_file() {
            record.data = Some(Data::Bytes(self.read(&file)?));
            return Ok(Some(record));
        }
        if !meta.is_dir() {
            return Err(wrong(&file, "neither a file nor a folder"));
        }
        let mut children = Vec::new();
        for entry in fs::read_dir(&file).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let inside = file.join(&name);
            if name == OsStr::new(DATA) {
                record.data = Some(Data::Bytes(self.read(&inside)?));
                continue;
            }
            let hidden = name.as_encoded_bytes().starts_with(b".");
            if hidden || (name == OsStr::new(TREE) && file == self.folder) {
                continue;
            }
            let child = name
                .to_str()
                .and_then(decode)
                .filter(|name| !name.contains('/'))
                .and_then(|name| ZnodePath::new(record.path.child(&name).as_str()).ok())
                .ok_or_else(|| wrong(&inside, "the name cannot be that of a znode"))?;
            children.push((child, inside));
        }
        children.sort_unstable_by(|one, other| walk_order(&other.0, &one.0));
        if let Some(twice) = children.windows(2).find(|two| two[0].0 == two[1].0) {
            return Err(wrong(&twice[0].1, format!("{} appears twice", twice[0].0)));
        }
        self.waiting.extend(children);
        Ok(Some(record))
    }

    fn read(&self, file: &Path) -> Result<Vec<u8>> {
        use std::io::Read;
        let mut bytes = Vec::new();
        let opened = File::open(file).map_err(|error| wrong(file, error))?;
        let read = opened.take(self.max_bytes + 1).read_to_end(&mut bytes);
        read.map_err(|error| wrong(file, error))?;
        if bytes.len() as u64 > self.max_bytes {
            let words = format!("more than {} bytes, the limit for a znode", self.max_bytes);
            return Err(wrong(file, words));
        }
        Ok(bytes)
    }

    fn next_stated(&mut self) -> Result<Option<Located>> {
        match &mut self.tree {
            Some(tree) => tree.next().transpose(),
            None => Ok(None),
        }
    }

    fn step(&mut self) -> Result<Option<Located>> {
        if !self.begun {
            self.begun = true;
            self.file = self.next_file()?;
            self.stated = self.next_stated()?;
        }
        loop {
            let order = match (&self.file, &self.stated) {
                (None, None) => return Ok(None),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some(file), Some(stated)) => walk_order(&file.path, &stated.record.path),
            };
            let (mut file, mut stated) = (None, None);
            if order.is_le() {
                let next = self.next_file()?;
                file = std::mem::replace(&mut self.file, next);
            }
            if order.is_ge() {
                let next = self.next_stated()?;
                stated = std::mem::replace(&mut self.stated, next);
            }
            match (file, stated) {
                (Some(file), Some(Located { line, mut record })) => {
                    // If someone has added a file, it overrides a line that says there is no data.
                    record.data = file.data.or(record.data);
                    return Ok(Some(Located { line, record }));
                }
                (Some(record), None) => return Ok(Some(Located { line: 0, record })),
                // Null data has no file. Otherwise there was a file, which was deleted.
                (None, Some(located)) if located.record.data == Some(Data::Null) => {
                    return Ok(Some(located));
                }
                _ => {}
            }
        }
    }
}

impl Iterator for FolderReader {
    type Item = Result<Located>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed.is_some() {
            return None;
        }
        let next = self.step();
        if let Err(error) = &next {
            self.failed = Some(error.clone());
        }
        next.transpose()
    }
}

#[cfg(test)]
mod tests;
