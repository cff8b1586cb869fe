//! What a command says about itself, in its own file. Help, man pages, completion, scripts,
//! redaction and questions follow from it; a test lists what a command lacks.

use super::data_hint::DataHint;
use super::{Context, Invocation, Question};
use crate::dispatch::Effects;
use crate::error::Result;
use crate::output::Report;
use crate::session::Operation;

/// What one wants to do with a command: its place in `help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    Look,
    Search,
    Change,
    Copy,
    Watch,
    Protect,
    Session,
    Ensemble,
    Transaction,
    Script,
    Shell,
}

impl Task {
    /// All of them, in the order of `help`.
    pub(super) const ALL: &[Self] = &[
        Self::Look,
        Self::Search,
        Self::Change,
        Self::Copy,
        Self::Watch,
        Self::Protect,
        Self::Session,
        Self::Ensemble,
        Self::Transaction,
        Self::Script,
        Self::Shell,
    ];

    /// Returns the heading in `help`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Search => "search",
            Self::Change => "change",
            Self::Copy => "copy",
            Self::Watch => "watch",
            Self::Protect => "protect",
            Self::Session => "session",
            Self::Ensemble => "ensemble",
            Self::Transaction => "transaction",
            Self::Script => "script",
            Self::Shell => "shell",
        }
    }
}

/// A command with its arguments, whose types and comments say the rest.
pub(super) trait Spec {
    /// The word that is typed.
    const NAME: &'static str;
    /// Other words for it.
    const ALIASES: &'static [&'static str] = &[];
    /// Its place in `help`.
    const TASK: Task;
    /// What people type who come from another shell, and the line that does it here.
    const SEARCH_TERMS: &'static [(&'static str, &'static str)] = &[];
    /// What comes of it.
    type Report: Report + 'static;

    /// Returns what it does, by its arguments; of one that runs another command, that is added.
    fn effects(&self) -> Effects;

    /// Runs it.
    async fn run(&self, cx: &Context) -> Result<Self::Report>;

    /// Returns what a person is to be asked before it runs; none for most commands.
    async fn question(&self, _: &Context) -> Result<Option<Question>> {
        Ok(None)
    }

    /// Returns what it means inside a transaction; none where it runs at once there too.
    async fn operation(&self, _: &Context) -> Option<Result<Operation>> {
        None
    }

    /// Returns the command that it runs, if it runs one. Which line `redo` means is known to a
    /// shell only.
    fn wrapped(&self, _: Option<&Context>) -> Option<Result<Invocation>> {
        None
    }

    /// Returns what to say of data that is stored as typed and may surprise.
    fn data_hint(&self) -> Option<DataHint> {
        None
    }
}
