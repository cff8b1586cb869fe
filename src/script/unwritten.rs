//! Reports applied writes whose results may not have reached the reader of the output, who may
//! leave early.

use super::Run;

/// Consecutive lines that wrote and whose results are not written to the output yet.
#[derive(Debug)]
pub(super) struct Unwritten {
    first: u64,
    last: u64,
    count: u64,
}

impl Run<'_> {
    /// Records that a line has written and has a result to show.
    pub(super) fn note_unwritten(&mut self, number: u64) {
        if self.screen.has_written_all() {
            self.unwritten = None;
        }
        let unwritten =
            self.unwritten.get_or_insert(Unwritten { first: number, last: number, count: 0 });
        unwritten.last = number;
        unwritten.count += 1;
    }

    /// Reports which lines were applied although their results could not be written.
    pub(super) fn report_unwritten(&mut self) {
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
