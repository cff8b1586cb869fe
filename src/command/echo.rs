//! `echo`: print words.

use crate::dispatch::{Context, Effects, FreeWord, Spec, Task};
use crate::error::Result;
use std::os::unix::ffi::OsStrExt;

use crate::output::{Report, Text, json};

/// Print words, one blank between them
#[derive(Debug, clap::Args)]
#[command(override_usage = "echo [word...]", after_long_help = EXAMPLE)]
pub struct Echo {
    /// Words to print
    #[arg(value_name = "word", trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<FreeWord>,
}

const EXAMPLE: &str = "\
Example:
> echo the lakes   of the north:
the lakes of the north:";

impl Spec for Echo {
    const NAME: &'static str = "echo";
    const TASK: Task = Task::Script;
    type Report = Words;

    fn effects(&self) -> Effects {
        Effects::SHELL
    }

    async fn run(&self, _: &Context) -> Result<Words> {
        let words: Vec<&[u8]> = self.words.iter().map(|word| word.0.as_bytes()).collect();
        Ok(Words { text: words.join(&b' ') })
    }
}

/// The printed words.
#[derive(Debug, serde::Serialize)]
pub struct Words {
    #[serde(serialize_with = "json::bytes")]
    text: Vec<u8>,
}

impl Report for Words {
    fn text(&self, out: &mut Text<'_>) {
        out.data(&self.text);
        out.line("");
    }
}
