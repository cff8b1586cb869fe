//! Following a znode on a server that tells of every change (3.6 and later).

use std::collections::VecDeque;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, pending};
use zookeeper::{AddWatchMode, EventType, PersistentWatcher, SessionState, WatchedEvent};

use super::super::Event;
use super::super::look::ended;
use super::{Follower, LOST, Mark};
use crate::error::{Error, Result};

/// A watch, and what is remembered of the znode to know what a lost connection has hidden.
struct Watch {
    watcher: PersistentWatcher,
    mode: AddWatchMode,
    /// Events that came while something else was waited for.
    early: VecDeque<WatchedEvent>,
    mark: Mark,
    lost: bool,
}

impl Follower {
    /// Follows the znode; returns why that has ended.
    pub(super) async fn follow_for_ever(
        &self,
        watcher: PersistentWatcher,
        mode: AddWatchMode,
        mark: Mark,
    ) -> Error {
        let mut watch = Watch { watcher, mode, early: VecDeque::new(), mark, lost: false };
        let mut looking = Some(self.mark().boxed());
        loop {
            tokio::select! {
                // What a look shows has been told by events that came before it.
                biased;
                event = watch.next() => {
                    looking = None;
                    match self.step(&mut watch, event).await {
                        Ok(true) => looking = Some(self.mark().boxed()),
                        Ok(false) => {}
                        Err(end) => return end,
                    }
                }
                seen = look(&mut looking) => {
                    looking = None;
                    // Where it failed, the old mark and what was told since are as good.
                    if let Ok(mark) = seen {
                        watch.mark = mark;
                    }
                }
            }
        }
    }

    /// Takes an event; returns whether the znode is to be looked at anew.
    async fn step(&self, watch: &mut Watch, event: WatchedEvent) -> Result<bool> {
        let state = event.session_state;
        if state.is_terminated() {
            return Err(ended(state));
        }
        if let Some(event) = Event::of_node(event) {
            watch.mark.tell(&self.path, event.kind, event.path.as_deref());
            self.tell(event);
            return Ok(true);
        }
        match state {
            SessionState::Disconnected => watch.lost = true,
            _ if watch.lost => {
                self.leave_anew(watch).await?;
                return Ok(true);
            }
            _ => {}
        }
        Ok(false)
    }

    /// Leaves the watch anew, which the client crate does not, and tells whether any event may be
    /// missing.
    async fn leave_anew(&self, watch: &mut Watch) -> Result<()> {
        let mode = watch.mode;
        watch.watcher = self.asked(|| self.watch_for_ever(mode)).await?;
        watch.lost = false;
        let now = self.asked(|| self.mark()).await?;
        // Events that came since the watch was left are no gap, though the look shows them too.
        watch.gather();
        let mut before = std::mem::replace(&mut watch.mark, now);
        for event in watch.early.iter().cloned().filter_map(Event::of_node) {
            before.tell(&self.path, event.kind, event.path.as_deref());
        }
        if !before.leads_to(&watch.mark, mode == AddWatchMode::PersistentRecursive) {
            self.tell_gap(LOST);
        }
        Ok(())
    }
}

impl Watch {
    async fn next(&mut self) -> WatchedEvent {
        match self.early.pop_front() {
            Some(event) => event,
            None => self.watcher.changed().await,
        }
    }

    /// Takes in the events of znodes that are there.
    fn gather(&mut self) {
        while let Some(event) = self.watcher.changed().now_or_never() {
            // After the end of the session the watcher must not be asked again.
            let is_of_session = event.event_type == EventType::Session;
            self.early.push_back(event);
            if is_of_session {
                return;
            }
        }
    }
}

/// Waits for the look that is under way, if there is one.
async fn look(looking: &mut Option<BoxFuture<'_, Result<Mark>>>) -> Result<Mark> {
    match looking {
        Some(looking) => looking.await,
        None => pending().await,
    }
}
