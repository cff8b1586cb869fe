//! A report for programs: one JSON object on a line. What the fields mean and which forms they take
//! stands in `schema/output.schema.json`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::Report;
use crate::dialect::Dialect;
use crate::error::Error;
use crate::zk::ZnodeData;

/// Which line a record answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// The script: its file, or `stdin`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The number of the line in the script, from 1 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The command's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The session, where the shell has more than one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The znode that the command is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// One line of output.
#[derive(Serialize)]
#[serde(tag = "record", rename_all = "lowercase")]
enum Record<'a> {
    /// What came of a command.
    Result {
        #[serde(flatten)]
        origin: &'a Origin,
        result: &'a dyn Report,
    },
    /// A part of what comes of it, ahead of the rest.
    Part {
        #[serde(flatten)]
        origin: &'a Origin,
        result: &'a dyn Report,
    },
    /// Why a command failed.
    Error {
        #[serde(flatten)]
        origin: &'a Origin,
        /// The line as it was typed, without secrets.
        #[serde(skip_serializing_if = "Option::is_none")]
        typed: Option<&'a str>,
        error: Failure<'a>,
    },
    /// What came without being asked for.
    Event {
        time: Time,
        /// The session that it came to, where the shell has more than one.
        #[serde(skip_serializing_if = "Option::is_none")]
        session: Option<&'a str>,
        event: &'a dyn Report,
    },
    /// What a command sent and what came of it, where that is to be explained.
    Explanation {
        #[serde(flatten)]
        origin: &'a Origin,
        explanation: &'a dyn Report,
    },
}

#[derive(Serialize)]
struct Failure<'a> {
    message: String,
    kind: &'static str,
    code: Option<String>,
    number: Option<i32>,
    path: Option<&'a str>,
    /// Whether a write may or may not have been applied.
    uncertain: bool,
    hint: Option<&'a str>,
    /// The parts that failed, where a command has several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    causes: Vec<Cause<'a>>,
}

/// Why a part of a command failed.
#[derive(Serialize)]
struct Cause<'a> {
    message: String,
    code: Option<String>,
    number: Option<i32>,
    path: Option<&'a str>,
}

/// Writes what came of a command.
pub(super) fn result(origin: &Origin, result: &dyn Report) -> Vec<u8> {
    line(&Record::Result { origin, result })
}

/// Writes a part of what comes of a command.
pub(super) fn part(origin: &Origin, result: &dyn Report) -> Vec<u8> {
    line(&Record::Part { origin, result })
}

/// Writes why a command failed; `typed` is the line, without secrets.
pub(super) fn error(
    origin: &Origin,
    typed: Option<&str>,
    error: &Error,
    dialect: Dialect,
) -> Vec<u8> {
    let error = Failure {
        message: error.message(dialect),
        kind: error.kind().name(),
        code: error.code_of().map(crate::error::Code::identifier),
        number: error.code_of().map(crate::error::Code::number),
        path: error.path(),
        uncertain: error.is_uncertain(),
        hint: error.hint(),
        causes: error
            .causes()
            .iter()
            .map(|cause| Cause {
                message: cause.message(dialect),
                code: cause.code_of().map(crate::error::Code::identifier),
                number: cause.code_of().map(crate::error::Code::number),
                path: cause.path(),
            })
            .collect(),
    };
    line(&Record::Error { origin, typed, error })
}

/// Writes an event that was seen at `time`.
pub(super) fn event(session: Option<&str>, time: Time, event: &dyn Report) -> Vec<u8> {
    line(&Record::Event { time, session, event })
}

/// Writes what a command sent and what came of it.
pub(super) fn explanation(origin: &Origin, explanation: &dyn Report) -> Vec<u8> {
    line(&Record::Explanation { origin, explanation })
}

fn line(record: &Record<'_>) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(record).expect("reports have text keys and finite numbers");
    bytes.push(b'\n');
    bytes
}

/// Serialises the data of a znode: null, or its bytes.
pub fn data<S: Serializer>(data: &ZnodeData, serializer: S) -> Result<S::Ok, S::Error> {
    if data.is_null() { serializer.serialize_none() } else { bytes(data.as_bytes(), serializer) }
}

/// Serialises bytes: `{"text": …}` where they are UTF-8, else `{"base64": …}`.
pub fn bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeMap;
    let mut map = serializer.serialize_map(Some(1))?;
    match std::str::from_utf8(bytes) {
        Ok(text) => map.serialize_entry("text", text)?,
        Err(_) => map.serialize_entry("base64", &STANDARD.encode(bytes))?,
    }
    map.end()
}

/// A zxid or a session's number: `{"hex": "0x…", "number": …}`. Programs that keep numbers as
/// floating point lose the last digits of long ones; the text is exact.
#[derive(Debug, Clone, Copy)]
pub struct Hex(pub i64);

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("hex", &format_args!("{:#x}", self.0))?;
        map.serialize_entry("number", &self.0)?;
        map.end()
    }
}

/// Serialises milliseconds since 1970 as [`Time`] does.
pub fn time<S: Serializer>(milliseconds: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    Time(*milliseconds).serialize(serializer)
}

/// Milliseconds since 1970, as RFC 3339 in UTC with three digits of a second, so that every time has
/// the same width and sorts as text; null beyond the year 9999.
#[derive(Debug, Clone, Copy)]
pub struct Time(pub i64);

impl Time {
    /// Returns what this machine's clock says.
    pub fn now() -> Self {
        Self(Timestamp::now().as_millisecond())
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match Timestamp::from_millisecond(self.0) {
            Ok(time) => serializer.collect_str(&format_args!("{time:.3}")),
            Err(_) => serializer.serialize_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::Code;
    use crate::output::Message;

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_record_says_which_line_it_answers() {
        let origin = Origin {
            session: None,
            file: Some("stdin".to_owned()),
            line: Some(3),
            command: Some("get".to_owned()),
            path: Some("/a".to_owned()),
        };
        assert_eq!(
            text(result(&origin, &Message("x\ny".to_owned()))),
            "{\"record\":\"result\",\"file\":\"stdin\",\"line\":3,\"command\":\"get\",\"path\":\"/a\",\
             \"result\":{\"text\":\"x\\ny\"}}\n"
        );
        let lost = Error::code(Code::ConnectionLoss, "/a").of_write();
        let seen: serde_json::Value =
            serde_json::from_slice(&error(&origin, Some("set /a"), &lost, Dialect::V39)).unwrap();
        assert_eq!(seen["error"]["kind"], "lost");
        assert_eq!(seen["error"]["number"], -4);
        assert_eq!(seen["error"]["uncertain"], true);
        assert_eq!(seen["typed"], "set /a");
    }

    #[test]
    fn bytes_are_text_or_base64() {
        let written = |data: &[u8]| {
            let mut out = Vec::new();
            bytes(data, &mut serde_json::Serializer::new(&mut out)).unwrap();
            text(out)
        };
        assert_eq!(written("é\n".as_bytes()), "{\"text\":\"é\\n\"}");
        assert_eq!(written(b"\xff\x00"), "{\"base64\":\"/wA=\"}");
    }

    #[test]
    fn zxids_are_hex_and_number_and_times_are_rfc_3339() {
        let hex = serde_json::to_string(&Hex(-1)).unwrap();
        assert_eq!(hex, "{\"hex\":\"0xffffffffffffffff\",\"number\":-1}");
        let time = serde_json::to_string(&Time(1_355_216_779_123)).unwrap();
        assert_eq!(time, "\"2012-12-11T09:06:19.123Z\"");
        assert_eq!(serde_json::to_string(&Time(i64::MAX)).unwrap(), "null");
        for (milliseconds, written) in [
            (1_355_216_779_810, "\"2012-12-11T09:06:19.810Z\""),
            (1_355_216_779_000, "\"2012-12-11T09:06:19.000Z\""),
        ] {
            assert_eq!(serde_json::to_string(&Time(milliseconds)).unwrap(), written);
        }
    }
}
