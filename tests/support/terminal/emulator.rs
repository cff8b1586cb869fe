//! What a terminal shows, and how it wraps rows again at another size.

use super::ROWS;

/// Returns the text on the screen, without blanks at the ends of lines and below the text.
pub(super) fn text(screen: &vt100::Screen) -> String {
    let (_, columns) = screen.size();
    let rows: Vec<String> = screen.rows(0, columns).map(|row| row.trim_end().to_owned()).collect();
    rows.join("\n").trim_end().to_owned()
}

/// Returns a terminal of another size with the same text, without its colours. Rows that the old
/// one has wrapped are joined and wrapped again.
pub(super) fn wrapped(old: &vt100::Screen, rows: u16, cols: u16) -> vt100::Parser {
    let (_, old_cols) = old.size();
    let (cursor_row, cursor_col) = old.cursor_position();
    // Enough rows that nothing scrolls away before the position of the cursor is known.
    let mut tall = vt100::Parser::new(ROWS, cols, 0);
    let mut cursor = (0, 0);
    let mut bytes = Vec::new();
    let mut write = |tall: &mut vt100::Parser, text: &str| {
        tall.process(text.as_bytes());
        bytes.extend_from_slice(text.as_bytes());
    };
    let texts: Vec<String> = old.rows(0, old_cols).collect();
    let last = texts.iter().rposition(|text| !text.trim().is_empty()).unwrap_or(0);
    let last = u16::try_from(last).unwrap().max(cursor_row);
    for (row, text) in (0..=last).zip(&texts) {
        if row == cursor_row {
            write(&mut tall, &old.contents_between(row, 0, row, cursor_col));
            cursor = tall.screen().cursor_position();
            write(&mut tall, &old.contents_between(row, cursor_col, row, old_cols));
        } else if old.row_wrapped(row) {
            write(&mut tall, &old.contents_between(row, 0, row, old_cols));
        } else {
            write(&mut tall, text);
        }
        if !old.row_wrapped(row) && row < last {
            write(&mut tall, "\r\n");
        }
    }
    // A cursor after a full row is in the next row, as soon as there is one.
    let (row, col) = (cursor.0 + cursor.1 / cols, cursor.1 % cols);
    let scrolled = (tall.screen().cursor_position().0 + 1).saturating_sub(rows);
    let mut new = vt100::Parser::new(rows, cols, 0);
    new.process(&bytes);
    new.process(format!("\x1b[{};{}H", row.saturating_sub(scrolled) + 1, col + 1).as_bytes());
    new
}
