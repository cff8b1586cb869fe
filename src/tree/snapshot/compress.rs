//! Compresses files by their name, and recognises compression by the first bytes.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;
use ruzstd::decoding::StreamingDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

/// Bytes of one frame of Zstandard: more compress little better, and are held in memory.
const FRAME_BYTES: usize = 1 << 20;

/// The largest window that a Zstandard file may ask for, in bytes: what the usual tool takes.
const MAX_WINDOW_BYTES: usize = 128 << 20;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstandard,
}

impl Compression {
    /// Returns what the name of a file asks for.
    pub fn of_name(file: &Path) -> Self {
        match file.extension().and_then(|extension| extension.to_str()) {
            Some(end) if end.eq_ignore_ascii_case("gz") => Self::Gzip,
            Some(end) if end.eq_ignore_ascii_case("zst") => Self::Zstandard,
            _ => Self::None,
        }
    }
}

/// Compresses what is written to it. It must be finished, or the end is missing.
pub struct Encoder<W: Write>(Inner<W>);

enum Inner<W: Write> {
    Plain(W),
    Gzip(GzEncoder<W>),
    Zstandard { frame: Vec<u8>, out: W },
}

impl<W: Write> Encoder<W> {
    /// Begins.
    pub fn new(out: W, compression: Compression) -> Self {
        Self(match compression {
            Compression::None => Inner::Plain(out),
            Compression::Gzip => Inner::Gzip(GzEncoder::new(out, flate2::Compression::default())),
            Compression::Zstandard => Inner::Zstandard { frame: Vec::new(), out },
        })
    }

    /// Writes the end, and gives back what was written to.
    pub fn finish(self) -> io::Result<W> {
        match self.0 {
            Inner::Plain(mut out) => {
                out.flush()?;
                Ok(out)
            }
            Inner::Gzip(gzip) => {
                let mut out = gzip.finish()?;
                out.flush()?;
                Ok(out)
            }
            Inner::Zstandard { frame, mut out } => {
                write_frame(&frame, &mut out)?;
                out.flush()?;
                Ok(out)
            }
        }
    }
}

fn write_frame(frame: &[u8], out: &mut impl Write) -> io::Result<()> {
    if frame.is_empty() {
        return Ok(());
    }
    out.write_all(&compress_to_vec(frame, CompressionLevel::Fastest))
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Inner::Plain(out) => out.write(bytes),
            Inner::Gzip(gzip) => gzip.write(bytes),
            Inner::Zstandard { frame, out } => {
                let taken = bytes.len().min(FRAME_BYTES - frame.len());
                frame.extend_from_slice(&bytes[..taken]);
                if frame.len() == FRAME_BYTES {
                    write_frame(frame, out)?;
                    frame.clear();
                }
                Ok(taken)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Inner::Plain(out) | Inner::Zstandard { out, .. } => out.flush(),
            Inner::Gzip(gzip) => gzip.flush(),
        }
    }
}

/// Returns what a file holds, whatever it is compressed with.
pub fn decoder<'r>(mut file: impl BufRead + Send + 'r) -> io::Result<Box<dyn BufRead + Send + 'r>> {
    let first = file.fill_buf()?;
    if first.starts_with(b"\x1f\x8b") {
        Ok(Box::new(BufReader::new(MultiGzDecoder::new(file))))
    } else if first.starts_with(b"\x28\xb5\x2f\xfd") {
        Ok(Box::new(BufReader::new(Zstandard { file: Some(file), frame: None })))
    } else {
        Ok(Box::new(file))
    }
}

/// Reads frame after frame.
struct Zstandard<R: BufRead> {
    /// Where the next frame begins; none while one is read.
    file: Option<R>,
    frame: Option<StreamingDecoder<R, ruzstd::decoding::FrameDecoder>>,
}

impl<R: BufRead> Zstandard<R> {
    /// Opens the next frame; false at the end.
    fn open(&mut self) -> io::Result<bool> {
        loop {
            let Some(mut file) = self.file.take() else { return Ok(false) };
            if file.fill_buf()?.is_empty() {
                return Ok(false);
            }
            // The decoder takes the file, and an error of it would lose it: what says that a frame
            // is to be skipped is looked for first.
            if let Some(length) = skippable(&mut file)? {
                io::copy(&mut (&mut file).take(u64::from(length)), &mut io::sink())?;
                self.file = Some(file);
                continue;
            }
            let opened = StreamingDecoder::new_with_max_window_size(file, MAX_WINDOW_BYTES as u64);
            self.frame = Some(opened.map_err(|error| broken(&error))?);
            return Ok(true);
        }
    }
}

/// Returns the length of a frame that is to be skipped (RFC 8878, 3.1.2), behind whose head the file
/// stands then, or none if another frame begins.
fn skippable(file: &mut impl BufRead) -> io::Result<Option<u32>> {
    let first = file.fill_buf()?;
    // A buffer ends where it will; with fewer bytes than a head, it is a decoder's to say so.
    if first.len() < 4 || first[0] & 0xf0 != 0x50 || first[1..4] != [0x2a, 0x4d, 0x18] {
        return Ok(None);
    }
    let mut head = [0; 8];
    file.read_exact(&mut head)?;
    Ok(Some(u32::from_le_bytes([head[4], head[5], head[6], head[7]])))
}

fn broken(error: &FrameDecoderError) -> io::Error {
    let cut = matches!(
        error,
        FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::MagicNumberReadError(_))
    );
    let kind = if cut { io::ErrorKind::UnexpectedEof } else { io::ErrorKind::InvalidData };
    io::Error::new(kind, error.to_string())
}

impl<R: BufRead> Read for Zstandard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if self.frame.is_none() && !self.open()? {
                return Ok(0);
            }
            let Some(frame) = &mut self.frame else { return Ok(0) };
            match frame.read(buffer)? {
                0 => {
                    let done = self.frame.take();
                    self.file = done.map(StreamingDecoder::into_inner);
                }
                count => return Ok(count),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn compressed(data: &[u8], compression: Compression) -> Vec<u8> {
        let mut encoder = Encoder::new(Vec::new(), compression);
        encoder.write_all(data).expect("memory");
        encoder.finish().expect("memory")
    }

    fn read(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut data = Vec::new();
        decoder(bytes)?.read_to_end(&mut data)?;
        Ok(data)
    }

    #[test]
    fn the_name_of_a_file_says_how_it_is_compressed() {
        for (name, expected) in [
            ("a.jsonl", Compression::None),
            ("a.jsonl.gz", Compression::Gzip),
            ("a.ZST", Compression::Zstandard),
            ("gz", Compression::None),
        ] {
            assert_eq!(Compression::of_name(Path::new(name)), expected, "{name}");
        }
    }

    #[test]
    fn more_than_one_frame_is_read_and_others_are_skipped() {
        let data: Vec<u8> =
            (0..FRAME_BYTES * 2 + 5).map(|n| u8::try_from(n % 251).unwrap_or(0)).collect();
        let bytes = compressed(&data, Compression::Zstandard);
        assert!(bytes.len() < data.len() / 2, "{}", bytes.len());
        let mut with_skipped = bytes.clone();
        with_skipped.extend(b"\x52\x2a\x4d\x18\x03\x00\x00\x00abc");
        with_skipped.extend(compressed(b"more", Compression::Zstandard));
        assert!(read(&bytes).expect("valid") == data);
        assert!(read(&with_skipped).expect("valid").ends_with(b"more"));
        let two = [compressed(b"one", Compression::Gzip), compressed(b"two", Compression::Gzip)];
        assert_eq!(read(&two.concat()).expect("valid"), b"onetwo");
    }

    #[test]
    fn a_file_that_was_cut_is_an_error() {
        for compression in [Compression::Gzip, Compression::Zstandard] {
            let bytes = compressed(b"some data, some data, some other data", compression);
            for end in 4..bytes.len() {
                assert!(read(&bytes[..end]).is_err(), "{compression:?} {end}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(data in prop::collection::vec(any::<u8>(), 0..2000)) {
            for compression in [Compression::None, Compression::Gzip, Compression::Zstandard] {
                let bytes = compressed(&data, compression);
                // Bytes that look compressed and are not are none of a tree.
                if compression != Compression::None || !data.starts_with(b"\x1f\x8b") {
                    prop_assert_eq!(&read(&bytes).expect("valid"), &data);
                }
            }
        }
    }
}
