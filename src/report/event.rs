//! `WATCHER::` and what happened.

use super::{Report, Text};
use crate::session::{Event, EventKind};

impl Report for Event {
    fn text(&self, out: &mut Text<'_>) {
        out.line("WATCHER::");
        out.own(format_args!("WatchedEvent state:{} type:{} path:", self.state, self.kind.name()));
        match &self.path {
            Some(path) => out.foreign(path),
            None => out.own("null"),
        }
        out.line("");
    }
}

impl serde::Serialize for EventKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl serde::Serialize for Event {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut out = serializer.serialize_struct("Event", 4)?;
        out.serialize_field("state", self.state)?;
        out.serialize_field("type", &self.kind)?;
        out.serialize_field("path", &self.path)?;
        out.serialize_field("zxid", &self.zxid)?;
        out.end()
    }
}
