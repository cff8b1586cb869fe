//! Splits a block of text into lines to run. A block comes from pasted text, or from a line typed
//! in several rows because of an open quote, a `\` at the end of a row, or `<<END`.

use super::{Table, heredoc};
use crate::dialect::Dialect;
use crate::syntax::Line;

/// The lines of a block.
#[derive(Debug, PartialEq, Eq)]
pub struct MultiLine {
    /// Lines to run, in order, without blank ones.
    pub lines: Vec<String>,
    /// The row in which each line starts, from 1.
    pub rows: Vec<usize>,
    /// The byte position of the last line in the block, blank or not.
    pub last: usize,
    /// Why the last line is unfinished, if it is: the user must type more.
    pub open: Option<Unfinished>,
}

/// What is unfinished at the end of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfinished {
    /// A quotation that needs this closing quote.
    Quote(char),
    /// A heredoc with this terminator.
    Data(String),
    /// A row that ends with `\`.
    Row,
}

impl Unfinished {
    /// Returns the prompt for the next row.
    pub fn prompt(&self) -> String {
        match self {
            Self::Quote(quote) => format!("{quote}> "),
            Self::Data(end) => format!("{end}> "),
            Self::Row => "> ".to_owned(),
        }
    }

    /// Describes how to finish the line, and how to cancel it.
    pub fn way_out(&self) -> String {
        match self {
            Self::Quote(quote) => format!("{quote} ends the text; Ctrl-C leaves the line"),
            Self::Data(end) => format!("a row {end} ends the data; Ctrl-C leaves the line"),
            Self::Row => "the line goes on here; Ctrl-C leaves it".to_owned(),
        }
    }
}

impl MultiLine {
    /// Splits a block at every newline that is neither quoted nor preceded by a `\`. Such a `\` is
    /// removed with its newline, as in other shells.
    pub fn parse<T: Table>(text: &str, dialect: Dialect) -> Self {
        let mut lines = Vec::new();
        let mut line = String::new();
        let mut first_row = 1;
        let mut open = None;
        let mut mark: Option<String> = None;
        let mut unfinished: Option<Unfinished> = None;
        let (mut last, mut end) = (0, 0);
        for (number, row) in (1..).zip(text.split('\n')) {
            if unfinished.is_none() {
                last = end;
                first_row = number;
            }
            end += row.len() + 1;
            line.push_str(row);
            if let Some(end) = &mark {
                if row == end {
                    (mark, unfinished) = (None, None);
                    lines.push((first_row, std::mem::take(&mut line)));
                } else {
                    line.push('\n');
                }
                continue;
            }
            // A long quotation is parsed again only if the row may end it.
            if open.is_none_or(|quote| row.contains(quote)) {
                let parsed = Line::parse(&line, dialect);
                open = parsed.open;
                let goes_on = !parsed.comment && line.ends_with('\\');
                unfinished = open.map(Unfinished::Quote).or(goes_on.then_some(Unfinished::Row));
            }
            if open.is_some() {
                line.push('\n');
            } else if unfinished.is_some() {
                line.pop();
            } else if let Some(end) = heredoc::terminator::<T>(&line, dialect) {
                unfinished = Some(Unfinished::Data(end.clone()));
                mark = Some(end);
                line.push('\n');
            } else {
                lines.push((first_row, std::mem::take(&mut line)));
            }
        }
        if unfinished.is_some() {
            lines.push((first_row, line));
        }
        lines.retain(|(_, line)| !line.trim().is_empty());
        let (rows, lines) = lines.into_iter().unzip();
        Self { lines, rows, last, open: unfinished }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;

    fn lines(text: &str) -> Vec<String> {
        let block = MultiLine::parse::<Command>(text, Dialect::V34);
        assert_eq!(block.open, None, "{text}");
        block.lines
    }

    #[test]
    fn pasted_lines_are_cut_at_newlines() {
        assert_eq!(lines("ls /\nget /a\n"), ["ls /", "get /a"]);
        assert_eq!(lines("\n\n  \n"), [""; 0]);
        assert_eq!(lines("# it's \"so\nls /"), ["# it's \"so", "ls /"]);
    }

    #[test]
    fn each_line_knows_its_row() {
        let block =
            MultiLine::parse::<Command>("ls /\n\nset /a <<E\nx\nE\nget \\\n/a\npwd", Dialect::V34);
        assert_eq!(block.rows, [1, 3, 6, 8]);
    }

    #[test]
    fn a_quote_keeps_its_newline() {
        assert_eq!(lines("set /a 'x\ny'\nget /a"), ["set /a 'x\ny'", "get /a"]);
    }

    #[test]
    fn a_backslash_joins_two_rows() {
        assert_eq!(lines("get \\\n/a\nls /"), ["get /a", "ls /"]);
        // Inside quotes both the backslash and the newline are data.
        assert_eq!(lines("set /a 'x\\\ny'"), ["set /a 'x\\\ny'"]);
    }

    #[test]
    fn rows_of_data_belong_to_the_line_that_announces_them() {
        assert_eq!(lines("set /a <<E\nget '\nE\nls /"), ["set /a <<E\nget '\nE", "ls /"]);
        let block = MultiLine::parse::<Command>("ls /\nset /a <<E\nx", Dialect::V34);
        assert_eq!(block.open, Some(Unfinished::Data("E".to_owned())));
        assert_eq!(block.last, 5);
    }

    #[test]
    fn the_last_line_is_found() {
        for (text, last) in [
            ("ls /", "ls /"),
            ("ls /\nget", "get"),
            ("ls /\nset 'x\ny", "set 'x\ny"),
            ("ls /\n", ""),
        ] {
            assert_eq!(&text[MultiLine::parse::<Command>(text, Dialect::V34).last..], last);
        }
    }

    #[test]
    fn an_open_end_is_told() {
        let open = |text| MultiLine::parse::<Command>(text, Dialect::V34).open;
        for (text, prompt) in [
            ("set /a 'x", "'> "),
            ("set /a \"x\ny", "\"> "),
            ("get \\", "> "),
            ("ls /\nset /a 'x", "'> "),
            ("set /a <<END\nx", "END> "),
        ] {
            assert_eq!(open(text).map(|open| open.prompt()).as_deref(), Some(prompt), "{text}");
        }
        assert_eq!(open("# \\"), None);
        assert_eq!(open(""), None);
    }
}
