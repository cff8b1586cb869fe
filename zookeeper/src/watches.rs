//! The registry of the session's watches. Callers can list them, and the client sets them again
//! after a reconnect.
//!
//! A server keeps one watch of a kind per path and session, however often it was set. All paths
//! here are full paths of the server.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use crate::chroot::Chroot;
use crate::event::EventKind;
use crate::watch_kind::{RemoveKind, WatchKind};

/// A watch that the session holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Registered {
    /// The znode, inside the chroot.
    pub path: String,
    /// The kind of the watch.
    pub kind: WatchKind,
    /// When it was first set, by the local clock.
    pub since: SystemTime,
    /// The number of its events so far.
    pub events: u64,
    /// Whether the server may have lost it, completely or in part; see [`Weakened`].
    pub weak: bool,
}

/// A watch that the server may have lost, completely or in part, because another watch of the same
/// znode was removed (ZOOKEEPER-4466). The same request sets it again, and so does a reconnect.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Weakened {
    /// The sequence number of the report.
    pub at: crate::Seq,
    /// The znode, inside the chroot.
    pub path: Arc<str>,
    /// The kind of the watch.
    pub kind: WatchKind,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    since: SystemTime,
    events: u64,
    weak: bool,
}

#[derive(Debug, Clone, Default)]
struct Slot {
    held: Option<Held>,
    /// Number of requests in flight that set this watch.
    asked: u32,
    /// Whether the watch's event has overtaken the reply to the request that sets it.
    overtaken: bool,
    /// Whether the server was not asked for it; see [`Registry::covers`].
    covered: bool,
}

impl Slot {
    fn is_used(&self) -> bool {
        self.held.is_some() || self.asked > 0
    }
}

/// The watches of one path, by kind.
type Slots = [Slot; 5];

/// The watches of one session.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    paths: HashMap<Arc<str>, Slots>,
    /// Number of paths that may have a recursive watch. If there are none, a lookup can skip the
    /// ancestors.
    recursive: usize,
}

/// What a reply says about the watch of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WatchOutcome {
    /// The server holds a watch of this kind.
    Left(WatchKind),
    /// The request has set no watch.
    Not,
}

impl Registry {
    fn slots(&mut self, path: &str) -> &mut Slots {
        if !self.paths.contains_key(path) {
            self.paths.insert(path.into(), Slots::default());
        }
        self.paths.entry(path.into()).or_default()
    }

    /// Removes the entry of a path if it is empty.
    fn tidy(&mut self, path: &str) {
        if let Some(slots) = self.paths.get(path)
            && !slots.iter().any(Slot::is_used)
        {
            self.paths.remove(path);
        }
        self.count();
    }

    fn count(&mut self) {
        if self.paths.is_empty() {
            self.recursive = 0;
        }
    }

    /// Returns whether the server must not be asked for watches of these kinds, because a
    /// persistent watch already reports their events.
    ///
    /// Servers before 3.9 have a single mode for all watches of a session at a path, that of the
    /// last request: a one-shot watch that fires removes the persistent one as well, and a plain
    /// persistent watch ends the recursion of a recursive one (ZOOKEEPER-4466). So next to a
    /// persistent watch we ask only for one that reports more.
    pub(crate) fn covers(&self, path: &str, kinds: &[WatchKind]) -> bool {
        let Some(slots) = self.paths.get(path) else { return false };
        let has = |kind: WatchKind| slots[kind as usize].is_used();
        match kinds.first() {
            Some(WatchKind::PersistentRecursive) | None => false,
            Some(WatchKind::Persistent) => has(WatchKind::PersistentRecursive),
            Some(_) => has(WatchKind::PersistentRecursive) || has(WatchKind::Persistent),
        }
    }

    /// Returns whether the creation or deletion of a child must also be reported as a change of the
    /// parent's list of children, because the server does not report it: a recursive watch of the
    /// parent hides it from the parent's other watches.
    pub(crate) fn hides_from_parent(&self, parent: &str, keeps_modes_apart: bool) -> bool {
        let Some(slots) = self.paths.get(parent) else { return false };
        if !slots[WatchKind::PersistentRecursive as usize].is_used() {
            return false;
        }
        let mut hearing = [WatchKind::Child, WatchKind::Persistent]
            .map(|kind| &slots[kind as usize])
            .into_iter()
            .filter(|slot| slot.is_used())
            .peekable();
        hearing.peek().is_some() && (!keeps_modes_apart || hearing.all(|slot| slot.covered))
    }

    /// Records that the server has been asked for every watch that is held.
    pub(crate) fn uncover(&mut self) {
        for slot in self.paths.values_mut().flatten().filter(|slot| slot.held.is_some()) {
            slot.covered = false;
        }
    }

    /// Records that a request is sent which may set watches of these kinds, since an event may
    /// arrive before its reply. `covered` means that the server is not asked for them.
    pub(crate) fn ask(&mut self, path: &str, kinds: &[WatchKind], covered: bool) {
        if kinds.contains(&WatchKind::PersistentRecursive) {
            self.recursive += 1;
        }
        let slots = self.slots(path);
        for kind in kinds {
            let slot = &mut slots[*kind as usize];
            slot.covered = covered && (slot.covered || !slot.is_used());
            slot.asked += 1;
        }
    }

    /// Records the outcome of such a request.
    pub(crate) fn settle(
        &mut self,
        path: &str,
        kinds: &[WatchKind],
        outcome: WatchOutcome,
        now: SystemTime,
    ) {
        let Some(slots) = self.paths.get_mut(path) else { return };
        for kind in kinds {
            let slot = &mut slots[*kind as usize];
            slot.asked = slot.asked.saturating_sub(1);
            let overtaken = slot.overtaken && kind.is_one_shot();
            if slot.asked == 0 {
                slot.overtaken = false;
            }
            if outcome == WatchOutcome::Left(*kind) && !overtaken {
                let held = slot.held.get_or_insert(Held { since: now, events: 0, weak: false });
                held.weak = false;
            }
        }
        self.tidy(path);
    }

    /// Records an event. Returns whether any watch is satisfied.
    pub(crate) fn fire(&mut self, path: &str, event: EventKind) -> bool {
        let mut heard = false;
        let gives = event as u8 <= EventKind::NodeChildrenChanged as u8;
        if let Some(slots) = self.paths.get_mut(path) {
            for kind in WatchKind::ALL {
                let slot = &mut slots[kind as usize];
                if !kind.hears(event) || !slot.is_used() {
                    continue;
                }
                heard = true;
                match &mut slot.held {
                    _ if !gives => {}
                    Some(_) if kind.is_one_shot() => slot.held = None,
                    Some(held) => held.events += 1,
                    // The event of a covered watch is that of the watch which covers it.
                    None => slot.overtaken |= !slot.covered,
                }
            }
        }
        if self.recursive > 0 && gives && event != EventKind::NodeChildrenChanged {
            heard |= self.fire_above(path);
        }
        self.tidy(path);
        heard
    }

    fn fire_above(&mut self, path: &str) -> bool {
        let mut heard = false;
        let mut above = path;
        while let Some((parent, _)) = above.rsplit_once('/')
            && above != "/"
        {
            above = if parent.is_empty() { "/" } else { parent };
            if let Some(slots) = self.paths.get_mut(above) {
                let slot = &mut slots[WatchKind::PersistentRecursive as usize];
                heard |= slot.is_used();
                if let Some(held) = &mut slot.held {
                    held.events += 1;
                }
            }
        }
        heard
    }

    /// Records that the server has removed watches. Returns the kinds of the watches that it may
    /// have lost with them.
    pub(crate) fn removed(
        &mut self,
        path: &str,
        removed: RemoveKind,
        keeps_modes_apart: bool,
    ) -> Vec<WatchKind> {
        let mut weakened = Vec::new();
        if let Some(slots) = self.paths.get_mut(path) {
            for kind in WatchKind::ALL {
                let slot = &mut slots[kind as usize];
                if removed.names(kind) {
                    slot.held = None;
                } else if !keeps_modes_apart && !kind.is_one_shot() && weaken(slot) {
                    weakened.push(kind);
                }
            }
            // The server was never asked for watches that a removed watch covered.
            let stays = slots[3..].iter().any(Slot::is_used);
            for kind in WatchKind::ALL {
                let slot = &mut slots[kind as usize];
                if !stays && slot.covered && weaken(slot) {
                    weakened.push(kind);
                }
            }
        }
        self.tidy(path);
        weakened
    }

    /// Forgets one watch, without telling the server.
    pub(crate) fn forget(&mut self, path: &str, kind: WatchKind) -> bool {
        let slots = self.paths.get_mut(path);
        let known = slots.is_some_and(|slots| slots[kind as usize].held.take().is_some());
        self.tidy(path);
        known
    }

    /// Returns the watches, sorted by path and kind, with paths inside the chroot.
    pub(crate) fn list(&self, chroot: &Chroot) -> Vec<Registered> {
        let mut list = Vec::new();
        for (path, slots) in &self.paths {
            for kind in WatchKind::ALL {
                if let Some(held) = slots[kind as usize].held {
                    let path = chroot.inside(path).unwrap_or(path).to_owned();
                    let Held { since, events, weak } = held;
                    list.push(Registered { path, kind, since, events, weak });
                }
            }
        }
        list.sort_by(|a, b| (&a.path, a.kind).cmp(&(&b.path, b.kind)));
        list
    }

    /// Returns the watched paths by kind; each list is sorted.
    pub(crate) fn paths(&self) -> [Vec<Arc<str>>; 5] {
        let mut paths: [Vec<Arc<str>>; 5] = Default::default();
        for (path, slots) in &self.paths {
            for kind in WatchKind::ALL {
                if slots[kind as usize].held.is_some() {
                    paths[kind as usize].push(Arc::clone(path));
                }
            }
        }
        for list in &mut paths {
            list.sort_unstable();
        }
        paths
    }

    /// Returns whether there are persistent watches.
    pub(crate) fn has_persistent(&self) -> bool {
        let stays = |slots: &Slots| slots[3..].iter().any(|slot| slot.held.is_some());
        self.paths.values().any(stays)
    }

    /// Marks a watch as one that the server may have lost.
    pub(crate) fn weaken(&mut self, path: &str, kind: WatchKind) {
        if let Some(slots) = self.paths.get_mut(path) {
            weaken(&mut slots[kind as usize]);
        }
    }

    /// Records that the server holds the persistent watches again.
    pub(crate) fn strengthen(&mut self) {
        for slots in self.paths.values_mut() {
            for held in slots.iter_mut().filter_map(|slot| slot.held.as_mut()) {
                held.weak = false;
            }
        }
    }

    /// Copies the watches of an earlier client of the same session.
    pub(crate) fn adopt(&mut self, watches: &[Registered], chroot: &Chroot) {
        for watch in watches {
            let path = chroot.full(&watch.path).into_owned();
            if watch.kind == WatchKind::PersistentRecursive {
                self.recursive += 1;
            }
            self.slots(&path)[watch.kind as usize].held =
                Some(Held { since: watch.since, events: watch.events, weak: watch.weak });
        }
    }
}

/// Marks a held watch as weak. Returns whether it was not weak before.
fn weaken(slot: &mut Slot) -> bool {
    slot.held.as_mut().is_some_and(|held| !std::mem::replace(&mut held.weak, true))
}
