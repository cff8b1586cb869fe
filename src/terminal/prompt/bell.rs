//! The thread that makes the editor draw when nobody types.

use std::sync::{Arc, PoisonError};

use crate::terminal::{Desk, Shared};

/// Wakes the editor; see [`Bell::serve`].
pub struct Bell(Arc<Shared>);

impl Bell {
    pub(super) fn of(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// Waits for events and for new words until the screen is dropped. `ring` makes the editor
    /// wipe its prompt, write [`BELL`](super::BELL) and draw; `give_up` makes it return without a line; neither
    /// may block. `wanted` returns the words that the prompt should have now.
    pub fn serve(
        self,
        mut ring: impl FnMut(),
        mut give_up: impl FnMut(),
        wanted: impl Fn() -> String,
    ) {
        let shared = self.0;
        loop {
            let idle = |desk: &mut Desk| !desk.closed && !desk.prompt.needs_bell(&desk.events);
            let mut desk =
                shared.news.wait_while(shared.desk(), idle).unwrap_or_else(PoisonError::into_inner);
            if desk.closed {
                return;
            }
            if desk.prompt.stale {
                desk.prompt.stale = false;
                // The words are made of the session's state, whose owner may be waiting for the
                // desk just now.
                drop(desk);
                let words = wanted();
                shared.desk().prompt.wanted = words;
            } else if desk.prompt.is_over() {
                desk.prompt.asked = true;
                // With the desk locked the editor cannot leave: its signal handler is in place.
                give_up();
            } else {
                desk.prompt.rung = true;
                ring();
            }
        }
    }
}
