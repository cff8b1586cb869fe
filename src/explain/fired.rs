//! A log of the events since a command started.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::zk::Event;

/// The maximum number of events that are kept.
const MOST: usize = 256;

/// An event, with the number and the name of the session that received it. The name is set only if
/// the shell has several sessions.
type Entry = (usize, Option<String>, Event);

/// The log of events. Clones share the same log.
#[derive(Debug, Clone, Default)]
pub struct FiredLog(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    events: Mutex<VecDeque<Entry>>,
    changed: Notify,
}

impl FiredLog {
    /// Adds an event that a session received.
    pub fn note(&self, number: usize, session: Option<&str>, event: &Event) {
        let mut events = self.events();
        if events.len() == MOST {
            events.pop_front();
        }
        events.push_back((number, session.map(str::to_owned), event.clone()));
        drop(events);
        self.0.changed.notify_one();
    }

    /// Removes all events.
    pub fn clear(&self) {
        self.events().clear();
    }

    /// Removes and returns all events, oldest first.
    pub fn take(&self) -> Vec<Entry> {
        self.events().drain(..).collect()
    }

    /// Returns whether a session has received an event.
    pub fn has_of(&self, number: usize) -> bool {
        self.events().iter().any(|(of, ..)| *of == number)
    }

    /// Waits until an event was added since the last call.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }

    fn events(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        self.0.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
