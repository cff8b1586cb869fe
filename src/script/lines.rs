//! Reads the lines of a script on a thread of its own, with a bounded read-ahead.

use std::io::{self, BufRead, Read};
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::command::Command;
use crate::dialect::Dialect;
use crate::dispatch::terminator;
use crate::error::{Error, Kind, Result};

/// The maximum length of a line in bytes: the data of one request with every byte written as
/// `\xHH`.
const LONGEST_LINE: usize = 4 * 1024 * 1024 + 64 * 1024;

/// The bytes of lines that are read but not finished: two of the longest lines. A slow server or a
/// slow reader of our output holds up the input, so memory stays bounded.
const READ_AHEAD: usize = 2 * LONGEST_LINE;

/// The bytes of read-ahead that must be free before reading continues after they ran out.
const RESUME_AT: u32 = 1024 * 1024;

/// The bytes that each line counts in addition to its text. This is more than a line takes, so that
/// at most a few thousand short lines are read ahead.
const LINE_COST: usize = 1024;

/// The bytes that a line has room for at first.
const USUAL_LINE: usize = 96;

/// A line of the input, or the error from reading it.
pub(super) struct SourceLine {
    /// Its number, starting at 1.
    pub(super) number: u64,
    /// The text without the line end.
    pub(super) text: Result<String>,
    /// The line's part of [`READ_AHEAD`], released when the line is finished.
    pub(super) permit: OwnedSemaphorePermit,
}

/// The lines in script order.
pub(super) type Lines = mpsc::UnboundedReceiver<SourceLine>;

/// Starts a thread that reads `input`.
///
/// # Panics
/// Panics outside a tokio runtime.
pub(super) fn read(input: Box<dyn Read + Send>, dialect: Dialect) -> Lines {
    let (sender, receiver) = mpsc::unbounded_channel();
    let budget = Arc::new(Semaphore::new(READ_AHEAD));
    let runtime = tokio::runtime::Handle::current();
    std::thread::spawn(move || {
        let mut input = io::BufReader::with_capacity(64 * 1024, input);
        let mut number = 0;
        loop {
            number += 1;
            let first = number;
            let Some(text) = read_line(&mut input).transpose() else { return };
            let text = text.map(|text| if first == 1 { without_mark(text) } else { text });
            let text = text.and_then(|text| with_block(text, &mut input, dialect, &mut number));
            let fatal = matches!(text, Err(Fault::Input(_)));
            let text = text.map_err(Fault::explain);
            let cost = text.as_ref().map_or(0, String::len) + LINE_COST;
            let cost = u32::try_from(cost).unwrap_or(u32::MAX);
            let free = Arc::clone(&budget).try_acquire_many_owned(cost).ok();
            // If the read-ahead is used up, this thread wakes once for many finished lines.
            let permit = free.or_else(|| {
                let room = Arc::clone(&budget).acquire_many_owned(cost.max(RESUME_AT));
                runtime.block_on(room).ok()?.split(cost as usize)
            });
            let Some(permit) = permit else { return };
            if sender.send(SourceLine { number: first, text, permit }).is_err() || fatal {
                return;
            }
        }
    });
    receiver
}

/// Why a line could not be read.
#[derive(Debug)]
enum Fault {
    Input(io::Error),
    Long,
    NotText,
}

impl Fault {
    fn explain(self) -> Error {
        match self {
            Self::Input(error) => Error::new(Kind::Refused, format!("Cannot read: {error}")),
            Self::Long => {
                Error::usage(format!("The line with its data is longer than {LONGEST_LINE} bytes"))
            }
            Self::NotText => Error::usage("The line or its data is not UTF-8")
                .with_hint("write other bytes as \\xHH with --compat 3.9"),
        }
    }
}

/// Removes the byte order mark that some editors put at the start of a file.
fn without_mark(text: String) -> String {
    match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    }
}

/// Appends the lines of a heredoc if the line starts one. A heredoc without its terminator extends
/// to the end of the input, and the parser reports that.
fn with_block(
    mut text: String,
    input: &mut impl BufRead,
    dialect: Dialect,
    number: &mut u64,
) -> Result<String, Fault> {
    let Some(mark) = terminator::<Command>(&text, dialect) else { return Ok(text) };
    let mut fault = None;
    while let Some(line) = read_line(input).transpose() {
        *number += 1;
        match line {
            Ok(line) => {
                let ends = line == mark;
                if text.len() + line.len() < LONGEST_LINE {
                    text.push('\n');
                    text.push_str(&line);
                } else {
                    fault = Some(Fault::Long);
                }
                if ends {
                    break;
                }
            }
            Err(Fault::Input(error)) => return Err(Fault::Input(error)),
            // The lines up to the terminator are data, not commands.
            Err(other) => fault = Some(other),
        }
    }
    fault.map_or(Ok(text), Err)
}

/// Reads a line without its end. Returns `None` at the end of the input.
fn read_line(input: &mut impl BufRead) -> Result<Option<String>, Fault> {
    let mut bytes = Vec::with_capacity(USUAL_LINE);
    let most = LONGEST_LINE as u64 + 1;
    let read = input.by_ref().take(most).read_until(b'\n', &mut bytes).map_err(Fault::Input)?;
    if read == 0 {
        return Ok(None);
    }
    if bytes.pop_if(|last| *last == b'\n').is_none() && read > LONGEST_LINE {
        // Skip the rest of the line, which is not a command either.
        input.skip_until(b'\n').map_err(Fault::Input)?;
        return Err(Fault::Long);
    }
    bytes.pop_if(|last| *last == b'\r');
    String::from_utf8(bytes).map(Some).map_err(|_| Fault::NotText)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_faulty_line_does_not_affect_the_others() {
        let long = vec![b'x'; LONGEST_LINE + 10];
        let mut text = b"ls /\r\n\xff\n".to_vec();
        text.extend_from_slice(&long);
        text.extend_from_slice(b"\n\nget /a");
        let mut input = io::Cursor::new(text);
        assert_eq!(read_line(&mut input).unwrap().as_deref(), Some("ls /"));
        assert!(matches!(read_line(&mut input), Err(Fault::NotText)));
        assert!(matches!(read_line(&mut input), Err(Fault::Long)));
        assert_eq!(read_line(&mut input).unwrap().as_deref(), Some(""));
        assert_eq!(read_line(&mut input).unwrap().as_deref(), Some("get /a"));
        assert_eq!(read_line(&mut input).unwrap(), None);
    }

    #[test]
    fn a_heredoc_belongs_to_its_line() {
        let mut input = io::Cursor::new("set /a <<END\nget /b\n\nEND\nls /\nset /a <<E\nx");
        let mut number = 1;
        let mut next = || {
            let text = read_line(&mut input).unwrap().unwrap();
            let text = with_block(text, &mut input, Dialect::V34, &mut number).unwrap();
            (text, number)
        };
        assert_eq!(next(), ("set /a <<END\nget /b\n\nEND".to_owned(), 4));
        assert_eq!(next().0, "ls /");
        assert_eq!(next().0, "set /a <<E\nx");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn the_read_ahead_is_bounded() {
        let mut lines = read(Box::new(io::repeat(b'\n')), Dialect::V34);
        let mut held = Vec::new();
        for _ in 0..READ_AHEAD / LINE_COST {
            held.push(lines.recv().await.unwrap().permit);
        }
        assert!(lines.try_recv().is_err());
        held.truncate(held.len() - RESUME_AT as usize / LINE_COST + 1);
        assert!(lines.try_recv().is_err());
        held.pop();
        assert_eq!(lines.recv().await.unwrap().number, (READ_AHEAD / LINE_COST) as u64 + 1);
    }
}
