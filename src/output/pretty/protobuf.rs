//! Detects protobuf messages. The format has no magic number, so this is a guess: all of the data
//! must parse as fields with valid wire types, numbers and lengths.
//!
//! Source: the encoding as described by protobuf.dev.

/// Maximum plausible field number: schemas rarely go beyond it, random bytes do.
const BELIEVED: u64 = 1000;

/// Minimum length of a plausible message, in bytes; shorter data proves nothing.
const SHORTEST: usize = 4;

/// The value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field<'d> {
    /// A number.
    Varint(u64),
    /// Eight or four bytes.
    Fixed(u64),
    /// Text, bytes or a message.
    Bytes(&'d [u8]),
}

/// Returns whether all of `data` parses as one plausible message.
pub(super) fn is_likely(data: &[u8]) -> bool {
    data.len() >= SHORTEST
        && fields(data).all(|field| field.is_some_and(|(number, _)| number <= BELIEVED))
}

/// Returns the fields with their numbers. An invalid field yields `None` and ends the iteration.
pub(super) fn fields(mut data: &[u8]) -> impl Iterator<Item = Option<(u64, Field<'_>)>> {
    std::iter::from_fn(move || {
        if data.is_empty() {
            return None;
        }
        let read = field(data);
        data = read.map_or(&[], |(_, _, rest)| rest);
        Some(read.map(|(number, value, _)| (number, value)))
    })
}

/// Returns the field at the start, and the bytes after it.
fn field(data: &[u8]) -> Option<(u64, Field<'_>, &[u8])> {
    let (key, rest) = varint(data)?;
    let number = key >> 3;
    if number == 0 {
        return None;
    }
    let (value, rest) = match key & 7 {
        0 => {
            let (value, rest) = varint(rest)?;
            (Field::Varint(value), rest)
        }
        1 => {
            let (bytes, rest) = rest.split_first_chunk::<8>()?;
            (Field::Fixed(u64::from_le_bytes(*bytes)), rest)
        }
        2 => {
            let (length, rest) = varint(rest)?;
            let (bytes, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            (Field::Bytes(bytes), rest)
        }
        5 => {
            let (bytes, rest) = rest.split_first_chunk::<4>()?;
            (Field::Fixed(u64::from(u32::from_le_bytes(*bytes))), rest)
        }
        _ => return None,
    };
    Some((number, value, rest))
}

fn varint(data: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (index, byte) in data.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, &data[index + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn messages_are_believed_and_others_not() {
        // {1: 150, 2: "testing"}, and a fixed32 with a nested message.
        assert!(is_likely(b"\x08\x96\x01\x12\x07testing"));
        assert!(is_likely(b"\x0d\x01\x02\x03\x04\x12\x02\x08\x01"));
        for data in [
            &b"\x08\x01"[..],
            b"\x12\x50short",
            b"\x00\x00\x00\x2a",
            b"\x0b\x08\x01\x0c",
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        ] {
            assert!(!is_likely(data), "{data:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_to_an_end(data in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = is_likely(&data);
        }
    }
}
