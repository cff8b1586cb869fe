//! The lines of a script, read as a stream on a thread of its own, never far ahead.

use std::io::{self, BufRead, Read};
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::error::{Error, Kind, Result};

/// The longest line, in bytes: the data of one request with every byte written as `\xHH`.
const LONGEST_LINE: usize = 4 * 1024 * 1024 + 64 * 1024;

/// Bytes of lines that are read and not yet answered: two of the longest. A slow server or a slow
/// reader of our output holds up the input, and memory stays as it is.
const READ_AHEAD: usize = 2 * LONGEST_LINE;

/// Bytes that a line takes besides its text.
const LINE_COST: usize = 64;

/// A line as it was read, or why it could not be.
pub(super) struct Typed {
    /// Its number, from 1 on.
    pub(super) number: u64,
    /// Without its end.
    pub(super) text: Result<String>,
    /// Its part of [`READ_AHEAD`], given back when the line is done with.
    pub(super) share: OwnedSemaphorePermit,
}

/// Lines in the order of the script.
pub(super) type Lines = mpsc::UnboundedReceiver<Typed>;

/// Starts to read.
///
/// # Panics
/// Panics outside a tokio runtime.
pub(super) fn read(input: Box<dyn Read + Send>) -> Lines {
    let (sender, receiver) = mpsc::unbounded_channel();
    let budget = Arc::new(Semaphore::new(READ_AHEAD));
    let runtime = tokio::runtime::Handle::current();
    std::thread::spawn(move || {
        let mut input = io::BufReader::with_capacity(64 * 1024, input);
        for number in 1.. {
            let Some(text) = read_line(&mut input).transpose() else { return };
            let fatal = matches!(text, Err(Fault::Input(_)));
            let text = text.map_err(Fault::explain);
            let cost = text.as_ref().map_or(0, String::len) + LINE_COST;
            let cost = u32::try_from(cost).unwrap_or(u32::MAX);
            let share = match Arc::clone(&budget).try_acquire_many_owned(cost) {
                Ok(share) => share,
                Err(_) => match runtime.block_on(Arc::clone(&budget).acquire_many_owned(cost)) {
                    Ok(share) => share,
                    Err(_) => return,
                },
            };
            if sender.send(Typed { number, text, share }).is_err() || fatal {
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
            Self::Long => Error::usage(format!("The line is longer than {LONGEST_LINE} bytes")),
            Self::NotText => Error::usage("The line is not UTF-8")
                .with_hint("other bytes are written \\xHH in --compat 3.9"),
        }
    }
}

/// Reads one line, without its end; none at the end of the input.
fn read_line(input: &mut impl BufRead) -> Result<Option<String>, Fault> {
    let mut bytes = Vec::new();
    let most = LONGEST_LINE as u64 + 1;
    let read = input.by_ref().take(most).read_until(b'\n', &mut bytes).map_err(Fault::Input)?;
    if read == 0 {
        return Ok(None);
    }
    if bytes.pop_if(|last| *last == b'\n').is_none() && read > LONGEST_LINE {
        // The rest of it is no command either.
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
    fn lines_are_counted_and_faults_keep_to_their_line() {
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

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn lines_are_never_read_far_ahead() {
        let mut lines = read(Box::new(io::repeat(b'\n')));
        let mut held = Vec::new();
        for _ in 0..READ_AHEAD / LINE_COST {
            held.push(lines.recv().await.unwrap().share);
        }
        assert!(lines.try_recv().is_err());
        held.pop();
        assert_eq!(lines.recv().await.unwrap().number, (READ_AHEAD / LINE_COST) as u64 + 1);
    }
}
