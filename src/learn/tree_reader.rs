//! The hidden session in which a lesson reads the tree.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::error::{Code, Result};
use crate::lesson::Znode;
use crate::session::Session;
use crate::zk::{Servers, Stat, ZnodePath};

/// The session timeout. It is short, so that the session soon leaves a server that does not answer.
const TIMEOUT: Duration = Duration::from_secs(4);

/// The time limit for reading the tree. After that the lesson uses the last tree that was read.
const PATIENCE: Duration = Duration::from_millis(1500);

/// The maximum number of znodes that are read, and of bytes of data that are kept of each. No
/// lesson needs more.
const MOST_ZNODES: usize = 1000;
const MOST_BYTES: usize = 4096;

/// ZooKeeper's own znode, which is not part of any lesson.
const ZOOKEEPER: &str = "/zookeeper";

/// Reads the tree below a lesson's root.
pub(super) struct TreeReader {
    session: Session,
    /// The tree when it was last read.
    tree: BTreeMap<String, Znode>,
}

impl TreeReader {
    /// Opens the session with the settings of another one.
    pub(super) async fn open(like: &Session, servers: Servers) -> Self {
        let session = like.without_notifications(TIMEOUT);
        session.open(servers);
        // If the session opens late, reading the tree waits for it.
        let _ = session.established().await;
        Self { session, tree: BTreeMap::new() }
    }

    /// Returns the id of the session.
    pub(super) fn id(&self) -> Option<i64> {
        self.session.id()
    }

    /// Returns the session, for cleaning up.
    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    /// Returns the current tree, or the last one if no server answers.
    pub(super) async fn read(&mut self) -> &BTreeMap<String, Znode> {
        if self.session.state().is_over() {
            self.session.renew();
        }
        if self.session.state().is_connected()
            && let Ok(Ok(tree)) = tokio::time::timeout(PATIENCE, read(&self.session)).await
        {
            self.tree = tree;
        }
        &self.tree
    }

    /// Ends the session.
    pub(super) async fn close(&self) {
        self.session.close().await;
    }
}

async fn read(session: &Session) -> Result<BTreeMap<String, Znode>> {
    let root = ZnodePath::root();
    // The session may use another server than the learner, and that may be behind.
    session.sync(&root).await?;
    let mut tree = BTreeMap::new();
    let mut waiting = vec![root];
    while let Some(path) = waiting.pop() {
        if tree.len() == MOST_ZNODES {
            break;
        }
        let Some((data, stat)) = read_znode(session, &path).await? else { continue };
        if stat.num_children > 0 {
            for name in readable(session.child_names(&path).await)?.unwrap_or_default() {
                let child = path.child(&name);
                if child.as_str() != ZOOKEEPER || !session.sees_real_root() {
                    waiting.push(child);
                }
            }
        }
        if !path.is_root() {
            tree.insert(path.to_string(), znode(data, stat));
        }
    }
    Ok(tree)
}

/// Returns the data and stat of a znode, as far as they may be read. Returns `None` if the znode is
/// gone.
async fn read_znode(session: &Session, path: &ZnodePath) -> Result<Option<(Vec<u8>, Stat)>> {
    if let Some((data, stat)) = readable(session.get_data(path, false).await)? {
        let mut data = data.as_bytes().to_vec();
        data.truncate(MOST_BYTES);
        return Ok(Some((data, stat)));
    }
    match session.exists(path, false).await {
        // Newer servers refuse the stat as well, but the parent has listed the znode.
        Err(error) if error.code_of() == Some(Code::NoAuth) => {
            Ok(Some((Vec::new(), Stat::default())))
        }
        found => Ok(found?.map(|stat| (Vec::new(), stat))),
    }
}

/// Returns `None` if the znode is gone or may not be read.
fn readable<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.code_of(), Some(Code::NoNode | Code::NoAuth)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn znode(data: Vec<u8>, stat: Stat) -> Znode {
    Znode {
        data,
        owner: stat.ephemeral_owner,
        version: stat.version,
        acl_version: stat.aversion,
        children: usize::try_from(stat.num_children).unwrap_or_default(),
    }
}
