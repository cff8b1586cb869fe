//! Ctrl-X Ctrl-E: edits the current line in the user's own editor.

use std::process::Command;

use crate::terminal::Screen;
use crate::terminal::draft::{Draft, editor, editor_arguments};

/// Lets the user edit a line in the editor of `VISUAL` or `EDITOR`, and returns the result without
/// running it. If the editor fails, the screen shows an error and the text stays the same.
pub(super) fn edit_line(screen: &Screen, line: &str) -> String {
    let draft = match Draft::new("line.zk", line) {
        Ok(draft) => draft,
        Err(error) => {
            screen.error(&format!("Cannot make a file to edit: {error}"));
            return line.to_owned();
        }
    };
    let editor = editor();
    let guard = screen.give_terminal();
    let status = Command::new("sh").args(editor_arguments(&editor, draft.file())).status();
    drop(guard);
    let edited = match status {
        Ok(status) if status.success() => draft.read(line).map_err(|error| error.to_string()),
        Ok(status) if status.code() == Some(127) => Err("it is not found".to_owned()),
        Ok(status) => Err(status.to_string()),
        Err(error) => Err(error.to_string()),
    };
    draft.remove();
    edited.unwrap_or_else(|why| {
        screen.error(&format!("The line was not changed: {editor}: {why}"));
        line.to_owned()
    })
}
