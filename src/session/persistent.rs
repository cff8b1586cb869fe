//! Watches that stay until they are removed, and removing watches of any kind.

use std::sync::atomic::Ordering;

use super::release::{Release, lacking, lacks};
use super::{Event, EventKind, Notice, Remark, Session, Stamp, Watch, WatchKind};
use crate::error::{Code, Error, Kind, Result};
use crate::zk::ZnodePath;

/// Why persistent watches are left anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// A connection was found again: the client crate leaves only one-shot watches anew.
    Reconnected,
    /// Another watch of the znode has fired or was removed.
    Weakened,
}

impl Session {
    /// Leaves a persistent watch; where the same one is there already, nothing changes.
    pub async fn add_watch(&self, path: &ZnodePath, kind: WatchKind) -> Result<()> {
        let mode = mode(kind);
        self.needs("addWatch", Release(3, 6)).await?;
        self.check_watchable(path)?;
        let at = path.as_str();
        let watcher = self.call(at, async |client| client.watch(at, mode).await).await;
        let watcher = watcher.map_err(|error| lacking(error, "addWatch"))?;
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
        // Before anything is waited for: the event then stands before the command's own end.
        let stamp = self.0.order.now();
        if !locally {
            self.client().await?;
        }
        self.check_removable().await?;
        let removed = self
            .watches()
            .remove(|watch| watch.path == *path && kind.is_none_or(|kind| kind == watch.kind));
        if removed.is_empty() {
            return Err(Error::code(Code::NoWatcher, path.as_str()));
        }
        // Until 3.9 a server takes the persistent watches of the znode away with any other.
        self.watches().weaken(path);
        self.tell_removed(&removed, stamp);
        Ok(())
    }

    /// Removes every watch, and tells so as [`Session::remove_watches`] does.
    pub async fn remove_all_watches(&self) -> Result<()> {
        let stamp = self.0.order.now();
        self.client().await?;
        self.check_removable().await?;
        let mut removed = self.watches().remove(|_| true);
        removed.sort_by(|a, b| a.path.cmp(&b.path));
        for of_one_path in removed.chunk_by(|a, b| a.path == b.path) {
            self.tell_removed(of_one_path, stamp);
        }
        Ok(())
    }

    /// Fails where a server would break the connection if a watch were taken away.
    async fn check_removable(&self) -> Result<()> {
        match self.releases().await.into_iter().min() {
            Some(oldest) if oldest < Release(3, 5) => {
                Err(lacks(oldest, "removewatches", Release(3, 5)))
            }
            _ => Ok(()),
        }
    }

    /// Leaves persistent watches anew where the server may have lost them.
    pub(super) async fn rearm(self, cause: Cause) {
        if cause == Cause::Weakened && self.keeps_modes_apart().await {
            self.watches().strengthen();
        } else {
            self.leave_anew(cause).await;
        }
        self.watches().mended();
    }

    async fn leave_anew(&self, cause: Cause) {
        // First the old watchers go: one that is still there would tell every event twice.
        let detached = self.watches().detach(cause == Cause::Reconnected);
        let mut left = Vec::new();
        for (id, watch) in detached {
            let at = watch.path.as_str();
            let mode = mode(watch.kind);
            match self.call(at, async |client| client.watch(at, mode).await).await {
                Ok(watcher) => {
                    self.watches().attach(id, watcher);
                    left.push(watch.path);
                }
                // Lost again: whoever finds the server again leaves it then.
                Err(error) if error.kind() == Kind::Lost => {}
                Err(error) => {
                    self.watches()
                        .remove(|held| held.path == watch.path && held.kind == watch.kind);
                    let path = watch.path.to_string();
                    self.remark(Remark::WatchLost { path, reason: error.to_string() });
                }
            }
        }
        left.dedup();
        if cause == Cause::Reconnected && !left.is_empty() {
            let paths = left.iter().map(ZnodePath::to_string).collect();
            self.remark(Remark::Gap(paths));
        }
    }

    /// Waits until every persistent watch is with the server, or for a second.
    pub async fn watches_are_whole(&self) {
        self.watches().whole().await;
    }

    /// Returns whether every server keeps one-shot and persistent watches of a znode apart.
    async fn keeps_modes_apart(&self) -> bool {
        self.releases().await.into_iter().min().is_some_and(|oldest| oldest >= Release(3, 9))
    }

    /// Tells of watches removed from one znode.
    fn tell_removed(&self, removed: &[Watch], stamp: Stamp) {
        let Some(path) = removed.first().map(|watch| watch.path.as_str()) else { return };
        // The client has asked the server to let go of it.
        self.0.sent.fetch_add(1, Ordering::Relaxed);
        let state = if self.state().is_connected() { "SyncConnected" } else { "Disconnected" };
        for event in [
            EventKind::DataWatchRemoved,
            EventKind::ChildWatchRemoved,
            EventKind::PersistentWatchRemoved,
        ] {
            if removed.iter().any(|watch| farewell(watch.kind) == event) {
                let path = Some(path.to_owned());
                let event = Event { state, kind: event, path, zxid: None };
                (self.0.notify)(Notice::Event(event, stamp));
            }
        }
    }
}

fn mode(kind: WatchKind) -> zookeeper::AddWatchMode {
    match kind {
        WatchKind::PersistentRecursive => zookeeper::AddWatchMode::PersistentRecursive,
        _ => zookeeper::AddWatchMode::Persistent,
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
