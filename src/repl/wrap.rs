//! Counts rows of the terminal as the editor does, and how they move when the width of the window
//! changes.

use rustyline::GraphemeClusterMode;
use unicode_segmentation::UnicodeSegmentation;

/// A position on the terminal, relative to the start of the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) row: u16,
    pub(super) column: u16,
}

/// Returns the position where a text ends.
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

/// Returns the row in which a text ends, starting at 0.
pub(super) fn rows(columns: u16, parts: &[&str]) -> u16 {
    end(columns, parts).row
}

/// A prompt and a line, as drawn in a window of `columns` columns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Drawing<'a> {
    pub(super) columns: u16,
    pub(super) prompt: &'a str,
    pub(super) line: &'a str,
    /// The byte position of the cursor in `line`.
    pub(super) cursor: usize,
}

impl Drawing<'_> {
    /// Returns how many rows the cursor is below the prompt's first row in a window that now has
    /// `columns` columns. The editor has moved the cursor down by the rows that were below it in
    /// the old width, and there was room for that.
    pub(super) fn rows_above_cursor(&self, columns: u16, reflows: bool) -> u16 {
        let before_cursor = &self.line[..self.cursor];
        let old_end = end(self.columns, &[self.prompt, self.line]);
        if !reflows {
            return old_end.row;
        }
        let old_cursor = rows(self.columns, &[self.prompt, before_cursor]);
        let new_end = end(columns, &[self.prompt, self.line]);
        // If the line filled its last row, the editor has added a newline.
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

/// Returns whether the terminal wraps its rows again when its width changes. Nearly all terminals
/// do. `variable` returns an environment variable.
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
        // A wide character does not fit in the last column.
        assert_eq!(rows(10, &["> ", "1234567湖"]), 1);
        assert_eq!(rows(10, &["> ", "123456湖"]), 1);
        assert_eq!(rows(10, &["> ", "12345湖"]), 0);
    }

    #[test]
    fn rows_after_a_resize_match_the_terminal() {
        let line = "x".repeat(150);
        let above = |old, new, length: usize, cursor, reflows| {
            let drawing = Drawing { columns: old, prompt: "> ", line: &line[..length], cursor };
            drawing.rows_above_cursor(new, reflows)
        };
        // 152 columns of text.
        assert_eq!(above(60, 40, 150, 150, true), 3);
        assert_eq!(above(40, 60, 150, 150, true), 2);
        assert_eq!(above(60, 40, 150, 150, false), 2);
        // With the cursor at the start, the editor moves it down by the old number of rows below
        // it. So it ends below a line that has fewer rows now.
        assert_eq!(above(60, 40, 150, 0, true), 2);
        assert_eq!(above(40, 60, 150, 0, true), 3);
        // 40 columns of text, and the newline that the editor adds.
        assert_eq!(above(40, 60, 38, 38, true), 1);
        assert_eq!(above(40, 20, 38, 38, true), 2);
    }

    #[test]
    fn old_terminals_do_not_wrap_again() {
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
