//! Writes whose results are not known to have reached the reader: he may leave before.

use super::Run;

/// Lines that wrote, one behind the other, whose results were not written yet.
#[derive(Debug)]
pub(super) struct Unwritten {
    first: u64,
    last: u64,
    count: u64,
}

impl Run<'_> {
    /// Notes that a line has written and has a result to show.
    pub(super) fn note_unwritten(&mut self, number: u64) {
        if self.screen.has_written_all() {
            self.unwritten = None;
        }
        let unwritten =
            self.unwritten.get_or_insert(Unwritten { first: number, last: number, count: 0 });
        unwritten.last = number;
        unwritten.count += 1;
    }

    /// Tells which lines were applied though nobody has read so, where the reader has left.
    pub(super) fn tell_unwritten(&mut self) {
        if self.screen.has_written_all() {
            return;
        }
        let Some(Unwritten { first, last, count }) = self.unwritten.take() else { return };
        let lines = if count == 1 { "1 line was" } else { &format!("{count} lines were") };
        let text = format!("{lines} applied whose results could not be written");
        let place = if first == last { first.to_string() } else { format!("{first}-{last}") };
        self.screen.error(&format!("{}:{place}: {text}", self.rules.name));
    }
}
