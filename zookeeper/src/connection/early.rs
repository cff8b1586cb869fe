//! Requests that are sent while the session opens. A server handles them once the session is open, so
//! their replies come one round trip earlier.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::dial::Stream;

/// Returns the frames of requests that need not wait until the session is open.
pub(crate) type TakeEarly<'a> = &'a (dyn Fn() -> Vec<u8> + Send + Sync);

/// Requests that are sent while the session opens.
pub(super) struct Early<'a> {
    take: TakeEarly<'a>,
    /// The bytes to write.
    bytes: Vec<u8>,
}

impl<'a> Early<'a> {
    pub(super) fn new(take: TakeEarly<'a>) -> Self {
        Self { take, bytes: Vec::new() }
    }

    /// Sends nothing early.
    pub(super) fn none() -> Self {
        Self { take: &Vec::new, bytes: Vec::new() }
    }

    /// Returns the bytes that were not written yet.
    pub(super) fn unwritten(self) -> Vec<u8> {
        self.bytes
    }

    /// Writes as much as possible without waiting.
    pub(super) fn write(
        &mut self,
        stream: &mut dyn Stream,
        context: &mut Context<'_>,
    ) -> io::Result<()> {
        self.bytes.append(&mut (self.take)());
        let mut moved = false;
        while !self.bytes.is_empty() {
            match Pin::new(&mut *stream).poll_write(context, &self.bytes) {
                Poll::Pending => break,
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(written)) => drop(self.bytes.drain(..written)),
                Poll::Ready(Err(error)) => return Err(error),
            }
            moved = true;
        }
        if moved && let Poll::Ready(flushed) = Pin::new(stream).poll_flush(context) {
            flushed?;
        }
        Ok(())
    }
}
