//! Splits the received bytes into frames. The buffer grows as bytes arrive, never by a claimed
//! length.

use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::ReadBuf;

use crate::dial::Stream;
use crate::jute::Fault;

/// Size of the buffer at first, and after a large frame, in bytes.
const ROOM: usize = 64 * 1024;

/// Minimum free space for a read, in bytes.
const LEAST_ROOM: usize = 8 * 1024;

pub(crate) struct Inbox {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    most: usize,
}

impl Inbox {
    /// Creates an inbox that accepts frames of at most `most` bytes.
    pub(crate) fn new(most: usize) -> Self {
        Self { buffer: vec![0; ROOM], start: 0, end: 0, most }
    }

    /// Sets the maximum size of a frame.
    pub(crate) fn limit(&mut self, most: usize) {
        self.most = most;
    }

    /// Reads what has arrived. Returns the number of bytes.
    pub(crate) fn poll_fill(
        &mut self,
        stream: &mut dyn Stream,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        self.make_room();
        let mut free = ReadBuf::new(&mut self.buffer[self.end..]);
        ready!(Pin::new(stream).poll_read(context, &mut free))?;
        let read = free.filled().len();
        self.end += read;
        Poll::Ready(Ok(read))
    }

    fn make_room(&mut self) {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            if self.buffer.len() > 4 * ROOM {
                self.buffer = vec![0; ROOM];
            }
        }
        if self.buffer.len() - self.end >= LEAST_ROOM {
            return;
        }
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.buffer.len() - self.end < LEAST_ROOM {
            // An incomplete frame fills the buffer, so as many bytes as have arrived may follow.
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
    }

    /// Returns the position of the next frame in the buffer, if it is complete.
    pub(crate) fn frame(&mut self) -> Result<Option<Range<usize>>, Fault> {
        let arrived = &self.buffer[self.start..self.end];
        let Some(length) = arrived.first_chunk() else { return Ok(None) };
        let length = i32::from_be_bytes(*length);
        let length = usize::try_from(length).map_err(|_| "the length of a frame is negative")?;
        if length > self.most {
            return Err("a frame is longer than the limit");
        }
        if arrived.len() - 4 < length {
            return Ok(None);
        }
        let start = self.start + 4;
        self.start = start + length;
        Ok(Some(start..start + length))
    }

    /// Returns the bytes of a frame.
    pub(crate) fn bytes(&self, frame: Range<usize>) -> &[u8] {
        &self.buffer[frame]
    }

    /// Returns the received bytes that are not yet a complete frame.
    pub(crate) fn rest(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncWriteExt, duplex};

    use super::*;

    async fn fill(inbox: &mut Inbox, stream: &mut dyn Stream) -> usize {
        poll_fn(|context| inbox.poll_fill(stream, context)).await.unwrap()
    }

    #[tokio::test]
    async fn room_grows_with_what_arrives_and_goes_with_it() {
        let (mut ours, mut theirs) = duplex(1 << 20);
        let mut inbox = Inbox::new(16 << 20);
        theirs.write_all(&(16_i32 << 20).to_be_bytes()).await.unwrap();
        fill(&mut inbox, &mut ours).await;
        assert_eq!(inbox.frame(), Ok(None));
        assert_eq!(inbox.buffer.len(), ROOM);
        let (mut sent, block) = (0, vec![0; 1 << 16]);
        while sent < 16 << 20 {
            theirs.write_all(&block).await.unwrap();
            sent += block.len();
            let mut read = 0;
            while read < block.len() {
                read += fill(&mut inbox, &mut ours).await;
            }
            assert!(inbox.buffer.len() <= 2 * sent + 2 * ROOM, "{sent}");
        }
        let frame = inbox.frame().unwrap().unwrap();
        assert_eq!(inbox.bytes(frame).len(), 16 << 20);
        theirs.write_all(&[0, 0, 0, 1, 7]).await.unwrap();
        fill(&mut inbox, &mut ours).await;
        assert_eq!(inbox.buffer.len(), ROOM);
        let frame = inbox.frame().unwrap().unwrap();
        assert_eq!(inbox.bytes(frame), [7]);
    }

    #[tokio::test]
    async fn frames_are_cut_wherever_they_arrive_in_pieces() {
        let frames: Vec<Vec<u8>> = (0..40_usize).map(|length| vec![7; length * 700]).collect();
        let mut bytes = Vec::new();
        for frame in &frames {
            bytes.extend(i32::try_from(frame.len()).unwrap().to_be_bytes());
            bytes.extend(frame);
        }
        for piece in [7, 1000, 65_536, 1 << 20] {
            let (mut ours, mut theirs) = duplex(1 << 20);
            let mut inbox = Inbox::new(1 << 20);
            let mut cut = Vec::new();
            for piece in bytes.chunks(piece) {
                theirs.write_all(piece).await.unwrap();
                let mut read = 0;
                while read < piece.len() {
                    read += fill(&mut inbox, &mut ours).await;
                    while let Some(frame) = inbox.frame().unwrap() {
                        cut.push(inbox.bytes(frame).to_vec());
                    }
                }
            }
            assert!(cut == frames, "{piece}");
        }
    }
}
