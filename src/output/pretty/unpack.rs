//! Unpacks compressed data, which is recognised by its first bytes.
//!
//! Sources: RFC 1952 (gzip), RFC 1950 (zlib), RFC 8878 (Zstandard), the frame formats of LZ4 and
//! Snappy, and the block formats of `lz4-java` and `snappy-java`, which Java programs write.

use std::io::Read;

use flate2::read::{MultiGzDecoder, ZlibDecoder};
use ruzstd::decoding::StreamingDecoder;

/// Maximum size of unpacked data in bytes: a few compressed bytes could otherwise fill all memory.
pub(super) const MAX_BYTES: usize = 16 << 20;

/// Maximum memory that a Zstandard frame may request, in bytes.
const MAX_WINDOW_BYTES: u64 = 32 << 20;

/// The magic of `snappy-java`, which is followed by two version numbers.
const SNAPPY_JAVA: &[u8] = b"\x82SNAPPY\0";

/// The magic of each `lz4-java` block.
const LZ4_JAVA: &[u8] = b"LZ4Block";

/// The result of unpacking.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unpacked {
    /// The name of the compression format.
    pub(super) name: &'static str,
    /// The unpacked data, or its beginning.
    pub(super) data: Vec<u8>,
    /// Whether the data was cut off at the limit.
    pub(super) is_cut: bool,
}

/// Unpacks data, or returns `None` if it is not compressed or is corrupt.
pub(super) fn unpack(data: &[u8]) -> Option<Unpacked> {
    if data.starts_with(b"\x1f\x8b") {
        read("gzip", MultiGzDecoder::new(data))
    } else if data.starts_with(b"\x28\xb5\x2f\xfd") {
        let frame = StreamingDecoder::new_with_max_window_size(data, MAX_WINDOW_BYTES).ok()?;
        read("Zstandard", frame)
    } else if data.starts_with(b"\x04\x22\x4d\x18") {
        read("LZ4", lz4_flex::frame::FrameDecoder::new(data))
    } else if data.starts_with(b"\xff\x06\x00\x00sNaPpY") {
        read("Snappy", snap::read::FrameDecoder::new(data))
    } else if let Some(blocks) = data.strip_prefix(SNAPPY_JAVA) {
        snappy_java(blocks.get(8..)?)
    } else if data.starts_with(LZ4_JAVA) {
        lz4_java(data)
    } else if is_zlib(data) {
        read("zlib", ZlibDecoder::new(data))
    } else {
        raw_snappy(data)
    }
}

/// Returns whether data starts with a zlib header: deflate with a valid window size, and a valid
/// checksum over both bytes (RFC 1950).
pub(super) fn is_zlib(data: &[u8]) -> bool {
    matches!(data, [first, second, _, ..] if first & 0x8f == 8
        && (u16::from(*first) << 8 | u16::from(*second)) % 31 == 0)
}

fn read(name: &'static str, decoder: impl Read) -> Option<Unpacked> {
    let mut data = Vec::new();
    decoder.take(MAX_BYTES as u64 + 1).read_to_end(&mut data).ok()?;
    Some(cut(name, data))
}

fn cut(name: &'static str, mut data: Vec<u8>) -> Unpacked {
    let is_cut = data.len() > MAX_BYTES;
    data.truncate(MAX_BYTES);
    Unpacked { name, data, is_cut }
}

/// Decodes `snappy-java` blocks: a length, then raw Snappy.
fn snappy_java(mut blocks: &[u8]) -> Option<Unpacked> {
    let mut data = Vec::new();
    while !blocks.is_empty() && data.len() <= MAX_BYTES {
        let length = usize::try_from(u32::from_be_bytes(*blocks.first_chunk()?)).ok()?;
        let block = blocks.get(4..4_usize.checked_add(length)?)?;
        if snap::raw::decompress_len(block).ok()? > MAX_BYTES {
            return None;
        }
        data.extend(snap::raw::Decoder::new().decompress_vec(block).ok()?);
        blocks = &blocks[4 + length..];
    }
    Some(cut("Snappy", data))
}

/// Decodes `lz4-java` blocks: magic, method and level, both lengths, checksum. An empty block ends
/// them.
fn lz4_java(mut blocks: &[u8]) -> Option<Unpacked> {
    /// Magic, method, compressed length, original length, checksum.
    const HEAD: usize = 8 + 1 + 4 + 4 + 4;
    let mut data = Vec::new();
    while !blocks.is_empty() && data.len() <= MAX_BYTES {
        let head = blocks.get(..HEAD)?;
        if !head.starts_with(LZ4_JAVA) {
            return None;
        }
        let number = |at: usize| {
            let bytes = head.get(at..at + 4)?.first_chunk::<4>()?;
            usize::try_from(u32::from_le_bytes(*bytes)).ok()
        };
        let (packed, length) = (number(9)?, number(13)?);
        if length > MAX_BYTES {
            return None;
        }
        let block = blocks.get(HEAD..HEAD.checked_add(packed)?)?;
        match head[8] & 0xf0 {
            0x10 if packed == length => data.extend_from_slice(block),
            0x20 => data.extend(lz4_flex::block::decompress(block, length).ok()?),
            _ => return None,
        }
        blocks = &blocks[HEAD + packed..];
    }
    Some(cut("LZ4", data))
}

/// Decodes raw Snappy, which has no magic, only the original length. The result counts only if all
/// of it decodes and gives text, which is unlikely for other data.
fn raw_snappy(data: &[u8]) -> Option<Unpacked> {
    /// Minimum plausible length, in bytes.
    const SHORTEST: usize = 8;
    if data.len() < SHORTEST || std::str::from_utf8(data).is_ok_and(|text| !text.contains('\0')) {
        return None;
    }
    let length = snap::raw::decompress_len(data).ok()?;
    if !(SHORTEST..=MAX_BYTES).contains(&length) || length > data.len().saturating_mul(64) {
        return None;
    }
    let plain = snap::raw::Decoder::new().decompress_vec(data).ok()?;
    let is_text = |c: char| !c.is_control() || matches!(c, '\n' | '\t' | '\r');
    let text = std::str::from_utf8(&plain).ok()?;
    text.chars().all(is_text).then(|| cut("Snappy, it seems", plain))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(data).expect("memory");
        encoder.finish().expect("memory")
    }

    fn all_ways(data: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        zlib.write_all(data).expect("memory");
        let mut snappy = snap::write::FrameEncoder::new(Vec::new());
        snappy.write_all(data).expect("memory");
        let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
        lz4.write_all(data).expect("memory");
        let zstd =
            ruzstd::encoding::compress_to_vec(data, ruzstd::encoding::CompressionLevel::Fastest);
        let raw = snap::raw::Encoder::new().compress_vec(data).expect("short");
        let mut snappy_java = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
        snappy_java.extend(u32::try_from(raw.len()).expect("short").to_be_bytes());
        snappy_java.extend(&raw);
        let block = lz4_flex::block::compress(data);
        let mut lz4_java = b"LZ4Block\x26".to_vec();
        lz4_java.extend(u32::try_from(block.len()).expect("short").to_le_bytes());
        lz4_java.extend(u32::try_from(data.len()).expect("short").to_le_bytes());
        lz4_java.extend([0; 4]);
        lz4_java.extend(&block);
        lz4_java.extend(b"LZ4Block\x10\0\0\0\0\0\0\0\0\0\0\0\0");
        vec![
            ("gzip", gzip(data)),
            ("zlib", zlib.finish().expect("memory")),
            ("Snappy", snappy.into_inner().expect("memory")),
            ("LZ4", lz4.finish().expect("memory")),
            ("Zstandard", zstd),
            ("Snappy", snappy_java),
            ("LZ4", lz4_java),
            ("Snappy, it seems", raw),
        ]
    }

    #[test]
    fn each_way_is_undone() {
        let data = b"{\"a\": 1, \"b\": [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]}".repeat(20);
        for (name, packed) in all_ways(&data) {
            let unpacked = unpack(&packed).unwrap_or_else(|| panic!("{name}"));
            assert_eq!((unpacked.name, unpacked.is_cut), (name, false));
            assert!(unpacked.data == data, "{name}");
        }
    }

    #[test]
    fn what_is_broken_stays_as_it_is() {
        let data = b"some text, some more text, and more of the same text".repeat(3);
        for (name, packed) in all_ways(&data) {
            // A Snappy frame that was cut between two chunks looks like a complete one.
            for end in [packed.len() / 2, packed.len() - 5] {
                let unpacked = unpack(&packed[..end]);
                let partial = unpacked.is_some_and(|unpacked| unpacked.data == data);
                assert!(!partial || name == "LZ4" || name == "Snappy", "{name} {end}");
            }
        }
        assert_eq!(unpack(b"deep, just text"), None);
        assert_eq!(unpack(b""), None);
    }

    #[test]
    fn a_bomb_does_not_go_off() {
        let bomb = gzip(&vec![0; MAX_BYTES * 4]);
        let unpacked = unpack(&bomb).expect("gzip");
        assert!(unpacked.is_cut && unpacked.data.len() == MAX_BYTES);
        // A claimed length without the data.
        assert_eq!(unpack(b"\xff\xff\xff\xff\x0f\x00\x00\x00\x00"), None);
        assert_eq!(unpack(b"LZ4Block\x26\x01\0\0\0\xff\xff\xff\xff\0\0\0\0a"), None);
        assert_eq!(unpack(b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01\xff\xff\xff\xffa"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_to_an_end(first in 0_usize..8, data in prop::collection::vec(any::<u8>(), 0..80)) {
            let begin = all_ways(b"text").swap_remove(first).1;
            let _ = unpack(&data);
            let _ = unpack(&[&begin[..begin.len().min(12)], &data[..]].concat());
        }
    }
}
