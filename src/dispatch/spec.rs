//! What a command says about itself, in its own file. Help, man pages, completion, scripts,
//! redaction and questions follow from it, and a test lists what a command lacks.

use std::future::{Future, ready};

use super::{Context, Data, DataHint, Effects, Question, Wrapped};
use crate::error::Result;
use crate::output::Report;
use crate::session::Operation;
use crate::zk::TypedPath;

/// What one wants to do with a command: its place in `help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Look at one znode.
    Look,
    /// Find znodes in a tree.
    Search,
    /// Change znodes.
    Change,
    /// Copy, compare and save trees.
    Copy,
    /// Be told of changes.
    Watch,
    /// Say who may do what, and how much.
    Protect,
    /// Open, close and name the session.
    Session,
    /// See and change the servers.
    Ensemble,
    /// Several operations as one.
    Transaction,
    /// For scripts.
    Script,
    /// Learn.
    Learn,
    /// The shell itself.
    Shell,
}

impl Task {
    /// All of them, in the order of `help`.
    pub const ALL: &[Self] = &[
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
        Self::Learn,
        Self::Shell,
    ];

    /// Returns the heading in `help`.
    pub fn name(self) -> &'static str {
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
            Self::Learn => "learn",
            Self::Shell => "shell",
        }
    }
}

/// The operations that a command sends, by their names in the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sends {
    /// In their order; of many znodes each operation comes many times.
    pub operations: &'static [&'static str],
    /// Whether they are sent for many znodes, or again and again.
    pub many: bool,
}

impl Sends {
    /// Nothing.
    pub const NOTHING: Self = Self::each(&[]);

    /// Each of these once.
    pub const fn each(operations: &'static [&'static str]) -> Self {
        Self { operations, many: false }
    }

    /// These for many znodes.
    pub const fn many(operations: &'static [&'static str]) -> Self {
        Self { operations, many: true }
    }
}

/// A command with its arguments, whose types and comments say the rest.
pub trait Spec {
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
    fn run(&self, cx: &Context) -> impl Future<Output = Result<Self::Report>>;

    /// Returns what a person is to be asked before it runs, or none for most commands.
    fn question(&self, _: &Context) -> impl Future<Output = Result<Option<Question>>> {
        ready(Ok(None))
    }

    /// Returns what it means inside a transaction, or none if it runs at once there too.
    fn operation(&self, _: &Context) -> impl Future<Output = Option<Result<Operation>>> {
        ready(None)
    }

    /// Returns the command that it runs, if it runs one. Which line `redo` means is known to a
    /// shell only.
    fn wrapped(&self, _: Option<&Context>) -> Option<Result<Wrapped>> {
        None
    }

    /// Returns the operations that it sends, for `explain`.
    fn sends(&self) -> Sends {
        Sends::NOTHING
    }

    /// Returns what to say of data that is stored as typed and may surprise.
    fn data_hint(&self) -> Option<DataHint> {
        None
    }

    /// Returns the command that a path and perhaps data mean, where clap need not be asked: the
    /// commonest commands of long scripts say so.
    fn from_path(_: TypedPath, _: Option<Data>) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }
}
