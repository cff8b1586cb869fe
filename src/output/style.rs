//! The meaning of colours, defined in one place. Colour never carries meaning alone: the words say
//! the same.

use colored::Color;

/// The meaning of a highlighted text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// The name of a value.
    Key,
    /// Something appeared: a znode was created, a server answers.
    Come,
    /// Something changed.
    Changed,
    /// Something disappeared: a znode was deleted.
    Gone,
    /// The session is in trouble.
    Trouble,
    /// Something failed.
    Wrong,
    /// Text that frames other text, or gives advice.
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

    /// Returns text in this style, if colours are `wanted`.
    pub fn paint(self, wanted: bool, words: &str) -> String {
        if wanted { format!("{}{words}{END}", self.begin()) } else { words.to_owned() }
    }

    /// Returns the escape sequence that starts this style.
    pub(super) fn begin(self) -> String {
        format!("\x1b[{}m", self.color().to_fg_str())
    }
}

/// How the prompt names the ensemble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PromptStyle {
    /// The configured name of the ensemble if the user chose it by name, else as `Short`.
    #[default]
    Name,
    /// The first server and the number of other servers.
    Short,
    /// All servers.
    Full,
}

impl PromptStyle {
    /// All styles, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Name, Self::Short, Self::Full];

    /// Returns the word that the user types for this style.
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Short => "short",
            Self::Full => "full",
        }
    }
}

/// The colour of a prompt, which lets users tell ensembles apart.
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
    /// Returns text in this colour.
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

/// The escape sequence that ends a style.
pub(super) const END: &str = "\x1b[0m";
