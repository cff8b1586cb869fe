//! Detects the format of data by its first bytes and its structure.

use serde::de::IgnoredAny;

use super::protobuf;
use super::unpack::is_zlib;

/// Magic numbers of formats. Sources: RFC 1952 (gzip), RFC 8878 (Zstandard), the frame formats of
/// LZ4 and Snappy, the file formats of bzip2, xz, ZIP, Avro, PNG, JPEG and ELF,
/// `ObjectStreamConstants` and JVMS 4.1 (Java), `HBase`'s `ProtobufMagic`.
const MAGIC: &[(&[u8], &str)] = &[
    (b"\x1f\x8b", "gzip"),
    (b"\xac\xed\x00\x05", "Java serialisation"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"),
    (b"\x04\x22\x4d\x18", "LZ4"),
    (b"\xff\x06\x00\x00sNaPpY", "Snappy"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"PK\x03\x04", "ZIP or JAR"),
    (b"Obj\x01", "Avro"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x7fELF", "ELF"),
    (b"\xca\xfe\xba\xbe", "Java class"),
    (b"PBUF", "protobuf of HBase"),
];

/// The detected format of data.
#[derive(Debug, PartialEq, Eq)]
pub enum Kind<'d> {
    /// A JSON object or array.
    Json(&'d str),
    /// UTF-8 text, whose only control characters are tabs and line ends.
    Text(&'d str),
    /// Anything else, with a description of the likely format.
    Binary(&'static str),
}

impl<'d> Kind<'d> {
    /// Detects the format of data.
    pub fn of(data: &'d [u8]) -> Self {
        if let Ok(text) = std::str::from_utf8(data) {
            let is_text = |c: char| !c.is_control() || matches!(c, '\n' | '\t' | '\r');
            let trimmed = text.trim_start();
            // A single number or string is shown as text.
            if trimmed.starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(text).is_ok() {
                return Self::Json(text);
            }
            if text.chars().all(is_text) {
                return Self::Text(text);
            }
        }
        Self::Binary(binary(data))
    }
}

fn binary(data: &[u8]) -> &'static str {
    if let Some((_, name)) = MAGIC.iter().find(|(first, _)| data.starts_with(first)) {
        return name;
    }
    if is_zlib(data) {
        return "zlib, it seems";
    }
    if protobuf::is_likely(data) {
        return "protobuf, it seems";
    }
    match data.len() {
        // Curator's shared and distributed counters, and Java's ByteBuffer, have this format.
        4 => "binary, perhaps a 32-bit number",
        8 => "binary, perhaps a 64-bit number",
        16 => "binary, perhaps a UUID",
        _ => "binary",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_their_first_bytes() {
        for (data, name) in [
            (&b"\x1f\x8b\x08\x00"[..], "gzip"),
            (b"\xac\xed\x00\x05sr", "Java serialisation"),
            (b"\x78\x9c\x4b\x04", "zlib, it seems"),
            (b"\x28\xb5\x2f\xfd\x00", "Zstandard"),
            (b"PBUF\n\x16\x08\x8a", "protobuf of HBase"),
            (b"\x08\x96\x01\x12\x07testing", "protobuf, it seems"),
            (b"\x00\x00\x00\x2a", "binary, perhaps a 32-bit number"),
            (b"\x00\x01\xfe", "binary"),
        ] {
            assert_eq!(Kind::of(data), Kind::Binary(name), "{data:?}");
        }
    }

    #[test]
    fn text_is_text_and_json_is_json() {
        for text in ["", "deep", "湖\n", "{not json}", "42", "\"quoted\"", "{\"a\":1} x"] {
            assert_eq!(Kind::of(text.as_bytes()), Kind::Text(text));
        }
        for text in ["{}", " [1, {\"a\": null}]\n", "{\"a\":\"\u{1F600}\"}"] {
            assert_eq!(Kind::of(text.as_bytes()), Kind::Json(text));
        }
        assert_eq!(Kind::of(b"a\0b"), Kind::Binary("binary"));
    }
}
