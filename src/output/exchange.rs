//! A request and its reply, as JSON.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::json::Hex;
use crate::session::{Answer, Done, Exchange, Request};

impl Serialize for Exchange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(None)?;
        out.serialize_entry("xid", &self.xid)?;
        entries(&self.request, &mut out)?;
        out.serialize_entry("reply", &self.reply)?;
        out.serialize_entry("zxid", &self.zxid.map(Hex))?;
        out.serialize_entry("sentBytes", &self.sent_bytes)?;
        out.serialize_entry("receivedBytes", &self.received_bytes)?;
        out.serialize_entry("seconds", &self.took.as_secs_f64())?;
        out.end()
    }
}

impl Serialize for Request {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(None)?;
        entries(self, &mut out)?;
        out.end()
    }
}

fn entries<M: SerializeMap>(request: &Request, out: &mut M) -> Result<(), M::Error> {
    out.serialize_entry("operation", request.operation)?;
    if let Some(path) = &request.path {
        out.serialize_entry("path", path)?;
    }
    out.serialize_entry("fields", &Fields(&request.fields))?;
    if !request.parts.is_empty() {
        out.serialize_entry("parts", &request.parts)?;
    }
    Ok(())
}

/// Serialises a list of fields as a JSON object.
struct Fields<'a>(&'a [(&'static str, String)]);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(Some(1))?;
        match self {
            Self::Refused { code, part } => {
                out.serialize_entry("refused", &Refusal { code: code.identifier(), part: *part })?;
            }
            Self::Done(done) => out.serialize_entry("done", done)?,
        }
        out.end()
    }
}

#[derive(serde::Serialize)]
struct Refusal {
    code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<usize>,
}

impl Serialize for Done {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(None)?;
        if let Some(created) = &self.created {
            out.serialize_entry("created", created)?;
        }
        if let Some(stat) = &self.stat {
            out.serialize_entry("stat", stat)?;
        }
        if let Some(count) = self.count {
            out.serialize_entry("count", &count)?;
        }
        if self.absent {
            out.serialize_entry("absent", &true)?;
        }
        if !self.parts.is_empty() {
            out.serialize_entry("parts", &self.parts)?;
        }
        out.end()
    }
}
