//! Rows of the terminal, counted as the editor counts them.

use rustyline::GraphemeClusterMode;
use unicode_segmentation::UnicodeSegmentation;

/// Returns the row on which the text ends, counted from 0.
pub(super) fn rows(columns: u16, parts: &[&str]) -> u16 {
    let mode = GraphemeClusterMode::from_env();
    let (mut row, mut column) = (0_u16, 0_u16);
    for part in parts {
        for cluster in part.graphemes(true) {
            if cluster == "\n" {
                (row, column) = (row + 1, 0);
                continue;
            }
            let width = match cluster {
                "\t" => 8 - column % 8,
                _ => mode.width(cluster),
            };
            column += width;
            if column > columns {
                (row, column) = (row + 1, width);
            }
        }
        if column == columns {
            (row, column) = (row + 1, 0);
        }
    }
    row
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
}
