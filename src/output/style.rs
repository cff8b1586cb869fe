//! What colours mean, in one place. Meaning never rests on a colour alone: whoever does not see it
//! reads the same words.

use colored::Color;

/// What is to be seen at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// The name of a value.
    Key,
    /// Something has come: a znode was created, a server answers.
    Come,
    /// Something is other than it was.
    Changed,
    /// Something has gone: a znode was deleted.
    Gone,
    /// The session is in trouble.
    Trouble,
    /// Something failed.
    Wrong,
    /// Words that frame others, or advise.
    Quiet,
}

impl Style {
    fn color(self) -> Color {
        match self {
            Self::Key => Color::Cyan,
            Self::Come => Color::Green,
            Self::Changed => Color::Yellow,
            Self::Gone | Self::Wrong => Color::Red,
            Self::Trouble => Color::BrightMagenta,
            Self::Quiet => Color::BrightBlack,
        }
    }

    /// Returns words of ours that are seen so, where colours are wanted.
    pub fn paint(self, wanted: bool, words: &str) -> String {
        if wanted { format!("{}{words}{END}", self.begin()) } else { words.to_owned() }
    }

    /// The sequence that stands before such words.
    pub(super) fn begin(self) -> String {
        format!("\x1b[{}m", self.color().to_fg_str())
    }
}

/// The sequence that stands behind coloured words.
pub(super) const END: &str = "\x1b[0m";
