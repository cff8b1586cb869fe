//! The state of the prompt at the bottom of the terminal. No input or output.

/// Where the line editor stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum PromptState {
    /// There is no prompt: a command runs.
    #[default]
    Idle,
    /// The editor has been called and has not drawn yet.
    Starting,
    /// The prompt stands, and the editor may be disturbed.
    Editing,
    /// The editor is about to return.
    Returning,
}

/// What stands on the terminal of this prompt since the last command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum PromptLine {
    /// Nothing.
    #[default]
    NotDrawn,
    /// The prompt, at the bottom.
    Drawn,
    /// The prompt at the bottom, and another one above the events that came meanwhile.
    LeftAbove,
}

/// The words that should stand on the terminal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Wanted {
    /// Those that do.
    #[default]
    AsShown,
    Words(String),
    /// Something has changed: they are to be asked for.
    Unknown,
}

/// Whose words the editor shows in place of the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Words {
    /// Our prompt.
    #[default]
    Ours,
    /// The editor's own, such as those of a search.
    Editors,
}

/// Whether the editor must draw although nobody types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Redraw {
    #[default]
    NotNeeded,
    /// Something has changed that is to be drawn.
    Wanted,
    /// The editor has been told. It answers with a draw, perhaps after some keys.
    Requested,
}

/// What makes the editor draw the next time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum DrawCause {
    /// A key.
    Key,
    /// The editor itself: it starts, or answers a request.
    #[default]
    Editor,
}

/// Why the editor returned without a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returned {
    /// The user does not want the line.
    Interrupted,
    /// The prompt is to be drawn again in other words, with the line as it was.
    NewWords,
    /// The window has another width: the same, with its rows counted again.
    Resized,
    /// Another program has used the terminal: the same, below that.
    Disturbed,
    /// No more lines are wanted.
    Ended,
}

/// The prompt.
#[derive(Debug, Default)]
pub(super) struct Prompt {
    pub(super) state: PromptState,
    pub(super) line: PromptLine,
    /// The words on the terminal.
    pub(super) shown: String,
    pub(super) wanted: Wanted,
    pub(super) words: Words,
    pub(super) redraw: Redraw,
    pub(super) cause: DrawCause,
    /// What has happened to the terminal behind the editor's back.
    pub(super) upset: Option<Returned>,
    /// Whether the editor has been asked to return without a line.
    pub(super) asked_to_return: bool,
    /// Whether no more lines are wanted. It outlasts this prompt.
    pub(super) ended: bool,
}

impl Prompt {
    /// Starts the first prompt after a command.
    pub(super) fn start(&mut self, words: String) {
        *self = Self {
            state: PromptState::Starting,
            shown: words,
            wanted: match self.wanted {
                Wanted::Unknown => Wanted::Unknown,
                Wanted::AsShown | Wanted::Words(_) => Wanted::AsShown,
            },
            redraw: self.redraw,
            ended: self.ended,
            ..Self::default()
        };
    }

    /// Starts the same prompt again.
    pub(super) fn restart(&mut self) {
        self.state = PromptState::Starting;
        // Newer words may be known by now.
        self.wanted = Wanted::Unknown;
        self.upset = None;
        self.asked_to_return = false;
        self.cause = DrawCause::Editor;
    }

    /// Notes what has happened to the terminal while a prompt stands.
    pub(super) fn upset(&mut self, how: Returned) {
        // A terminal that another program has used has no rows of ours to count.
        if self.state != PromptState::Idle && self.upset != Some(Returned::Disturbed) {
            self.upset = Some(how);
        }
    }

    /// Returns why the editor is to return without a line, if it is.
    fn reason_to_return(&self) -> Option<Returned> {
        if self.ended {
            return Some(Returned::Ended);
        }
        let outdated = self.words == Words::Ours
            && matches!(&self.wanted, Wanted::Words(wanted) if *wanted != self.shown);
        self.upset.or(outdated.then_some(Returned::NewWords))
    }

    /// Returns whether the editor is to be asked to return.
    pub(super) fn must_return(&self) -> bool {
        self.state == PromptState::Editing
            && !self.asked_to_return
            && self.reason_to_return().is_some()
    }

    /// Returns whether the editor is to be told to draw; `events` if there are some for it.
    pub(super) fn must_redraw(&self, events: bool) -> bool {
        // An editor that was asked to return draws soon by itself. A request that found it gone
        // would be printed with nobody to answer.
        let reachable = self.state == PromptState::Editing && !self.asked_to_return;
        reachable
            && match self.redraw {
                Redraw::NotNeeded => events,
                Redraw::Wanted => true,
                Redraw::Requested => false,
            }
    }

    /// Returns whether the words are to be asked for.
    pub(super) fn must_ask_for_words(&self) -> bool {
        self.wanted == Wanted::Unknown && self.state != PromptState::Idle
    }

    /// Notes that the editor returned without a line; returns why.
    pub(super) fn returned(&mut self) -> Returned {
        self.state = PromptState::Returning;
        match self.reason_to_return() {
            Some(Returned::Ended) => Returned::Ended,
            _ if !self.asked_to_return => Returned::Interrupted,
            // The words may have changed back meanwhile.
            reason => reason.unwrap_or(Returned::NewWords),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn editing() -> Prompt {
        Prompt { state: PromptState::Editing, ..Prompt::default() }
    }

    #[test]
    fn an_editor_that_is_leaving_is_not_told_to_draw() {
        let mut prompt = editing();
        assert!(prompt.must_redraw(true));
        prompt.asked_to_return = true;
        assert!(!prompt.must_redraw(true));
    }

    #[test]
    fn a_search_is_not_interrupted_by_new_words() {
        let mut prompt = Prompt { wanted: Wanted::Words("new> ".to_owned()), ..editing() };
        assert!(prompt.must_return());
        prompt.words = Words::Editors;
        assert!(!prompt.must_return());
    }

    #[test]
    fn the_end_goes_before_every_other_reason() {
        let mut prompt = Prompt { upset: Some(Returned::Resized), ..editing() };
        assert!(prompt.must_return());
        // Ctrl-C came first.
        assert_eq!(prompt.returned(), Returned::Interrupted);
        prompt.asked_to_return = true;
        assert_eq!(prompt.returned(), Returned::Resized);
        prompt.ended = true;
        assert_eq!(prompt.returned(), Returned::Ended);
    }
}
