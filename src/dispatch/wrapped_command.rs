//! The command that another one runs, such as `time` and `repeat`.

use super::arguments::WrappedWord;
use super::invocation::Invocation;
use super::parse::words;
use super::{Table, Words};
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
}

impl WrappedCommand {
    /// Returns the words of the wrapped command.
    pub fn words(&self) -> Words {
        Words::from(self.words.iter().map(|word| word.0.clone()).collect::<Vec<_>>())
    }

    /// Parses the wrapped command.
    pub fn invocation<T: Table>(&self) -> Result<Invocation<T>> {
        read(self.words())
    }
}

/// Parses the words of a wrapped command.
pub(super) fn read<T: Table>(typed: Words) -> Result<Invocation<T>> {
    // The words have been split with the whole line, so they mean the same in either dialect.
    words(typed, Dialect::default())?.ok_or_else(|| Error::usage("Missing: command"))
}
