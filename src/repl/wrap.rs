//! Rows of the terminal, counted as the editor counts them, and what becomes of them when the window
//! gets another width.

use rustyline::GraphemeClusterMode;
use unicode_segmentation::UnicodeSegmentation;

/// A place on the terminal, counted from the start of the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) row: u16,
    pub(super) column: u16,
}

/// Returns where a text ends.
pub(super) fn end(columns: u16, parts: &[&str]) -> Place {
    let mode = GraphemeClusterMode::from_env();
    let (mut row, mut column) = (0_u16, 0_u16);
    for part in parts {
        for cluster in part.graphemes(true) {
            if cluster == "\n" {
                (row, column) = (row.saturating_add(1), 0);
                continue;
            }
            let width = match cluster {
                "\t" => 8 - column % 8,
                _ => mode.width(cluster),
            };
            column = column.saturating_add(width);
            if column > columns {
                (row, column) = (row.saturating_add(1), width);
            }
        }
        if column == columns {
            (row, column) = (row.saturating_add(1), 0);
        }
    }
    Place { row, column }
}

/// Returns the row on which a text ends, counted from 0.
pub(super) fn rows(columns: u16, parts: &[&str]) -> u16 {
    end(columns, parts).row
}

/// A prompt with a line, as it was drawn in a window of so many columns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Drawing<'a> {
    pub(super) columns: u16,
    pub(super) prompt: &'a str,
    pub(super) line: &'a str,
    /// The cursor's place in `line`, in bytes.
    pub(super) cursor: usize,
}

impl Drawing<'_> {
    /// Returns how many rows the cursor stands below the prompt's first row, in a window that now has
    /// `columns` columns. The editor has moved it since, as if the window were as before: down by the
    /// rows that were below it, for which there was room.
    pub(super) fn rows_above_cursor(&self, columns: u16, reflows: bool) -> u16 {
        let before_cursor = &self.line[..self.cursor];
        let old_end = end(self.columns, &[self.prompt, self.line]);
        if !reflows {
            return old_end.row;
        }
        let old_cursor = rows(self.columns, &[self.prompt, before_cursor]);
        let new_end = end(columns, &[self.prompt, self.line]);
        // A line that filled its last row ends in a newline that the editor has added.
        let added = old_end.row > 0
            && old_end.column == 0
            && new_end.column != 0
            && !self.line.ends_with('\n');
        let new_end = new_end.row + u16::from(added);
        let new_cursor = if self.cursor == self.line.len() {
            new_end
        } else {
            rows(columns, &[self.prompt, before_cursor])
        };
        new_cursor + (old_end.row - old_cursor)
    }
}

/// Returns whether the terminal wraps its rows again when the window gets another width. Nearly all
/// do; `variable` returns a variable of the environment.
pub(super) fn reflows(variable: impl Fn(&str) -> Option<String>) -> bool {
    if variable("TMUX").is_some() {
        return true;
    }
    let term = variable("TERM").unwrap_or_default();
    let old = ["linux", "rxvt", "screen", "st"];
    let is_old = old.iter().any(|old| term == *old || term.starts_with(&format!("{old}-")));
    !is_old && variable("XTERM_VERSION").is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_as_the_editor_counts() {
        assert_eq!(rows(10, &["> ", "1234567"]), 0);
        assert_eq!(rows(10, &["> ", "12345678"]), 1);
        assert_eq!(rows(10, &["> ", "123456789"]), 1);
        assert_eq!(rows(10, &["> ", "1234567", "890"]), 1);
        assert_eq!(rows(10, &["> ", "a\nb\n"]), 2);
        // A wide character does not fit into the last column.
        assert_eq!(rows(10, &["> ", "1234567湖"]), 1);
        assert_eq!(rows(10, &["> ", "123456湖"]), 1);
        assert_eq!(rows(10, &["> ", "12345湖"]), 0);
    }

    #[test]
    fn rows_in_another_width_are_those_of_the_terminal() {
        let line = "x".repeat(150);
        let above = |old, new, length: usize, cursor, reflows| {
            let drawing = Drawing { columns: old, prompt: "> ", line: &line[..length], cursor };
            drawing.rows_above_cursor(new, reflows)
        };
        // 152 columns.
        assert_eq!(above(60, 40, 150, 150, true), 3);
        assert_eq!(above(40, 60, 150, 150, true), 2);
        assert_eq!(above(60, 40, 150, 150, false), 2);
        // The cursor at the start: the editor moves it down by what were the rows below it, and so
        // below a line that has fewer rows now.
        assert_eq!(above(60, 40, 150, 0, true), 2);
        assert_eq!(above(40, 60, 150, 0, true), 3);
        // 40 columns, and the newline that the editor adds.
        assert_eq!(above(40, 60, 38, 38, true), 1);
        assert_eq!(above(40, 20, 38, 38, true), 2);
    }

    #[test]
    fn old_terminals_do_not_wrap_anew() {
        let reflows = |variables: &[(&str, &str)]| {
            super::reflows(|name| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        assert!(reflows(&[("TERM", "xterm-256color")]));
        assert!(!reflows(&[("TERM", "xterm-256color"), ("XTERM_VERSION", "XTerm(390)")]));
        assert!(!reflows(&[("TERM", "linux")]) && !reflows(&[("TERM", "st-256color")]));
        assert!(reflows(&[("TERM", "screen-256color"), ("TMUX", "/tmp/x")]));
        assert!(reflows(&[("TERM", "stterm")]));
    }
}
