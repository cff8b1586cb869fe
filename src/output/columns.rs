//! Names in columns, as `ls` of a system's shell prints them.

use unicode_width::UnicodeWidthStr;

/// Blanks between two columns.
const GAP: usize = 2;

/// Arranges names in as few rows as fit into `width` screen columns, each with a newline. The names
/// run down the columns. A name wider than the screen has a row of its own.
pub(super) fn arranged(names: &[&str], width: usize) -> String {
    if names.is_empty() {
        return String::new();
    }
    let widths: Vec<usize> = names.iter().map(|name| name.width()).collect();
    // A column has at least one character, so no more columns than these can fit.
    let most = names.len().min((width + GAP) / (1 + GAP)).max(1);
    let rows = (1..=most)
        .rev()
        .map(|columns| names.len().div_ceil(columns))
        .find(|rows| fits(&widths, *rows, width))
        .unwrap_or(names.len());
    let columns: Vec<usize> = widths.chunks(rows).map(widest).collect();
    let mut text = String::new();
    for row in 0..rows {
        let cells = columns.iter().enumerate().map_while(|(column, wide)| {
            let index = column * rows + row;
            Some((names.get(index)?, wide - widths[index]))
        });
        let mut padding = 0;
        for (name, short) in cells {
            text.extend(std::iter::repeat_n(' ', padding));
            text.push_str(name);
            padding = short + GAP;
        }
        text.push('\n');
    }
    text
}

fn widest(widths: &[usize]) -> usize {
    widths.iter().copied().max().unwrap_or(0)
}

/// Returns whether columns of this many rows fit into the width.
fn fits(widths: &[usize], rows: usize, width: usize) -> bool {
    let mut used = 0;
    widths.chunks(rows).enumerate().all(|(column, chunk)| {
        used += widest(chunk) + if column > 0 { GAP } else { 0 };
        used <= width
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_run_down_the_columns() {
        let names = ["a", "bb", "ccc", "d", "e", "ff", "g"];
        assert_eq!(arranged(&names, 11), "a    d   g\nbb   e\nccc  ff\n");
        assert_eq!(arranged(&names, 80), "a  bb  ccc  d  e  ff  g\n");
        assert_eq!(arranged(&names, 1), names.join("\n") + "\n");
        assert_eq!(arranged(&["湖", "b", "河川", "d"], 8), "湖  河川\nb   d\n");
        assert_eq!(arranged(&["wider than it"], 4), "wider than it\n");
        assert_eq!(arranged(&[], 80), "");
    }

    proptest::proptest! {
        #[test]
        fn every_name_is_there_and_no_row_is_too_wide(
            names in proptest::collection::vec("[a-z湖]{1,9}", 1..40),
            width in 1_usize..60,
        ) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let text = arranged(&names, width);
            let mut shown: Vec<&str> = text.split_whitespace().collect();
            let mut all = names.clone();
            shown.sort_unstable();
            all.sort_unstable();
            proptest::prop_assert_eq!(shown, all);
            let is_narrow = |row: &str| row.width() <= width || !row.contains(' ');
            proptest::prop_assert!(text.lines().all(is_narrow), "{}", text);
        }
    }
}
