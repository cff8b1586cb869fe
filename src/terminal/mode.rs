//! Whether a person at a terminal or a program uses the shell.

use std::io::{self, IsTerminal};

/// Who uses the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A person at a terminal that can move its cursor: the line editor is on, and output is
    /// unbuffered.
    Terminal,
    /// A pipe, a file or a dumb terminal: output is buffered until `flush`.
    Plain,
}

impl Mode {
    /// Chooses the mode of this process; `term` is the value of `TERM`. Input and output must both
    /// be terminals, or the editor's escape sequences would end up in a file.
    pub fn detect(term: Option<&str>) -> Self {
        let dumb = matches!(term, None | Some("" | "dumb" | "cons25" | "emacs"));
        if !dumb && io::stdin().is_terminal() && io::stdout().is_terminal() {
            Self::Terminal
        } else {
            Self::Plain
        }
    }
}
