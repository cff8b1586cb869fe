//! The tree of znodes. Changes are applied here after all checks have passed.
//!
//! This module knows nothing of permissions, versions and watches (`DataTree` without its watches).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::acl::{self, Acl, Id, OPEN, permission};
use super::node::{Lifetime, Node};
use super::operation::{Data, Names, SessionId, Stat};

/// Znodes that always exist and cannot be deleted.
const SPECIAL: [&str; 4] = ["/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config"];

/// Bytes that a znode takes besides its path, data and ACL.
const NODE_WEIGHT: usize = 320;

/// Returns the parent of `path`, which starts with a slash.
pub(crate) fn parent(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(slash) => &path[..slash],
    }
}

/// Returns the last component of `path`.
pub(crate) fn name(path: &str) -> &str {
    path.rfind('/').map_or(path, |slash| &path[slash + 1..])
}

pub(crate) fn is_special(path: &str) -> bool {
    SPECIAL.contains(&path)
}

/// The fields of a new znode. `created_in_parent` is the parent's creation counter afterwards.
#[derive(Debug)]
pub(crate) struct Seed {
    pub(crate) data: Data,
    pub(crate) acl: Arc<[Acl]>,
    pub(crate) life: Lifetime,
    pub(crate) created_in_parent: i32,
}

#[derive(Debug, Clone)]
pub(crate) struct Tree {
    nodes: HashMap<Box<str>, Node>,
    ephemerals: HashMap<SessionId, BTreeSet<Box<str>>>,
    /// The paths of containers and TTL znodes.
    mortals: BTreeSet<Box<str>>,
    /// Bytes of all paths and data, as counted by `mntr`.
    size: usize,
    /// Bytes of all ACLs.
    acls: usize,
    no_children: Names,
}

impl Tree {
    pub(crate) fn new() -> Self {
        let mut tree = Self {
            nodes: HashMap::new(),
            ephemerals: HashMap::new(),
            mortals: BTreeSet::new(),
            size: 0,
            acls: 0,
            no_children: Arc::default(),
        };
        for path in SPECIAL {
            let node = Node {
                data: Some(Arc::from([])),
                acl: Arc::clone(&OPEN),
                czxid: 0,
                mzxid: 0,
                pzxid: 0,
                ctime: 0,
                mtime: 0,
                version: 0,
                created: 0,
                aversion: 0,
                owner: 0,
                children: Arc::clone(&tree.no_children),
            };
            tree.size += path.len();
            tree.nodes.insert(path.into(), node);
            if path != "/" {
                tree.node_mut(parent(path)).adopt(name(path));
            }
        }
        let config = tree.node_mut("/zookeeper/config");
        config.acl =
            Arc::new([Acl { permissions: permission::READ, id: Id::new("world", "anyone") }]);
        config.aversion = -1;
        tree.acls = tree.get("/zookeeper/config").map_or(0, |config| acl::weight(&config.acl));
        tree
    }

    /// Sets the content of `/zookeeper/config`, before the first client connects.
    pub(crate) fn set_config(&mut self, text: &str) {
        self.note("/zookeeper/config", text.as_bytes());
    }

    /// Returns the znode at `path`. The empty path is the root, as in Apache's tree.
    pub(crate) fn get(&self, path: &str) -> Option<&Node> {
        self.nodes.get(if path.is_empty() { "/" } else { path })
    }

    fn node_mut(&mut self, path: &str) -> &mut Node {
        self.nodes.get_mut(path).expect("checked before the change was made")
    }

    /// Returns the number of znodes. The root counts twice, as in Apache's tree.
    pub(crate) fn count(&self) -> usize {
        self.nodes.len() + 1
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Returns the approximate size of the tree in bytes. Each path counts twice: the tree stores
    /// the full path, and the parent the last component.
    pub(crate) fn weight(&self) -> usize {
        2 * self.size + self.acls + self.nodes.len() * NODE_WEIGHT
    }

    pub(crate) fn create(&mut self, path: &str, seed: Seed, zxid: i64, time: i64) -> Stat {
        let node = Node {
            data: seed.data,
            acl: seed.acl,
            czxid: zxid,
            mzxid: zxid,
            pzxid: zxid,
            ctime: time,
            mtime: time,
            version: 0,
            created: 0,
            aversion: 0,
            owner: seed.life.owner(),
            children: Arc::clone(&self.no_children),
        };
        let parent = self.node_mut(parent(path));
        if seed.created_in_parent > parent.created {
            parent.created = seed.created_in_parent;
            parent.pzxid = zxid;
        }
        parent.adopt(name(path));
        match seed.life {
            Lifetime::Persistent => {}
            Lifetime::Ephemeral(session) => {
                self.ephemerals.entry(session).or_default().insert(path.into());
            }
            Lifetime::Container | Lifetime::Ttl(_) => {
                self.mortals.insert(path.into());
            }
        }
        let stat = node.stat();
        self.size += path.len() + node.data_length();
        self.acls += acl::weight(&node.acl);
        self.nodes.insert(path.into(), node);
        stat
    }

    /// Deletes a znode and returns it.
    pub(crate) fn delete(&mut self, path: &str, zxid: i64) -> Node {
        let node = self.nodes.remove(path).expect("checked before the change was made");
        let parent = self.node_mut(parent(path));
        Arc::make_mut(&mut parent.children).remove(name(path));
        parent.pzxid = parent.pzxid.max(zxid);
        self.size -= path.len() + node.data_length();
        self.acls -= acl::weight(&node.acl);
        match Lifetime::of_owner(node.owner) {
            Lifetime::Persistent => {}
            Lifetime::Ephemeral(session) => {
                if let Some(paths) = self.ephemerals.get_mut(&session) {
                    paths.remove(path);
                    if paths.is_empty() {
                        self.ephemerals.remove(&session);
                    }
                }
            }
            Lifetime::Container | Lifetime::Ttl(_) => {
                self.mortals.remove(path);
            }
        }
        node
    }

    /// Sets a znode's data. Returns its stat and the previous length of the data.
    pub(crate) fn set_data(
        &mut self,
        path: &str,
        data: Data,
        version: i32,
        zxid: i64,
        time: i64,
    ) -> (Stat, usize) {
        let node = self.node_mut(path);
        let before = node.data_length();
        node.data = data;
        node.version = version;
        node.mzxid = zxid;
        node.mtime = time;
        let (stat, after) = (node.stat(), node.data_length());
        self.size = self.size - before + after;
        (stat, before)
    }

    pub(crate) fn set_acl(&mut self, path: &str, acl: Arc<[Acl]>, aversion: i32) -> Stat {
        let after = acl::weight(&acl);
        let node = self.node_mut(path);
        let before = acl::weight(&std::mem::replace(&mut node.acl, acl));
        node.aversion = aversion;
        let stat = node.stat();
        self.acls = self.acls - before + after;
        stat
    }

    /// Changes data without changing the stat, as the server does for its own bookkeeping of
    /// quotas.
    pub(crate) fn note(&mut self, path: &str, data: &[u8]) {
        if let Some(node) = self.nodes.get_mut(path) {
            let before = node.data_length();
            node.data = Some(data.into());
            self.size = self.size - before + data.len();
        }
    }

    /// Returns the paths of a session's ephemerals, sorted.
    pub(crate) fn ephemerals(&self, session: SessionId) -> impl Iterator<Item = &str> {
        self.ephemerals.get(&session).into_iter().flatten().map(|path| &**path)
    }

    /// Returns the sessions that have ephemerals, sorted.
    pub(crate) fn owners(&self) -> BTreeSet<SessionId> {
        self.ephemerals.keys().copied().collect()
    }

    /// Returns whether there are containers or TTL znodes.
    pub(crate) fn has_mortals(&self) -> bool {
        !self.mortals.is_empty()
    }

    /// Returns the znodes to delete: empty containers that had children, and TTL znodes that are
    /// overdue and have no children.
    pub(crate) fn overdue(&self, time: i64) -> Vec<Box<str>> {
        let overdue = |node: &Node| {
            node.children.is_empty()
                && match Lifetime::of_owner(node.owner) {
                    Lifetime::Container => node.created > 0,
                    Lifetime::Ttl(ttl) => time - node.mtime > ttl,
                    _ => false,
                }
        };
        let is_overdue = |path: &str| self.get(path).is_some_and(overdue);
        self.mortals.iter().filter(|path| is_overdue(path)).cloned().collect()
    }

    /// Returns the number of znodes at and below `path`, and the total length of their data.
    pub(crate) fn totals(&self, path: &str) -> (usize, usize) {
        let (mut nodes, mut bytes) = (0, 0);
        // An explicit stack, because clients decide how deep the tree is.
        let mut open = vec![path.to_owned()];
        while let Some(path) = open.pop() {
            let Some(node) = self.get(&path) else { continue };
            nodes += 1;
            bytes += node.data_length();
            let above = path.trim_end_matches('/');
            open.extend(node.children.iter().map(|name| format!("{above}/{name}")));
        }
        (nodes, bytes)
    }
}

#[cfg(test)]
impl Tree {
    /// Panics unless the parts of the tree agree with each other.
    #[track_caller]
    pub(crate) fn assert_sound(&self) {
        let (mut size, mut acls, mut listed) = (0, 0, 0);
        for (path, node) in &self.nodes {
            size += path.len() + node.data_length();
            acls += acl::weight(&node.acl);
            listed += node.children.len();
            if &**path != "/" {
                assert!(self.nodes[parent(path)].children.contains(name(path)), "{path}");
            }
            let life = Lifetime::of_owner(node.owner);
            assert_eq!(
                matches!(life, Lifetime::Container | Lifetime::Ttl(_)),
                self.mortals.contains(path)
            );
            if let Lifetime::Ephemeral(session) = life {
                assert!(self.ephemerals[&session].contains(path), "{path}");
                assert!(node.children.is_empty(), "{path}");
            }
        }
        let ephemerals: usize = self.ephemerals.values().map(BTreeSet::len).sum();
        let owned = |node: &&Node| matches!(Lifetime::of_owner(node.owner), Lifetime::Ephemeral(_));
        assert_eq!(ephemerals, self.nodes.values().filter(owned).count());
        assert_eq!((size, acls, listed), (self.size, self.acls, self.nodes.len() - 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed(life: Lifetime, created_in_parent: i32) -> Seed {
        Seed { data: None, acl: Arc::clone(&OPEN), life, created_in_parent }
    }

    #[test]
    fn cversion_counts_creations_and_deletions_of_children() {
        let mut tree = Tree::new();
        tree.create("/a", seed(Lifetime::Persistent, 1), 1, 10);
        tree.create("/a/b", seed(Lifetime::Persistent, 1), 2, 11);
        tree.create("/a/c", seed(Lifetime::Persistent, 2), 3, 12);
        let stat = |tree: &Tree| tree.get("/a").expect("there").stat();
        assert_eq!((stat(&tree).cversion, stat(&tree).pzxid, stat(&tree).children), (2, 3, 2));
        tree.delete("/a/b", 4);
        assert_eq!((stat(&tree).cversion, stat(&tree).pzxid, stat(&tree).children), (3, 4, 1));
        assert_eq!(tree.totals("/a"), (2, 0));
        // A new server's root has one child that no client created.
        assert_eq!(Tree::new().get("").expect("the root").stat().cversion, -1);
    }

    #[test]
    fn a_container_waits_for_its_first_child_and_a_ttl_for_its_last() {
        let mut tree = Tree::new();
        tree.create("/c", seed(Lifetime::Container, 1), 1, 0);
        tree.create("/t", seed(Lifetime::Ttl(100), 2), 2, 0);
        tree.create("/t/x", seed(Lifetime::Persistent, 1), 3, 0);
        assert!(tree.overdue(1000).is_empty());
        tree.create("/c/x", seed(Lifetime::Persistent, 1), 4, 0);
        tree.delete("/c/x", 5);
        tree.delete("/t/x", 6);
        assert_eq!(tree.overdue(100), ["/c".into()]);
        assert_eq!(tree.overdue(101), ["/c".into(), "/t".into()]);
    }

    #[test]
    fn the_ephemerals_of_a_session_are_known() {
        let mut tree = Tree::new();
        let session = SessionId(7);
        tree.create("/b", seed(Lifetime::Ephemeral(session), 1), 1, 0);
        tree.create("/a", seed(Lifetime::Ephemeral(session), 2), 2, 0);
        assert_eq!(tree.ephemerals(session).collect::<Vec<_>>(), ["/a", "/b"]);
        tree.delete("/a", 3);
        tree.delete("/b", 4);
        assert!(tree.owners().is_empty());
        assert_eq!(tree.size(), Tree::new().size());
    }
}
