//! The encoding of ZooKeeper's wire format (jute): big-endian numbers, and strings and lists with a
//! length in front. This module does not know what the fields mean.

/// Describes what is wrong with the bytes.
pub(crate) type Fault = &'static str;

/// Reads fields. A length or count must not exceed the bytes that are left.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn left(&self) -> usize {
        self.0.len()
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Fault> {
        let (taken, left) = self.0.split_at_checked(length).ok_or("it ends too early")?;
        self.0 = left;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (taken, left) = self.0.split_first_chunk().ok_or("it ends too early")?;
        self.0 = left;
        Ok(*taken)
    }

    pub(crate) fn int(&mut self) -> Result<i32, Fault> {
        self.array().map(i32::from_be_bytes)
    }

    pub(crate) fn long(&mut self) -> Result<i64, Fault> {
        self.array().map(i64::from_be_bytes)
    }

    pub(crate) fn boolean(&mut self) -> Result<bool, Fault> {
        match self.array()? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err("a boolean is neither 0 nor 1"),
        }
    }

    /// Reads bytes with their length in front; -1 means null.
    pub(crate) fn buffer(&mut self) -> Result<Option<&'a [u8]>, Fault> {
        match self.int()? {
            -1 => Ok(None),
            length => {
                let length = usize::try_from(length).map_err(|_| "a length is negative")?;
                self.take(length).map(Some)
            }
        }
    }

    /// Reads a string, which must not be null and must be UTF-8.
    pub(crate) fn string(&mut self) -> Result<&'a str, Fault> {
        let bytes = self.buffer()?.ok_or("a string is missing")?;
        std::str::from_utf8(bytes).map_err(|_| "a string is not UTF-8")
    }

    /// Reads the count of a list whose elements take at least `smallest` bytes each.
    pub(crate) fn count(&mut self, smallest: usize) -> Result<usize, Fault> {
        let count = usize::try_from(self.int()?).map_err(|_| "a count is negative")?;
        let most = self.left() / smallest;
        if count <= most { Ok(count) } else { Err("a count is larger than what follows") }
    }

    /// Checks that all bytes were read.
    pub(crate) fn end(&self) -> Result<(), Fault> {
        if self.0.is_empty() { Ok(()) } else { Err("it is longer than expected") }
    }
}

/// Appends fields to the buffer.
#[derive(Debug)]
pub(crate) struct Writer<'a>(pub(crate) &'a mut Vec<u8>);

impl Writer<'_> {
    pub(crate) fn int(&mut self, value: i32) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    pub(crate) fn long(&mut self, value: i64) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    pub(crate) fn boolean(&mut self, value: bool) {
        self.0.push(value.into());
    }

    /// Writes a length or count. Requests are far smaller than 2 GiB: their size is checked before
    /// they are queued, which would catch a wrong length here.
    pub(crate) fn length(&mut self, length: usize) {
        self.int(i32::try_from(length).unwrap_or(i32::MAX));
    }

    pub(crate) fn buffer(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn nullable(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => self.buffer(bytes),
            None => self.int(-1),
        }
    }

    pub(crate) fn string(&mut self, text: &str) {
        self.buffer(text.as_bytes());
    }

    /// Writes the concatenation of two strings as one string.
    pub(crate) fn joined(&mut self, first: &str, second: &str) {
        self.length(first.len() + second.len());
        self.0.extend_from_slice(first.as_bytes());
        self.0.extend_from_slice(second.as_bytes());
    }

    /// Writes a frame: its length, then what `body` writes.
    pub(crate) fn frame(&mut self, body: impl FnOnce(&mut Writer<'_>)) {
        let start = self.0.len();
        self.int(0);
        body(&mut Writer(self.0));
        let length = self.0.len() - start - 4;
        let length = i32::try_from(length).unwrap_or(i32::MAX);
        self.0[start..start + 4].copy_from_slice(&length.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_counts_are_held_against_what_is_left() {
        assert!(Reader::new(&[0, 0, 0, 9, b'a']).buffer().is_err());
        assert!(Reader::new(&[0x80, 0, 0, 0]).buffer().is_err());
        assert_eq!(Reader::new(&[0xff; 4]).buffer(), Ok(None));
        assert_eq!(Reader::new(&[0; 4]).buffer(), Ok(Some(&[][..])));
        assert!(Reader::new(&[0, 0, 0]).int().is_err());
        assert!(Reader::new(&[2]).boolean().is_err());
        assert!(Reader::new(&[0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1, b'a']).count(4).is_err());
        assert_eq!(Reader::new(&[0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]).count(4), Ok(2));
        assert!(Reader::new(&[0xff; 4]).count(4).is_err());
        assert!(Reader::new(&[0, 0, 0, 1, 0xff]).string().is_err());
        assert!(Reader::new(&[0xff; 4]).string().is_err());
    }
}
