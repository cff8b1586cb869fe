//! Events that have come since a command began.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::zk::Event;

/// Most events that are kept.
const MOST: usize = 256;

/// An event: the number and the name of the session that it came to; the name only where the shell
/// has more than one.
type Entry = (usize, Option<String>, Event);

/// The events that have come. Clones are handles of the same log.
#[derive(Debug, Clone, Default)]
pub struct FiredLog(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    events: Mutex<VecDeque<Entry>>,
    changed: Notify,
}

impl FiredLog {
    /// Notes an event that came to a session.
    pub fn note(&self, number: usize, session: Option<&str>, event: &Event) {
        let mut events = self.events();
        if events.len() == MOST {
            events.pop_front();
        }
        events.push_back((number, session.map(str::to_owned), event.clone()));
        drop(events);
        self.0.changed.notify_one();
    }

    /// Forgets all.
    pub fn clear(&self) {
        self.events().clear();
    }

    /// Takes all, the oldest first.
    pub fn take(&self) -> Vec<Entry> {
        self.events().drain(..).collect()
    }

    /// Returns whether an event came to a session.
    pub fn has_of(&self, number: usize) -> bool {
        self.events().iter().any(|(of, ..)| *of == number)
    }

    /// Waits until an event was noted since the last call.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }

    fn events(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        self.0.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
