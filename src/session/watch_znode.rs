//! Reads a znode and waits for its next change, with watches that the user does not see.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use zookeeper::{Exists, GetChildren2, GetData, Request};

use super::Session;
use super::operation::stat;
use super::watches::{Observation, Observed, observer};
use crate::bounded_queue::Taken;
use crate::error::{Code, Result};
use crate::zk::{Event, Stat, WatchKind, ZnodeData, ZnodePath};

/// Resolves to the next change of a znode, or to `None` if events were missed. An error means that
/// the session has ended. Dropping it removes the watch.
pub struct NextChange {
    event: BoxFuture<'static, Result<Option<Event>>>,
    has_fired: bool,
    session: Session,
    path: ZnodePath,
    id: u64,
}

impl Future for NextChange {
    type Output = Result<Option<Event>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.has_fired {
            return Poll::Pending;
        }
        let polled = self.event.as_mut().poll(context);
        self.has_fired = matches!(polled, Poll::Ready(Ok(Some(_))));
        polled
    }
}

impl Drop for NextChange {
    fn drop(&mut self) {
        if !self.has_fired && self.session.0.watches.release(self.id) {
            self.session.forget_in_background(&self.path);
        }
    }
}

/// The part of a znode to watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aspect {
    /// The existence of the znode and the version of its data.
    Stat,
    /// The same, and the data is returned as well.
    Data,
    /// The number of children.
    Children,
}

/// The state of a znode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// `None` if the znode does not exist.
    pub stat: Option<Stat>,
    /// The data, if the caller asked for it and the znode exists.
    pub data: Option<ZnodeData>,
}

impl Session {
    /// Reads a znode, which need not exist, and sets a watch on it.
    pub async fn watch_znode(
        &self,
        path: &ZnodePath,
        aspect: Aspect,
    ) -> Result<(Snapshot, NextChange)> {
        let at = path.as_str();
        loop {
            let seen = match aspect {
                Aspect::Stat => return self.watch_existence(path).await,
                Aspect::Data => {
                    let request = GetData::new(at).watch(true);
                    self.observe(path, WatchKind::Data, request)
                        .await
                        .map(|(data, change)| (Some(data.data.into()), data.stat, change))
                }
                Aspect::Children => {
                    let request = GetChildren2::new(at).watch(true);
                    self.observe(path, WatchKind::Child, request)
                        .await
                        .map(|((_, of), change)| (None, of, change))
                }
            };
            match seen {
                Ok((data, of, change)) => {
                    return Ok((Snapshot { stat: Some(stat(of)), data }, change));
                }
                Err(error) if error.code_of() == Some(Code::NoNode) => {
                    let absent = self.watch_existence(path).await?;
                    if absent.0.stat.is_none() {
                        return Ok(absent);
                    }
                    // The znode has been created in the meantime, so read it again.
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn watch_existence(&self, path: &ZnodePath) -> Result<(Snapshot, NextChange)> {
        let request = Exists::new(path.as_str()).watch(true);
        let (found, change) = self.observe(path, WatchKind::Data, request).await?;
        Ok((Snapshot { stat: found.map(stat), data: None }, change))
    }

    async fn observe<R: Request>(
        &self,
        path: &ZnodePath,
        kind: WatchKind,
        request: R,
    ) -> Result<(R::Reply, NextChange)> {
        let observer = observer();
        let registration = self.0.watches.observe(path, kind, &observer);
        let (reply, stamp, _) = self.call(path.as_str(), request).await?;
        let id = self.confirm(registration, stamp);
        let events = Arc::clone(&observer);
        let event = async move {
            Ok(match events.next().await? {
                Taken::Item(Observed { what: Observation::Event(event), .. }) => Some(event),
                _ => None,
            })
        };
        let (session, path) = (self.clone(), path.clone());
        let change = NextChange { event: event.boxed(), has_fired: false, session, path, id };
        Ok((reply, change))
    }
}
