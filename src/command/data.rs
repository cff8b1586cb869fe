//! The data of a znode as it is typed: bytes as they are, or base64.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::error::{Error, Result};

/// Reads the standard alphabet; the `=` at the end may be left out, as zkCli (Java) allows.
const READER: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Returns the bytes that were typed, decoded if they are `base64`.
pub(super) fn bytes(typed: &OsStr, base64: bool) -> Result<Cow<'_, [u8]>> {
    if !base64 {
        return Ok(Cow::Borrowed(typed.as_bytes()));
    }
    READER.decode(typed.as_bytes()).map(Cow::Owned).map_err(|why| {
        Error::usage(format!("The data is not base64: {why}"))
            .with_hint("get -b prints data in base64")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_strictly_but_for_its_end() {
        let read = |typed: &str| bytes(OsStr::new(typed), true).map(Cow::into_owned);
        assert_eq!(read("ZGVlcA=="), Ok(b"deep".to_vec()));
        assert_eq!(read("ZGVlcA"), Ok(b"deep".to_vec()));
        assert_eq!(read(""), Ok(Vec::new()));
        assert!(read("ZGV_cA==").is_err());
        assert_eq!(bytes(OsStr::new("ZGVlcA=="), false), Ok(Cow::Borrowed(&b"ZGVlcA=="[..])));
    }
}
