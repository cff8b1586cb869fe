//! Reads a saved tree.

use std::io::{self, BufRead};

use super::line::{End, Header, Line, VERSION};
use super::order::{Located, at};
use crate::error::{Error, Kind, Result};

/// The maximum length of a line in bytes: more than the data of any znode with the default settings
/// of a server, even if each byte is escaped.
pub const MAX_LINE_BYTES: usize = 32 << 20;

/// Reads a saved tree line by line. A malformed line yields an error with its number, and reading
/// continues. If the file cannot be read any further, an error is the last item.
pub struct Reader<R> {
    file: R,
    name: String,
    line: Vec<u8>,
    number: u64,
    records: u64,
    /// Whether there was a header, so that an end line is required.
    has_header: bool,
    end: Option<End>,
    /// The item that was read ahead.
    first: Option<Result<Located>>,
    done: bool,
}

/// The result of reading a line.
enum LineRead {
    Line,
    /// A line that exceeds the maximum length and was skipped.
    TooLong,
    End,
}

impl<R: BufRead> Reader<R> {
    /// Returns a reader. Errors contain the name of the file.
    pub fn new(file: R, name: &str) -> Self {
        Self {
            file,
            name: name.to_owned(),
            line: Vec::new(),
            number: 0,
            records: 0,
            has_header: false,
            end: None,
            first: None,
            done: false,
        }
    }

    /// Reads the header if there is one. Call it before any other method.
    pub fn header(&mut self) -> Result<Option<Header>> {
        match self.line_with_text() {
            Some(Ok(Line::Header(header))) => {
                let wrong = |words: String| Err(self.wrong(&words));
                if header.zksh != "tree" {
                    return wrong(format!("{} is not a tree saved by zksh", header.zksh));
                }
                if header.version > VERSION {
                    return wrong(format!(
                        "version {} of the format is newer than this zksh, which reads {VERSION}",
                        header.version
                    ));
                }
                if crate::zk::ZnodePath::new(header.top.clone()).is_err() {
                    return wrong(format!("the top {} is not a path", header.top));
                }
                self.has_header = true;
                Ok(Some(header))
            }
            Some(Ok(line)) => {
                self.first = self.take(line);
                Ok(None)
            }
            // A file of another kind has no valid line, so its first error is enough.
            Some(Err(error)) => Err(error.with_hint("a saved tree is JSON lines; see help save")),
            None => Err(self.wrong("the file is empty")),
        }
    }

    fn wrong(&self, words: &str) -> Error {
        Error::new(Kind::Refused, at(&self.name, self.number, words))
    }

    /// Reads the next line that is not blank, or `None` at the end of the file.
    fn line_with_text(&mut self) -> Option<Result<Line>> {
        loop {
            match self.read_line() {
                Ok(LineRead::Line) if self.line.iter().all(u8::is_ascii_whitespace) => {}
                Ok(LineRead::Line) => {
                    let line = Line::parse(&self.line);
                    return Some(line.map_err(|words| self.wrong(&words)));
                }
                Ok(LineRead::TooLong) => {
                    let words = format!("a line of more than {MAX_LINE_BYTES} bytes");
                    return Some(Err(self.wrong(&words)));
                }
                Ok(LineRead::End) => return None,
                Err(error) => {
                    self.done = true;
                    return Some(Err(self.wrong(&words(&error))));
                }
            }
        }
    }

    /// Reads a line without its newline.
    fn read_line(&mut self) -> io::Result<LineRead> {
        self.line.clear();
        self.number += 1;
        let mut too_long = false;
        let mut any = false;
        loop {
            let buffer = match self.file.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                buffer => buffer?,
            };
            if buffer.is_empty() {
                return Ok(match (too_long, any) {
                    (true, _) => LineRead::TooLong,
                    (_, true) => LineRead::Line,
                    _ => LineRead::End,
                });
            }
            any = true;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let taken = end.unwrap_or(buffer.len());
            if self.line.len() + taken > MAX_LINE_BYTES {
                too_long = true;
                self.line.clear();
            } else if !too_long {
                self.line.extend_from_slice(&buffer[..taken]);
            }
            self.file.consume(taken + usize::from(end.is_some()));
            if end.is_some() {
                return Ok(if too_long { LineRead::TooLong } else { LineRead::Line });
            }
        }
    }

    /// Handles a line. Returns `None` for the end line.
    fn take(&mut self, line: Line) -> Option<Result<Located>> {
        match line {
            Line::Record(_) if self.end.is_some() => {
                self.done = true;
                Some(Err(self.wrong("there are lines after the end")))
            }
            Line::Record(record) => {
                self.records += 1;
                Some(Ok(Located { line: self.number, record: *record }))
            }
            Line::Header(_) => Some(Err(self.wrong("a header that is not the first line"))),
            Line::End(_) if !self.has_header => Some(Err(self.wrong("an end without a header"))),
            Line::End(end) => {
                self.end = Some(end);
                None
            }
        }
    }

    /// Checks that the file was complete.
    fn finish(&mut self) -> Option<Result<Located>> {
        self.done = true;
        match self.end {
            None if self.has_header => {
                Some(Err(self.wrong("the file was cut: the end line is missing")))
            }
            Some(end) if end.znodes != self.records => Some(Err(self.wrong(&format!(
                "the file was cut: it has {} of {} znodes",
                self.records, end.znodes
            )))),
            _ => None,
        }
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Located>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        while !self.done {
            match self.line_with_text() {
                Some(Ok(line)) => match self.take(line) {
                    None => {}
                    taken => return taken,
                },
                // The end line counts lines with errors too.
                Some(Err(error)) => {
                    self.records += 1;
                    return Some(Err(error));
                }
                None => return self.finish(),
            }
        }
        None
    }
}

/// Returns the reason why a file cannot be read.
pub(super) fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "the file was cut".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
