//! Facts that `session` prints about the current session.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::dispatch::{Asking, Context};
use crate::output::json::{Hex, Time};
use crate::output::{Text, date};
use crate::session::Identity;
use crate::zk::ServerStatus;

/// The maximum number of ephemerals and watches that are listed. Further ones are only counted.
const NAMED: usize = 20;

/// Facts about a session.
#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    name: String,
    session: Option<Hex>,
    state: &'static str,
    server: Option<String>,
    address: Option<String>,
    role: Option<String>,
    release: Option<String>,
    connected_since: Option<Time>,
    timeout: Option<u64>,
    tls: bool,
    identities: Vec<Identity>,
    ephemerals: Vec<String>,
    more_ephemerals: u64,
    watches: Vec<String>,
}

pub(super) async fn facts(cx: &Context) -> Facts {
    let session = &*cx.session;
    // The first line of a script may run before the session is open, and a script cannot ask again
    // as a person at a prompt can.
    let until_open = cx.terminal.is_none() || cx.asking == Asking::OneShot;
    let status = session.settle_and_ask(until_open).await;
    let ServerStatus { release, role } = status.unwrap_or_default();
    let facts = session.facts();
    let facts = facts.as_ref();
    let connected = session.state().is_connected();
    let identities =
        if connected { session.identities().await.unwrap_or_default() } else { Vec::new() };
    let (ephemerals, more_ephemerals) = session.own_ephemerals();
    let since = facts.and_then(|facts| facts.connected_since).filter(|_| connected);
    Facts {
        name: cx.session.name().to_string(),
        session: facts.and_then(|facts| facts.session).map(Hex),
        state: session.state().name(),
        server: facts.and_then(|facts| facts.server.clone()),
        address: facts.and_then(|facts| facts.address).map(|address| address.to_string()),
        role,
        release,
        connected_since: since.map(|since| Time(milliseconds(since))),
        timeout: facts
            .and_then(|facts| facts.timeout)
            .map(|timeout| u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX)),
        tls: session.is_secured(),
        identities,
        ephemerals,
        more_ephemerals,
        watches: session
            .watches()
            .iter()
            .map(|watch| format!("{} ({})", watch.path, watch.kind.name()))
            .collect(),
    }
}

fn milliseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl Facts {
    pub(super) fn text(&self, out: &mut Text<'_>) {
        let row = |out: &mut Text<'_>, name: &str, value: &str| {
            out.own(format_args!("{name:<11}"));
            out.foreign(value);
            out.line("");
        };
        row(out, "session", &self.name);
        row(out, "id", &self.session.map_or("none yet".to_owned(), |id| format!("{:#x}", id.0)));
        let since = self.connected_since.map(|since| format!(" since {}", date(since.0)));
        row(out, "state", &format!("{}{}", self.state, since.unwrap_or_default()));
        if let Some(server) = &self.server {
            let mut words = vec![server.clone()];
            words.extend(self.address.iter().filter(|address| *address != server).cloned());
            words.extend(self.role.clone());
            words.extend(self.release.as_ref().map(|release| format!("release {release}")));
            row(out, "server", &words.join(", "));
            row(out, "TLS", if self.tls { "yes" } else { "no" });
        }
        if let Some(timeout) = self.timeout {
            row(out, "timeout", &format!("{timeout} ms"));
        }
        if !self.identities.is_empty() {
            let ids: Vec<String> =
                self.identities.iter().map(|id| format!("{}:{}", id.scheme, id.user)).collect();
            row(out, "identities", &ids.join(", "));
        }
        let count = self.ephemerals.len() as u64 + self.more_ephemerals;
        row(out, "ephemerals", &listed(&self.ephemerals, count));
        row(out, "watches", &listed(&self.watches, self.watches.len() as u64));
    }
}

pub(super) fn listed(names: &[String], count: u64) -> String {
    if count == 0 {
        return "none".to_owned();
    }
    let shown = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    let more = count - names.len().min(NAMED) as u64;
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}
