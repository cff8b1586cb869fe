//! The description of a command, which each command gives in its own file. Help, man pages,
//! completion, scripts, redaction and questions are derived from it, and a test lists what is
//! missing.

use std::future::{Future, ready};

use super::{Context, Data, DataHint, Effects, Globbed, Globs, Question, Wrapped};
use crate::error::Result;
use crate::output::Report;
use crate::session::Operation;
use crate::zk::TypedPath;

/// What a command is for, which decides its place in `help`.
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
    /// Watch for changes.
    Watch,
    /// Control permissions and quotas.
    Protect,
    /// Open, close and name the session.
    Session,
    /// Inspect and change the servers.
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
    /// All tasks, in the order of `help`.
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

/// The protocol operations that a command sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sends {
    /// In order; for many znodes each is repeated.
    pub operations: &'static [&'static str],
    /// Whether the operations are sent for many znodes, or repeatedly.
    pub many: bool,
}

impl Sends {
    /// No operations.
    pub const NOTHING: Self = Self::each(&[]);

    /// Each of these operations once.
    pub const fn each(operations: &'static [&'static str]) -> Self {
        Self { operations, many: false }
    }

    /// These operations for many znodes.
    pub const fn many(operations: &'static [&'static str]) -> Self {
        Self { operations, many: true }
    }
}

/// How a command reaches servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connects {
    /// By the shell's session.
    BySession,
    /// By connections of its own.
    ByItself,
    /// It reaches none, so nobody need be asked for a password.
    Never,
}

/// A command with its arguments, whose types and doc comments tell the rest.
pub trait Spec {
    /// The name that the user types.
    const NAME: &'static str;
    /// Other names for the command.
    const ALIASES: &'static [&'static str] = &[];
    /// The command's place in `help`.
    const TASK: Task;
    /// Words that users of other shells type, each with the line that does the same here.
    const SEARCH_TERMS: &'static [(&'static str, &'static str)] = &[];
    /// Whether patterns in the argument `path` are expanded.
    const GLOBS: Globs = Globs::No;
    /// What a process that runs only this command opens for it.
    const CONNECTS: Connects = Connects::BySession;
    /// The result of the command.
    type Report: Report + 'static;

    /// Returns the effects of the command with its arguments. Those of a wrapped command are added
    /// elsewhere.
    fn effects(&self) -> Effects;

    /// Runs the command.
    fn run(&self, cx: &Context) -> impl Future<Output = Result<Self::Report>>;

    /// Returns the question to ask the user before the command runs; most commands have none.
    fn question(&self, _: &Context) -> impl Future<Output = Result<Option<Question>>> {
        ready(Ok(None))
    }

    /// Returns the command's operation for a transaction, or `None` if it runs at once even there.
    fn operation(&self, _: &Context) -> impl Future<Output = Option<Result<Operation>>> {
        ready(None)
    }

    /// Returns the wrapped command, if there is one. Only a shell knows which line `redo` means.
    fn wrapped(&self, _: Option<&Context>) -> Option<Result<Wrapped>> {
        None
    }

    /// Returns where the patterns in the path of the wrapped command are kept, if the command wraps
    /// one.
    fn wrapped_patterns(&mut self) -> Option<&mut Option<Globbed>> {
        None
    }

    /// Returns the operations that the command sends, for `explain`.
    fn sends(&self) -> Sends {
        Sends::NOTHING
    }

    /// Returns a hint about data that is stored as typed and may surprise.
    fn data_hint(&self) -> Option<DataHint> {
        None
    }

    /// Returns the command for a path and optional data without the help of clap. Only the most
    /// frequent commands of long scripts implement this.
    fn from_path(_: TypedPath, _: Option<Data>) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }
}
