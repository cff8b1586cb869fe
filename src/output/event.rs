//! Asynchronous output: `WATCHER::` lines about znodes, and lines about the session.

use std::time::Duration;

use super::json::Hex;
use super::style::Style;
use super::{Report, Text};
use crate::session::{Losses, StateChange, Watch};
use crate::zk::{Event, EventKind, WatchKind};

/// Maximum number of lost znodes or watches to name; the rest is only counted.
const NAMED: usize = 20;

impl Report for Event {
    fn text(&self, out: &mut Text<'_>) {
        out.look(Style::Quiet, |out| out.own("WATCHER::"));
        if let Some(session) = out.session() {
            out.own(format_args!(" ({session})"));
        }
        out.line("");
        let look = match self.kind {
            EventKind::NodeCreated => Style::Come,
            EventKind::NodeDeleted => Style::Gone,
            EventKind::NodeDataChanged | EventKind::NodeChildrenChanged => Style::Changed,
            _ => Style::Quiet,
        };
        out.own(format_args!("WatchedEvent state:{} type:", self.state));
        out.look(look, |out| out.own(self.kind.name()));
        out.own(" path:");
        match &self.path {
            Some(path) => out.look(look, |out| out.foreign(path)),
            None => out.own("null"),
        }
        out.line("");
    }
}

impl Report for StateChange {
    fn text(&self, out: &mut Text<'_>) {
        let look = match self.state {
            "SyncConnected" | "SaslAuthenticated" => Style::Come,
            _ => Style::Trouble,
        };
        if let Some(session) = out.session() {
            out.own(format_args!("({session}) "));
        }
        out.look(look, |out| out.own(self.state));
        let session = format!("session {:#x}", self.session);
        let after = self.silence.map(|silence| format!(" after {}", seconds(silence)));
        let after = after.unwrap_or_default();
        match self.state {
            "SyncConnected" => {
                out.own(": ");
                out.foreign(self.server.as_deref().unwrap_or("a server"));
                out.own(format_args!(" answers{after}, {session}"));
            }
            "ConnectedReadOnly" => {
                out.own(": ");
                out.foreign(self.server.as_deref().unwrap_or("a server"));
                out.own(format_args!(" without quorum answers{after}, {session}: reads only"));
            }
            "Disconnected" => {
                out.own(": ");
                match &self.server {
                    Some(server) => {
                        out.foreign(server);
                        out.own(" is lost");
                    }
                    None => out.own("no server answers"),
                }
                out.own(format_args!("; {session} waits for a server"));
            }
            "Expired" => {
                out.own(format_args!(": {session} is over; reconnect opens a new one"));
            }
            "AuthFailed" => out.own(format_args!(
                ": the server refused the credentials and ended {session}; reconnect opens a new one"
            )),
            _ => out.own(format_args!(": {session} is over")),
        }
        out.line("");
        self.losses.text(out);
    }
}

/// Formats a duration for people.
fn seconds(duration: Duration) -> String {
    match duration.as_secs() {
        0..10 => format!("{:.1} s", duration.as_secs_f64()),
        seconds @ 10..120 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}

impl Losses {
    /// Writes what was lost: one line for ephemerals and one for watches.
    pub(crate) fn text(&self, out: &mut Text<'_>) {
        let Self { ephemerals, more_ephemerals, watches } = self;
        let paths = ephemerals.iter().map(|path| (path.as_str(), ""));
        list("ephemerals", paths, ephemerals.len() as u64 + more_ephemerals, out);
        let paths = watches.iter().map(|watch| (watch.path.as_str(), sort(watch)));
        list("watches", paths, watches.len() as u64, out);
    }
}

/// Returns the kind of a watch as a suffix.
fn sort(watch: &Watch) -> &'static str {
    match watch.kind {
        WatchKind::Data => " (data)",
        WatchKind::Child => " (children)",
        WatchKind::Persistent => " (persistent)",
        WatchKind::PersistentRecursive => " (recursive)",
    }
}

fn list<'p>(
    what: &str,
    paths: impl Iterator<Item = (&'p str, &'static str)>,
    count: u64,
    out: &mut Text<'_>,
) {
    if count == 0 {
        return;
    }
    out.look(Style::Trouble, |out| out.own(format_args!("lost {what}:")));
    let mut named = 0;
    for (path, more) in paths.take(NAMED) {
        out.own(if named == 0 { " " } else { ", " });
        out.foreign(path);
        out.own(more);
        named += 1;
    }
    if count > named {
        out.own(format_args!(" and {} more", count - named));
    }
    out.line("");
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
        out.serialize_field("zxid", &self.zxid.map(Hex))?;
        out.end()
    }
}

impl serde::Serialize for StateChange {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let watches = self.losses.watches.iter().map(|watch| watch.path.as_str());
        let mut out = serializer.serialize_struct("StateChange", 6)?;
        out.serialize_field("state", self.state)?;
        out.serialize_field("type", &EventKind::None)?;
        out.serialize_field("path", &None::<&str>)?;
        out.serialize_field("session", &Hex(self.session))?;
        out.serialize_field("lostEphemerals", &self.losses.ephemerals)?;
        out.serialize_field("lostWatches", &watches.collect::<Vec<_>>())?;
        out.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{Dialect, Format};
    use crate::output::View;
    use crate::zk::ZnodePath;
    use std::time::SystemTime;

    fn seen(report: &dyn Report, color: bool) -> String {
        let view = View {
            format: Format::Text,
            dialect: Dialect::V34,
            terminal: true,
            errors_on_terminal: true,
            color,
            color_errors: color,
        };
        String::from_utf8(view.render(report)).unwrap().replace('\x1b', "^")
    }

    fn turn(state: &'static str) -> StateChange {
        StateChange::new(state, 0x1f)
    }

    #[test]
    fn an_event_of_a_znode_reads_as_zkcli_prints_it() {
        let event = Event {
            state: "SyncConnected",
            kind: EventKind::NodeDeleted,
            path: Some("/a\x1b[2J".to_owned()),
            zxid: None,
        };
        assert_eq!(
            seen(&event, false),
            "WATCHER::\nWatchedEvent state:SyncConnected type:NodeDeleted path:/a\\x1b[2J\n"
        );
        assert!(seen(&event, true).contains("type:^[31mNodeDeleted^[0m path:^[31m/a"));
    }

    #[test]
    fn turns_of_the_session_take_a_line_each() {
        let from = |state| StateChange { server: Some("b:2181".to_owned()), ..turn(state) };
        let back =
            StateChange { silence: Some(Duration::from_millis(1234)), ..turn("SyncConnected") };
        for (turn, words) in [
            (
                turn("Disconnected"),
                "Disconnected: no server answers; session 0x1f waits for a server\n",
            ),
            (back, "SyncConnected: a server answers after 1.2 s, session 0x1f\n"),
            (turn("Expired"), "Expired: session 0x1f is over; reconnect opens a new one\n"),
            // If there are several servers, the line names the server.
            (
                from("Disconnected"),
                "Disconnected: b:2181 is lost; session 0x1f waits for a server\n",
            ),
            (from("SyncConnected"), "SyncConnected: b:2181 answers, session 0x1f\n"),
        ] {
            assert_eq!(seen(&turn, false), words);
        }
        assert!(seen(&turn("Expired"), true).starts_with("^[95mExpired^[0m:"));
    }

    #[test]
    fn expiry_names_what_went_with_the_session() {
        let watch = |path: &str, kind| {
            let path = ZnodePath::new(path).unwrap();
            Watch { path, kind, since: SystemTime::UNIX_EPOCH, events: 0 }
        };
        let losses = Losses {
            ephemerals: vec!["/master".to_owned(), "/w\n".to_owned()],
            more_ephemerals: 7,
            watches: vec![watch("/a", WatchKind::Data), watch("/a", WatchKind::Child)],
        };
        let text = seen(&StateChange { losses, ..turn("Expired") }, false);
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                "lost ephemerals: /master, /w\\n and 7 more",
                "lost watches: /a (data), /a (children)"
            ]
        );
        let losses = Losses {
            ephemerals: (0..25).map(|n| format!("/e{n:02}")).collect(),
            ..Losses::default()
        };
        assert!(
            seen(&StateChange { losses, ..turn("Expired") }, false).ends_with("/e19 and 5 more\n")
        );
    }
}
