//! Pending replies.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::arrived::{Arrived, Outcome};
use crate::data::Seq;
use crate::error::{Cause, Error};
use crate::op::Op;
use crate::permit::Permit;
use crate::reply::Reply;
use crate::request::AnyRequest;
use crate::shared::Shared;

/// A pending reply. The request is sent whether or not this is polled. If it is dropped, the
/// request is still processed and its reply is discarded.
///
/// ```no_run
/// # async fn many(client: zookeeper::Client) {
/// use zookeeper::{Cost, SetData};
///
/// // All are sent in this order. Only `admit` waits, and only for the budget.
/// let mut pending = Vec::new();
/// for number in 0..1000 {
///     let permit = client.admit(Cost(200)).await;
///     pending.push(client.send(permit, SetData::new(format!("/{number}"), "deep")));
/// }
/// for pending in pending {
///     let arrived = pending.await;
///     println!("{:?} {:?}", arrived.at, arrived.value);
/// }
/// # }
/// ```
#[must_use = "the reply is thrown away"]
pub struct Pending<T> {
    pub(crate) waiting: Waiting,
    pub(crate) take: fn(Reply) -> Option<T>,
}

pub(crate) enum Waiting {
    /// Queued or in flight.
    Sent {
        shared: Arc<Shared>,
        id: u64,
        op: Op,
        path: Arc<str>,
        receiver: oneshot::Receiver<Outcome>,
    },
    /// The request was not sent.
    Failed(Option<Box<Outcome>>),
}

impl Waiting {
    /// Queues a request, the last one of the session if `last`.
    pub(crate) fn enqueue(
        shared: &Arc<Shared>,
        permit: Permit,
        request: AnyRequest,
        last: bool,
    ) -> Self {
        let (op, path) = (request.op(), request.path());
        match shared.enqueue(permit, request, last) {
            Ok((id, receiver)) => Self::Sent { shared: Arc::clone(shared), id, op, path, receiver },
            Err(error) => Self::Failed(Some(Box::new(shared.local(error)))),
        }
    }
}

impl<T> std::fmt::Debug for Pending<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pending").finish_non_exhaustive()
    }
}

impl<T> Future for Pending<T> {
    type Output = Arrived<Result<T, Error>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let outcome = match &mut this.waiting {
            Waiting::Sent { receiver, shared, op, path, .. } => {
                match Pin::new(receiver).poll(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(outcome)) => outcome,
                    Poll::Ready(Err(_)) => shared.gone(*op, path),
                }
            }
            Waiting::Failed(outcome) => match outcome.take() {
                Some(outcome) => *outcome,
                None => return Poll::Pending,
            },
        };
        Poll::Ready(this.convert(outcome))
    }
}

impl<T> Pending<T> {
    fn convert(&self, outcome: Outcome) -> Arrived<Result<T, Error>> {
        let Arrived { at, zxid, value } = outcome;
        let value = value.and_then(|reply| {
            (self.take)(reply).ok_or_else(|| Error::Malformed {
                op: self.op(),
                path: "".into(),
                why: "it is one to another request",
            })
        });
        Arrived { at, zxid, value }
    }

    fn op(&self) -> Op {
        match &self.waiting {
            Waiting::Sent { op, .. } => *op,
            Waiting::Failed(_) => Op::Error,
        }
    }

    /// Cancels the request. If it was not sent yet, it never will be, and the result is
    /// [`Error::NotSent`]. If it was sent, its reply is ignored, and the result is
    /// [`Error::Unknown`] for a write. If the reply has already arrived, it is returned.
    pub fn cancel(mut self) -> Arrived<Result<T, Error>> {
        self.end(Cause::Cancelled)
    }

    fn end(&mut self, cause: Cause) -> Arrived<Result<T, Error>> {
        let outcome = match &mut self.waiting {
            Waiting::Failed(outcome) => outcome.take().map(|outcome| *outcome),
            Waiting::Sent { shared, id, op, path, receiver } => {
                let removed = shared.remove(*id);
                receiver.close();
                Some(receiver.try_recv().unwrap_or_else(|_| {
                    let (op, path) = (*op, Arc::clone(path));
                    shared.local(if removed {
                        Error::NotSent { op, path, cause }
                    } else {
                        Error::unanswered(op, path, cause)
                    })
                }))
            }
        };
        match outcome {
            Some(outcome) => self.convert(outcome),
            None => Arrived {
                at: Seq::default(),
                zxid: None,
                value: Err(Error::NotSent {
                    op: Op::Error,
                    path: "".into(),
                    cause: Cause::Cancelled,
                }),
            },
        }
    }

    /// Waits for the reply at most for this time. Then cancels the request like
    /// [`Pending::cancel`], with [`Cause::Deadline`].
    pub async fn within(mut self, time: Duration) -> Arrived<Result<T, Error>> {
        let mut sleep = std::pin::pin!(tokio::time::sleep(time));
        let arrived = poll_fn(|context| {
            if let Poll::Ready(arrived) = Pin::new(&mut self).poll(context) {
                return Poll::Ready(Some(arrived));
            }
            sleep.as_mut().poll(context).map(|()| None)
        })
        .await;
        match arrived {
            Some(arrived) => arrived,
            None => self.end(Cause::Deadline),
        }
    }
}
