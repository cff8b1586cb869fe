//! A look at a znode that ends with a wait for its next change: watches that nobody else sees.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use zookeeper::{OneshotWatcher, SessionState};

use super::release::Release;
use super::{Event, Session, Stat};
use crate::error::{Code, Error, Result};
use crate::zk::ZnodePath;

/// The next change of a znode; the error says that the session has ended. Dropped, it takes its
/// watch away again where the servers can do that.
pub struct Change {
    event: Option<BoxFuture<'static, Result<Event>>>,
    /// Whether a server would take the removal of a watch for nonsense, and break the connection.
    sticks: bool,
}

impl Future for Change {
    type Output = Result<Event>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(event) = &mut self.event else { return Poll::Pending };
        let polled = event.as_mut().poll(context);
        if polled.is_ready() {
            self.event = None;
        }
        polled
    }
}

impl Drop for Change {
    fn drop(&mut self) {
        if let Some(event) = self.event.take().filter(|_| self.sticks)
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(event);
        }
    }
}

/// What is looked at: its change ends the wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Facet {
    /// Whether there is a znode, and the version of its data.
    Stat,
    /// The data too.
    Data,
    /// The number of children.
    Children,
}

/// A znode as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// None where there is no znode.
    pub stat: Option<Stat>,
    /// The data, where it was asked for and there is a znode.
    pub data: Option<Vec<u8>>,
}

impl Session {
    /// Looks at a znode, which need not exist, and leaves a watch of its own.
    pub async fn look(&self, path: &ZnodePath, facet: Facet) -> Result<(Seen, Change)> {
        self.check_watchable(path)?;
        let sticks = self.releases().await.iter().any(|release| *release < Release(3, 5));
        let at = path.as_str();
        loop {
            let seen = match facet {
                Facet::Stat => return self.look_for(path, sticks).await,
                Facet::Data => self
                    .call(at, async |client| client.get_and_watch_data(at).await)
                    .await
                    .map(|(data, stat, watcher)| (Some(data), stat, watcher)),
                Facet::Children => self
                    .call(at, async |client| client.get_and_watch_children(at).await)
                    .await
                    .map(|(_, stat, watcher)| (None, stat, watcher)),
            };
            match seen {
                Ok((data, stat, watcher)) => {
                    let seen = Seen { stat: Some(stat.into()), data };
                    return Ok((seen, change(watcher, sticks)));
                }
                Err(error) if error.code_of() == Some(Code::NoNode) => {
                    let absent = self.look_for(path, sticks).await?;
                    if absent.0.stat.is_none() {
                        return Ok(absent);
                    }
                    // It was created meanwhile.
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn look_for(&self, path: &ZnodePath, sticks: bool) -> Result<(Seen, Change)> {
        let at = path.as_str();
        let found = self.call(at, async |client| client.check_and_watch_stat(at).await).await;
        let (stat, watcher) = found?;
        Ok((Seen { stat: stat.map(Stat::from), data: None }, change(watcher, sticks)))
    }
}

fn change(watcher: OneshotWatcher, sticks: bool) -> Change {
    let event = async move {
        let event = watcher.changed().await;
        let state = event.session_state;
        Event::of_node(event).ok_or_else(|| ended(state))
    };
    Change { event: Some(event.boxed()), sticks }
}

/// Returns the error for a session that has ended.
pub(super) fn ended(state: SessionState) -> Error {
    match state {
        SessionState::Expired => Error::code(Code::SessionExpired, ""),
        SessionState::AuthFailed => Error::code(Code::AuthFailed, ""),
        _ => super::not_connected(),
    }
}
