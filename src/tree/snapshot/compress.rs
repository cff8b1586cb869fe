//! Compresses files according to their name, and detects compression by the first bytes.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;
use ruzstd::decoding::StreamingDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

/// The bytes in one frame of Zstandard. A larger frame compresses little better and is held in
/// memory.
const FRAME_BYTES: usize = 1 << 20;

/// The maximum window of a Zstandard file in bytes, the same as in the usual tool.
const MAX_WINDOW_BYTES: usize = 128 << 20;

/// The compression of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// No compression.
    None,
    /// Gzip (RFC 1952).
    Gzip,
    /// Zstandard (RFC 8878).
    Zstandard,
}

impl Compression {
    /// Returns the compression that the file extension asks for.
    pub fn of_name(file: &Path) -> Self {
        match file.extension().and_then(|extension| extension.to_str()) {
            Some(end) if end.eq_ignore_ascii_case("gz") => Self::Gzip,
            Some(end) if end.eq_ignore_ascii_case("zst") => Self::Zstandard,
            _ => Self::None,
        }
    }
}

/// Compresses everything that is written to it. Without a call of `finish`, the end is missing.
pub struct Encoder<W: Write>(Inner<W>);

enum Inner<W: Write> {
    Plain(W),
    Gzip(GzEncoder<W>),
    Zstandard { frame: Vec<u8>, out: W },
}

impl<W: Write> Encoder<W> {
    /// Returns an encoder that writes to `out`.
    pub fn new(out: W, compression: Compression) -> Self {
        Self(match compression {
            Compression::None => Inner::Plain(out),
            Compression::Gzip => Inner::Gzip(GzEncoder::new(out, flate2::Compression::default())),
            Compression::Zstandard => Inner::Zstandard { frame: Vec::new(), out },
        })
    }

    /// Writes the end and returns the inner writer.
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

/// Returns the decompressed contents of a file, whatever it is compressed with.
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

/// Reads consecutive frames.
struct Zstandard<R: BufRead> {
    /// The file before its next frame, or `None` while a frame is read.
    file: Option<R>,
    frame: Option<StreamingDecoder<R, ruzstd::decoding::FrameDecoder>>,
}

impl<R: BufRead> Zstandard<R> {
    /// Opens the next frame. Returns false at the end of the file.
    fn open(&mut self) -> io::Result<bool> {
        loop {
            let Some(mut file) = self.file.take() else { return Ok(false) };
            if file.fill_buf()?.is_empty() {
                return Ok(false);
            }
            // The decoder takes ownership of the file and would lose it in an error, so look for a
            // skippable frame first.
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

/// Returns the length of a skippable frame (RFC 8878, 3.1.2) after reading its header. Returns
/// `None` if another frame starts.
fn skippable(file: &mut impl BufRead) -> io::Result<Option<u32>> {
    let first = file.fill_buf()?;
    // The buffer may end anywhere. If it is shorter than a header, leave the error to the decoder.
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
    fn the_file_extension_chooses_the_compression() {
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
    fn all_frames_are_read_and_skippable_ones_skipped() {
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
    fn a_truncated_file_is_an_error() {
        for compression in [Compression::Gzip, Compression::Zstandard] {
            let bytes = compressed(b"some data, some data, some other data", compression);
            for end in 4..bytes.len() {
                assert!(read(&bytes[..end]).is_err(), "{compression:?} {end}");
            }
        }
    }

    proptest! {
        #[test]
        fn written_data_reads_back(data in prop::collection::vec(any::<u8>(), 0..2000)) {
            for compression in [Compression::None, Compression::Gzip, Compression::Zstandard] {
                let bytes = compressed(&data, compression);
                // Uncompressed data that starts like a compressed file cannot be a tree.
                if compression != Compression::None || !data.starts_with(b"\x1f\x8b") {
                    prop_assert_eq!(&read(&bytes).expect("valid"), &data);
                }
            }
        }
    }
}
