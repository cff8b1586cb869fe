//! Reads and watches (`FinalRequestProcessor`), which take no zxid.

use std::sync::Arc;

use super::State;
use crate::sandbox::acl::{self, permission};
use crate::sandbox::node::{Node, count};
use crate::sandbox::operation::{
    Body, Code, ConnectionId, Event, EventType, OldWatches, Operation, Outcome, Part, SessionId,
    WatchMode,
};

/// Maximum data in the reply to a multi-read, in bytes. A request can name one large znode
/// thousands of times, so without a limit a single frame could exhaust the memory.
const MAX_MULTI_READ: usize = 64 << 20;

impl State {
    pub(crate) fn read(
        &mut self,
        from: ConnectionId,
        session: SessionId,
        operation: Operation,
        outcome: &mut Outcome,
    ) -> Result<Body, Code> {
        match operation {
            Operation::Exists { path, watch } => {
                if path.contains('\0') {
                    return Err(Code::BadArguments);
                }
                if self.node(&path).is_ok_and(|node| !self.may(from, node, permission::READ)) {
                    return Err(Code::NoAuth);
                }
                // Set the watch even without a znode: it then waits for the creation.
                if watch {
                    self.watches.data.add(&path, from, WatchMode::Once);
                }
                self.node(&path).map(|node| Body::Stat(node.stat()))
            }
            Operation::GetData { path, watch } => {
                let node = self.readable(from, &path)?;
                let body = Body::Data(node.data.clone(), node.stat());
                if watch {
                    self.watches.data.add(&path, from, WatchMode::Once);
                }
                Ok(body)
            }
            Operation::GetChildren { path, watch } => {
                let names = Arc::clone(&self.readable(from, &path)?.children);
                if watch {
                    self.watches.children.add(&path, from, WatchMode::Once);
                }
                Ok(Body::Names(names))
            }
            Operation::GetChildren2 { path, watch } => {
                let node = self.readable(from, &path)?;
                let body = Body::NamesAndStat(Arc::clone(&node.children), node.stat());
                if watch {
                    self.watches.children.add(&path, from, WatchMode::Once);
                }
                Ok(body)
            }
            Operation::GetAcl { path } => self.get_acl(from, &path),
            Operation::GetAllChildrenNumber { path } => {
                self.readable(from, &path)?;
                Ok(Body::Number(count(match &*path {
                    // Apache's tree stores the root under two names, one of which counts as a
                    // descendant.
                    "" => self.tree.count() - 1,
                    "/" => self.tree.count() - 2,
                    path => self.tree.totals(path).0 - 1,
                })))
            }
            Operation::GetEphemerals { prefix } => {
                let all = matches!(prefix.trim(), "" | "/");
                let wanted = |path: &&str| all || path.starts_with(&prefix);
                let paths = self.tree.ephemerals(session).filter(wanted);
                Ok(Body::Paths(paths.map(str::to_owned).collect()))
            }
            Operation::MultiRead(operations) => self.multi_read(from, operations),
            Operation::Sync { path } => Ok(Body::Path(path)),
            Operation::Ping => Ok(Body::Empty),
            Operation::WhoAmI => {
                let mut ids =
                    self.connections.get(&from).map(|c| c.ids.clone()).unwrap_or_default();
                for id in &mut ids {
                    id.id = acl::user(id).to_owned();
                }
                Ok(Body::Identities(ids))
            }
            Operation::SetWatches(watches) => {
                self.set_watches(from, &watches, outcome);
                Ok(Body::Empty)
            }
            Operation::AddWatch { path, mode } => {
                self.watches.add(&path, from, mode);
                Ok(Body::Number(0))
            }
            Operation::CheckWatches { path, kind } => {
                let found = self.watches.contains(&path, from, kind);
                if found { Ok(Body::Empty) } else { Err(Code::NoWatcher) }
            }
            Operation::RemoveWatches { path, kind } => {
                let removed = self.watches.remove(&path, from, kind);
                if removed { Ok(Body::Empty) } else { Err(Code::NoWatcher) }
            }
            Operation::Unknown => Err(Code::Unimplemented),
            _ => Err(Code::MarshallingError),
        }
    }

    fn node(&self, path: &str) -> Result<&Node, Code> {
        self.tree.get(path).ok_or(Code::NoNode)
    }

    fn may(&self, from: ConnectionId, node: &Node, permissions: i32) -> bool {
        let ids = self.connections.get(&from).map_or(&[][..], |connection| &connection.ids);
        acl::allows(&node.acl, permissions, ids)
    }

    fn readable(&self, from: ConnectionId, path: &str) -> Result<&Node, Code> {
        let node = self.node(path)?;
        if self.may(from, node, permission::READ) { Ok(node) } else { Err(Code::NoAuth) }
    }

    fn get_acl(&self, from: ConnectionId, path: &str) -> Result<Body, Code> {
        let node = self.node(path)?;
        if self.may(from, node, permission::ADMIN) {
            Ok(Body::Acl(Arc::clone(&node.acl), node.stat()))
        } else if self.may(from, node, permission::READ) {
            Ok(Body::Acl(acl::redact(&node.acl), node.stat()))
        } else {
            Err(Code::NoAuth)
        }
    }

    /// Reads several znodes. Each has its own result.
    fn multi_read(&self, from: ConnectionId, operations: Vec<Operation>) -> Result<Body, Code> {
        let mut size = 0;
        let mut parts = Vec::with_capacity(operations.len());
        for operation in operations {
            let part = match operation {
                Operation::GetData { path, .. } => self.readable(from, &path).map(|node| {
                    size += node.data_length();
                    Part::Data(node.data.clone(), node.stat())
                }),
                Operation::GetChildren { path, .. } => self.readable(from, &path).map(|node| {
                    size += node.children.iter().map(|name| 4 + name.len()).sum::<usize>();
                    Part::Names(Arc::clone(&node.children))
                }),
                _ => return Err(Code::MarshallingError),
            };
            if size > MAX_MULTI_READ {
                return Err(Code::MarshallingError);
            }
            parts.push(part.unwrap_or_else(Part::Failed));
        }
        Ok(Body::Several(parts))
    }

    /// Sets the watches of an earlier connection again, and sends the events that they missed.
    fn set_watches(&mut self, from: ConnectionId, old: &OldWatches, outcome: &mut Outcome) {
        let mut tell = |path: &str, kind| {
            outcome.events.push((from, Event { kind, path: path.into() }));
        };
        for path in &old.data {
            match self.tree.get(path) {
                None => tell(path, EventType::Deleted),
                Some(node) if node.mzxid > old.seen => tell(path, EventType::DataChanged),
                Some(_) => self.watches.data.add(path, from, WatchMode::Once),
            }
        }
        for path in &old.exists {
            match self.tree.get(path) {
                Some(_) => tell(path, EventType::Created),
                None => self.watches.data.add(path, from, WatchMode::Once),
            }
        }
        for path in &old.children {
            match self.tree.get(path) {
                None => tell(path, EventType::Deleted),
                Some(node) if node.pzxid > old.seen => tell(path, EventType::ChildrenChanged),
                Some(_) => self.watches.children.add(path, from, WatchMode::Once),
            }
        }
        for path in &old.persistent {
            self.watches.add(path, from, WatchMode::Persistent);
        }
        for path in &old.recursive {
            self.watches.add(path, from, WatchMode::Recursive);
        }
    }
}
