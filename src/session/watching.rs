//! Sets and removes watches for the user.

use std::sync::Arc;

use zookeeper::{AddWatch, Permit, RemoveKind, RemoveWatches, Request, WatchMode};

use super::server::having;
use super::watches::{Observation, Registration};
use super::{Session, SessionEvent, Stamp, Warning, Watch, trace};
use crate::error::{Code, Error, Kind, Result};
use crate::zk::{Event, EventKind, Feature, WatchKind, ZnodePath};

impl Session {
    /// Sends a read request, and records the user's watch that it sets if `watch` is true.
    pub(super) async fn read_and_watch<R: Request>(
        &self,
        request: R,
        path: &ZnodePath,
        kind: WatchKind,
        watch: bool,
    ) -> Result<R::Reply> {
        if !watch {
            return self.ask(path.as_str(), request).await;
        }
        let registration = self.0.watches.request(path, kind);
        let (reply, stamp, _) = self.call(path.as_str(), request).await?;
        self.confirm(registration, stamp);
        Ok(reply)
    }

    /// Sets a persistent watch. Does nothing if the same watch is already set.
    pub async fn add_watch(&self, path: &ZnodePath, kind: WatchKind) -> Result<()> {
        self.require(Feature::AddWatch).await?;
        let registration = self.0.watches.request(path, kind);
        let left = self.call(path.as_str(), AddWatch::new(path.as_str(), mode(kind))).await;
        let ((), stamp, _) = having(Feature::AddWatch, left)?;
        self.confirm(registration, stamp);
        Ok(())
    }

    /// Records that the server holds a watch. Returns the id of the watch.
    pub(super) fn confirm(&self, registration: Registration<'_>, from: Stamp) -> u64 {
        let (given, id) = registration.confirm(from);
        for (event, stamp) in given {
            self.notify(SessionEvent::Znode(event, stamp));
        }
        id
    }

    /// Passes an event to the holders of all watches that it satisfies.
    pub(super) fn dispatch(&self, event: &Event, stamp: Stamp) {
        let dispatched = self.0.watches.dispatch(event, stamp);
        if dispatched.show {
            self.notify(SessionEvent::Znode(event.clone(), stamp));
        }
        if let Some(path) = dispatched.idle {
            self.forget_in_background(&path);
        }
    }

    /// Removes the watches of a znode, of one kind or of all, and reports an event for each kind.
    /// Fails without a connection, unless `locally` is set.
    pub async fn remove_watches(
        &self,
        path: &ZnodePath,
        kind: Option<WatchKind>,
        locally: bool,
    ) -> Result<()> {
        if !locally || self.state().is_connected() {
            self.require(Feature::RemoveWatches).await?;
        }
        let wanted =
            |watch: &Watch| watch.path == *path && kind.is_none_or(|kind| kind == watch.kind);
        if !self.0.watches.list().iter().any(wanted) {
            return Err(Error::code(Code::NoWatcher, path.as_str()));
        }
        self.take_away(wanted).await;
        Ok(())
    }

    /// Removes all watches, and reports it like [`Session::remove_watches`].
    pub async fn remove_all_watches(&self) -> Result<()> {
        self.require(Feature::RemoveWatches).await?;
        self.take_away(|_| true).await;
        Ok(())
    }

    /// Removes watches of the user, and also from the server if nobody else needs them.
    async fn take_away(&self, unwanted: impl Fn(&Watch) -> bool) {
        let removed = self.0.watches.remove(unwanted);
        for of_one_path in removed.chunk_by(|a, b| a.path == b.path) {
            let Some(path) = of_one_path.first().map(|watch| &watch.path) else { continue };
            self.tell_removed(path, of_one_path);
            if let Some(forgotten) = self.forget_idle(path) {
                forgotten.await;
            }
        }
    }

    /// Makes the server remove the watches of a path that nobody holds, and stops the client from
    /// setting them again. Returns `None` if somebody holds one. The request is sent by this call,
    /// and so before the request for any later watch, which it would otherwise remove too.
    fn forget_idle(&self, path: &ZnodePath) -> Option<impl Future<Output = ()> + use<>> {
        let connection = self.current();
        let is_connected = self.state().is_connected();
        self.send_reads();
        let removal = self.0.watches.if_idle(path, || {
            let client = &connection.as_ref()?.client;
            let removal = is_connected.then(|| {
                trace::note_request();
                let request = RemoveWatches::new(path.as_str(), RemoveKind::Any);
                client.send(Permit::unmetered(), request)
            });
            for kind in zookeeper::WatchKind::ALL {
                client.forget_watch(path.as_str(), kind);
            }
            removal
        })?;
        let patience = self.0.settings.timeout;
        Some(async move {
            // A server that knows no such watch has lost it. If the request fails, later events
            // have no holder and are ignored.
            if let (Some(connection), Some(removal)) = (connection, removal) {
                let arrived = removal.within(patience).await;
                trace::note_reply(connection.stamp(arrived.at));
            }
        })
    }

    /// Does the same without waiting, if the server is known to support it.
    pub(super) fn forget_in_background(&self, path: &ZnodePath) {
        if self.is_known_to_have(Feature::RemoveWatches) {
            // Nobody needs the reply.
            drop(self.forget_idle(path));
        }
    }

    /// Sets a persistent watch again that the server may have lost, and warns that its events may
    /// be missing.
    pub(super) fn reregister(&self, path: &Arc<str>, kind: zookeeper::WatchKind) {
        let (session, path) = (self.clone(), Arc::clone(path));
        let mode = match kind {
            zookeeper::WatchKind::PersistentRecursive => WatchMode::PersistentRecursive,
            _ => WatchMode::Persistent,
        };
        tokio::spawn(async move {
            let warning = match session.call(&path, AddWatch::new(&*path, mode)).await {
                Ok(((), stamp, _)) => {
                    session.0.watches.tell_observers(&Observation::Reconnected, stamp);
                    Warning::Gap(vec![path.to_string()])
                }
                // The connection is lost again; the client sets the watch on the next one.
                Err(error) if error.kind() == Kind::Lost => return,
                Err(error) => {
                    Warning::WatchLost { path: path.to_string(), reason: error.to_string() }
                }
            };
            let holds = session
                .0
                .watches
                .list()
                .iter()
                .any(|watch| watch.path.as_str() == &*path && !watch.kind.is_one_shot());
            if let Some(connection) = session.current().filter(|_| holds) {
                session.notify(SessionEvent::Warning(warning, connection.now()));
            }
        });
    }

    /// Reports the events for watches that were removed from one znode.
    fn tell_removed(&self, path: &ZnodePath, removed: &[Watch]) {
        let stamp = self.current().map(|connection| connection.now()).unwrap_or_default();
        let state = if self.state().is_connected() { "SyncConnected" } else { "Disconnected" };
        for event in [
            EventKind::DataWatchRemoved,
            EventKind::ChildWatchRemoved,
            EventKind::PersistentWatchRemoved,
        ] {
            if removed.iter().any(|watch| removal(watch.kind) == event) {
                let path = Some(path.to_string());
                let event = Event { state, kind: event, path, zxid: None };
                self.notify(SessionEvent::Znode(event, stamp));
            }
        }
        // The events must be printed before the command ends.
        trace::note_reply(stamp.next());
    }
}

/// Returns the mode of a persistent watch.
pub(super) fn mode(kind: WatchKind) -> WatchMode {
    match kind {
        WatchKind::PersistentRecursive => WatchMode::PersistentRecursive,
        _ => WatchMode::Persistent,
    }
}

/// Returns the event that reports the removal of a watch (`ZKWatchManager.removeWatcher`).
fn removal(kind: WatchKind) -> EventKind {
    match kind {
        WatchKind::Data => EventKind::DataWatchRemoved,
        WatchKind::Child => EventKind::ChildWatchRemoved,
        WatchKind::Persistent | WatchKind::PersistentRecursive => EventKind::PersistentWatchRemoved,
    }
}
