//! JSON output for programs: one object per line. `schema/output.schema.json` documents the fields.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::Report;
use crate::dialect::Dialect;
use crate::error::Error;
use crate::zk::ZnodeData;

/// The input line that a record belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// The script file, or `stdin`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line number in the script, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The command's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The name of the session, if the shell has more than one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The path that the command is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// One line of output.
#[derive(Serialize)]
#[serde(tag = "record", rename_all = "lowercase")]
enum Record<'a> {
    /// The result of a command.
    Result {
        #[serde(flatten)]
        origin: &'a Origin,
        result: &'a dyn Report,
    },
    /// A part of a result, printed before the result is complete.
    Part {
        #[serde(flatten)]
        origin: &'a Origin,
        result: &'a dyn Report,
    },
    /// Why a command failed.
    Error {
        #[serde(flatten)]
        origin: &'a Origin,
        /// The line as typed, with secrets removed.
        #[serde(skip_serializing_if = "Option::is_none")]
        typed: Option<&'a str>,
        error: Failure<'a>,
    },
    /// An asynchronous event.
    Event {
        time: Time,
        /// The session that received the event, if the shell has more than one.
        #[serde(skip_serializing_if = "Option::is_none")]
        session: Option<&'a str>,
        event: &'a dyn Report,
    },
    /// The requests that a command sent and their replies, if it runs under `explain`.
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
    /// The errors of the parts that failed, if the command has several parts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    causes: Vec<Cause<'a>>,
}

/// The error of one part of a command.
#[derive(Serialize)]
struct Cause<'a> {
    message: String,
    code: Option<String>,
    number: Option<i32>,
    path: Option<&'a str>,
}

/// Encodes the result of a command.
pub(super) fn result(origin: &Origin, result: &dyn Report) -> Vec<u8> {
    line(&Record::Result { origin, result })
}

/// Encodes a part of a result.
pub(super) fn part(origin: &Origin, result: &dyn Report) -> Vec<u8> {
    line(&Record::Part { origin, result })
}

/// Encodes the error of a command; `typed` is the line with secrets removed.
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

/// Encodes an event that arrived at `time`.
pub(super) fn event(session: Option<&str>, time: Time, event: &dyn Report) -> Vec<u8> {
    line(&Record::Event { time, session, event })
}

/// Encodes the requests of a command and their replies.
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

/// Serialises bytes as `{"text": …}` if they are UTF-8, else as `{"base64": …}`.
pub fn bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeMap;
    let mut map = serializer.serialize_map(Some(1))?;
    match std::str::from_utf8(bytes) {
        Ok(text) => map.serialize_entry("text", text)?,
        Err(_) => map.serialize_entry("base64", &STANDARD.encode(bytes))?,
    }
    map.end()
}

/// A zxid or session id: `{"hex": "0x…", "number": …}`. Programs that use floating point numbers
/// lose the last digits of large values; the text is exact.
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

/// Serialises milliseconds since 1970 like [`Time`].
pub fn time<S: Serializer>(milliseconds: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    Time(*milliseconds).serialize(serializer)
}

/// Milliseconds since 1970, serialised as RFC 3339 in UTC with three decimals, so that every time
/// has the same width and sorts as text. Times beyond the year 9999 become null.
#[derive(Debug, Clone, Copy)]
pub struct Time(pub i64);

impl Time {
    /// Returns the current time.
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
