//! What a new connection sends before ordinary requests.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Connection;
use crate::connection::Session;
use crate::connection::watch_parts::parts;
use crate::encode;

impl Connection {
    /// Takes over the requests that were sent while the session opened.
    pub(super) fn take_early(&mut self, unwritten: Vec<u8>) {
        let early = self.shared.queue().drain_early();
        if early.is_empty() {
            return;
        }
        for mut entry in early {
            self.queued += entry.length as u64;
            entry.ends_at = self.queued;
            self.replies.expects(entry);
        }
        self.written = self.queued - unwritten.len() as u64;
        self.outbox = unwritten;
        self.replies.count();
    }

    /// Writes what precedes all requests: credentials, then watches.
    pub(super) fn introduce(&mut self, session: &Session) {
        for credentials in &session.credentials {
            encode::auth(&credentials.scheme, &credentials.auth, &mut self.outbox);
            self.replies.expects_auth(Arc::clone(&credentials.scheme));
        }
        let lists = {
            let mut registry = self.shared.registry();
            registry.uncover();
            registry.paths()
        };
        let has_persistent = lists[3..].iter().any(|list| !list.is_empty());
        let is_old = session.suspects.is_old(&self.host);
        if has_persistent && is_old {
            self.replies.cannot_leave(&lists[3..]);
        }
        // Every release knows `setWatches`, which covers the other three kinds.
        let count = if has_persistent && !is_old { 5 } else { 3 };
        let seen = self.shared.last_zxid.load(Ordering::Relaxed);
        for part in parts(&lists[..count]) {
            encode::set_watches(seen, &part, &mut self.outbox);
            self.replies.expects_watches(count == 5);
        }
        self.queued = self.written + self.outbox.len() as u64;
    }
}
