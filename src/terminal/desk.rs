//! What waits to be shown.

use std::io;

use super::prompt::{Prompt, Stage};
use crate::output::gap;

/// Bytes of events that wait for whoever has stopped reading; of more only the number is kept.
const MOST_WAITING: usize = 1024 * 1024;

/// What waits to be shown.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about one screen")]
pub(super) struct Desk {
    /// On its way to standard output, in this order.
    pub(super) bytes: Vec<u8>,
    /// On its way to standard error, after `bytes`.
    pub(super) asides: Vec<u8>,
    /// Whether the writer's thread is to write `bytes` and `asides` now.
    pub(super) urgent: bool,
    /// Events whose place has not come: a command is printing, or a prompt stands.
    pub(super) events: Vec<u8>,
    /// Events that found no room.
    pub(super) left_out: u64,
    /// Whether a command's result has begun and not ended.
    pub(super) inside: bool,
    /// Whether events wait for something else that has the terminal, and whether that is another
    /// program.
    pub(super) held: bool,
    pub(super) guest: bool,
    pub(super) prompt: Prompt,
    /// The first failure to write; nothing is written after it.
    pub(super) failure: Option<io::ErrorKind>,
    pub(super) closed: bool,
}

impl Desk {
    /// Returns whether another event can wait, and counts one that cannot. None is taken before
    /// those left out are told, so that it is told in their place.
    pub(super) fn has_room(&mut self) -> bool {
        let waiting = self.bytes.len() + self.asides.len() + self.events.len();
        let has_room = self.left_out == 0 && waiting < MOST_WAITING;
        self.left_out += u64::from(!has_room);
        has_room
    }

    /// Says how many events were left out, once those before them are on their way.
    pub(super) fn take_left_out(&mut self) -> Option<String> {
        if self.left_out == 0 {
            return None;
        }
        Some(format!("Gap: {}\n", gap::left_out(std::mem::take(&mut self.left_out))))
    }

    /// Lets the events follow what was printed before, unless they must wait.
    pub(super) fn place_events(&mut self) {
        let waits = self.inside || self.held || self.prompt.stage != Stage::Away;
        if !waits && !self.events.is_empty() {
            self.bytes.append(&mut self.events);
            self.urgent = true;
        }
    }
}
