//! The interface of the command list for this module. `command` implements it.

use std::ffi::OsString;
use std::future::Future;
use std::pin::Pin;

use super::invocation::Invocation;
use super::{Context, DataHint, Effects, Globbed, Globs, Question, Sends, Words};
use crate::error::Result;
use crate::output::Report;
use crate::syntax::repeatable_flags;
use crate::zk::TypedPath;

/// The list of commands; a value is one command with its arguments.
pub trait Table: clap::Subcommand + std::fmt::Debug + Sized + 'static {
    /// Creates clap's command tree: the source of help, man pages and completion.
    fn tree() -> clap::Command {
        let line = clap::Command::new("zksh")
            .multicall(true)
            .disable_help_subcommand(true)
            .subcommand_required(true)
            .arg_required_else_help(false);
        repeatable_flags(Self::augment_subcommands(line))
    }

    /// Passes this thread's cached tree to `see`: building a tree takes far longer than parsing a
    /// line.
    fn with_tree<R>(see: impl FnOnce(&mut clap::Command) -> R) -> R;

    /// Returns words that users of other shells type, each with the line that does the same here.
    fn search_terms() -> impl Iterator<Item = (&'static str, &'static str)>;

    /// Returns the command of a line with a path and optional data, or `None` if the line needs
    /// clap.
    fn from_path(name: &str, path: &TypedPath, data: Option<&OsString>) -> Option<Self>;

    /// Returns the `help` command for another command.
    fn help(name: &str) -> Self;

    /// Returns whether the command ends the shell.
    fn ends_shell(&self) -> bool;

    /// Returns whether a transaction queues the command until `commit`.
    fn is_transactional(&self) -> bool;

    /// Returns whether patterns in the command's path are expanded.
    fn globs(&self) -> Globs;

    /// Returns the operations that the command sends.
    fn sends(&self) -> Sends;

    /// Returns whether `explain` reports what the command sends.
    fn is_explained(&self) -> bool;

    /// Returns the session in which the command runs, if it is not the current one.
    fn session(&self) -> Option<&str>;

    /// Returns the wrapped command, if there is one.
    fn wrapped(&self, cx: Option<&Context>) -> Option<Result<Wrapped>>;

    /// Returns where the patterns in the path of the wrapped command are kept, if there is one.
    fn wrapped_patterns(&mut self) -> Option<&mut Option<Globbed>>;

    /// Returns the effects of the command itself, without those of the wrapped one.
    fn own_effects(&self) -> Effects;

    /// Returns a hint about the command's own data.
    fn own_data_hint(&self) -> Option<DataHint>;

    /// Returns the command's own question, without that of the wrapped one.
    fn own_question(&self, cx: &Context) -> impl Future<Output = Result<Option<Question>>>;

    /// Runs the command, or queues its operation in a transaction.
    fn run(&self, cx: &Context) -> impl Future<Output = Result<Box<dyn Report>>>;

    /// Returns the effects of the command, including those of the wrapped one.
    fn effects(&self, cx: &Context) -> Effects {
        match self.invocation(Some(cx)) {
            Some(Ok(wrapped)) => wrapped.command.effects(cx).long(true),
            Some(Err(_)) => Effects::SHELL,
            // An explained command runs alone, so that all recorded requests are its own.
            None if cx.explaining.is_on(cx) => self.own_effects().long(true),
            None => self.own_effects(),
        }
    }

    /// Returns a hint about data that is stored as typed and may surprise.
    fn data_hint(&self) -> Option<DataHint> {
        match self.invocation(None) {
            Some(wrapped) => wrapped.ok()?.data_hint(),
            None => self.own_data_hint(),
        }
    }

    /// Returns the question to ask the user before the command runs; most commands have none.
    fn question<'a>(
        &'a self,
        cx: &'a Context,
    ) -> Pin<Box<dyn Future<Output = Result<Option<Question>>> + 'a>> {
        Box::pin(async move {
            let _switched = self.session().map(|name| cx.session.switched_to(name)).transpose()?;
            match self.invocation(Some(cx)) {
                Some(wrapped) => wrapped?.command.question(cx).await,
                None => self.own_question(cx).await,
            }
        })
    }

    /// Returns the session in which the innermost command runs, or `None` if it is the current one.
    fn runs_in(&self, cx: &Context) -> Option<String> {
        let inner = self.invocation(Some(cx)).and_then(Result::ok);
        let inner = inner.and_then(|inner| inner.command.runs_in(cx));
        inner.or_else(|| self.session().map(str::to_owned))
    }

    /// Parses the wrapped command.
    fn invocation(&self, cx: Option<&Context>) -> Option<Result<Invocation<Self>>> {
        self.wrapped(cx)?.and_then(|wrapped| wrapped.invocation(cx)).transpose()
    }
}

/// A wrapped command that is not yet parsed.
#[derive(Debug)]
pub enum Wrapped {
    /// Words of the outer command. They have been split with the whole line, so they mean the same
    /// in either dialect.
    Words(Words),
    /// A whole line.
    Line(String),
}

impl Wrapped {
    /// Parses the command. Returns `None` for a line without words.
    fn invocation<T: Table>(self, cx: Option<&Context>) -> Result<Option<Invocation<T>>> {
        match self {
            Self::Words(words) => super::wrapped_command::read(words).map(Some),
            Self::Line(line) => cx.map_or(Ok(None), |cx| cx.reader.read(&line)),
        }
    }
}
