//! `zksh learn`: starts the shell with a lesson.

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches, Parser};

use crate::error::Result;
use crate::language::Language;
use crate::syntax::usage_error;

/// Learn ZooKeeper, in a sandbox of your own
#[derive(Debug, Clone, PartialEq, Eq, Default, Parser)]
#[command(
    name = "zksh learn",
    override_usage = "zksh [options] learn [lesson] [--lang en|zh] [--anywhere]",
    disable_version_flag = true,
    after_help = "Without a terminal the lesson is printed. `lesson` in the shell lists them all."
)]
pub struct Learn {
    /// Lesson [default: the first that you have not finished]
    #[arg(value_name = "lesson")]
    pub lesson: Option<String>,
    /// Language, en or zh [default: the locale's]
    #[arg(long, value_enum, value_name = "language", hide_possible_values = true)]
    pub lang: Option<Language>,
    /// Use the servers that are named, below a znode that is deleted at the end
    #[arg(long)]
    pub anywhere: bool,
}

/// What the words after the options ask for.
pub(super) enum Asked {
    /// A command of the shell, or nothing.
    Other,
    Learn(Learn),
    /// The help of `learn`.
    Help(String),
}

impl Learn {
    /// The word that is typed in place of a command.
    pub const WORD: &str = "learn";

    /// Parses the words after the options.
    pub(super) fn read(words: &[OsString]) -> Result<Asked> {
        let Some((first, rest)) = words.split_first() else { return Ok(Asked::Other) };
        if first != Self::WORD {
            return Ok(Asked::Other);
        }
        let tree = Self::command();
        let line: Vec<OsString> =
            std::iter::once(OsString::from("zksh learn")).chain(rest.iter().cloned()).collect();
        let parsed = tree.clone().try_get_matches_from(&line);
        match parsed.and_then(|matches| Self::from_arg_matches(&matches)) {
            Ok(learn) => Ok(Asked::Learn(learn)),
            Err(error) if !error.use_stderr() => Ok(Asked::Help(error.to_string())),
            Err(error) => Err(usage_error(&error, &tree, &line)
                .with_usage("zksh learn [lesson] [--lang en|zh] [--anywhere]")),
        }
    }

    /// Returns the shell command that starts the lesson with this name.
    pub fn line(&self, lesson: &str) -> Vec<String> {
        let mut words = vec!["lesson".to_owned(), lesson.to_owned()];
        if self.anywhere {
            words.push("--anywhere".to_owned());
        }
        if let Some(language) = self.lang {
            words.extend(["--lang".to_owned(), language.code().to_owned()]);
        }
        words
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(words: &str) -> Result<Asked> {
        Learn::read(&words.split_whitespace().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_words_become_a_shell_command() {
        for (words, line) in [
            ("learn", "lesson x"),
            ("learn election", "lesson election"),
            ("learn election --lang zh", "lesson election --lang zh"),
            ("learn --anywhere --lang=en", "lesson x --anywhere --lang en"),
        ] {
            let Asked::Learn(learn) = read(words).unwrap() else { panic!("{words}") };
            let lesson = learn.lesson.clone().unwrap_or("x".to_owned());
            assert_eq!(learn.line(&lesson).join(" "), line);
        }
        for words in ["", "ls /", "lesson"] {
            assert!(matches!(read(words).unwrap(), Asked::Other), "{words}");
        }
        assert!(matches!(read("learn --help").unwrap(), Asked::Help(_)));
        for wrong in ["learn a b", "learn --lang fr", "learn --wide"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
