//! The data of a znode as it is given: typed, from a file or from standard input; as it stands, or
//! in base64 or hexadecimal.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::Shell;
use crate::error::{Error, Kind, Result};

/// Reads the standard alphabet; the `=` at the end may be left out, as zkCli (Java) allows.
const READER: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The most that is read from a file, in bytes, whatever the server may take: the largest
/// `jute.maxbuffer` there can be.
const LARGEST: u64 = i32::MAX as u64;

/// What the help of a command with data says about where it comes from.
pub(super) const SOURCES: &str = "\
Data is what is typed, or @file, or - for the rest of standard input where the command stands on
the command line, or in a script the lines up to a mark:
    set /lake <<END
    data of
    two lines
    END
Behind @@ it is taken as it stands: @@- is a single -, @@@x is @x.";

/// Returns what goes before data so that it is taken as it stands.
pub(super) fn verbatim(data: &[u8]) -> OsString {
    OsString::from_vec([b"@@", data].concat())
}

/// How the bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::Args)]
pub(super) struct Form {
    /// The data is given in base64
    #[arg(short, long)]
    base64: bool,
    /// The data is given in hexadecimal, blanks between digits allowed
    #[arg(short = 'x', long, conflicts_with = "base64")]
    hex: bool,
}

/// Returns the bytes that `typed` stands for.
pub(super) async fn read(shell: &Shell, typed: &OsStr, form: Form) -> Result<Vec<u8>> {
    let typed = typed.as_bytes();
    let given = match typed {
        [b'@', b'@', data @ ..] => data.to_vec(),
        [b'@', file @ ..] => {
            let file = OsStr::from_bytes(file).to_owned();
            let name = file.to_string_lossy().into_owned();
            take(&name, move || Ok(Box::new(File::open(file)?) as Box<dyn Read>)).await?
        }
        b"-" => {
            let input = shell.take_input().ok_or_else(|| {
                Error::usage("Standard input is not free for data")
                    .with_hint("@@- is a single -; in a script, <<END takes the lines up to END")
            })?;
            take("standard input", move || Ok(input as Box<dyn Read>)).await?
        }
        data => data.to_vec(),
    };
    decode(given, form)
}

/// Reads to the end, on a thread that may wait: it may be a pipe.
async fn take(
    name: &str,
    open: impl FnOnce() -> io::Result<Box<dyn Read>> + Send + 'static,
) -> Result<Vec<u8>> {
    let all = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        open()?.take(LARGEST).read_to_end(&mut bytes)?;
        Ok::<_, io::Error>(bytes)
    });
    let cannot = |why: &dyn std::fmt::Display| {
        Error::new(Kind::Refused, format!("Cannot read {name}: {why}"))
    };
    match all.await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => Err(cannot(&error)),
        Err(error) => Err(cannot(&error)),
    }
}

fn decode(given: Vec<u8>, form: Form) -> Result<Vec<u8>> {
    let digits = || given.iter().copied().filter(|byte| !byte.is_ascii_whitespace());
    if form.base64 {
        return READER.decode(digits().collect::<Vec<u8>>()).map_err(|why| {
            Error::usage(format!("The data is not base64: {why}"))
                .with_hint("get -b prints data in base64")
        });
    }
    if form.hex {
        let digits: Vec<u8> = digits().collect();
        return unhex(&digits).ok_or_else(|| {
            Error::usage("The data is not hexadecimal: two digits for each byte are wanted")
        });
    }
    Ok(given)
}

fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = digits.chunks(2).map(|pair| match *pair {
        [high, low] => u8::try_from(digit(high)? * 16 + digit(low)?).ok(),
        _ => None,
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_strictly_but_for_its_end() {
        let form = Form { base64: true, hex: false };
        let read = |typed: &str| decode(typed.into(), form);
        assert_eq!(read("ZGVlcA=="), Ok(b"deep".to_vec()));
        assert_eq!(read("ZGVlcA\n"), Ok(b"deep".to_vec()));
        assert_eq!(read(""), Ok(Vec::new()));
        assert!(read("ZGV_cA==").is_err());
    }

    #[test]
    fn hexadecimal_wants_two_digits_for_a_byte() {
        let form = Form { base64: false, hex: true };
        let read = |typed: &str| decode(typed.into(), form).ok();
        assert_eq!(read("64 65\n6570"), Some(b"deep".to_vec()));
        assert_eq!(read("00fF"), Some(vec![0, 255]));
        assert_eq!(read(""), Some(Vec::new()));
        for wrong in ["0", "0g", "+1", "6 4 6"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_typed_stands_for_itself() {
        let form = Form::default();
        assert_eq!(decode(b"ZGVlcA==".to_vec(), form), Ok(b"ZGVlcA==".to_vec()));
        assert_eq!(verbatim(b"-"), "@@-");
    }
}
