//! Writes a saved tree.

use std::io::{self, Write};

use super::line::{End, Header, Line, write_record};
use crate::tree::Record;

/// Writes a saved tree line by line.
pub struct Writer<W: Write> {
    out: W,
    line: Vec<u8>,
    end: End,
}

impl<W: Write> Writer<W> {
    /// Returns a writer after writing the header.
    pub fn new(out: W, header: Header) -> io::Result<Self> {
        let mut writer = Self { out, line: Vec::new(), end: End::default() };
        Line::Header(header).write(&mut writer.line)?;
        writer.write_line()?;
        Ok(writer)
    }

    /// Adds a znode. The znodes must be added in walk order.
    pub fn add(&mut self, record: &Record) -> io::Result<()> {
        write_record(record, &mut self.line)?;
        self.line.push(b'\n');
        self.end.znodes += 1;
        self.end.changed += u64::from(record.changed);
        self.write_line()
    }

    /// Counts a znode that could not be read.
    pub fn skip(&mut self) {
        self.end.skipped += 1;
    }

    /// Writes the end line, and returns the inner writer and the counts.
    pub fn finish(mut self) -> io::Result<(W, End)> {
        Line::End(self.end).write(&mut self.line)?;
        self.write_line()?;
        Ok((self.out, self.end))
    }

    fn write_line(&mut self) -> io::Result<()> {
        self.out.write_all(&self.line)?;
        self.line.clear();
        Ok(())
    }
}
