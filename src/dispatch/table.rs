//! What this module needs to know of the list of commands. `command` implements it.

use std::ffi::OsString;
use std::future::Future;
use std::pin::Pin;

use super::invocation::Invocation;
use super::{Context, DataHint, Effects, Question, Sends, Words};
use crate::error::Result;
use crate::output::Report;
use crate::syntax::repeatable_flags;
use crate::zk::TypedPath;

/// The list of commands; a value is one command with its arguments.
pub trait Table: clap::Subcommand + std::fmt::Debug + Sized + 'static {
    /// Makes clap's tree of all commands: the source of help, man pages and completion.
    fn tree() -> clap::Command {
        let line = clap::Command::new("zksh")
            .multicall(true)
            .disable_help_subcommand(true)
            .subcommand_required(true)
            .arg_required_else_help(false);
        repeatable_flags(Self::augment_subcommands(line))
    }

    /// Lends the tree that this thread keeps: to build it takes far longer than to read a line.
    fn with_tree<R>(see: impl FnOnce(&mut clap::Command) -> R) -> R;

    /// Returns what people type who come from another shell, and the line that does it here.
    fn search_terms() -> impl Iterator<Item = (&'static str, &'static str)>;

    /// Returns the command of a line that has only a path and perhaps data, or none if only clap
    /// knows what the line means.
    fn from_path(name: &str, path: &TypedPath, data: Option<&OsString>) -> Option<Self>;

    /// Returns the command that explains another one.
    fn help(name: &str) -> Self;

    /// Returns whether the command ends the shell.
    fn ends_shell(&self) -> bool;

    /// Returns whether a transaction keeps the command for `commit`.
    fn is_transactional(&self) -> bool;

    /// Returns the operations that the command sends.
    fn sends(&self) -> Sends;

    /// Returns whether what the command sends is told where commands are explained.
    fn is_explained(&self) -> bool;

    /// Returns the session in which the command runs, where that is not the current one.
    fn session(&self) -> Option<&str>;

    /// Returns the command that this one runs, if it runs one.
    fn wrapped(&self, cx: Option<&Context>) -> Option<Result<Wrapped>>;

    /// Returns what the command does by itself, without the one that it runs.
    fn own_effects(&self) -> Effects;

    /// Returns what to say of the command's own data.
    fn own_data_hint(&self) -> Option<DataHint>;

    /// Returns what a person is to be asked before the command runs, without the one that it runs.
    fn own_question(&self, cx: &Context) -> impl Future<Output = Result<Option<Question>>>;

    /// Runs the command, or inside a transaction keeps what it means there.
    fn run(&self, cx: &Context) -> impl Future<Output = Result<Box<dyn Report>>>;

    /// Returns what the command does, as far as others must know.
    fn effects(&self, cx: &Context) -> Effects {
        match self.invocation(Some(cx)) {
            Some(Ok(wrapped)) => wrapped.command.effects(cx).long(true),
            Some(Err(_)) => Effects::SHELL,
            // What is explained runs alone, so that what is seen is its own.
            None if cx.explaining.is_on(cx) => self.own_effects().long(true),
            None => self.own_effects(),
        }
    }

    /// Returns what to say of data that is stored as typed and may surprise.
    fn data_hint(&self) -> Option<DataHint> {
        match self.invocation(None) {
            Some(wrapped) => wrapped.ok()?.data_hint(),
            None => self.own_data_hint(),
        }
    }

    /// Returns what a person is to be asked before the command runs, or none for most.
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

    /// Returns the session in which the command, or the innermost one that it runs, is run; none
    /// where that is the current one.
    fn runs_in(&self, cx: &Context) -> Option<String> {
        let inner = self.invocation(Some(cx)).and_then(Result::ok);
        let inner = inner.and_then(|inner| inner.command.runs_in(cx));
        inner.or_else(|| self.session().map(str::to_owned))
    }

    /// Reads the command that this one runs.
    fn invocation(&self, cx: Option<&Context>) -> Option<Result<Invocation<Self>>> {
        self.wrapped(cx)?.and_then(|wrapped| wrapped.invocation(cx)).transpose()
    }
}

/// A command inside another one, before it is read.
#[derive(Debug)]
pub enum Wrapped {
    /// Words of the outer command. Read once as part of the whole line, they mean the same in either
    /// dialect.
    Words(Words),
    /// A whole line.
    Line(String),
}

impl Wrapped {
    /// Reads the command, or none for a line without words.
    fn invocation<T: Table>(self, cx: Option<&Context>) -> Result<Option<Invocation<T>>> {
        match self {
            Self::Words(words) => super::wrapped_command::read(words).map(Some),
            Self::Line(line) => cx.map_or(Ok(None), |cx| cx.reader.read(&line)),
        }
    }
}
