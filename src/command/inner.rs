//! A command that another command runs: `time` and `repeat` have one.

use std::ffi::OsString;

use clap::builder::{OsStringValueParser, TypedValueParser};

use super::{Call, words};
use crate::error::{Error, Result};

/// A word of such a command: the first names it, the others are its own. The type tells whoever
/// completes a line that it begins anew here.
#[derive(Debug, Clone)]
pub struct InnerWord(OsString);

/// The words behind the options of the outer command.
#[derive(Debug, clap::Args)]
pub(super) struct Inner {
    /// Command to run, with its arguments
    #[arg(
        value_name = "command",
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_parser = OsStringValueParser::new().map(InnerWord)
    )]
    words: Vec<InnerWord>,
}

impl Inner {
    /// Reads the command that is to run.
    pub(super) fn call(&self) -> Result<Call> {
        let cut = self.words.iter().map(|word| word.0.clone()).collect();
        words(cut)?.ok_or_else(|| Error::usage("Missing: command"))
    }
}
