//! Requests and their replies, as they went: kept while somebody observes the session.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Session, Stamp, lock};
use crate::error::Code;

/// Exchanges that are kept. Beyond, the oldest are only counted.
const MOST: usize = 1024;

/// A request and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The operation, as ZooKeeper names it: `getData`.
    pub operation: &'static str,
    /// The path; empty where there is none.
    pub path: String,
    /// The number of the request on its connection.
    pub xid: i32,
    /// The zxid of the reply.
    pub zxid: Option<i64>,
    /// The server's refusal; none where it did what was asked.
    pub error: Option<Code>,
    /// Bytes of the request and of the reply.
    pub bytes: (usize, usize),
    /// From the moment in which the request was queued to its reply.
    pub took: Duration,
    /// When the reply arrived.
    pub at: Stamp,
}

/// What was observed and not taken yet.
#[derive(Default)]
pub(super) struct Exchanges {
    kept: VecDeque<Exchange>,
    forgotten: u64,
}

impl Exchanges {
    pub(super) fn push(&mut self, exchange: Exchange) {
        if self.kept.len() == MOST {
            self.kept.pop_front();
            self.forgotten += 1;
        }
        self.kept.push_back(exchange);
    }
}

impl Exchange {
    pub(super) fn of_client(exchange: &zookeeper::Exchange, at: Stamp) -> Self {
        Self {
            operation: exchange.request.op().name(),
            path: exchange.request.path().to_string(),
            xid: exchange.xid,
            zxid: exchange.zxid.map(|zxid| zxid.0),
            error: exchange.reply.as_ref().err().map(|code| Code::from_number(code.number())),
            bytes: (exchange.sent_bytes, exchange.received_bytes),
            took: exchange.took,
            at,
        }
    }
}

impl Session {
    /// Starts or stops to keep requests and their replies. What is asked of another session is not
    /// observed until this is called again.
    pub fn observe_exchanges(&self, observe: bool) {
        if let Some(connection) = self.current() {
            connection.client.observe(observe);
        }
        *lock(&self.0.exchanges) = Exchanges::default();
    }

    /// Takes the exchanges that were observed, the oldest first, and how many more there were before
    /// them.
    pub fn take_exchanges(&self) -> (Vec<Exchange>, u64) {
        self.deliver();
        let exchanges = std::mem::take(&mut *lock(&self.0.exchanges));
        (exchanges.kept.into(), exchanges.forgotten)
    }

    pub(super) fn note_exchange(&self, exchange: &zookeeper::Exchange, at: Stamp) {
        lock(&self.0.exchanges).push(Exchange::of_client(exchange, at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_and_the_rest_is_counted() {
        let exchange = |xid| Exchange {
            operation: "getData",
            path: "/a".to_owned(),
            xid,
            zxid: None,
            error: None,
            bytes: (0, 0),
            took: Duration::ZERO,
            at: Stamp::default(),
        };
        let mut exchanges = Exchanges::default();
        for xid in 0..1030 {
            exchanges.push(exchange(xid));
        }
        assert_eq!((exchanges.kept.len(), exchanges.forgotten), (MOST, 6));
        assert_eq!(exchanges.kept.front().map(|exchange| exchange.xid), Some(6));
    }
}
