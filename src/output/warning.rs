//! Warnings from the shell itself, not from a server: as a sentence and for programs.

use super::{Report, Text};
use crate::session::Warning;

/// Maximum number of watched znodes that a sentence names; JSON names all.
const NAMED: usize = 3;

/// What it means that a server was asked without TLS.
const NOT_ENCRYPTED: &str = "its reply was not encrypted, and nothing proves who sent it";

impl Warning {
    /// Returns the warning in one sentence.
    pub fn sentence(&self) -> String {
        match self {
            Self::Gap(paths) => {
                let named = paths.iter().take(NAMED).map(String::as_str);
                let named = named.collect::<Vec<_>>().join(", ");
                let more = match paths.len().saturating_sub(NAMED) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                format!(
                    "The connection was lost for a while: events of {named}{more} may be missing"
                )
            }
            Self::Missed(1) => {
                "1 event is missing: they arrived faster than they were read".to_owned()
            }
            Self::Missed(count) => {
                format!("{count} events are missing: they arrived faster than they were read")
            }
            Self::WatchLost { path, reason } => format!("The watch on {path} is lost: {reason}"),
            Self::ConnectFailing(reason) => format!("Connecting: {reason}"),
            Self::NotEncrypted(host) => format!("{host} speaks no TLS: {NOT_ENCRYPTED}"),
        }
    }
}

impl Report for Warning {
    fn text(&self, out: &mut Text<'_>) {
        out.line(self.sentence());
    }
}

impl serde::Serialize for Warning {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let (kind, paths, reason) = match self {
            Self::Gap(paths) => ("Gap", paths.as_slice(), "the connection was lost for a while"),
            Self::Missed(_) => ("Gap", [].as_slice(), "events came faster than they were read"),
            Self::WatchLost { path, reason } => {
                ("WatchLost", std::slice::from_ref(path), reason.as_str())
            }
            Self::ConnectFailing(reason) => ("Trouble", [].as_slice(), reason.as_str()),
            Self::NotEncrypted(_) => ("NotEncrypted", [].as_slice(), NOT_ENCRYPTED),
        };
        let mut out = serializer.serialize_struct("Warning", 3)?;
        out.serialize_field("type", kind)?;
        out.serialize_field("paths", paths)?;
        out.serialize_field("reason", reason)?;
        out.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(count: usize) -> Warning {
        Warning::Gap((1..=count).map(|number| format!("/lake-{number}")).collect())
    }

    #[test]
    fn a_sentence_names_three_znodes_and_a_record_all() {
        let sentence = "The connection was lost for a while: events of /lake-1, /lake-2, /lake-3";
        assert_eq!(gap(3).sentence(), format!("{sentence} may be missing"));
        assert_eq!(gap(5).sentence(), format!("{sentence} and 2 more may be missing"));
        let record = serde_json::to_value(gap(5)).expect("a record");
        assert_eq!(record["type"], "Gap");
        assert_eq!(record["paths"].as_array().map(Vec::len), Some(5));
    }

    #[test]
    fn a_lost_watch_tells_why() {
        let (path, reason) = ("/lake".to_owned(), "no".to_owned());
        let lost = Warning::WatchLost { path, reason };
        assert_eq!(lost.sentence(), "The watch on /lake is lost: no");
        let record = serde_json::json!({"type": "WatchLost", "paths": ["/lake"], "reason": "no"});
        assert_eq!(serde_json::to_value(lost).expect("a record"), record);
    }
}
