//! A command that another command runs: `time` and `repeat` have one.

use super::{Invocation, words};
use crate::dialect::Dialect;
use crate::dispatch::{Words, WrappedWord};
use crate::error::{Error, Result};

/// The words behind the options of the outer command.
#[derive(Debug, clap::Args)]
pub(super) struct WrappedCommand {
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
    /// Reads the command that is to run.
    pub(super) fn invocation(&self) -> Result<Invocation> {
        let typed: Vec<_> = self.words.iter().map(|word| word.0.clone()).collect();
        // Read once as part of the whole line, they mean the same in either dialect.
        words(Words::from(typed), Dialect::default())?
            .ok_or_else(|| Error::usage("Missing: command"))
    }
}
