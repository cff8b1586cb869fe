//! Output waiting to be written, and what it waits for.

use std::io;

use super::prompt_state::{Prompt, PromptState};
use crate::bounded_queue::BoundedQueue;
use crate::output::gap;

/// Bytes of events that wait for a reader who has stopped; of more only the number is kept.
const MOST_WAITING: usize = 1024 * 1024;

/// What has the terminal, or the pipe. While it has, events wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Foreground {
    /// Nothing, or a prompt.
    #[default]
    Nothing,
    /// A command's result that has begun and not ended.
    Result,
    /// A question on the terminal.
    Question,
    /// Another program.
    ChildProgram,
}

/// Whether output is still written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Output {
    #[default]
    Open,
    /// The first failure to write; nothing is written after it.
    Failed(io::ErrorKind),
    /// The screen has been dropped.
    Closed,
}

/// What waits to be written.
pub(super) struct OutputQueue {
    /// On its way to standard output.
    pub(super) stdout: Vec<u8>,
    /// On its way to standard error, after `stdout`.
    pub(super) stderr: Vec<u8>,
    /// Whether the writer's thread is to write both now.
    pub(super) urgent: bool,
    /// Events whose place has not come.
    pub(super) events: BoundedQueue<Vec<u8>>,
    pub(super) foreground: Foreground,
    pub(super) prompt: Prompt,
    /// The prompt on a terminal that cannot move its cursor, while a line is typed behind it.
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
    /// Adds an event for standard output, or counts it if there is no room.
    pub(super) fn push_event(&mut self, text: &[u8]) {
        let elsewhere = self.stdout.len() + self.stderr.len();
        self.events.push_beside(elsewhere, (), text.len(), text.to_vec());
    }

    /// Adds an event for standard error, or counts it if there is no room.
    pub(super) fn push_aside(&mut self, text: &[u8]) {
        let elsewhere = self.stdout.len() + self.stderr.len();
        if self.events.admit((), text.len(), elsewhere) {
            self.stderr.extend_from_slice(text);
        }
    }

    /// Takes all events that wait.
    pub(super) fn take_events(&mut self) -> Vec<u8> {
        std::iter::from_fn(|| self.events.take_item()).flatten().collect()
    }

    /// Takes the line that says how many events found no room, once those before them are taken.
    pub(super) fn take_gap(&mut self) -> Option<String> {
        let count = self.events.take_gap()?;
        Some(format!("Gap: {}\n", gap::left_out(count)))
    }

    /// Lets the events follow what was printed before, unless they must wait.
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

    /// Returns whether the writer's thread has something to do.
    pub(super) fn is_due(&self) -> bool {
        self.urgent && self.prompt.state == PromptState::Idle
    }

    pub(super) fn is_closed(&self) -> bool {
        self.output == Output::Closed
    }
}
