//! Where a command gets a znode's data: a typed word, a file or standard input, as it is or encoded
//! in base64 or hexadecimal.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::json_check::check_json;
use super::{Context, Data, DataHint, Table, is_option};
use crate::error::{Error, Kind, Result};
use crate::zk::ZnodeData;

/// Decodes the standard alphabet. The `=` at the end may be missing, as in zkCli (Java).
const READER: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Maximum bytes of a file per byte that a request can carry. The longest encoding is hexadecimal
/// digits with blanks between them.
const LONGEST_FORM: usize = 4;

/// What the help of a command with data says about where it comes from.
pub const DATA_SOURCES: &str = "\
Data is stored exactly as it is typed. -i takes it from a file, and -i - from standard input, unless zksh
reads its lines there. --null stores no data at all, which is not the same as data of no bytes ('').
A script can give data in lines up to a mark:
    set /lake <<END
    data of
    two lines
    END
Where data is expected, a word is an option only if all of it is one and data still follows. After --
no word is an option.";

/// Where data comes from, if it is not typed, and how it is written.
#[derive(Debug, Default, PartialEq, Eq, clap::Args)]
pub struct DataSource {
    /// Take the data from this file, or with - from standard input
    #[arg(short, long, value_name = "file", value_hint = clap::ValueHint::FilePath)]
    input: Option<PathBuf>,
    /// Store null, which is no data; '' is data of no bytes
    #[arg(long, conflicts_with_all = ["input", "base64", "hex"])]
    null: bool,
    /// Write nothing unless the data is JSON
    #[arg(long, conflicts_with = "null")]
    json: bool,
    #[command(flatten)]
    form: Form,
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

impl DataSource {
    /// Returns the data to store: `typed`, unless an option names another source, or null if there
    /// is neither.
    pub async fn read(&self, cx: &Context, typed: Option<&Data>) -> Result<ZnodeData> {
        let most = cx.session.max_request().saturating_mul(LONGEST_FORM);
        let given = match &self.input {
            None => match typed {
                Some(data) if !self.null => data.0.as_bytes().to_vec(),
                _ if self.json => return check_json(b"").map(|()| ZnodeData::null()),
                _ => return Ok(ZnodeData::null()),
            },
            Some(file) if file.as_os_str() == "-" => {
                let input = cx.input.take().ok_or_else(|| {
                    Error::usage("Standard input is already in use")
                        .with_hint("in a script, <<END reads the lines up to END")
                })?;
                take("standard input", most, move || Ok(input as Box<dyn Read>)).await?
            }
            Some(file) => {
                let name = file.to_string_lossy().into_owned();
                let file = file.clone();
                take(&name, most, move || Ok(Box::new(File::open(file)?) as Box<dyn Read>)).await?
            }
        };
        let data = decode(given, self.form)?;
        if self.json {
            check_json(&data)?;
        }
        Ok(ZnodeData::from(data))
    }

    /// Returns a hint if the data looks as if the user meant something else.
    pub fn hint<T: Table>(&self, command: &str, typed: Option<&Data>) -> Option<DataHint> {
        let typed = typed.filter(|_| self.input.is_none() && !self.null)?;
        DataHint::of(&typed.0.to_string_lossy(), |word| is_option::<T>(command, word))
    }
}

/// Reads to the end on a blocking thread, since the input may be a pipe.
async fn take(
    name: &str,
    most: usize,
    open: impl FnOnce() -> io::Result<Box<dyn Read>> + Send + 'static,
) -> Result<Vec<u8>> {
    let all = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        open()?.take(most as u64 + 1).read_to_end(&mut bytes)?;
        Ok::<_, io::Error>(bytes)
    });
    let cannot = |why: &dyn std::fmt::Display| {
        Error::new(Kind::Refused, format!("Cannot read {name}: {why}"))
    };
    match all.await {
        Ok(Ok(bytes)) if bytes.len() > most => {
            Err(cannot(&format_args!("it has more than {most} bytes, too many for one request")))
        }
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
            Error::usage("The data is not hexadecimal: each byte needs two digits")
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
        for typed in ["ZGVlcA==", "@file", "@@file", "-", "-i"] {
            assert_eq!(decode(typed.into(), form), Ok(typed.as_bytes().to_vec()));
        }
    }
}
