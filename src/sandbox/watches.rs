//! Who waits for what: one-shot, persistent and recursive watches of connections.
//!
//! It knows nothing of znodes. As in 3.8, one connection has one watch of one mode on a path; a
//! later one takes the place of an earlier one (ZOOKEEPER-4466).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::operation::{ConnectionId, Event, EventType, WatchKind, WatchMode};
use super::tree::parent;

/// Bytes that a watch takes besides its path.
const WATCH_WEIGHT: usize = 192;

/// Where events go, and who may learn of them.
pub(crate) struct EventSink<'a> {
    pub(crate) events: &'a mut Vec<(ConnectionId, Event)>,
    /// Whether a connection may read the znode that an event of this kind is about: the one that
    /// changed, or for its children's event the one above.
    pub(crate) sees: &'a dyn Fn(ConnectionId, EventType) -> bool,
}

/// The watches of one kind.
#[derive(Debug, Default)]
pub(crate) struct Table {
    by_path: HashMap<Box<str>, BTreeMap<ConnectionId, WatchMode>>,
    by_connection: BTreeMap<ConnectionId, BTreeSet<Box<str>>>,
    /// How many watches there are, and the bytes of their paths.
    count: usize,
    paths: usize,
    /// How many of the watches are recursive; without any, only the path itself is looked at.
    recursive: usize,
}

impl Table {
    pub(crate) fn add(&mut self, path: &str, connection: ConnectionId, mode: WatchMode) {
        let watchers = match self.by_path.get_mut(path) {
            Some(watchers) => watchers,
            None => self.by_path.entry(path.into()).or_default(),
        };
        let before = watchers.insert(connection, mode);
        if before.is_none() {
            self.count += 1;
            self.paths += path.len();
            self.by_connection.entry(connection).or_default().insert(path.into());
        }
        self.recursive += usize::from(mode == WatchMode::Recursive);
        self.recursive -= usize::from(before == Some(WatchMode::Recursive));
    }

    /// Returns whether there was one to remove.
    fn remove(&mut self, path: &str, connection: ConnectionId) -> bool {
        let Some(paths) = self.by_connection.get_mut(&connection) else { return false };
        if !paths.remove(path) {
            return false;
        }
        if paths.is_empty() {
            self.by_connection.remove(&connection);
        }
        self.forget(path, connection);
        true
    }

    /// Removes a watch from the side of its path.
    fn forget(&mut self, path: &str, connection: ConnectionId) {
        let watchers = self.by_path.get_mut(path).expect("both sides know every watch");
        let mode = watchers.remove(&connection);
        self.count -= 1;
        self.paths -= path.len();
        self.recursive -= usize::from(mode == Some(WatchMode::Recursive));
        if watchers.is_empty() {
            self.by_path.remove(path);
        }
    }

    fn disconnect(&mut self, connection: ConnectionId) {
        for path in self.by_connection.remove(&connection).unwrap_or_default() {
            self.forget(&path, connection);
        }
    }

    fn contains(&self, path: &str, connection: ConnectionId) -> bool {
        self.by_path.get(path).is_some_and(|watchers| watchers.contains_key(&connection))
    }

    /// Tells those who wait for what happened at `path`, except `told`; returns who was meant.
    fn trigger(
        &mut self,
        path: &str,
        kind: EventType,
        told: &BTreeSet<ConnectionId>,
        sink: &mut EventSink<'_>,
    ) -> BTreeSet<ConnectionId> {
        let mut meant = BTreeSet::new();
        let mut spent = Vec::new();
        for (connection, mode) in self.by_path.get(path).into_iter().flatten() {
            match mode {
                // Those who see all znodes below learn of each of them by its own event.
                WatchMode::Recursive if kind == EventType::ChildrenChanged => continue,
                WatchMode::Once => spent.push(*connection),
                WatchMode::Recursive | WatchMode::Persistent => {}
            }
            meant.insert(*connection);
        }
        for connection in spent {
            self.remove(path, connection);
        }
        if self.recursive > 0 && kind != EventType::ChildrenChanged {
            let mut below = path;
            while below != "/" {
                below = parent(below);
                let watchers = self.by_path.get(below).into_iter().flatten();
                let recursive = watchers.filter(|(_, mode)| **mode == WatchMode::Recursive);
                meant.extend(recursive.map(|(connection, _)| *connection));
            }
        }
        if !meant.is_empty() {
            let path: Arc<str> = path.into();
            let tell = meant.iter().filter(|to| !told.contains(to) && (sink.sees)(**to, kind));
            sink.events.extend(tell.map(|to| (*to, Event { kind, path: Arc::clone(&path) })));
        }
        meant
    }

    /// Returns about how many bytes the watches take; a path stands on both sides.
    fn weight(&self) -> usize {
        2 * self.paths + self.count * WATCH_WEIGHT
    }

    /// Returns how many connections watch how many paths, with how many watches.
    pub(crate) fn summary(&self) -> (usize, usize, usize) {
        (self.by_connection.len(), self.by_path.len(), self.count)
    }

    /// Returns the watched paths, in no order, each with its watchers.
    pub(crate) fn paths(
        &self,
    ) -> impl Iterator<Item = (&str, impl Iterator<Item = ConnectionId> + use<'_>)> {
        self.by_path.iter().map(|(path, watchers)| (&**path, watchers.keys().copied()))
    }

    /// Returns the watching connections, each with its paths, sorted.
    pub(crate) fn connections(&self) -> &BTreeMap<ConnectionId, BTreeSet<Box<str>>> {
        &self.by_connection
    }
}

/// All watches: on data and existence, and on children.
#[derive(Debug, Default)]
pub(crate) struct Watches {
    pub(crate) data: Table,
    pub(crate) children: Table,
}

impl Watches {
    /// Returns about how many bytes all watches take.
    pub(crate) fn weight(&self) -> usize {
        self.data.weight() + self.children.weight()
    }

    /// Adds a watch of both kinds.
    pub(crate) fn add(&mut self, path: &str, connection: ConnectionId, mode: WatchMode) {
        self.data.add(path, connection, mode);
        self.children.add(path, connection, mode);
    }

    /// Removes what a connection has of a kind at `path`; returns whether there was any.
    pub(crate) fn remove(&mut self, path: &str, connection: ConnectionId, kind: WatchKind) -> bool {
        let data = kind != WatchKind::Children && self.data.remove(path, connection);
        let children = kind != WatchKind::Data && self.children.remove(path, connection);
        data || children
    }

    /// Returns whether a connection has a watch of a kind at `path`. (3.8 also says yes when only
    /// others have one, which later releases mend.)
    pub(crate) fn contains(&self, path: &str, connection: ConnectionId, kind: WatchKind) -> bool {
        kind != WatchKind::Children && self.data.contains(path, connection)
            || kind != WatchKind::Data && self.children.contains(path, connection)
    }

    /// Removes all watches of a connection.
    pub(crate) fn disconnect(&mut self, connection: ConnectionId) {
        self.data.disconnect(connection);
        self.children.disconnect(connection);
    }

    pub(crate) fn created(&mut self, path: &str, mut sink: EventSink<'_>) {
        let nobody = BTreeSet::new();
        self.data.trigger(path, EventType::Created, &nobody, &mut sink);
        self.children.trigger(parent(path), EventType::ChildrenChanged, &nobody, &mut sink);
    }

    pub(crate) fn changed(&mut self, path: &str, mut sink: EventSink<'_>) {
        self.data.trigger(path, EventType::DataChanged, &BTreeSet::new(), &mut sink);
    }

    /// Fires for a deleted znode: who watches both its data and its children is told once.
    pub(crate) fn deleted(&mut self, path: &str, mut sink: EventSink<'_>) {
        let told = self.data.trigger(path, EventType::Deleted, &BTreeSet::new(), &mut sink);
        self.children.trigger(path, EventType::Deleted, &told, &mut sink);
        let nobody = BTreeSet::new();
        self.children.trigger(parent(path), EventType::ChildrenChanged, &nobody, &mut sink);
    }
}

#[cfg(test)]
impl Table {
    /// Fails unless both sides of the table know the same watches.
    #[track_caller]
    pub(crate) fn assert_sound(&self) {
        let (mut count, mut paths, mut recursive) = (0, 0, 0);
        for (path, watchers) in &self.by_path {
            assert!(!watchers.is_empty(), "{path}");
            for (connection, mode) in watchers {
                assert!(self.by_connection[connection].contains(path), "{path}");
                count += 1;
                paths += path.len();
                recursive += usize::from(*mode == WatchMode::Recursive);
            }
        }
        let known: usize = self.by_connection.values().map(BTreeSet::len).sum();
        assert_eq!((count, paths, recursive), (self.count, self.paths, self.recursive));
        assert_eq!(known, count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: ConnectionId = ConnectionId(1);
    const TWO: ConnectionId = ConnectionId(2);
    const BLIND: ConnectionId = ConnectionId(3);

    fn told(change: impl FnOnce(EventSink<'_>)) -> Vec<(u64, EventType, String)> {
        let mut events = Vec::new();
        change(EventSink { events: &mut events, sees: &|to, _| to != BLIND });
        events.into_iter().map(|(to, event)| (to.0, event.kind, event.path.to_string())).collect()
    }

    #[test]
    fn a_one_shot_watch_fires_once() {
        let mut watches = Watches::default();
        watches.data.add("/a", ONE, WatchMode::Once);
        let first = told(|sink| watches.changed("/a", sink));
        assert_eq!(first, [(1, EventType::DataChanged, "/a".to_owned())]);
        assert!(told(|sink| watches.changed("/a", sink)).is_empty());
        assert_eq!(watches.data.summary(), (0, 0, 0));
    }

    #[test]
    fn a_deletion_is_told_once_to_who_watches_data_and_children() {
        let mut watches = Watches::default();
        watches.data.add("/a", ONE, WatchMode::Once);
        watches.children.add("/a", ONE, WatchMode::Once);
        watches.children.add("/", TWO, WatchMode::Once);
        let all = told(|sink| watches.deleted("/a", sink));
        let deleted = (1, EventType::Deleted, "/a".to_owned());
        assert_eq!(all, [deleted, (2, EventType::ChildrenChanged, "/".to_owned())]);
        assert_eq!(watches.children.summary(), (0, 0, 0));
    }

    #[test]
    fn a_recursive_watch_sees_below_and_no_children_events() {
        let mut watches = Watches::default();
        watches.add("/a", ONE, WatchMode::Recursive);
        watches.add("/a", TWO, WatchMode::Persistent);
        let all = told(|sink| watches.created("/a/b/c", sink));
        assert_eq!(all, [(1, EventType::Created, "/a/b/c".to_owned())]);
        let all = told(|sink| watches.created("/a/b", sink));
        let created = (1, EventType::Created, "/a/b".to_owned());
        assert_eq!(all, [created, (2, EventType::ChildrenChanged, "/a".to_owned())]);
        watches.disconnect(ONE);
        assert!(told(|sink| watches.created("/a/b/c", sink)).is_empty());
    }

    #[test]
    fn who_may_not_read_is_not_told_and_has_spent_the_watch() {
        let mut watches = Watches::default();
        watches.data.add("/a", BLIND, WatchMode::Once);
        assert!(told(|sink| watches.changed("/a", sink)).is_empty());
        assert_eq!(watches.data.summary(), (0, 0, 0));
    }

    #[test]
    fn removal_is_by_kind() {
        let mut watches = Watches::default();
        watches.add("/a", ONE, WatchMode::Persistent);
        assert!(watches.remove("/a", ONE, WatchKind::Data));
        assert!(!watches.contains("/a", ONE, WatchKind::Data));
        assert!(watches.contains("/a", ONE, WatchKind::Any));
        assert!(!watches.remove("/a", TWO, WatchKind::Any));
        assert!(watches.remove("/a", ONE, WatchKind::Any));
        assert!(!watches.remove("/a", ONE, WatchKind::Any));
    }
}
