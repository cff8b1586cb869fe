//! `watches`: list the watches of this session.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::dispatch::{Context, Effects, Sends, Spec, Task, Write};
use crate::error::Result;
use crate::output::{Report, Text, date, json};
use crate::zk::ZnodePath;

/// List the watches of this session
#[derive(Debug, clap::Args)]
#[command(override_usage = "watches [--remove-all]", after_long_help = EXAMPLE)]
pub struct Watches {
    /// Remove them all
    #[arg(long)]
    remove_all: bool,
}

const EXAMPLE: &str = "\
Needs ZooKeeper 3.6 or later.

Example:
> addWatch /lake
> create /lake
WATCHER::
WatchedEvent state:SyncConnected type:NodeCreated path:/lake
Created /lake
> stat -w /lake/reed
! Node does not exist: /lake/reed
> watches
/lake persistent recursive, since <time>, 1 event
/lake/reed data, since <time>, 0 events";

impl Spec for Watches {
    const NAME: &'static str = "watches";
    const TASK: Task = Task::Watch;
    type Report = WatchList;

    fn effects(&self) -> Effects {
        Effects::writes(Write::Several).watching(true)
    }

    fn sends(&self) -> Sends {
        if self.remove_all {
            return Sends::many(&["removeWatches"]);
        }
        Sends::NOTHING
    }

    async fn run(&self, cx: &Context) -> Result<WatchList> {
        if self.remove_all {
            cx.session.remove_all_watches().await?;
            return Ok(WatchList { watches: Vec::new() });
        }
        let watches = cx.session.watches();
        let milliseconds = |since: SystemTime| {
            let since = since.duration_since(UNIX_EPOCH).unwrap_or_default();
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        };
        let held = watches.into_iter().map(|watch| WatchRow {
            path: watch.path,
            kind: watch.kind.name(),
            since: milliseconds(watch.since),
            events: watch.events,
        });
        Ok(WatchList { watches: held.collect() })
    }
}

/// The watches, sorted by path.
#[derive(Debug, serde::Serialize)]
pub struct WatchList {
    watches: Vec<WatchRow>,
}

/// A watch.
#[derive(Debug, serde::Serialize)]
struct WatchRow {
    path: ZnodePath,
    kind: &'static str,
    /// Milliseconds since 1970, by this machine's clock.
    #[serde(serialize_with = "json::time")]
    since: i64,
    events: u64,
}

impl Report for WatchList {
    fn text(&self, out: &mut Text<'_>) {
        for WatchRow { path, kind, since, events } in &self.watches {
            out.foreign(path.as_str());
            let plural = if *events == 1 { "" } else { "s" };
            out.line(format_args!(" {kind}, since {}, {events} event{plural}", date(*since)));
        }
    }
}
