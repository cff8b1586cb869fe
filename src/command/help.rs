//! `help`: list all commands by task, describe one command, or explain a word of the glossary.

mod keys;

use self::keys::KEYS;
use super::{COMMANDS, Command, Listed};
use crate::dispatch::{self, Connects, Context, Effects, Spec, Task, nearest};
use crate::error::{Error, Result};
use crate::glossary;
use crate::language::Language;
use crate::output::Message;
use crate::syntax::QUOTING;

/// The width of a task and of the whole table in columns.
const TASK: usize = 12;
const COLUMNS: usize = 78;
/// Returns the other commands of the same task, for the man page of a command.
pub fn related(name: &str) -> Vec<&'static str> {
    let task = COMMANDS.iter().find(|listed| listed.name == name).map(|listed| listed.task);
    let same = COMMANDS.iter().filter(|listed| Some(listed.task) == task && listed.name != name);
    same.map(|listed| listed.name).collect()
}

/// Show all commands, one in full, or what a word means
#[derive(Debug, clap::Args)]
#[command(override_usage = "help [--lang en|zh] [command | word]", after_long_help = EXAMPLE)]
pub struct Help {
    /// Language of the glossary, en or zh; the locale's by default
    #[arg(long, value_enum, value_name = "language", hide_possible_values = true)]
    lang: Option<Language>,
    /// Command, word of the glossary, or glossary for a list of all words
    #[arg(value_name = "command")]
    words: Vec<String>,
}

const EXAMPLE: &str = "\
help glossary WORD shows the word even if a command has the same name, such as sync.

Example:
> help swim
! Command not found: swim";

impl Help {
    /// Returns the invocation that describes a command.
    pub(super) fn about(command: &str) -> Self {
        Self { lang: None, words: vec![command.to_owned()] }
    }
}

impl Spec for Help {
    const NAME: &'static str = "help";
    const TASK: Task = Task::Shell;
    const SEARCH_TERMS: &'static [(&'static str, &'static str)] = &[("?", "help"), ("man", "help")];
    const CONNECTS: Connects = Connects::Never;
    type Report = Message;

    fn effects(&self) -> Effects {
        Effects::SHELL
    }

    async fn run(&self, cx: &Context) -> Result<Message> {
        let language = self.lang.unwrap_or_else(|| cx.learning.language());
        let text = match &self.words[..] {
            [] => table(),
            [word] if word == "all" => meanings(),
            [word] if word == "keys" => KEYS.to_owned(),
            [word] if word == "glossary" => {
                format!("{}\nhelp WORD explains one.", glossary::list(language))
            }
            [word, rest @ ..] if word == "glossary" => entry(&rest.join(" "), language)?,
            [word] if word == "quoting" => QUOTING.to_owned(),
            [name] if is_command(name) => page(name, language)?,
            words => entry(&words.join(" "), language)?,
        };
        Ok(Message(text))
    }
}

pub(super) fn is_command(name: &str) -> bool {
    Command::tree().find_subcommand(name).is_some()
}

/// Returns the entry of the glossary, or an error that the word is unknown.
pub(super) fn entry(word: &str, language: Language) -> Result<String> {
    match glossary::find(word) {
        Some(entry) => Ok(entry.screen(language)),
        None => Err(unknown(word)),
    }
}

/// Returns the error for a word that is neither a command nor in the glossary.
pub(super) fn unknown(word: &str) -> Error {
    match glossary::nearest(word) {
        // A command suggests its own correction, which is preferred if only one letter is wrong.
        Some((distance, near)) if distance < 2 || nearest::<Command>(word).is_none() => {
            dispatch::unknown::<Command>(word).with_hint(format!("did you mean {near}?"))
        }
        _ => dispatch::unknown::<Command>(word),
    }
}

/// Returns the list of commands by task, which fits on one screen.
fn table() -> String {
    let mut lines = Vec::new();
    for task in Task::ALL {
        let mut line = format!("{:<TASK$}", task.name());
        for Listed { name, .. } in COMMANDS.iter().filter(|listed| listed.task == *task) {
            if line.len() + 1 + name.len() > COLUMNS {
                lines.push(std::mem::replace(&mut line, " ".repeat(TASK)));
            }
            line.push(' ');
            line.push_str(name);
        }
        lines.push(line);
    }
    lines.push(String::new());
    lines.push(
        "help COMMAND  its usage, options and an example; help all  what each is for".to_owned(),
    );
    lines.push("help WORD     one of ZooKeeper's words; help glossary lists them".to_owned());
    lines.push(
        "help keys     keys at the prompt; help quoting  blanks and quotes in data".to_owned(),
    );
    lines.join("\n")
}

/// Returns the list of commands by task, each with its meaning.
fn meanings() -> String {
    let tree = Command::tree();
    let mut lines = Vec::new();
    for task in Task::ALL {
        lines.push(task.name().to_owned());
        for Listed { name, .. } in COMMANDS.iter().filter(|listed| listed.task == *task) {
            let about = tree.find_subcommand(name).and_then(clap::Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            lines.push(format!("  {name:<22}{about}"));
        }
    }
    lines.join("\n")
}

fn page(name: &str, language: Language) -> Result<String> {
    let mut tree = Command::tree();
    // The option to hide exists only after the command is built.
    tree.build();
    let found = tree.find_subcommand(name).ok_or_else(|| unknown(name))?;
    let mut found = found.clone().mut_arg("help", |help| help.hide(true));
    // The short form has one line for each option, but lacks the text after them.
    let more = found.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    let page = format!("{}\n\n{more}", found.render_help().to_string().trim_end());
    Ok(match glossary::find(name) {
        Some(entry) => {
            let pointer = match language {
                Language::English => "A word of the glossary too: help glossary",
                Language::Chinese => "术语表里也有这个词：help glossary",
            };
            format!("{page}\n\n{pointer} {}", entry.key())
        }
        None => page,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_fits_on_eighty_columns() {
        let all = [table(), meanings(), KEYS.to_owned()].join("\n");
        let wide: Vec<String> =
            all.lines().filter(|line| line.chars().count() > 80).map(str::to_owned).collect();
        assert!(wide.is_empty(), "{}", wide.join("\n"));
    }

    #[test]
    fn the_table_and_the_keys_fit_on_a_screen_of_24_rows() {
        // The line of the command and the next prompt take two rows.
        for text in [table(), KEYS.to_owned()] {
            assert!(text.lines().count() <= 22, "{text}");
        }
    }

    #[test]
    fn every_command_and_every_word_of_it_is_explained_in_a_line() {
        let mut wrong = Vec::new();
        for command in Command::tree().get_subcommands() {
            let name = command.get_name();
            let mut explained = vec![(name.to_owned(), command.get_about())];
            for arg in command.get_arguments() {
                explained.push((format!("{name} {}", arg.get_id()), arg.get_help()));
            }
            for (what, about) in explained {
                let about = about.map(ToString::to_string).unwrap_or_default();
                let sound =
                    !about.is_empty() && about.chars().count() < 80 && !about.ends_with('.');
                if !sound {
                    wrong.push(format!("{what}: {about}"));
                }
            }
            let usage = command.clone().render_usage().to_string();
            if !usage.starts_with(&format!("Usage: {name}")) {
                wrong.push(format!("{name}: {usage}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
