//! Reads the parts of some znodes that a walk needs.

use futures_util::future::join;

use crate::error::{Error, Kind as ErrorKind, Result};
use crate::session::{AclReply, ChildNames, NodeReply, Session};
use crate::tree::filter::Needs;
use crate::tree::{Acl, Data, Kind, Record, is_gone};
use crate::zk::{Stat, ZnodePath};

/// The result of reading a znode.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) record: Record,
    pub(super) names: ChildNames,
    pub(super) refused: Option<Error>,
}

/// A reply about a znode. `None` means that the znode is gone.
pub(super) type Reply = Option<Box<Read>>;

/// The way in which a single znode is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SingleRead {
    /// With all needed parts, and the stat in addition.
    Whole,
    /// Only the names of its children.
    Names,
    /// The names of its children, with a watch on them.
    Watched,
}

impl SingleRead {
    /// Returns whether to watch the children, or `None` if more than the names is requested.
    fn watch(self) -> Option<bool> {
        match self {
            Self::Whole => None,
            Self::Names => Some(false),
            Self::Watched => Some(true),
        }
    }
}

/// Returns the bytes of data that are held.
pub(super) fn held(read: &Read) -> u64 {
    read.record.data.as_ref().map_or(0, |data| data.bytes().len() as u64)
}

/// Reads some znodes. If the server is near, this may take a round trip more to save the server work.
pub(super) async fn read_many(
    session: &Session,
    paths: Vec<ZnodePath>,
    needs: Needs,
    single_read: SingleRead,
    is_near: bool,
) -> Vec<Reply> {
    if let ([path], Some(watch)) = (&paths[..], single_read.watch()) {
        let names = if watch {
            session.children(path, true).await.map(|(names, _)| names)
        } else {
            session.child_list(path).await
        };
        let reply = NodeReply { names, data: None, stat: None };
        return vec![assemble(path.clone(), reply, None, needs)];
    }
    // In a request about many znodes only `getData` returns the stat. For a single znode the
    // children do.
    let data = needs.data || needs.stat && paths.len() > 1;
    let lists = async {
        let wanted: &[ZnodePath] = if needs.acl { &paths } else { &[] };
        session.acls_of(wanted).await
    };
    let nodes = async {
        if data && is_near {
            session.nodes_in_two_steps_of(&paths).await
        } else {
            session.nodes_of(&paths, data).await
        }
    };
    let (replies, lists) = join(nodes, lists).await;
    let mut lists = lists.into_iter();
    let reads = paths.into_iter().zip(replies);
    reads.map(|(path, reply)| assemble(path, reply, lists.next(), needs)).collect()
}

/// Combines the replies about a znode.
fn assemble(
    path: ZnodePath,
    reply: NodeReply,
    list: Option<Result<(AclReply, Stat)>>,
    needs: Needs,
) -> Reply {
    let mut record = Record { stat: reply.stat, ..Record::bare(path) };
    let mut refused = None;
    let names = match reply.names {
        Ok(names) => names,
        Err(error) if is_gone(&error) => return None,
        Err(error) => {
            refused = Some(error);
            ChildNames::default()
        }
    };
    match reply.data {
        Some(Ok((data, stat))) => {
            record.stat = Some(stat);
            if needs.data {
                record.data = Some(Data::from(data));
            }
        }
        Some(Err(error)) if is_gone(&error) => return None,
        Some(Err(error)) => refused = refused.or(Some(error)),
        None => {}
    }
    match list {
        Some(Ok((acl, stat))) => {
            let acl = Acl::from(&acl);
            if acl.is_masked() {
                let path = &record.path;
                let message = format!("Only its administrators may read the ACL of {path}");
                refused = refused.or(Some(Error::new(ErrorKind::Refused, message)));
            } else {
                record.acl = Some(acl);
            }
            record.changed = record.stat.is_some_and(|seen| {
                (seen.czxid, seen.version, seen.aversion)
                    != (stat.czxid, stat.version, stat.aversion)
            });
            record.stat = record.stat.or(Some(stat));
        }
        Some(Err(error)) if is_gone(&error) => return None,
        Some(Err(error)) => refused = refused.or(Some(error)),
        None => {}
    }
    record.kind = record.stat.map(|stat| Kind::of_owner(stat.ephemeral_owner));
    Some(Box::new(Read { record, names, refused }))
}
