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

/// How the prompt names the servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PromptStyle {
    /// By the name of the ensemble where it was chosen by that, else as `Short`.
    #[default]
    Name,
    /// By the first server and the number of others.
    Short,
    /// By all servers.
    Full,
}

impl PromptStyle {
    /// Every style, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Name, Self::Short, Self::Full];

    /// Returns the word that is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Short => "short",
            Self::Full => "full",
        }
    }
}

/// The colour of a prompt, by which a person tells one ensemble from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum PromptColor {
    Red,
    Green,
    Yellow,
    Blue,
    Magenta,
    Cyan,
}

impl PromptColor {
    /// Returns words in this colour.
    pub fn paint(self, words: &str) -> String {
        let color = match self {
            Self::Red => Color::Red,
            Self::Green => Color::Green,
            Self::Yellow => Color::Yellow,
            Self::Blue => Color::Blue,
            Self::Magenta => Color::Magenta,
            Self::Cyan => Color::Cyan,
        };
        format!("\x1b[{}m{words}{END}", color.to_fg_str())
    }
}

/// The sequence that stands behind coloured words.
pub(super) const END: &str = "\x1b[0m";
