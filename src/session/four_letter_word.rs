//! Four-letter words, sent to servers over the session's transport but outside the session.

use std::time::Duration;

use zookeeper::{Cause, Cut, ask_word};

use super::failure::{advice, why};
use super::{CheckFailure, Session, State};
use crate::zk::Host;

/// The time limit of a reply, unless the session's timeout is shorter. `wchp` and `dump` of a busy server take seconds.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// The maximum size of a reply in bytes. `cons` of 10,000 connections has 2 MB.
pub(super) const MAX_BYTES: usize = 16 << 20;

/// How long to wait for the session to connect, before servers are asked that may not be its own.
const CONNECT_WAIT: Duration = Duration::from_secs(2);

/// What a server has replied to a question outside the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerReply {
    /// The bytes of the reply.
    pub bytes: Vec<u8>,
    /// Whether the connection was encrypted.
    pub is_encrypted: bool,
    /// Why the reply may be incomplete, in words that follow the host's name.
    pub cut: Option<String>,
}

impl Session {
    /// Returns the servers to ask for the one that the session is connected to: this one, or, if the
    /// session has none, all of the list, of which the first that answers counts.
    pub async fn servers_to_ask(&self) -> Vec<Host> {
        if self.state() == State::Connecting {
            // Ignore the error: without a session the list of servers is asked.
            let _ = self.connected(CONNECT_WAIT).await;
        }
        let connected = self.current().and_then(|connection| connection.client.facts().host);
        match connected {
            Some(host) => vec![Host { name: host.name, port: host.port }],
            None => self.servers().map(|servers| servers.hosts().to_vec()).unwrap_or_default(),
        }
    }

    /// Returns how long to wait for a reply outside the session.
    pub(super) fn reply_time(&self) -> Duration {
        self.0.settings.timeout.min(TIME_LIMIT)
    }

    /// Sends a four-letter word to a server.
    pub async fn ask_word(&self, host: &Host, word: &str) -> Result<ServerReply, CheckFailure> {
        let dial = self.0.settings.transport.dial();
        let host = zookeeper::Host { name: host.name.clone(), port: host.port };
        let time = self.reply_time();
        match ask_word(&*dial, &host, word, time, MAX_BYTES).await {
            Ok(reply) => Ok(ServerReply {
                bytes: reply.bytes,
                is_encrypted: reply.is_encrypted,
                cut: reply.cut.map(|cut| cut_words(&cut, time)),
            }),
            Err(cause) => Err(check_failure(&cause)),
        }
    }
}

/// Describes a reply that was cut, in words that follow the host's name.
pub(super) fn cut_words(cut: &Cut, time: Duration) -> String {
    match cut {
        Cut::TooLong => format!("replies with more than {MAX_BYTES} bytes; the rest was not read"),
        Cut::Broken(cause) => format!("broke off its reply ({cause})"),
        _ => format!("has not ended its reply within {time:?}"),
    }
}

pub(super) fn check_failure(cause: &Cause) -> CheckFailure {
    CheckFailure { why: why(cause, false), advice: advice(cause) }
}
