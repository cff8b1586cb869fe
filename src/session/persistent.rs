//! Watches that stay until they are removed, and removing watches of any kind.

use super::{Event, EventKind, Notice, Session, Watch, WatchKind};
use crate::error::{Code, Error, Result};
use crate::path::ZnodePath;

impl Session {
    /// Leaves a persistent watch; where the same one is there already, nothing changes.
    pub async fn add_watch(&self, path: &ZnodePath, kind: WatchKind) -> Result<()> {
        let mode = match kind {
            WatchKind::PersistentRecursive => zookeeper::AddWatchMode::PersistentRecursive,
            _ => zookeeper::AddWatchMode::Persistent,
        };
        self.check_watchable(path)?;
        let at = path.as_str();
        let watcher = self.call(at, async |client| client.watch(at, mode).await).await?;
        self.watches().add_persistent(path, kind, watcher);
        Ok(())
    }

    /// Removes the watches of a znode, of one kind or of all, and tells so with an event for each
    /// kind. Without a connection it fails, unless `locally`.
    pub async fn remove_watches(
        &self,
        path: &ZnodePath,
        kind: Option<WatchKind>,
        locally: bool,
    ) -> Result<()> {
        if !locally {
            self.client().await?;
        }
        let removed = self
            .watches()
            .remove(|watch| watch.path == *path && kind.is_none_or(|kind| kind == watch.kind));
        if removed.is_empty() {
            return Err(Error::code(Code::NoWatcher, path.as_str()));
        }
        self.tell_removed(&removed);
        Ok(())
    }

    /// Removes every watch, and tells so as [`Session::remove_watches`] does.
    pub async fn remove_all_watches(&self) -> Result<()> {
        self.client().await?;
        let mut removed = self.watches().remove(|_| true);
        removed.sort_by(|a, b| a.path.cmp(&b.path));
        for of_one_path in removed.chunk_by(|a, b| a.path == b.path) {
            self.tell_removed(of_one_path);
        }
        Ok(())
    }

    /// Tells of watches removed from one znode.
    fn tell_removed(&self, removed: &[Watch]) {
        let Some(path) = removed.first().map(|watch| watch.path.as_str()) else { return };
        let state = if self.state().is_connected() { "SyncConnected" } else { "Disconnected" };
        for event in [
            EventKind::DataWatchRemoved,
            EventKind::ChildWatchRemoved,
            EventKind::PersistentWatchRemoved,
        ] {
            if removed.iter().any(|watch| farewell(watch.kind) == event) {
                let path = Some(path.to_owned());
                let event = Event { state, kind: event, path, zxid: None };
                (self.0.notify)(Notice::Event(event, self.0.order.now()));
            }
        }
    }
}

/// Returns the event that tells of the end of a watch (`ZKWatchManager.removeWatcher`).
fn farewell(kind: WatchKind) -> EventKind {
    match kind {
        WatchKind::Data => EventKind::DataWatchRemoved,
        WatchKind::Child => EventKind::ChildWatchRemoved,
        WatchKind::Persistent | WatchKind::PersistentRecursive => EventKind::PersistentWatchRemoved,
    }
}
