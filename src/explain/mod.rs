//! Describes what a command did: the requests that it sent, the replies, the fields of the stat
//! that changed, and the watches that fired.
//!
//! Everything here is computed from the data that passed over the connection. Nothing asks a
//! server.

mod fired;
mod laws;
mod plan;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

pub use self::fired::FiredLog;
pub use self::laws::purpose;
pub use self::plan::{Plan, Report};
use crate::output::Text;
use crate::output::style::Style;
use crate::session::{Answer, Exchange, Request};
use crate::zk::{Event, WatchKind};

/// The maximum number of requests that are described individually. Of more, only the kinds are
/// counted.
const MAX_DESCRIBED: usize = 2;

/// The maximum number of watches that are listed. Further ones are only counted.
const MOST_FIRED: usize = 3;

/// A watch of a session of this shell that a command has fired.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fired {
    /// The session that held the watch, or `None` if the shell has only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The event of the watch.
    pub event: Event,
    /// Whether the watch is used up.
    pub one_shot: bool,
}

/// A description of what a command did.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Explanation {
    /// The number of requests that were sent.
    pub requests: u64,
    /// The recorded exchanges, in the order of the replies.
    pub exchanges: Vec<Exchange>,
    /// The watches of this shell's sessions that fired.
    pub fired: Vec<Fired>,
    /// The watches that were set.
    pub left: Vec<(String, WatchKind)>,
    /// Whether the shell has other sessions, whose writes a read may not see yet.
    pub has_others: bool,
}

impl Explanation {
    /// Returns the lines: two to five for a command with one request.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = match &self.exchanges[..] {
            [] if self.requests == 0 => vec!["Sent nothing to the server.".to_owned()],
            [] => vec![format!("Sent {}; no reply came.", requests(self.requests))],
            few if few.len() <= MAX_DESCRIBED && self.requests == few.len() as u64 => {
                few.iter().flat_map(|exchange| describe(exchange, few.len() == 1)).collect()
            }
            many => self.counted(many),
        };
        for (path, kind) in &self.left {
            lines.push(laws::left(path, *kind));
        }
        lines.extend(self.fired.iter().take(MOST_FIRED).map(Fired::line));
        if self.fired.len() > MOST_FIRED {
            lines.push(format!("{} more watches fired.", self.fired.len() - MOST_FIRED));
        }
        let only_read = self.exchanges.iter().all(|exchange| !exchange.request.writes);
        let synced = self.exchanges.iter().any(|exchange| exchange.request.operation == "sync");
        if self.has_others && only_read && !synced && !self.exchanges.is_empty() {
            lines.push(
                "A server answers reads from its own copy: what another session wrote may be \
                 missing until sync."
                    .to_owned(),
            );
        }
        lines
    }

    /// Describes many requests by their kinds.
    fn counted(&self, exchanges: &[Exchange]) -> Vec<String> {
        let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
        for exchange in exchanges {
            *kinds.entry(exchange.request.operation).or_default() += 1;
        }
        let mut kinds: Vec<_> = kinds.into_iter().collect();
        kinds.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let kinds: Vec<String> =
            kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        let which = if exchanges.len() as u64 == self.requests { "" } else { "among the first: " };
        let mut lines =
            vec![format!("Sent {}: {which}{}.", requests(self.requests), kinds.join(", "))];
        let written: Vec<i64> = exchanges
            .iter()
            .filter(|exchange| exchange.request.writes && exchange.is_done())
            .filter_map(|exchange| exchange.zxid)
            .collect();
        match (written.iter().min(), written.iter().max()) {
            (Some(first), Some(last)) if first != last => lines.push(format!(
                "Each write is a change of its own: they took zxids from {first:#x} to {last:#x}."
            )),
            (Some(only), _) => lines.push(format!("The write took zxid {only:#x}.")),
            _ => {}
        }
        let refused = exchanges.iter().find(|exchange| !exchange.is_done());
        if let Some(exchange) = refused {
            let path = exchange.request.path.as_deref().unwrap_or_default();
            let what = format!("{} {path}", exchange.request.operation);
            lines.push(format!("{}: {}", what.trim_end(), laws::came_of(exchange).join(" ")));
        }
        lines
    }
}

impl Exchange {
    fn is_done(&self) -> bool {
        matches!(self.reply, Answer::Done(_))
    }
}

impl Fired {
    fn line(&self) -> String {
        let whose = self.session.as_ref().map_or("this session".to_owned(), Clone::clone);
        let path = self.event.path.as_deref().unwrap_or_default();
        let rest = if self.one_shot { "it was for one event and is used up" } else { "it stays" };
        format!("A watch of {whose} on {path} fired: {}; {rest}.", self.event.kind.name())
    }
}

/// Describes a request and its result.
fn describe(exchange: &Exchange, is_only: bool) -> Vec<String> {
    let mut lines = vec![format!(
        "Sent {}; the reply came after {}.",
        request(&exchange.request),
        time(exchange.took)
    )];
    let came_of = laws::came_of(exchange);
    if is_only {
        lines.extend(came_of);
    } else {
        lines.push(came_of.join(" "));
    }
    lines
}

/// Describes a request: the operation, its znode and its fields.
pub fn request(request: &Request) -> String {
    let mut text = request.operation.to_owned();
    if let Some(path) = &request.path {
        let _ = write!(text, " {path}");
    }
    let fields: Vec<String> =
        request.fields.iter().map(|(name, value)| format!("{name} {value}")).collect();
    if !fields.is_empty() {
        let _ = write!(text, " ({})", fields.join(", "));
    }
    text
}

fn requests(count: u64) -> String {
    if count == 1 { "1 request".to_owned() } else { format!("{count} requests") }
}

fn time(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

impl crate::output::Report for Explanation {
    fn text(&self, out: &mut Text<'_>) {
        for line in self.lines() {
            out.look(Style::Quiet, |out| out.foreign(&line));
            out.line("");
        }
    }
}

impl serde::Serialize for Explanation {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut out = serializer.serialize_struct("Explanation", 4)?;
        out.serialize_field("requests", &self.requests)?;
        out.serialize_field("exchanges", &self.exchanges)?;
        out.serialize_field("fired", &self.fired)?;
        out.serialize_field("lines", &self.lines())?;
        out.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use crate::session::{Done, Stamp};
    use crate::zk::{EventKind, Stat};

    fn sent(operation: &'static str, path: &str, writes: bool) -> Request {
        Request {
            operation,
            path: Some(path.to_owned()),
            fields: vec![("version", "-1 (any)".to_owned())],
            parts: Vec::new(),
            writes,
        }
    }

    fn exchange(request: Request, reply: Answer) -> Exchange {
        Exchange {
            at: Stamp::default(),
            xid: 1,
            request,
            reply,
            zxid: Some(0x1f),
            sent_bytes: 40,
            received_bytes: 80,
            took: Duration::from_micros(1500),
        }
    }

    fn lines(requests: u64, exchanges: Vec<Exchange>) -> Vec<String> {
        Explanation { requests, exchanges, ..Explanation::default() }.lines()
    }

    #[test]
    fn a_write_lists_the_fields_that_changed() {
        let stat = Stat { version: 3, ..Stat::default() };
        let done = Answer::Done(Done { stat: Some(stat), ..Done::default() });
        assert_eq!(
            lines(1, vec![exchange(sent("setData", "/a", true), done)]),
            [
                "Sent setData /a (version -1 (any)); the reply came after 1.5 ms.",
                "Written as zxid 0x1f: dataVersion went from 2 to 3, mZxid and mtime are those of this change.",
                "cversion, pZxid and aclVersion stay: no child and no ACL changed.",
            ]
        );
    }

    #[test]
    fn only_a_refused_write_uses_up_a_zxid() {
        let refused = || Answer::Refused { code: Code::NoNode, part: None };
        let write = lines(1, vec![exchange(sent("delete", "/a", true), refused())]);
        assert_eq!(write[1], "Refused: NoNode (the znode does not exist).");
        assert!(write[2].ends_with("a refused write takes a zxid too: 0x1f."), "{write:?}");
        let read = lines(1, vec![exchange(sent("getData", "/a", false), refused())]);
        assert_eq!(read[2], "Nothing changed.");
    }

    #[test]
    fn many_requests_are_counted_and_their_zxids_span_a_range() {
        let done = || Answer::Done(Done::default());
        let mut all: Vec<_> =
            (0..4).map(|_| exchange(sent("delete", "/a/b", true), done())).collect();
        all[3].zxid = Some(0x22);
        all.push(exchange(sent("getChildren", "/a", false), done()));
        let lines = lines(5, all);
        assert_eq!(lines[0], "Sent 5 requests: 4 delete, 1 getChildren.");
        assert!(lines[1].ends_with("from 0x1f to 0x22."), "{lines:?}");
        assert_eq!(lines.len(), 2);
    }

    #[test]
    fn watches_that_fired_are_named_and_many_are_counted() {
        let event = Event {
            state: "SyncConnected",
            kind: EventKind::NodeDeleted,
            path: Some("/master".to_owned()),
            zxid: None,
        };
        let fired = Fired { session: Some("bob".to_owned()), event, one_shot: true };
        let explanation = Explanation { fired: vec![fired; 5], ..Explanation::default() };
        assert_eq!(
            explanation.lines(),
            [
                "Sent nothing to the server.",
                "A watch of bob on /master fired: NodeDeleted; it was for one event and is used up.",
                "A watch of bob on /master fired: NodeDeleted; it was for one event and is used up.",
                "A watch of bob on /master fired: NodeDeleted; it was for one event and is used up.",
                "2 more watches fired.",
            ]
        );
    }

    #[test]
    fn a_read_may_miss_writes_of_other_sessions() {
        let done = Answer::Done(Done::default());
        let exchanges = vec![exchange(sent("getData", "/a", false), done)];
        let mut explanation = Explanation { requests: 1, exchanges, ..Explanation::default() };
        assert_eq!(explanation.lines().len(), 2);
        explanation.has_others = true;
        assert!(explanation.lines()[2].contains("until sync"));
    }
}
