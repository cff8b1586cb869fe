//! A place in a stream of events at which some are missing, or may be.

use super::{Report, Text};
use crate::zk::Stat;

/// Here events are missing, or may be.
#[derive(Debug, serde::Serialize)]
pub struct Gap {
    #[serde(rename = "type")]
    kind: &'static str,
    /// The znode that was followed; empty where any may have changed.
    paths: Vec<String>,
    reason: String,
    /// The znode as it was found afterwards, if it was looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    stat: Option<Found>,
}

/// A znode as it was found, serialised as its stat or null.
#[derive(Debug, serde::Serialize)]
#[serde(untagged)]
enum Found {
    There(Stat),
    Absent,
}

impl Gap {
    /// Returns the gap in the events of one znode.
    pub fn of(path: &str, reason: &str) -> Self {
        let (paths, reason) = (vec![path.to_owned()], reason.to_owned());
        Self { kind: "Gap", paths, reason, stat: None }
    }

    /// Adds how the znode was found afterwards, if there was one.
    #[must_use]
    pub fn found(self, now: Option<Stat>) -> Self {
        Self { stat: Some(now.map_or(Found::Absent, Found::There)), ..self }
    }

    /// Returns the gap where so many events, of whatever znodes, found nobody who read them.
    pub fn left_out(count: u64) -> Self {
        Self { kind: "Gap", paths: Vec::new(), reason: left_out(count), stat: None }
    }
}

/// Says that so many events found nobody who read them.
pub(crate) fn left_out(count: u64) -> String {
    let (events, they) = if count == 1 { ("event", "it") } else { ("events", "they") };
    format!("{count} {events} dropped: {they} arrived faster than they were read")
}

impl Report for Gap {
    fn text(&self, out: &mut Text<'_>) {
        out.own("Gap: ");
        if let Some(path) = self.paths.first() {
            out.own("events of ");
            out.foreign(path);
            out.own(" may be missing here: ");
        }
        out.own(&self.reason);
        match &self.stat {
            Some(Found::There(stat)) => {
                let children = if stat.num_children == 1 { "child" } else { "children" };
                out.own(format_args!(
                    "; now it has version {} and {} {children}",
                    stat.version, stat.num_children
                ));
            }
            Some(Found::Absent) => out.own("; now it does not exist"),
            None => {}
        }
        out.line("");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::View;

    #[test]
    fn a_gap_says_what_is_there_now() {
        let view = View::plain(false);
        let stat = Stat { version: 3, num_children: 1, ..Stat::default() };
        for (gap, wanted) in [
            (
                Gap::of("/lake", "why").found(Some(stat)),
                "Gap: events of /lake may be missing here: why; now it has version 3 and 1 child\n",
            ),
            (
                Gap::of("/lake", "why").found(None),
                "Gap: events of /lake may be missing here: why; now it does not exist\n",
            ),
            (Gap::of("/lake", "why"), "Gap: events of /lake may be missing here: why\n"),
            (Gap::left_out(2), "Gap: 2 events dropped: they arrived faster than they were read\n"),
        ] {
            assert_eq!(String::from_utf8_lossy(&view.render(&gap)), wanted);
        }
    }
}
