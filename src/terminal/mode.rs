//! Who reads the output and types the lines: a person at a terminal, or a program.

use std::io::{self, IsTerminal};

/// Who is in front of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A person at a terminal that can move its cursor: lines are edited, output appears at once.
    Terminal,
    /// A pipe, a file or a dumb terminal: output is gathered until `flush`.
    Plain,
}

impl Mode {
    /// Chooses the mode for this process; `term` is the environment's `TERM`. Both ends must be
    /// terminals, or the editor's control sequences would end up in a file.
    pub fn detect(term: Option<&str>) -> Self {
        let dumb = matches!(term, None | Some("" | "dumb" | "cons25" | "emacs"));
        if !dumb && io::stdin().is_terminal() && io::stdout().is_terminal() {
            Self::Terminal
        } else {
            Self::Plain
        }
    }
}
