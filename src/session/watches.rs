//! Owns the watchers of the session and makes one stream of events of them, in which one event
//! stands once, however many watches it satisfies.
//!
//! The client crate gives every watcher a channel of its own. They are polled here from one queue,
//! which yields them in the order in which the client woke them: the order of the server.

use std::collections::{HashMap, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::SystemTime;

use futures_util::future::{AbortHandle, Abortable};
use futures_util::stream::{FuturesUnordered, Stream};
use tokio::sync::Notify;
use zookeeper::{OneshotWatcher, PersistentWatcher, WatchedEvent};

use super::event::{Event, EventKind};
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
    /// Rung when a watcher was added, so that the driver polls it.
    added: Notify,
    sink: Box<dyn Fn(Event) + Send + Sync>,
}

/// A watcher that waits for its next event; the number is its entry's.
type Waiting = Pin<Box<dyn Future<Output = (u64, Fired)> + Send>>;

#[derive(Default)]
struct Registry {
    watches: HashMap<u64, Entry>,
    next: u64,
    pending: FuturesUnordered<Abortable<Waiting>>,
    /// Watches whose session has ended before they gave an event.
    lost: Vec<Watch>,
}

struct Entry {
    watch: Watch,
    abort: AbortHandle,
    /// Events already shown for another watch, which this one will give as well.
    expected: VecDeque<Event>,
}

enum Fired {
    Once(WatchedEvent),
    Again(PersistentWatcher, WatchedEvent),
}

impl Watches {
    /// Starts with no watches; events go to `sink`.
    pub fn new(sink: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared {
            registry: Mutex::default(),
            added: Notify::new(),
            sink: Box::new(sink),
        }))
    }

    /// Delivers events as they come, for ever.
    pub async fn run(&self) {
        loop {
            // Taken before the poll, so that no ring is lost between the two.
            let added = self.0.added.notified();
            tokio::pin!(added);
            poll_fn(|context| {
                self.lock().deliver(context, &self.0.sink);
                added.as_mut().poll(context)
            })
            .await;
        }
    }

    /// Delivers the events that have arrived by now. The client hands over an event before the
    /// reply that follows it, so after a reply this shows what came before it.
    pub fn deliver(&self) {
        let mut registry = self.lock();
        if registry.pending.is_empty() {
            return;
        }
        registry.deliver(&mut Context::from_waker(Waker::noop()), &self.0.sink);
        drop(registry);
        // The waker of the driver was replaced by that poll.
        self.0.added.notify_one();
    }

    /// Keeps a one-shot watch whose request has just been answered.
    pub fn add_once(&self, path: &ZnodePath, kind: WatchKind, watcher: OneshotWatcher) {
        self.add(path, kind, |id| {
            Box::pin(async move { (id, Fired::Once(watcher.changed().await)) })
        });
    }

    /// Keeps a persistent watch whose request has just been answered.
    pub fn add_persistent(&self, path: &ZnodePath, kind: WatchKind, watcher: PersistentWatcher) {
        self.add(path, kind, |id| again(id, watcher));
    }

    fn add(&self, path: &ZnodePath, kind: WatchKind, future: impl FnOnce(u64) -> Waiting) {
        let mut registry = self.lock();
        let mut context = Context::from_waker(Waker::noop());
        let before = registry.deliver(&mut context, &self.0.sink);
        if !registry.watches.values().any(|entry| entry.watch.is(path, kind)) {
            let id = registry.next;
            registry.next += 1;
            let (abort, registration) = AbortHandle::new_pair();
            let since = SystemTime::now();
            let watch = Watch { path: path.clone(), kind, since, events: 0 };
            // What came between the reply and now was given to the other watches as well.
            let expected = before
                .into_iter()
                .filter(|event| kind.is_satisfied(path.as_str(), event))
                .collect();
            registry.watches.insert(id, Entry { watch, abort, expected });
            registry.pending.push(Abortable::new(future(id), registration));
            registry.deliver(&mut context, &self.0.sink);
            if let Some(entry) = registry.watches.get_mut(&id) {
                entry.expected.clear();
            }
        }
        drop(registry);
        self.0.added.notify_one();
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
                entry.abort.abort();
                removed.push(entry.watch.clone());
            }
            !gone
        });
        drop(registry);
        self.deliver();
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

fn again(id: u64, mut watcher: PersistentWatcher) -> Waiting {
    Box::pin(async move {
        let event = watcher.changed().await;
        (id, Fired::Again(watcher, event))
    })
}

impl Registry {
    /// Polls every watcher that is ready and gives its event to `sink` unless another watch has
    /// given the same one. Returns the events given.
    fn deliver(&mut self, context: &mut Context<'_>, sink: &dyn Fn(Event)) -> Vec<Event> {
        let mut given = Vec::new();
        loop {
            match Pin::new(&mut self.pending).poll_next(context) {
                Poll::Ready(Some(Ok((id, fired)))) => {
                    if let Some(event) = self.fired(id, fired) {
                        sink(event.clone());
                        given.push(event);
                    }
                }
                // Aborted: its entry is gone already.
                Poll::Ready(Some(Err(_))) => {}
                Poll::Ready(None) | Poll::Pending => return given,
            }
        }
    }

    /// Returns the event to show, if this one is to be shown.
    fn fired(&mut self, id: u64, fired: Fired) -> Option<Event> {
        let event = match fired {
            Fired::Once(event) => {
                let mut entry = self.watches.remove(&id)?;
                if event.session_state.is_terminated() {
                    self.lost.push(entry.watch);
                    return None;
                }
                let event = Event::of_node(event)?;
                if entry.expected.pop_front().as_ref() == Some(&event) {
                    return None;
                }
                event
            }
            Fired::Again(watcher, event) => {
                // A persistent watcher must not be asked again after a terminal event.
                if event.session_state.is_terminated() {
                    self.lost.extend(self.watches.remove(&id).map(|entry| entry.watch));
                    return None;
                }
                let entry = self.watches.get_mut(&id)?;
                let (abort, registration) = AbortHandle::new_pair();
                entry.abort = abort;
                self.pending.push(Abortable::new(again(id, watcher), registration));
                let event = Event::of_node(event)?;
                entry.watch.events += 1;
                if entry.expected.front() == Some(&event) {
                    entry.expected.pop_front();
                    return None;
                }
                event
            }
        };
        for (other, entry) in &mut self.watches {
            if *other != id && entry.watch.kind.is_satisfied(entry.watch.path.as_str(), &event) {
                entry.expected.push_back(event.clone());
            }
        }
        Some(event)
    }
}
