//! The command that another one runs, such as `time` and `repeat`.

use super::arguments::WrappedWord;
use super::invocation::Invocation;
use super::parse::words;
use super::{Globbed, Table, Words};
use crate::dialect::Dialect;
use crate::error::{Error, Result};

/// The words behind the options of the outer command.
#[derive(Debug, clap::Args)]
pub struct WrappedCommand {
    /// Command to run, with its arguments
    #[arg(
        value_name = "command",
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    words: Vec<WrappedWord>,
    #[arg(skip)]
    patterns: Option<Globbed>,
}

impl WrappedCommand {
    /// Returns the words of the wrapped command.
    pub fn words(&self) -> Words {
        Words::from(self.words.iter().map(|word| word.0.clone()).collect::<Vec<_>>())
    }

    /// Parses the wrapped command.
    pub fn invocation<T: Table>(&self) -> Result<Invocation<T>> {
        let mut invocation: Invocation<T> = read(self.words())?;
        invocation.expand(self.patterns.clone());
        Ok(invocation)
    }

    /// Returns where the patterns in the path of the wrapped command are kept.
    pub fn patterns(&mut self) -> &mut Option<Globbed> {
        &mut self.patterns
    }
}

/// Parses the words of a wrapped command.
pub(super) fn read<T: Table>(typed: Words) -> Result<Invocation<T>> {
    // The words have been split with the whole line, so they mean the same in either dialect.
    words(typed, Dialect::default())?.ok_or_else(|| Error::usage("Missing: command"))
}
