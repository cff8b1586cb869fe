//! A DER parser, limited to what key stores and certificates need. Lengths are checked against the
//! available bytes, and indefinite lengths are refused.

/// The tag of an INTEGER.
pub(super) const INTEGER: u8 = 0x02;
/// The tag of an OCTET STRING.
pub(super) const OCTETS: u8 = 0x04;
/// The tag of an OBJECT IDENTIFIER.
pub(super) const OID: u8 = 0x06;
/// The tag of a SEQUENCE.
pub(super) const SEQUENCE: u8 = 0x30;
/// The tag of a SET.
pub(super) const SET: u8 = 0x31;

/// The tag of an explicit, constructed field `[number]`.
pub(super) const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// One value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value<'a> {
    pub(super) tag: u8,
    /// The value without tag and length.
    pub(super) content: &'a [u8],
    /// The value with tag and length.
    pub(super) whole: &'a [u8],
}

/// Reads consecutive values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Returns the next value, or `None` at the end or if the DER is invalid.
    pub(super) fn next(&mut self) -> Option<Value<'a>> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, mut rest) = rest.split_first()?;
        // Tags of several bytes do not occur in stores and certificates.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let length = if first < 0x80 {
            usize::from(first)
        } else {
            let count = usize::from(first & 0x7f);
            if count == 0 || count > 4 {
                return None;
            }
            let (bytes, behind) = rest.split_at_checked(count)?;
            rest = behind;
            bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte))
        };
        let (content, behind) = rest.split_at_checked(length)?;
        let whole = &self.0[..self.0.len() - behind.len()];
        self.0 = behind;
        Some(Value { tag, content, whole })
    }

    /// Returns the next value if it has this tag; otherwise the value is not consumed.
    pub(super) fn take(&mut self, tag: u8) -> Option<Value<'a>> {
        let mut ahead = *self;
        let value = ahead.next().filter(|value| value.tag == tag)?;
        *self = ahead;
        Some(value)
    }

    /// Returns a reader for the content of the next value, if it has this tag.
    pub(super) fn enter(&mut self, tag: u8) -> Option<Self> {
        self.take(tag).map(|value| Self(value.content))
    }

    /// Returns the next value as a small number.
    pub(super) fn number(&mut self) -> Option<u32> {
        let bytes = self.take(INTEGER)?.content;
        let small = !bytes.is_empty() && bytes.len() <= 5 && bytes[0] < 0x80;
        let number = bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        small.then(|| u32::try_from(number).ok())?
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Formats an object identifier in dotted notation, `1.2.840`.
pub(super) fn dotted(oid: &[u8]) -> String {
    let mut numbers = Vec::new();
    let mut number = 0_u64;
    for byte in oid {
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            numbers.push(number);
            number = 0;
        }
    }
    let mut text = match numbers.first() {
        Some(first) => format!("{}.{}", (first / 40).min(2), first - 40 * (first / 40).min(2)),
        None => return String::new(),
    };
    for number in &numbers[1..] {
        text.push('.');
        text.push_str(&number.to_string());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_and_lengths_are_checked() {
        let bytes = [0x30, 0x07, 0x02, 0x01, 0x05, 0x04, 0x02, 0xaa, 0xbb];
        let mut reader = Reader::new(&bytes);
        let mut inside = reader.enter(SEQUENCE).unwrap();
        assert_eq!(inside.number(), Some(5));
        assert!(inside.take(OID).is_none());
        assert_eq!(inside.take(OCTETS).unwrap().content, [0xaa, 0xbb]);
        assert!(inside.is_empty() && reader.is_empty());
        for bad in [
            &[0x30][..],
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x05, 0],
            &[0x30, 0x85, 1, 1, 1, 1, 1],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x1f, 0x01, 0x00],
        ] {
            assert!(Reader::new(bad).next().is_none(), "{bad:x?}");
        }
        assert_eq!(dotted(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]), "1.2.840.113549");
        assert_eq!(dotted(&[0x55, 0x04, 0x03]), "2.5.4.3");
    }
}
