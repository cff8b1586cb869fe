//! The conflict report of `edit`: the current data and the text that could not be written.

use crate::output::style::Style;
use crate::output::{Report, Text};
use crate::zk::ZnodePath;

/// The maximum number of lines that are shown of each text. Further ones are only counted.
const MAX_SHOWN_LINES: usize = 40;

/// The range of lines in which two texts differ.
#[derive(Debug, serde::Serialize)]
pub(super) struct Changes {
    path: ZnodePath,
    /// The versions of the two texts.
    versions: (i32, i32),
    /// The first line that differs, counted from 1.
    line: usize,
    theirs: Vec<String>,
    mine: Vec<String>,
}

impl Changes {
    /// Compares two texts. `versions` are the version of `theirs`, and the version on which `mine`
    /// is based.
    pub(super) fn new(path: &ZnodePath, theirs: &str, mine: &str, versions: (i32, i32)) -> Self {
        let (theirs, mine): (Vec<&str>, Vec<&str>) =
            (theirs.split('\n').collect(), mine.split('\n').collect());
        let head = theirs.iter().zip(&mine).take_while(|(a, b)| a == b).count();
        let (theirs, mine) = (&theirs[head..], &mine[head..]);
        let tail = theirs.iter().rev().zip(mine.iter().rev()).take_while(|(a, b)| a == b).count();
        let cut = |lines: &[&str]| {
            lines[..lines.len() - tail].iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        Self { path: path.clone(), versions, line: head + 1, theirs: cut(theirs), mine: cut(mine) }
    }
}

impl Report for Changes {
    fn text(&self, out: &mut Text<'_>) {
        let (now, read) = self.versions;
        out.own("--- ");
        out.foreign(self.path.as_str());
        out.line(format_args!(": current data, version {now}"));
        out.line(format_args!("+++ your text, based on version {read}"));
        if self.theirs.is_empty() && self.mine.is_empty() {
            out.line("Both are the same");
            return;
        }
        out.line(format_args!("@@ line {} @@", self.line));
        side('-', Style::Gone, &self.theirs, out);
        side('+', Style::Come, &self.mine, out);
    }
}

fn side(mark: char, look: Style, lines: &[String], out: &mut Text<'_>) {
    for line in lines.iter().take(MAX_SHOWN_LINES) {
        out.look(look, |out| {
            out.own(mark);
            out.foreign(line);
        });
        out.line("");
    }
    if lines.len() > MAX_SHOWN_LINES {
        out.line(format_args!("{mark} … and {} more lines", lines.len() - MAX_SHOWN_LINES));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::output::View;

    fn seen(theirs: &str, mine: &str) -> String {
        let view = View::plain(true);
        let changes = Changes::new(&ZnodePath::root().child("lake"), theirs, mine, (4, 3));
        String::from_utf8(view.render(&changes)).unwrap()
    }

    #[test]
    fn only_differing_lines_are_shown() {
        assert_eq!(
            seen("a\nb\nc\nd", "a\nx\ny\nd"),
            "--- /lake: current data, version 4\n\
             +++ your text, based on version 3\n\
             @@ line 2 @@\n-b\n-c\n+x\n+y\n"
        );
        assert!(seen("a\na", "a\na\na").ends_with("@@ line 3 @@\n+a\n"));
        assert!(seen("a", "a").ends_with("Both are the same\n"));
    }

    #[test]
    fn long_texts_are_cut_and_control_characters_escaped() {
        let many = "x\n".repeat(100);
        assert!(seen("", &many).contains("+ … and 60 more lines\n"));
        assert!(seen("\x1b[2J", "b").contains("-\\x1b[2J\n"));
    }
}
