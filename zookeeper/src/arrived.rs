//! What has arrived, and its place in the order of arrival.

use crate::data::{Seq, Zxid};
use crate::error::Error;
use crate::reply::Reply;

/// A value that has arrived, and its place in the order of arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived<T> {
    /// The sequence number among all replies, events and changes of state.
    pub at: Seq,
    /// The zxid in the reply.
    pub zxid: Option<Zxid>,
    /// The value.
    pub value: T,
}

pub(crate) type Outcome = Arrived<Result<Reply, Error>>;
