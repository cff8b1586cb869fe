//! The format and colours of results and errors. The options and the two streams determine them
//! once, at the start.

use std::io::{self, IsTerminal};

use crate::dialect::{Dialect, Format};
use crate::options::{Color, Options};
use crate::output::View;

/// Returns the view that the options choose.
pub(super) fn of(options: &Options) -> View {
    view(options.dialect, options.format, options.color)
}

/// Returns the view of a process whose options could not be read.
pub(super) fn without_options() -> View {
    view(Dialect::default(), Format::Text, Color::Auto)
}

fn view(dialect: Dialect, format: Format, color: Color) -> View {
    let terminal = io::stdout().is_terminal();
    let errors_on_terminal = io::stderr().is_terminal();
    // https://no-color.org: any value except an empty one. A terminal without control sequences
    // shows no colours either.
    let asked = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    let wanted = |terminal: bool| match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => terminal && !asked("NO_COLOR") && !dumb,
    };
    let (color, color_errors) = (wanted(terminal), wanted(errors_on_terminal));
    View { format, dialect, terminal, errors_on_terminal, color, color_errors }
}
