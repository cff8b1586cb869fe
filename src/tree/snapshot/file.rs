//! A file with a tree: detects which tool wrote it and reads its znodes.

use std::io::{self, BufRead, Read};

use super::compress::decoder;
use super::foreign::{self, Format};
use super::line::Header;
use super::order::{Located, at};
use super::read::{Reader, words};
use crate::error::{Error, Kind, Result};

/// The maximum size in bytes of files that cannot be read line by line.
pub const MAX_WHOLE_BYTES: u64 = 1 << 30;

/// An open file with a tree.
pub struct TreeFile {
    /// The format of the file.
    pub format: Format,
    /// The header, if there is one.
    pub header: Option<Header>,
    /// The znodes, sorted if another tool wrote the file, and otherwise in the order of the file.
    pub records: Box<dyn Iterator<Item = Result<Located>> + Send>,
}

impl TreeFile {
    /// Opens a file called `name`, decompresses it, and reads its header.
    pub fn open(file: impl BufRead + Send + 'static, name: &str) -> Result<Self> {
        let unreadable = |error: io::Error| Error::new(Kind::Refused, at(name, 0, &words(&error)));
        let mut file = decoder(file).map_err(unreadable)?;
        let mut whole = false;
        loop {
            let buffer = file.fill_buf().map_err(unreadable)?;
            if buffer.is_empty() {
                return Err(Error::new(Kind::Refused, at(name, 0, "the file is empty")));
            }
            let blank = buffer.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            if blank == buffer.len() || (blank > 0 && whole) {
                file.consume(blank);
                continue;
            }
            whole = foreign::is_one_value(&buffer[blank..]);
            break;
        }
        if whole {
            let mut text = Vec::new();
            (&mut file).take(MAX_WHOLE_BYTES + 1).read_to_end(&mut text).map_err(unreadable)?;
            if text.len() as u64 > MAX_WHOLE_BYTES {
                let words = format!("it is larger than {MAX_WHOLE_BYTES} bytes");
                return Err(Error::new(Kind::Refused, at(name, 0, &words)));
            }
            let (format, records) = foreign::read(&text)
                .map_err(|words| Error::new(Kind::Refused, at(name, 0, &words)))?;
            return Ok(Self {
                format,
                header: None,
                records: Box::new(records.into_iter().map(Ok)),
            });
        }
        let mut reader = Reader::new(file, name);
        let header = reader.header()?;
        Ok(Self { format: Format::Lines, header, records: Box::new(reader) })
    }
}
