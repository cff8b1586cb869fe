//! The thread that makes the editor draw while the user does not type, and makes it return if
//! needed.

use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::output_queue::OutputQueue;
use super::prompt_state::{Redraw, Wanted};
use super::writer::Writer;

/// A redraw request prints this in place of the prompt, which the editor has just erased. The
/// editor needs a final newline: moving up first keeps the terminal from scrolling, and saving the
/// cursor position lets us return to it even if the cursor could not move up.
pub const REDRAW_REQUEST: &str = "\x1b7\x1b[A\n";

/// Restores the cursor position that the request saved.
pub(super) const UNDO_REQUEST: &str = "\x1b8";

/// Wakes the editor; see [`Redrawer::run`].
pub struct Redrawer(Arc<Writer>);

impl Redrawer {
    pub(super) fn new(writer: Arc<Writer>) -> Self {
        Self(writer)
    }

    /// Waits for events and changes of the prompt until the screen is dropped.
    ///
    /// - `request_redraw` makes the editor erase its prompt, write [`REDRAW_REQUEST`] and draw.
    ///
    /// - `ask_to_return` makes the editor return without a line.
    ///
    /// - `make_room` ensures that this many rows are free below the cursor, and leaves the cursor
    ///   at the same place in the text.
    ///
    /// - `words` returns the current text of the prompt.
    ///
    /// The first two must not block.
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
                // A change that arrives while we ask sets this to `Unknown` again.
                queue.prompt.wanted = Wanted::AsShown;
                // `words` reads the state of the session, whose owner may be waiting for the queue
                // at this moment, so release the lock first.
                drop(queue);
                let words = words();
                let mut queue = writer.queue();
                if queue.prompt.wanted != Wanted::Unknown {
                    queue.prompt.wanted = Wanted::Words(words);
                }
            } else if let Some(rows) = queue.prompt.room_to_return()
                && room_made != Some(rows)
            {
                // The terminal may be stopped, and events must not wait for it.
                drop(queue);
                make_room(rows);
                room_made = Some(rows);
            } else if queue.prompt.must_return() {
                room_made = None;
                queue.prompt.asked_to_return = true;
                // The editor cannot return while we hold the lock, so its signal handler is still
                // installed, unless it has failed. Then our signal looks like Ctrl-C, which can be
                // read only with the lock.
                let was_typed = writer.ctrl_c.load(Ordering::SeqCst);
                ask_to_return();
                writer.ctrl_c.store(was_typed, Ordering::SeqCst);
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
        let redraw_in = prompt.redraw_in(!queue.events.is_empty(), Instant::now());
        if queue.is_closed()
            || prompt.must_ask_for_words()
            || prompt.must_return()
            || redraw_in == Some(Duration::ZERO)
        {
            return queue;
        }
        queue = match redraw_in {
            Some(left) => {
                let waited = writer.changed.wait_timeout(queue, left);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => writer.changed.wait(queue).unwrap_or_else(PoisonError::into_inner),
        };
    }
}
