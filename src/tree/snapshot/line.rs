//! The lines of a saved tree as JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::tree::{Acl, Data, Kind, Record};
use crate::zk::Stat;
use crate::zk::ZnodePath;

/// The version of the format that we write. A reader refuses later versions.
pub const VERSION: u32 = 1;

/// The first line of a saved tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The type of the file: always `tree`.
    pub zksh: String,
    /// The version of the format.
    pub version: u32,
    /// The top znode of the tree. Paths are those that were seen when it was saved.
    pub top: String,
    /// When the tree was saved, in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved: Option<String>,
    /// The connection string of the ensemble, without secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub servers: Option<String>,
}

impl Header {
    /// Returns the header of a tree that is saved now.
    pub fn new(top: &ZnodePath, saved: Option<String>, servers: Option<String>) -> Self {
        let (zksh, top) = ("tree".to_owned(), top.as_str().to_owned());
        Self { zksh, version: VERSION, top, saved, servers }
    }
}

/// The last line of a saved tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// The number of lines with znodes.
    pub znodes: u64,
    /// The number of znodes that changed while they were read.
    #[serde(default)]
    pub changed: u64,
    /// The number of znodes that could not be read, which are not in the file.
    #[serde(default)]
    pub skipped: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EndLine {
    end: End,
}

/// A line of a saved tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    Header(Header),
    Record(Box<Record>),
    End(End),
}

#[cfg_attr(test, derive(Serialize))]
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordLine {
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    data: Option<DataJson>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<KindJson>,
    /// The TTL in milliseconds, for the kind `ttl`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    acl: Option<Acl>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stat: Option<StatJson>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    changed: bool,
}

#[cfg_attr(test, derive(Serialize))]
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum KindJson {
    Persistent,
    Ephemeral,
    Container,
    Ttl,
}

#[cfg_attr(test, derive(Serialize))]
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StatJson {
    czxid: i64,
    mzxid: i64,
    pzxid: i64,
    ctime: i64,
    mtime: i64,
    version: i32,
    cversion: i32,
    aversion: i32,
    ephemeral_owner: i64,
    data_length: i32,
    num_children: i32,
}

/// Data as JSON: `null`, `{"text": …}` if it is UTF-8, and otherwise `{"base64": …}`.
struct DataJson(Data);

impl Serialize for DataJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Data::Null => serializer.serialize_none(),
            Data::Bytes(bytes) => bytes_as_json(bytes, serializer),
        }
    }
}

fn bytes_as_json<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeMap;
    let mut map = serializer.serialize_map(Some(1))?;
    match std::str::from_utf8(bytes) {
        Ok(text) => map.serialize_entry("text", text)?,
        Err(_) => map.serialize_entry("base64", &BASE64.encode(bytes))?,
    }
    map.end()
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum BytesJson {
    Text(String),
    Base64(String),
}

/// Distinguishes a field that is `null`, which states null data, from a missing field.
fn stated<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DataJson>, D::Error> {
    Ok(Some(DataJson(match Option::<BytesJson>::deserialize(deserializer)? {
        None => Data::Null,
        Some(BytesJson::Text(text)) => Data::Bytes(text.into_bytes()),
        Some(BytesJson::Base64(text)) => {
            let bytes = BASE64
                .decode(text.as_bytes())
                .map_err(|_| D::Error::custom("the data is not valid base64"))?;
            Data::Bytes(bytes)
        }
    })))
}

/// Serializes data in a field of its own, in the same form, for the journal.
pub(in crate::tree) mod data_json {
    use super::{Data, DataJson, Deserializer, Serialize, Serializer, stated};

    pub(in crate::tree) fn serialize<S: Serializer>(
        data: &Data,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        // The wrapper owns its data, so clone it. Entries of the journal are small.
        DataJson(data.clone()).serialize(serializer)
    }

    pub(in crate::tree) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Data, D::Error> {
        stated(deserializer).map(|data| data.map_or(Data::Null, |DataJson(data)| data))
    }
}

impl Line {
    /// Parses a line without its newline.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        /// The fields that identify the kind of a line. A second parser then reads the whole line.
        #[derive(Deserialize)]
        struct Peek {
            zksh: Option<serde::de::IgnoredAny>,
            end: Option<serde::de::IgnoredAny>,
        }
        // Nearly all lines start with the path, and need only one parser.
        if !text.starts_with(b"{\"path\"") {
            let peek: Peek = serde_json::from_slice(text).map_err(|error| why(&error))?;
            if peek.zksh.is_some() {
                return serde_json::from_slice(text).map(Self::Header).map_err(|error| why(&error));
            }
            if peek.end.is_some() {
                let end: EndLine = serde_json::from_slice(text).map_err(|error| why(&error))?;
                return Ok(Self::End(end.end));
            }
        }
        let line: RecordLine = serde_json::from_slice(text).map_err(|error| why(&error))?;
        line.into_record().map(|record| Self::Record(Box::new(record)))
    }

    /// Appends the line with its newline.
    pub(super) fn write(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        match self {
            Self::Header(header) => serde_json::to_writer(&mut *out, header)?,
            Self::Record(record) => write_record(record, out)?,
            Self::End(end) => serde_json::to_writer(&mut *out, &EndLine { end: *end })?,
        }
        out.push(b'\n');
        Ok(())
    }
}

/// Appends the line of a znode without its newline: what serde makes of a [`RecordLine`], but written
/// directly, since a tree may have millions of lines.
pub(super) fn write_record(record: &Record, out: &mut Vec<u8>) -> serde_json::Result<()> {
    out.extend_from_slice(b"{\"path\":");
    serde_json::to_writer(&mut *out, record.path.as_str())?;
    match &record.data {
        None => {}
        Some(Data::Null) => out.extend_from_slice(b",\"data\":null"),
        Some(Data::Bytes(bytes)) => {
            out.extend_from_slice(b",\"data\":");
            bytes_as_json(bytes, &mut serde_json::Serializer::new(&mut *out))?;
        }
    }
    if let Some(kind) = record.kind {
        out.extend_from_slice(b",\"kind\":\"");
        out.extend_from_slice(kind.name().as_bytes());
        out.push(b'"');
        if let Kind::Ttl(ttl) = kind {
            write_field("ttl", ttl, out)?;
        }
    }
    if let Some(acl) = &record.acl {
        write_acl(acl, out)?;
    }
    if let Some(stat) = &record.stat {
        write_stat(stat, out)?;
    }
    if record.changed {
        out.extend_from_slice(b",\"changed\":true");
    }
    out.push(b'}');
    Ok(())
}

fn write_field(name: &str, value: impl Serialize, out: &mut Vec<u8>) -> serde_json::Result<()> {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    serde_json::to_writer(&mut *out, &value)
}

fn write_acl(acl: &Acl, out: &mut Vec<u8>) -> serde_json::Result<()> {
    out.extend_from_slice(b",\"acl\":[");
    for (index, entry) in acl.0.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"{\"scheme\":" } else { b",{\"scheme\":" });
        serde_json::to_writer(&mut *out, &entry.scheme)?;
        write_field("id", &entry.id, out)?;
        out.extend_from_slice(b",\"perms\":\"");
        out.extend(entry.perms.letters());
        out.extend_from_slice(b"\"}");
    }
    out.push(b']');
    Ok(())
}

fn write_stat(stat: &Stat, out: &mut Vec<u8>) -> serde_json::Result<()> {
    out.extend_from_slice(b",\"stat\":{\"czxid\":");
    serde_json::to_writer(&mut *out, &stat.czxid)?;
    write_field("mzxid", stat.mzxid, out)?;
    write_field("pzxid", stat.pzxid, out)?;
    write_field("ctime", stat.ctime, out)?;
    write_field("mtime", stat.mtime, out)?;
    write_field("version", stat.version, out)?;
    write_field("cversion", stat.cversion, out)?;
    write_field("aversion", stat.aversion, out)?;
    write_field("ephemeralOwner", stat.ephemeral_owner, out)?;
    write_field("dataLength", stat.data_length, out)?;
    write_field("numChildren", stat.num_children, out)?;
    out.push(b'}');
    Ok(())
}

impl RecordLine {
    fn into_record(self) -> Result<Record, String> {
        let path = ZnodePath::new(self.path).map_err(|error| error.to_string())?;
        let kind = match (self.kind, self.ttl) {
            (None, None) => None,
            (Some(KindJson::Persistent), None) => Some(Kind::Persistent),
            (Some(KindJson::Ephemeral), None) => Some(Kind::Ephemeral),
            (Some(KindJson::Container), None) => Some(Kind::Container),
            (Some(KindJson::Ttl), Some(ttl)) if ttl > 0 => Some(Kind::Ttl(ttl)),
            (Some(KindJson::Ttl), _) => {
                return Err("the kind ttl needs a ttl of milliseconds above 0".to_owned());
            }
            (_, Some(_)) => return Err("only the kind ttl has a ttl".to_owned()),
        };
        if let Some(acl) = &self.acl {
            check_acl(acl)?;
        }
        Ok(Record {
            path,
            data: self.data.map(|DataJson(data)| data),
            acl: self.acl,
            kind,
            stat: self.stat.map(StatJson::into_stat),
            changed: self.changed,
        })
    }
}

/// Refuses ACLs that no znode can have.
pub(super) fn check_acl(acl: &Acl) -> Result<(), String> {
    if acl.0.is_empty() {
        return Err("no server accepts an empty ACL; leave it out for any".to_owned());
    }
    match acl.0.iter().find(|entry| entry.scheme == "auth") {
        // A server replaces `auth` by the ids of the writer, so the stored ACL would always differ.
        Some(_) => {
            Err("the server replaces the scheme auth by the ids of the writer; write these ids"
                .to_owned())
        }
        None => Ok(()),
    }
}

impl StatJson {
    fn into_stat(self) -> Stat {
        Stat {
            czxid: self.czxid,
            mzxid: self.mzxid,
            pzxid: self.pzxid,
            ctime: self.ctime,
            mtime: self.mtime,
            version: self.version,
            cversion: self.cversion,
            aversion: self.aversion,
            ephemeral_owner: self.ephemeral_owner,
            data_length: self.data_length,
            num_children: self.num_children,
        }
    }
}

/// Explains the error in a line. Only the column matters, because each line is parsed on its own.
fn why(error: &serde_json::Error) -> String {
    let column = error.column();
    let text = error.to_string();
    let words = text.split(" at line ").next().unwrap_or(&text);
    if column == 0 { words.to_owned() } else { format!("{words} at column {column}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tree::model::tree;

    proptest! {
        #[test]
        fn a_line_is_what_serde_makes_of_it(
            records in tree(),
            bytes in prop::collection::vec(any::<u8>(), 0..8),
            numbers in any::<(i64, i32)>(),
            changed: bool,
        ) {
            for record in records {
                let stat = Stat { mtime: numbers.0, cversion: numbers.1, ..Stat::default() };
                let data = record.data.map(|data| match data {
                    Data::Null => Data::Null,
                    Data::Bytes(_) => Data::Bytes(bytes.clone()),
                });
                let record = Record { data, stat: Some(stat), changed, ..record };
                let mut line = Vec::new();
                write_record(&record, &mut line).expect("a line");
                let parsed: RecordLine = serde_json::from_slice(&line).expect("JSON");
                prop_assert_eq!(serde_json::to_vec(&parsed).expect("JSON"), line.clone());
                prop_assert_eq!(Line::parse(&line), Ok(Line::Record(Box::new(record))));
            }
        }
    }
}
