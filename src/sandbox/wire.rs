//! Bytes of the client protocol (jute records) from a server's side, with every length checked.
//!
//! Field orders: zookeeper.jute. It knows nothing of sockets and of what the words mean.

mod reply;
mod request;

pub(crate) use self::reply::{connect_response, event, reply};
pub(crate) use self::request::{connect_request, request};

/// What the bytes of a frame are not.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Reads the fields of one record, each within the bounds of its frame.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn int(&mut self) -> Result<i32, Malformed> {
        let bytes = self.0.first_chunk().ok_or(Malformed)?;
        self.0 = &self.0[4..];
        Ok(i32::from_be_bytes(*bytes))
    }

    fn long(&mut self) -> Result<i64, Malformed> {
        let bytes = self.0.first_chunk().ok_or(Malformed)?;
        self.0 = &self.0[8..];
        Ok(i64::from_be_bytes(*bytes))
    }

    fn boolean(&mut self) -> Result<bool, Malformed> {
        Ok(self.take(1)? != [0])
    }

    /// Reads a buffer or a string; -1 stands for null.
    fn buffer(&mut self) -> Result<Option<&'a [u8]>, Malformed> {
        match self.int()? {
            -1 => Ok(None),
            length => self.take(usize::try_from(length).map_err(|_| Malformed)?).map(Some),
        }
    }

    /// Reads a string that may be null. What is not UTF-8 becomes U+FFFD, as in Java.
    fn nullable(&mut self) -> Result<Option<String>, Malformed> {
        Ok(self.buffer()?.map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
    }

    /// Reads a string that nothing can be done without.
    fn string(&mut self) -> Result<String, Malformed> {
        self.nullable()?.ok_or(Malformed)
    }

    /// Reads a list. Room is made as elements arrive, never for a count that is only claimed.
    fn list<T>(
        &mut self,
        element: impl Fn(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        let count = self.int()?;
        (0..count).map(|_| element(self)).collect()
    }
}

/// Writes the fields of records behind what `0` holds.
struct Writer<'a>(&'a mut Vec<u8>);

impl Writer<'_> {
    fn int(&mut self, value: i32) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    fn long(&mut self, value: i64) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    fn boolean(&mut self, value: bool) {
        self.0.push(value.into());
    }

    fn length(&mut self, length: usize) {
        self.int(i32::try_from(length).expect("no reply has two gibibytes"));
    }

    fn buffer(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    fn string(&mut self, text: &str) {
        self.buffer(text.as_bytes());
    }

    /// Writes a frame: the length in front is known once `body` has written the rest.
    fn frame(&mut self, body: impl FnOnce(&mut Self)) {
        let start = self.0.len();
        self.int(0);
        body(self);
        let length = i32::try_from(self.0.len() - start - 4).expect("no frame has two gibibytes");
        self.0[start..start + 4].copy_from_slice(&length.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_beyond_the_frame_are_malformed() {
        assert_eq!(Reader(&[0, 0, 0, 9, b'a']).buffer(), Err(Malformed));
        assert_eq!(Reader(&[0x80, 0, 0, 0]).buffer(), Err(Malformed));
        assert_eq!(Reader(&[0xff, 0xff, 0xff, 0xff]).buffer(), Ok(None));
        assert_eq!(Reader(&[0, 0, 0, 0]).buffer(), Ok(Some(&[][..])));
        assert_eq!(Reader(&[0, 0, 0]).int(), Err(Malformed));
    }

    #[test]
    fn a_claimed_count_costs_nothing() {
        let claim = [0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1, b'a'];
        assert_eq!(Reader(&claim).list(Reader::string), Err(Malformed));
        assert_eq!(Reader(&[0xff, 0xff, 0xff, 0xff]).list(Reader::string), Ok(vec![]));
    }
}
