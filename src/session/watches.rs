//! Owns the watchers of the session and makes one stream of events of them, in which one event
//! stands once, however many watches it satisfies.
//!
//! The client crate gives every watcher a channel of its own. A [`Tap`] on each puts what arrives
//! into one tray, in the order of the server, and here it is taken out.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::{Stream, StreamExt, stream};
use tokio::sync::{Notify, watch};
use zookeeper::{OneshotWatcher, PersistentWatcher, WatchedEvent};

use super::event::{Event, EventKind};
use super::order::{Order, Stamp};
use super::tap::{Arrived, Source, Tap, Tray};
use crate::zk::ZnodePath;

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
    /// Rung when the server may have lost a persistent watch.
    weakened: Notify,
    /// Whether the server may have lost persistent watches that are not left anew yet.
    mending: watch::Sender<bool>,
}

impl Shared {
    fn weaken(&self) {
        self.mending.send_replace(true);
        self.weakened.notify_one();
    }
}

/// How long a command waits for watches to be left anew: many round trips.
const MENDING: Duration = Duration::from_secs(1);

/// Who hears events, and when each arrived.
type Sink = Box<dyn Fn(Event, Stamp) + Send + Sync>;

#[derive(Default)]
struct Registry {
    watches: HashMap<u64, Entry>,
    next: u64,
    /// Watches whose session has ended before they gave an event.
    lost: Vec<Watch>,
    /// Persistent watches that the server may have lost.
    weak: HashSet<u64>,
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
            weakened: Notify::new(),
            mending: watch::channel(false).0,
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
        self.add(path, kind, persistent(watcher));
    }

    fn add(
        &self,
        path: &ZnodePath,
        kind: WatchKind,
        events: impl Stream<Item = WatchedEvent> + Send + 'static,
    ) {
        let source = source(events);
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
        if let Some(entry) = registry.watches.get_mut(&id)
            && entry.tap.is_none()
        {
            entry.expected.clear();
            entry.tap = Some(tap);
        }
    }

    /// Lets go of the watchers of persistent watches, all of them or only those that the server may
    /// have lost; the watches themselves are kept. Returns them with their numbers.
    pub(super) fn detach(&self, all: bool) -> Vec<(u64, Watch)> {
        let mut registry = self.lock();
        registry.deliver(&self.0);
        let weak = std::mem::take(&mut registry.weak);
        let mut detached = Vec::new();
        for (id, entry) in &mut registry.watches {
            if !entry.watch.kind.is_one_shot() && (all || weak.contains(id)) {
                if let Some(tap) = entry.tap.take() {
                    tap.close();
                }
                entry.give_up_waiting();
                detached.push((*id, entry.watch.clone()));
            }
        }
        detached.sort_by(|a, b| a.1.path.cmp(&b.1.path));
        detached
    }

    /// Gives a persistent watch a new watcher, unless the watch was removed meanwhile or has one
    /// again: two would tell every event twice.
    pub(super) fn attach(&self, id: u64, watcher: PersistentWatcher) {
        let mut registry = self.lock();
        if let Some(entry) = registry.watches.get_mut(&id) {
            entry.give_up_waiting();
            entry.tap = Some(Tap::open(id, source(persistent(watcher)), &self.0.tray));
        }
    }

    /// Marks the persistent watches of a znode as lost by the server.
    pub(super) fn weaken(&self, path: &ZnodePath) {
        if self.lock().weaken(path) {
            self.0.weaken();
        }
    }

    /// Tells that the server keeps persistent watches, whatever one-shot watches do.
    pub(super) fn strengthen(&self) {
        self.lock().weak.clear();
    }

    /// Tells that what was weakened has been left anew.
    pub(super) fn mended(&self) {
        if self.lock().weak.is_empty() {
            self.0.mending.send_replace(false);
        }
    }

    /// Waits until every persistent watch is with the server, for [`MENDING`] at most: a command
    /// that follows an event is told of by the watches that were left before it.
    pub(super) async fn whole(&self) {
        if !*self.0.mending.borrow() {
            return;
        }
        let mut mending = self.0.mending.subscribe();
        let whole = mending.wait_for(|mending| !mending);
        let _ = tokio::time::timeout(MENDING, whole).await;
    }

    /// Waits until the server may have lost a persistent watch.
    pub(super) async fn weakened(&self) {
        self.0.weakened.notified().await;
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

/// The events of a watch that stays.
fn persistent(watcher: PersistentWatcher) -> impl Stream<Item = WatchedEvent> + Send {
    stream::unfold(Some(watcher), |watcher| async {
        let mut watcher = watcher?;
        let event = watcher.changed().await;
        // It must not be asked again after a terminal event.
        let watcher = (!event.session_state.is_terminated()).then_some(watcher);
        Some((event, watcher))
    })
}

/// Leaves only the events of znodes.
fn source(events: impl Stream<Item = WatchedEvent> + Send + 'static) -> Source {
    events.filter_map(async |event| Event::of_node(event)).boxed()
}

impl Entry {
    /// Counts the events that its watcher, which is gone, was still to give: other watches have
    /// shown them.
    fn give_up_waiting(&mut self) {
        self.watch.events += self.expected.drain(..).count() as u64;
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
            if self.weakens(&arrived) {
                shared.weaken();
            }
            if let Some(event) = self.fired(arrived) {
                (shared.sink)(event.clone(), stamp);
                given.push(event);
            }
        }
        given
    }

    /// Notes what a one-shot watch that fires does to the persistent ones of the same znode: until
    /// 3.9 the server lets go of them too (ZOOKEEPER-4466). Returns whether there are any.
    fn weakens(&mut self, arrived: &Arrived) -> bool {
        let watch = self.watches.get(&arrived.id).map(|entry| &entry.watch);
        let one_shot = watch.filter(|watch| arrived.event.is_some() && watch.kind.is_one_shot());
        let path = one_shot.map(|watch| watch.path.clone());
        path.is_some_and(|path| self.weaken(&path))
    }

    fn weaken(&mut self, path: &ZnodePath) -> bool {
        let persistent = |watch: &Watch| !watch.kind.is_one_shot() && watch.path == *path;
        let weak = self.watches.iter().filter(|(_, entry)| persistent(&entry.watch));
        let weak: Vec<u64> = weak.map(|(id, _)| *id).collect();
        self.weak.extend(&weak);
        !weak.is_empty()
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
