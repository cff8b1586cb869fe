//! The languages of lessons and glossary, and the format of their text files. All other output is
//! English in every locale: scripts read it, and people search for it.

mod blocks;
mod wrap;

pub use self::blocks::{Block, Blocks, Fault};
pub use self::wrap::{columns, wrap};

/// A language that lessons and glossary speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, clap::ValueEnum)]
pub enum Language {
    /// English
    #[default]
    #[value(name = "en")]
    English,
    /// Simplified Chinese
    #[value(name = "zh")]
    Chinese,
}

impl Language {
    /// Every language there is.
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// Returns the language's code, as file names and `lang` have it.
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh",
        }
    }

    /// Returns the language with this code, in capitals or not.
    pub fn with_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(code))
    }

    /// Returns the language of a locale such as `zh_CN.UTF-8`; English if the shell has no such language.
    pub fn of_locale(locale: &str) -> Self {
        let code = locale.split(['_', '-', '.', '@']).next().unwrap_or_default();
        Self::with_code(code).unwrap_or_default()
    }

    /// Returns the language that the environment asks for, by the variables' order in POSIX.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set);
        locale.map_or(Self::default(), |locale| Self::of_locale(&locale))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_chooses_the_language() {
        for (locale, language) in [
            ("zh_CN.UTF-8", Language::Chinese),
            ("zh", Language::Chinese),
            ("ZH-Hans", Language::Chinese),
            ("en_GB.UTF-8", Language::English),
            ("C", Language::English),
            ("", Language::English),
            ("zhx", Language::English),
        ] {
            assert_eq!(Language::of_locale(locale), language, "{locale}");
        }
    }

    #[test]
    fn the_first_variable_that_is_set_counts() {
        let environment = |all: &'static str, messages: &'static str, lang: &'static str| {
            Language::of_environment(move |name| {
                let value = match name {
                    "LC_ALL" => all,
                    "LC_MESSAGES" => messages,
                    "LANG" => lang,
                    _ => "",
                };
                (value != "unset").then(|| value.to_owned())
            })
        };
        assert_eq!(environment("C", "zh_CN", "zh_CN"), Language::English);
        assert_eq!(environment("", "zh_CN", "en_US"), Language::Chinese);
        assert_eq!(environment("unset", "unset", "zh_SG"), Language::Chinese);
        assert_eq!(environment("unset", "unset", "unset"), Language::English);
    }
}
