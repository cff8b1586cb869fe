//! Owns the watchers of the session and makes one stream of events of them, in which one event
//! stands once, however many watches it satisfies.
//!
//! The client crate gives every watcher a channel of its own. A [`Tap`] on each puts what arrives
//! into one tray, in the order of the server, and here it is taken out.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use futures_util::{Stream, StreamExt, stream};
use zookeeper::{OneshotWatcher, PersistentWatcher, WatchedEvent};

use super::event::{Event, EventKind};
use super::order::{Order, Stamp};
use super::tap::{Arrived, Source, Tap, Tray};
use crate::path::ZnodePath;

/// What a watch waits for (`Watcher.WatcherType` and `AddWatchMode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WatchKind {
    /// One event: created, deleted, or data written. From `get` and `stat`.
    Data,
    /// One event: children changed, or deleted. From `ls`.
    Child,
    /// Every event of the znode, until removed. From `addWatch -m PERSISTENT`.
    Persistent,
    /// Every event of the znode and of all below, until removed. From `addWatch`.
    PersistentRecursive,
}

impl WatchKind {
    /// Returns whether it gives one event and is over.
    fn is_one_shot(self) -> bool {
        matches!(self, Self::Data | Self::Child)
    }

    /// Returns whether a watch of this kind on `path` is satisfied by `event`.
    ///
    /// Source: `WatchManager.triggerWatch` and `ZKWatchManager.materialize`.
    fn is_satisfied(self, path: &str, event: &Event) -> bool {
        let Some(at) = event.path.as_deref() else { return false };
        let same = at == path;
        match event.kind {
            EventKind::NodeDeleted => same || self.reaches(path, at),
            EventKind::NodeCreated | EventKind::NodeDataChanged => {
                (same && self != Self::Child) || self.reaches(path, at)
            }
            EventKind::NodeChildrenChanged => {
                same && matches!(self, Self::Child | Self::Persistent)
            }
            _ => false,
        }
    }

    fn reaches(self, path: &str, below: &str) -> bool {
        let rest = below.strip_prefix(path.trim_end_matches('/'));
        self == Self::PersistentRecursive && rest.is_some_and(|rest| rest.starts_with('/'))
    }
}

/// A watch that the session holds.
#[derive(Debug, Clone)]
pub struct Watch {
    /// The znode as the user sees it.
    pub path: ZnodePath,
    /// What it waits for.
    pub kind: WatchKind,
    /// When it was set, by this machine's clock.
    pub since: SystemTime,
    /// How many events it has given.
    pub events: u64,
}

/// The watches of one session.
#[derive(Clone)]
pub struct Watches(Arc<Shared>);

struct Shared {
    registry: Mutex<Registry>,
    tray: Arc<Tray>,
    sink: Sink,
}

/// Who hears events, and when each arrived.
type Sink = Box<dyn Fn(Event, Stamp) + Send + Sync>;

#[derive(Default)]
struct Registry {
    watches: HashMap<u64, Entry>,
    next: u64,
    /// Watches whose session has ended before they gave an event.
    lost: Vec<Watch>,
}

struct Entry {
    watch: Watch,
    /// None while it is being opened.
    tap: Option<Arc<Tap>>,
    /// Events already shown for another watch, which this one will give as well.
    expected: VecDeque<Event>,
}

impl Watches {
    /// Starts with no watches; events go to `sink`, stamped by `order`.
    pub fn new(order: Order, sink: impl Fn(Event, Stamp) + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared {
            registry: Mutex::default(),
            tray: Arc::new(Tray::new(order)),
            sink: Box::new(sink),
        }))
    }

    /// Delivers events as they come, for ever.
    pub async fn run(&self) {
        loop {
            self.deliver();
            self.0.tray.news.notified().await;
        }
    }

    /// Delivers the events that have arrived by now. The client hands over an event before the
    /// reply that follows it, so after a reply this shows what came before it.
    pub fn deliver(&self) {
        self.lock().deliver(&self.0);
    }

    /// Keeps a one-shot watch whose request has just been answered.
    pub fn add_once(&self, path: &ZnodePath, kind: WatchKind, watcher: OneshotWatcher) {
        self.add(path, kind, stream::once(watcher.changed()));
    }

    /// Keeps a persistent watch whose request has just been answered.
    pub fn add_persistent(&self, path: &ZnodePath, kind: WatchKind, watcher: PersistentWatcher) {
        let events = stream::unfold(Some(watcher), |watcher| async {
            let mut watcher = watcher?;
            let event = watcher.changed().await;
            // It must not be asked again after a terminal event.
            let watcher = (!event.session_state.is_terminated()).then_some(watcher);
            Some((event, watcher))
        });
        self.add(path, kind, events);
    }

    fn add(
        &self,
        path: &ZnodePath,
        kind: WatchKind,
        events: impl Stream<Item = WatchedEvent> + Send + 'static,
    ) {
        let source: Source = events.filter_map(async |event| Event::of_node(event)).boxed();
        let mut registry = self.lock();
        let before = registry.deliver(&self.0);
        if registry.watches.values().any(|entry| entry.watch.is(path, kind)) {
            return;
        }
        let id = registry.next;
        registry.next += 1;
        let watch = Watch { path: path.clone(), kind, since: SystemTime::now(), events: 0 };
        // What came between the reply and now was given to the other watches as well.
        let expected =
            before.into_iter().filter(|event| kind.is_satisfied(path.as_str(), event)).collect();
        registry.watches.insert(id, Entry { watch, tap: None, expected });
        let tap = Tap::open(id, source, &self.0.tray);
        registry.deliver(&self.0);
        if let Some(entry) = registry.watches.get_mut(&id) {
            entry.expected.clear();
            entry.tap = Some(tap);
        }
    }

    /// Returns the watches held, by path and kind.
    pub fn list(&self) -> Vec<Watch> {
        let mut list: Vec<Watch> =
            self.lock().watches.values().map(|entry| entry.watch.clone()).collect();
        sort(&mut list);
        list
    }

    /// Lets go of every watch, since the session is over; returns them by path and kind.
    pub(super) fn take_lost(&self) -> Vec<Watch> {
        // Some have heard of the end already, some have not.
        let mut lost = self.remove(|_| true);
        lost.append(&mut self.lock().lost);
        sort(&mut lost);
        lost
    }

    /// Lets go of the watches that `unwanted` names; the client takes the last one of a kind and
    /// path away from the server too. Returns them.
    pub fn remove(&self, unwanted: impl Fn(&Watch) -> bool) -> Vec<Watch> {
        let mut removed = Vec::new();
        let mut registry = self.lock();
        registry.watches.retain(|_, entry| {
            let gone = unwanted(&entry.watch);
            if gone {
                if let Some(tap) = &entry.tap {
                    tap.close();
                }
                removed.push(entry.watch.clone());
            }
            !gone
        });
        removed
    }

    /// Returns how many bytes of paths are watched.
    pub fn watched_bytes(&self) -> usize {
        self.lock().watches.values().map(|entry| entry.watch.path.as_str().len()).sum()
    }

    fn lock(&self) -> MutexGuard<'_, Registry> {
        self.0.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch {
    fn is(&self, path: &ZnodePath, kind: WatchKind) -> bool {
        self.kind == kind && self.path == *path
    }
}

fn sort(watches: &mut [Watch]) {
    watches.sort_by(|a, b| (&a.path, a.kind as u8).cmp(&(&b.path, b.kind as u8)));
}

impl Registry {
    /// Gives every event that has arrived to the sink, unless another watch has given the same
    /// one. Returns the events given.
    fn deliver(&mut self, shared: &Shared) -> Vec<Event> {
        let mut given = Vec::new();
        while let Some(arrived) = shared.tray.take() {
            let stamp = arrived.stamp;
            if let Some(event) = self.fired(arrived) {
                (shared.sink)(event.clone(), stamp);
                given.push(event);
            }
        }
        given
    }

    /// Returns the event to show, if this one is to be shown.
    fn fired(&mut self, Arrived { id, event, .. }: Arrived) -> Option<Event> {
        let Some(event) = event else {
            let watch = self.watches.remove(&id)?.watch;
            // A one-shot watch ends with its event; any other end is the session's.
            if !(watch.kind.is_one_shot() && watch.events > 0) {
                self.lost.push(watch);
            }
            return None;
        };
        let entry = self.watches.get_mut(&id)?;
        entry.watch.events += 1;
        if entry.expected.front() == Some(&event) {
            entry.expected.pop_front();
            return None;
        }
        for (other, entry) in &mut self.watches {
            if *other != id && entry.watch.kind.is_satisfied(entry.watch.path.as_str(), &event) {
                entry.expected.push_back(event.clone());
            }
        }
        Some(event)
    }
}
