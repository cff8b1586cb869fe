//! Records what `explain` reports of a command: its requests and replies, and the watches that it
//! fires.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{Context, Switch, Table};
use crate::explain::{Explanation, Fired, FiredLog};
use crate::session::{Exchange, Trace, Watch};
use crate::zk::WatchKind;

/// How long to wait for an expected event on another session of this shell.
const PATIENCE: Duration = Duration::from_millis(200);

/// Explains commands, if `explain` is on.
#[derive(Default)]
pub struct Explaining {
    fired: FiredLog,
    /// The explanation of a failed command, shown after the error.
    of_failure: Mutex<Option<Explanation>>,
}

/// The state before a command.
pub(super) struct Before {
    /// The session that runs the command.
    runs_in: usize,
    /// The watches of each session, by session number.
    watches: Vec<(usize, Vec<Watch>)>,
}

impl Explaining {
    /// Uses this log, where notifications record the watches that fired.
    pub fn new(fired: FiredLog) -> Self {
        Self { fired, of_failure: Mutex::default() }
    }

    /// Returns whether commands are explained.
    pub fn is_on(&self, cx: &Context) -> bool {
        cx.switches.is_on(Switch::Explain)
    }

    /// Starts to record a command, if `explain` is on.
    pub(super) fn begin<T: Table>(&self, cx: &Context, command: &T) -> Option<Before> {
        if !self.is_on(cx) {
            return None;
        }
        self.fired.clear();
        let sessions = cx.session.list();
        let watches = sessions.iter().map(|named| (named.number, named.session.watches()));
        let named = command.runs_in(cx).and_then(|name| cx.session.number_of(&name).ok());
        let runs_in = named.unwrap_or_else(|| cx.session.number());
        Some(Before { runs_in, watches: watches.collect() })
    }

    /// Returns the explanation of a command that has ended.
    pub(super) async fn end(&self, cx: &Context, before: Before, trace: &Trace) -> Explanation {
        let sessions = cx.session.list();
        let Some(own) = sessions.iter().find(|named| named.number == before.runs_in) else {
            return Explanation::default();
        };
        own.session.deliver();
        let exchanges = own.session.exchanges(&trace.replies());
        self.wait_for_others(&before, &exchanges).await;
        let has_others = sessions.len() > 1;
        let fired = self.fired.take().into_iter().filter(|(.., event)| event.kind.is_change()).map(
            |(number, session, event)| {
                let watches = before.watches.iter().find(|(of, _)| *of == number);
                let one_shot = watches.into_iter().flat_map(|(_, watches)| watches).any(|watch| {
                    watch.kind.is_one_shot() && watch.kind.is_satisfied(watch.path.as_str(), &event)
                });
                Fired { session, event, one_shot }
            },
        );
        let fired = fired.collect();
        let known = before.watches.iter().find(|(of, _)| *of == before.runs_in);
        let known = known.map(|(_, watches)| &watches[..]).unwrap_or_default();
        let is_new = |watch: &Watch| {
            !known.iter().any(|old| old.path == watch.path && old.kind == watch.kind)
        };
        let left = own.session.watches().into_iter().filter(is_new);
        let left: Vec<(String, WatchKind)> =
            left.map(|watch| (watch.path.to_string(), watch.kind)).collect();
        Explanation { requests: trace.requests(), exchanges, fired, left, has_others }
    }

    /// Waits until all sessions whose watches a write must have fired have received their events.
    async fn wait_for_others(&self, before: &Before, exchanges: &[Exchange]) {
        let written = exchanges.iter().filter(|exchange| exchange.changed_something());
        let paths: Vec<&str> = written.flat_map(Exchange::paths).collect();
        let concerns = |watch: &Watch| paths.iter().any(|path| concerns(watch, path));
        let waiting: Vec<usize> = before
            .watches
            .iter()
            .filter(|(number, watches)| *number != before.runs_in && watches.iter().any(concerns))
            .map(|(number, _)| *number)
            .collect();
        let heard = async {
            while !waiting.iter().all(|number| self.fired.has_of(*number)) {
                self.fired.changed().await;
            }
        };
        // If no event arrives, the watch was not for this change.
        let _ = tokio::time::timeout(PATIENCE, heard).await;
    }

    /// Stores the explanation that is shown after the error of a command.
    pub(super) fn keep(&self, explanation: Explanation) {
        *self.of_failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(explanation);
    }

    /// Takes the explanation to show after the error of the last command.
    pub fn take(&self) -> Option<Explanation> {
        self.of_failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Returns whether a change of the znode may fire a watch.
fn concerns(watch: &Watch, path: &str) -> bool {
    let at = watch.path.as_str();
    let is_parent =
        path.rfind('/').is_some_and(|end| at == if end == 0 { "/" } else { &path[..end] });
    let is_above = watch.kind == WatchKind::PersistentRecursive
        && path.strip_prefix(at.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'));
    at == path || is_parent && watch.kind == WatchKind::Child || is_above
}
