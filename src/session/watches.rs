//! The watches of a session: who holds each one, and which events the user sees.
//!
//! A server keeps one watch of a kind per path, however often it was set, and sends one event for
//! it. This module therefore records the holders of each watch: the user, who sees the event, or an
//! observer inside the shell, which receives it on its own queue.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::Stamp;
use super::waiting_queue::WaitingQueue;
use crate::error::Error;
use crate::zk::{Event, WatchKind, ZnodePath};

/// Maximum bytes of events in an observer's queue.
const OBSERVED_BYTES: usize = 1024 * 1024;

/// Bytes that an event costs besides its path.
const EVENT_COST: usize = 128;

/// A watch that the user holds.
#[derive(Debug, Clone)]
pub struct Watch {
    /// The path inside the chroot.
    pub path: ZnodePath,
    /// The kind of watch.
    pub kind: WatchKind,
    /// When it was set, by the local clock.
    pub since: SystemTime,
    /// The number of its events so far.
    pub events: u64,
}

/// An observation, and when it arrived.
#[derive(Debug, Clone)]
pub(super) struct Observed {
    pub(super) what: Observation,
    pub(super) stamp: Stamp,
}

/// A message to an observer.
#[derive(Debug, Clone)]
pub(super) enum Observation {
    Event(Event),
    /// The connection was lost. Only persistent watches are told.
    Disconnected,
    /// A server answers again and has the watches. Only persistent watches are told.
    Reconnected,
    /// This many events are missing here; they may concern any watch.
    Missed(u64),
}

/// The queue of an observer.
pub(super) type Observer = Arc<WaitingQueue<Observed>>;

/// Creates the queue of an observer.
pub(super) fn observer() -> Observer {
    Arc::new(WaitingQueue::new(OBSERVED_BYTES))
}

/// The holder of a watch.
#[derive(Debug, Clone)]
enum Holder {
    User,
    Observer(Observer),
}

#[derive(Debug)]
struct WatchEntry {
    watch: Watch,
    holder: Holder,
    state: WatchState,
}

/// The progress of setting a watch.
#[derive(Debug)]
enum WatchState {
    /// The request was sent. These events arrived before its reply was handled; the stamp of the
    /// reply decides which of them belong to the watch.
    Requested { early: Vec<EarlyEvent> },
    /// The server has held the watch since this place in the order of arrival.
    Held(Stamp),
}

#[derive(Debug)]
struct EarlyEvent {
    event: Event,
    stamp: Stamp,
    was_shown: bool,
    /// Whether another watch explains the event. If none does, it belongs to the requested watch
    /// and has overtaken the reply, since a server may send the two from different threads.
    is_explained: bool,
}

/// The watches of one session.
#[derive(Debug, Default)]
pub(super) struct Watches(Mutex<Registry>);

#[derive(Debug, Default)]
struct Registry {
    entries: HashMap<u64, WatchEntry>,
    by_path: HashMap<ZnodePath, Vec<u64>>,
    next: u64,
    /// Paths at which the server may still hold a watch that nobody needs. Either other watches at
    /// the path are still held, and servers before 3.9 cannot remove one without the others, or the
    /// request for the watch was cancelled.
    residue: HashSet<ZnodePath>,
}

/// The result of dispatching an event.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Dispatched {
    /// Whether to show the event to the user.
    pub(super) show: bool,
    /// A path at which the server holds watches that nobody needs any more.
    pub(super) idle: Option<ZnodePath>,
}

/// A watch whose request is being sent. Dropping it without `confirm` removes the watch.
pub(super) struct Registration<'a> {
    watches: &'a Watches,
    id: u64,
}

impl Registration<'_> {
    /// Records that the server has held the watch since `from`. Returns the early events that the
    /// user must still see, and the id of the watch.
    pub(super) fn confirm(self, from: Stamp) -> (Vec<(Event, Stamp)>, u64) {
        let id = self.id;
        let shown = self.watches.lock().confirm(id, from);
        std::mem::forget(self);
        (shown, id)
    }
}

impl Drop for Registration<'_> {
    fn drop(&mut self) {
        let mut registry = self.watches.lock();
        if let Some(entry) = registry.take(self.id) {
            registry.residue.insert(entry.watch.path);
        }
    }
}

impl Watches {
    /// Records a watch of the user that is about to be requested.
    pub(super) fn request(&self, path: &ZnodePath, kind: WatchKind) -> Registration<'_> {
        self.add(path, kind, Holder::User)
    }

    /// Records a watch of an observer that is about to be requested.
    pub(super) fn observe(
        &self,
        path: &ZnodePath,
        kind: WatchKind,
        observer: &Observer,
    ) -> Registration<'_> {
        self.add(path, kind, Holder::Observer(Arc::clone(observer)))
    }

    fn add(&self, path: &ZnodePath, kind: WatchKind, holder: Holder) -> Registration<'_> {
        let watch = Watch { path: path.clone(), kind, since: SystemTime::now(), events: 0 };
        let state = WatchState::Requested { early: Vec::new() };
        let mut registry = self.lock();
        let id = registry.next;
        registry.next += 1;
        registry.entries.insert(id, WatchEntry { watch, holder, state });
        registry.by_path.entry(path.clone()).or_default().push(id);
        drop(registry);
        Registration { watches: self, id }
    }

    /// Passes an event to the holders of all watches that it satisfies.
    pub(super) fn dispatch(&self, event: &Event, stamp: Stamp) -> Dispatched {
        self.lock().dispatch(event, stamp)
    }

    /// Tells all observers about something that concerns them all.
    pub(super) fn tell_observers(&self, what: &Observation, stamp: Stamp) {
        for entry in self.lock().entries.values() {
            let concerns =
                !entry.watch.kind.is_one_shot() || matches!(what, Observation::Missed(_));
            if let Holder::Observer(observer) = &entry.holder
                && concerns
            {
                observer.push(Observed { what: what.clone(), stamp }, EVENT_COST);
            }
        }
    }

    /// Returns the user's watches, sorted by path and kind.
    pub(super) fn list(&self) -> Vec<Watch> {
        let registry = self.lock();
        let held = registry.entries.values().filter(|entry| entry.is_of_user_and_held());
        let mut list: Vec<Watch> = held.map(|entry| entry.watch.clone()).collect();
        drop(registry);
        sort(&mut list);
        list
    }

    /// Removes those of the user's watches that `unwanted` selects. Returns them, sorted by path
    /// and kind.
    pub(super) fn remove(&self, unwanted: impl Fn(&Watch) -> bool) -> Vec<Watch> {
        let mut registry = self.lock();
        let ids: Vec<u64> = registry
            .entries
            .iter()
            .filter(|(_, entry)| entry.is_of_user_and_held() && unwanted(&entry.watch))
            .map(|(id, _)| *id)
            .collect();
        let taken = ids.into_iter().filter_map(|id| registry.take(id));
        let mut removed: Vec<Watch> = taken.map(|entry| entry.watch).collect();
        for watch in &removed {
            if registry.by_path.contains_key(&watch.path) {
                registry.residue.insert(watch.path.clone());
            }
        }
        drop(registry);
        sort(&mut removed);
        removed
    }

    /// Removes an observer's watch. Returns whether the server now holds a watch there that nobody
    /// needs.
    pub(super) fn release(&self, id: u64) -> bool {
        let mut registry = self.lock();
        let Some(entry) = registry.take(id) else { return false };
        if registry.by_path.contains_key(&entry.watch.path) {
            registry.residue.insert(entry.watch.path);
            return false;
        }
        registry.residue.remove(&entry.watch.path);
        true
    }

    /// Calls `send` if nobody holds or requests a watch at this path. The lock is held during the
    /// call, so any later request for a watch is sent after it.
    pub(super) fn if_idle<T>(&self, path: &ZnodePath, send: impl FnOnce() -> T) -> Option<T> {
        let registry = self.lock();
        (!registry.by_path.contains_key(path)).then(send)
    }

    /// Removes all watches, because the session is over, and tells the observers why. Returns the
    /// user's watches, sorted by path and kind.
    pub(super) fn end(&self, why: &Error) -> Vec<Watch> {
        let mut registry = self.lock();
        let entries = std::mem::take(&mut registry.entries);
        registry.by_path.clear();
        registry.residue.clear();
        drop(registry);
        let mut lost = Vec::new();
        for entry in entries.into_values() {
            match &entry.holder {
                Holder::User if matches!(entry.state, WatchState::Held(_)) => {
                    lost.push(entry.watch);
                }
                Holder::User => {}
                Holder::Observer(observer) => observer.end(why.clone()),
            }
        }
        sort(&mut lost);
        lost
    }

    fn lock(&self) -> MutexGuard<'_, Registry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn sort(watches: &mut [Watch]) {
    watches.sort_by(|a, b| (&a.path, a.kind as u8).cmp(&(&b.path, b.kind as u8)));
}

impl WatchEntry {
    fn is_of_user_and_held(&self) -> bool {
        matches!((&self.holder, &self.state), (Holder::User, WatchState::Held(_)))
    }
}

impl Registry {
    fn take(&mut self, id: u64) -> Option<WatchEntry> {
        let entry = self.entries.remove(&id)?;
        if let Some(ids) = self.by_path.get_mut(&entry.watch.path) {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                self.by_path.remove(&entry.watch.path);
            }
        }
        Some(entry)
    }

    /// Returns the watches that an event at this path may satisfy: those at the path and at its
    /// ancestors.
    fn at_or_above(&self, path: &str) -> Vec<u64> {
        let mut ids = Vec::new();
        let mut at = ZnodePath::new(path).ok();
        while let Some(path) = at {
            ids.extend(self.by_path.get(&path).into_iter().flatten());
            at = path.parent();
        }
        ids
    }

    fn dispatch(&mut self, event: &Event, stamp: Stamp) -> Dispatched {
        let mut dispatched = Dispatched::default();
        let Some(path) = event.path.as_deref() else { return dispatched };
        let mut is_explained = ZnodePath::new(path).is_ok_and(|path| self.residue.contains(&path));
        let mut requested = Vec::new();
        for id in self.at_or_above(path) {
            let Some(entry) = self.entries.get_mut(&id) else { continue };
            if !entry.watch.kind.is_satisfied(entry.watch.path.as_str(), event) {
                continue;
            }
            match &entry.state {
                WatchState::Requested { .. } => requested.push(id),
                WatchState::Held(from) if *from < stamp => {
                    is_explained = true;
                    dispatched.show |= self.give(id, event, stamp);
                }
                WatchState::Held(_) => is_explained = true,
            }
        }
        for id in requested {
            if let Some(entry) = self.entries.get_mut(&id)
                && let WatchState::Requested { early } = &mut entry.state
            {
                let (event, was_shown) = (event.clone(), dispatched.show);
                early.push(EarlyEvent { event, stamp, was_shown, is_explained });
            }
        }
        if let Ok(path) = ZnodePath::new(path)
            && !self.by_path.contains_key(&path)
            && self.residue.remove(&path)
        {
            dispatched.idle = Some(path);
        }
        dispatched
    }

    /// Passes an event to one watch. Returns whether to show the event to the user.
    fn give(&mut self, id: u64, event: &Event, stamp: Stamp) -> bool {
        let Some(entry) = self.entries.get_mut(&id) else { return false };
        entry.watch.events += 1;
        let is_of_user = match &entry.holder {
            Holder::User => true,
            Holder::Observer(observer) => {
                let cost = EVENT_COST + event.path.as_ref().map_or(0, String::len);
                observer.push(Observed { what: Observation::Event(event.clone()), stamp }, cost);
                false
            }
        };
        if entry.watch.kind.is_one_shot() {
            self.take(id);
        }
        is_of_user
    }

    fn confirm(&mut self, id: u64, from: Stamp) -> Vec<(Event, Stamp)> {
        let Some(entry) = self.entries.get_mut(&id) else { return Vec::new() };
        let state = std::mem::replace(&mut entry.state, WatchState::Held(from));
        let WatchState::Requested { early } = state else { return Vec::new() };
        let mut given = Vec::new();
        for EarlyEvent { event, stamp, was_shown, is_explained } in early {
            let is_mine = from < stamp || !is_explained;
            if is_mine && self.give(id, &event, stamp) && !was_shown {
                given.push((event, stamp));
            }
        }
        self.merge(id);
        given
    }

    /// Removes a watch of the user that duplicates another one.
    fn merge(&mut self, id: u64) {
        let Some(WatchEntry { watch, holder: Holder::User, .. }) = self.entries.get(&id) else {
            return;
        };
        let ids = self.by_path.get(&watch.path).into_iter().flatten();
        let same = |other: &&u64| {
            **other != id
                && self.entries.get(other).is_some_and(|entry| {
                    entry.is_of_user_and_held() && entry.watch.kind == watch.kind
                })
        };
        if ids.copied().any(|other| same(&&other)) {
            self.take(id);
        }
    }
}

#[cfg(test)]
mod tests;
