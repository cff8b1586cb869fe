//! Whether bytes have the form of a protobuf message. The format has no mark of its own, so this is
//! a guess: all of the data must be fields whose wire types, numbers and lengths are sound.
//!
//! Source: the encoding as protobuf.dev describes it.

/// The largest field number that is believed: real schemas seldom go beyond, random bytes do.
const BELIEVED: u64 = 1000;

/// The shortest message that is believed, in bytes: shorter ones prove nothing.
const SHORTEST: usize = 4;

/// Returns whether the whole of `data` reads as one message.
pub(super) fn is_likely(mut data: &[u8]) -> bool {
    if data.len() < SHORTEST {
        return false;
    }
    while !data.is_empty() {
        match field(data) {
            Some(rest) => data = rest,
            None => return false,
        }
    }
    true
}

/// Returns what follows the field at the start.
fn field(data: &[u8]) -> Option<&[u8]> {
    let (key, rest) = varint(data)?;
    if !(1..=BELIEVED).contains(&(key >> 3)) {
        return None;
    }
    match key & 7 {
        0 => varint(rest).map(|(_, rest)| rest),
        1 => rest.get(8..),
        2 => {
            let (length, rest) = varint(rest)?;
            rest.get(usize::try_from(length).ok()?..)
        }
        5 => rest.get(4..),
        _ => None,
    }
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
