//! The queue of output that waits to be written, and the reasons why it waits.

use std::io;

use super::prompt_state::{Prompt, PromptState};
use crate::bounded_queue::BoundedQueue;
use crate::output::gap;

/// Maximum bytes of events that wait for a stalled reader. Events beyond it are only counted.
const MOST_WAITING: usize = 1024 * 1024;

/// What currently uses the terminal or the pipe. Events wait until it has finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Foreground {
    /// Nothing, or a prompt.
    #[default]
    Nothing,
    /// A command that has printed a part of its result.
    Result,
    /// A question on the terminal.
    Question,
    /// Another program, such as an editor or a pager.
    ChildProgram,
}

/// Whether output can still be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Output {
    #[default]
    Open,
    /// The first write error; nothing is written after it.
    Failed(io::ErrorKind),
    /// The screen has been dropped.
    Closed,
}

/// Output that waits to be written.
pub(super) struct OutputQueue {
    /// Bytes for standard output.
    pub(super) stdout: Vec<u8>,
    /// Bytes for standard error, written after `stdout`.
    pub(super) stderr: Vec<u8>,
    /// Whether the writer thread should write both at once.
    pub(super) urgent: bool,
    /// Events that must still wait.
    pub(super) events: BoundedQueue<Vec<u8>>,
    pub(super) foreground: Foreground,
    pub(super) prompt: Prompt,
    /// The prompt on a terminal that cannot move its cursor, while the user types a line.
    pub(super) plain_prompt: Option<String>,
    pub(super) output: Output,
}

impl Default for OutputQueue {
    fn default() -> Self {
        Self {
            stdout: Vec::new(),
            stderr: Vec::new(),
            urgent: false,
            events: BoundedQueue::new(MOST_WAITING),
            foreground: Foreground::default(),
            prompt: Prompt::default(),
            plain_prompt: None,
            output: Output::default(),
        }
    }
}

impl OutputQueue {
    /// Queues an event for standard output, or only counts it if the queue is full.
    pub(super) fn push_event(&mut self, text: &[u8]) {
        let elsewhere = self.stdout.len() + self.stderr.len();
        self.events.push_beside(elsewhere, (), text.len(), text.to_vec());
    }

    /// Queues an event for standard error, or only counts it if the queue is full.
    pub(super) fn push_aside(&mut self, text: &[u8]) {
        let elsewhere = self.stdout.len() + self.stderr.len();
        if self.events.admit((), text.len(), elsewhere) {
            self.stderr.extend_from_slice(text);
        }
    }

    /// Takes all waiting events.
    pub(super) fn take_events(&mut self) -> Vec<u8> {
        std::iter::from_fn(|| self.events.take_item()).flatten().collect()
    }

    /// Takes the line that reports dropped events, once all events before the gap have been taken.
    pub(super) fn take_gap(&mut self) -> Option<String> {
        let count = self.events.take_gap()?;
        Some(format!("Gap: {}\n", gap::left_out(count)))
    }

    /// Moves waiting events to standard output, unless they must still wait.
    pub(super) fn place_events(&mut self) {
        let free = self.foreground == Foreground::Nothing && self.prompt.state == PromptState::Idle;
        if free && !self.events.is_empty() {
            let events = self.take_events();
            if self.plain_prompt.is_some() {
                self.stdout.push(b'\n');
            }
            self.stdout.extend(events);
            self.stdout.extend(self.plain_prompt.iter().flat_map(|words| words.bytes()));
            self.urgent = true;
        }
    }

    /// Returns whether the writer thread has something to write.
    pub(super) fn is_due(&self) -> bool {
        self.urgent && self.prompt.state == PromptState::Idle
    }

    pub(super) fn is_closed(&self) -> bool {
        self.output == Output::Closed
    }
}
