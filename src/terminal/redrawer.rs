//! The thread that makes the editor draw when nobody types, and makes it return when it must.

use std::sync::{Arc, MutexGuard, PoisonError};

use super::output_queue::OutputQueue;
use super::prompt_state::{Redraw, Wanted};
use super::writer::Writer;

/// What a request to redraw prints in place of the prompt, which the editor has just wiped. The
/// editor wants a newline at the end: going up before it keeps the terminal from scrolling, and the
/// saved place is found again also where there was no room to go up.
pub const REDRAW_REQUEST: &str = "\x1b7\x1b[A\n";

/// Goes back to where the request began.
pub(super) const UNDO_REQUEST: &str = "\x1b8";

/// Wakes the editor; see [`Redrawer::run`].
pub struct Redrawer(Arc<Writer>);

impl Redrawer {
    pub(super) fn new(writer: Arc<Writer>) -> Self {
        Self(writer)
    }

    /// Waits for events and for new words until the screen is dropped. `request_redraw` makes the
    /// editor wipe its prompt, write [`REDRAW_REQUEST`] and draw;
    /// `ask_to_return` makes it return without a line; neither may block. `make_room` makes sure that
    /// so many rows are below the cursor, which stays where it is in the text. `words` returns the words
    /// that the prompt should have now.
    pub fn run(
        self,
        mut request_redraw: impl FnMut(),
        mut ask_to_return: impl FnMut(),
        mut make_room: impl FnMut(u16),
        words: impl Fn() -> String,
    ) {
        let writer = self.0;
        let mut room_made = None;
        loop {
            let mut queue = wait_for_work(&writer);
            if queue.is_closed() {
                return;
            }
            if queue.prompt.must_ask_for_words() {
                // A change that comes while we ask makes us ask again.
                queue.prompt.wanted = Wanted::AsShown;
                // The words are made of the session's state, whose owner may be waiting for the
                // queue just now.
                drop(queue);
                let words = words();
                let mut queue = writer.queue();
                if queue.prompt.wanted != Wanted::Unknown {
                    queue.prompt.wanted = Wanted::Words(words);
                }
            } else if let Some(rows) = queue.prompt.room_to_return()
                && room_made != Some(rows)
            {
                // The terminal may be stopped: events must not wait for it.
                drop(queue);
                make_room(rows);
                room_made = Some(rows);
            } else if queue.prompt.must_return() {
                room_made = None;
                queue.prompt.asked_to_return = true;
                // With the queue locked the editor cannot leave: its signal handler is in place.
                ask_to_return();
            } else {
                queue.prompt.redraw = Redraw::Requested;
                queue.prompt.not_before = None;
                request_redraw();
            }
        }
    }
}

/// Waits until there is something to do.
fn wait_for_work(writer: &Writer) -> MutexGuard<'_, OutputQueue> {
    let mut queue = writer.queue();
    loop {
        let prompt = &queue.prompt;
        if queue.is_closed()
            || prompt.must_ask_for_words()
            || prompt.must_return()
            || prompt.must_redraw(!queue.events.is_empty())
        {
            return queue;
        }
        queue = match prompt.redraw_waits() {
            Some(left) => {
                let waited = writer.changed.wait_timeout(queue, left);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => writer.changed.wait(queue).unwrap_or_else(PoisonError::into_inner),
        };
    }
}
