//! Servers that may be older than 3.6 and so break the connection on `setWatches2`. At first it is
//! sent to every server: only a client with persistent watches needs it, and some server has
//! accepted those.

use std::collections::HashMap;
use std::time::Duration;

use crate::dial::Dial;
use crate::host::Host;
use crate::word::{self, Release};

/// How long a suspect may take to tell its version.
const ANSWER: Duration = Duration::from_secs(1);

/// Number of tries for a suspect that does not tell its version.
const TRIES: u32 = 3;

/// What is known of hosts that broke the connection.
#[derive(Debug, Default)]
pub(crate) struct Suspects(HashMap<Host, Suspect>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Suspect {
    /// The number of broken connections, which may have other causes.
    Broke(u32),
    Old,
}

impl Suspects {
    /// Records that a connection broke before the request was answered.
    pub(super) fn broke(&mut self, host: &Host) {
        match self.0.entry(host.clone()).or_insert(Suspect::Broke(0)) {
            Suspect::Broke(times) if *times + 1 < TRIES => *times += 1,
            suspect => *suspect = Suspect::Old,
        }
    }

    /// Records that a server does not support the request.
    pub(super) fn is_known_old(&mut self, host: &Host) {
        self.0.insert(host.clone(), Suspect::Old);
    }

    /// Records that a server has answered the request.
    pub(super) fn clear(&mut self, host: &Host) {
        self.0.remove(host);
    }

    /// Returns whether a server is too old for the request.
    pub(super) fn is_old(&self, host: &Host) -> bool {
        self.0.get(host) == Some(&Suspect::Old)
    }

    /// Asks a host for its version, if it is a suspect.
    pub(super) async fn ask(&mut self, dial: &dyn Dial, host: &Host) {
        let Some(suspect) = self.0.get_mut(host) else { return };
        let answer = word::ask(dial, host, "srvr", ANSWER).await;
        match answer.ok().as_deref().and_then(Release::parse) {
            Some(Release::Apache(major, minor, _)) if (major, minor) < (3, 6) => {
                *suspect = Suspect::Old;
            }
            // ClickHouse Keeper supports it too.
            Some(_) => {
                self.0.remove(host);
            }
            None => {}
        }
    }
}
