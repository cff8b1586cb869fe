//! Reads the ACLs of many znodes. No release has a request for more than one, so their requests are
//! sent together, and the caller is woken once for all replies.

use futures_util::FutureExt;
use zookeeper::{Cost, GetAcl};

use super::call::REQUEST_COST;
use super::failure::refused;
use super::operation::stat;
use super::{Session, trace};
use crate::error::Result;
use crate::zk::{Stat, ZnodePath};

/// The ACL of a znode in the form in which it arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AclReply(Vec<zookeeper::Acl>);

impl AclReply {
    /// Returns the permissions as bits, the scheme and the id of each entry, in the server's order.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = (i32, &str, &str)> {
        self.0.iter().map(|entry| (entry.permissions.0, &*entry.scheme, &*entry.id))
    }
}

impl Session {
    /// Returns the ACL and the stat of each znode.
    pub async fn acls_of(&self, paths: &[ZnodePath]) -> Vec<Result<(AclReply, Stat)>> {
        match paths {
            [] => return Vec::new(),
            // It may leave before the session is open.
            [path] => {
                let reply = self.ask(path.as_str(), GetAcl::new(path.to_shared())).await;
                return vec![reply.map(|(entries, of)| (AclReply(entries), stat(of)))];
            }
            _ => {}
        }
        let connection = match self.connection().await {
            Ok(connection) => connection,
            Err(error) => {
                return paths.iter().map(|path| Err(error.clone().at(path.as_str()))).collect();
            }
        };
        // Earlier requests must be sent first.
        self.send_reads();
        let client = &connection.client;
        let cost = paths.iter().map(|path| REQUEST_COST + path.as_str().len()).sum();
        // The last request holds the permit of all, because it is answered last.
        let mut permit = match client.try_admit(Cost(cost)) {
            Some(permit) => Some(permit),
            None => Some(client.admit(Cost(cost)).await),
        };
        let mut pending = Vec::with_capacity(paths.len());
        let cork = client.cork();
        for (path, left) in paths.iter().zip((0..paths.len()).rev()) {
            let permit = permit.take_if(|_| left == 0).unwrap_or_default();
            pending.push(client.send(permit, GetAcl::new(path.to_shared())));
            trace::note_request();
        }
        drop(cork);
        // When the last reply is here, so are the others.
        let timeout = self.0.settings.timeout;
        let last = match pending.pop() {
            Some(last) => Some(last.within(timeout).await),
            None => None,
        };
        let mut arrived = Vec::with_capacity(paths.len());
        for mut pending in pending {
            arrived.push(match (&mut pending).now_or_never() {
                Some(arrived) => arrived,
                None => pending.within(timeout).await,
            });
        }
        let arrived = arrived.into_iter().chain(last);
        let lists = arrived.zip(paths).map(|(arrived, path)| {
            trace::note_reply(connection.stamp(arrived.at));
            match arrived.value {
                Ok((entries, of)) => Ok((AclReply(entries), stat(of))),
                Err(error) => Err(refused(&error).at(path.as_str())),
            }
        });
        lists.collect()
    }
}
