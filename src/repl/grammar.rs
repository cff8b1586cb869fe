//! The roles of the words in a line, finished or not: the command, an option, or a value of an
//! argument. If a command runs another one, the following words are parsed as that command's line.
//! It uses clap's tree and knows no command by name.

use std::any::TypeId;

use clap::{Arg, ArgAction, Command, ValueHint};

use crate::dialect::Dialect;
use crate::dispatch::{MultiLine, TreeAddress, WrappedWord, session_of};
use crate::syntax::{Line, Word};
use crate::zk::TypedPath;

/// The role of a word.
#[derive(Debug, Clone, Copy)]
pub(super) enum Role<'t> {
    /// The name of a command, with the command if it exists.
    Command(Option<&'t Command>),
    Option,
    /// A value of this argument.
    Value(&'t Arg),
    /// The name of a program of this machine.
    Program,
    /// The command takes no such word, or does not exist.
    Unknown,
}

impl Role<'_> {
    /// Returns whether this word is the path of a znode in the current session.
    pub(super) fn is_path(self, word: &str) -> bool {
        match self {
            Self::Value(arg) if is_of::<TreeAddress>(arg) => !TreeAddress::names_place(word),
            Self::Value(arg) => is_of::<TypedPath>(arg),
            _ => false,
        }
    }

    /// Returns whether the word may name a tree of another session.
    pub(super) fn is_address(self) -> bool {
        matches!(self, Self::Value(arg) if is_of::<TreeAddress>(arg))
    }
}

/// An unfinished line, parsed as far as it goes.
pub(super) struct Reading<'t> {
    /// The innermost command, whose arguments are being typed.
    pub(super) command: Option<&'t Command>,
    pub(super) words: Vec<(Word, Role<'t>)>,
    /// The role of the next word.
    pub(super) next: Role<'t>,
    /// The number of positional words so far. After a `--` with arguments of its own, the number of
    /// those.
    pub(super) positionals: usize,
    /// Whether a `--` has ended the options of the command.
    pub(super) is_plain: bool,
    /// Whether the text ends inside a quotation.
    pub(super) is_open: bool,
    /// The index in `words` of the first word after the command name.
    first: usize,
    /// The end of the line in the text.
    end: usize,
}

impl<'t> Reading<'t> {
    /// Parses the last line of an unfinished text. Positions count from the start of the text.
    pub(super) fn of(tree: &'t Command, text: &str, dialect: Dialect) -> Self {
        let start = MultiLine::parse::<crate::command::Command>(text, dialect).last;
        // The line continues on the next row. Both bytes are blanks to the parser, to keep
        // positions.
        let line = text[start..].replace("\\\n", "  ");
        let line = Line::parse(&line, dialect);
        let mut reading = Self {
            command: None,
            words: Vec::new(),
            next: Role::Command(None),
            positionals: 0,
            is_plain: false,
            is_open: line.open.is_some(),
            first: 0,
            end: text.len(),
        };
        for mut word in line.words {
            let waiting = match reading.next {
                Role::Value(arg) if !arg.is_positional() => Some(reading.next),
                _ => None,
            };
            let (role, waits) = waiting.map_or_else(|| reading.role(&word), |role| (role, None));
            if matches!(role, Role::Command(_))
                && session_of(word.text().as_ref().as_ref()).is_some()
            {
                reading.skip_session(word, start);
                continue;
            }
            let role = match role {
                Role::Command(_) => Role::Command(tree.find_subcommand(word.text().as_ref())),
                role => role,
            };
            if waiting.is_none() && matches!(role, Role::Value(_) | Role::Program) {
                reading.positionals += 1;
            }
            word.span = word.span.start + start..word.span.end + start;
            reading.words.push((word, role));
            if let Role::Command(command) = role {
                reading.begin(command);
            }
            reading.next = waits.map_or_else(|| reading.positional(), Role::Value);
        }
        reading
    }

    /// Skips a word such as `@bob`, which precedes a command.
    fn skip_session(&mut self, mut word: Word, start: usize) {
        word.span = word.span.start + start..word.span.end + start;
        if word.span.end == self.end {
            self.words.push((word, Role::Unknown));
        }
        self.next = Role::Command(None);
    }

    /// Continues with the words of a command.
    fn begin(&mut self, command: Option<&'t Command>) {
        self.command = command;
        self.first = self.words.len();
        self.positionals = 0;
        self.is_plain = false;
    }

    /// Returns whether the innermost command expands patterns in its path.
    pub(super) fn expands_patterns(&self) -> bool {
        let name = self.command.map(Command::get_name);
        name.is_some_and(crate::command::Command::expands_patterns)
    }

    /// Returns the words after the command name.
    pub(super) fn arguments(&self) -> impl Iterator<Item = &Word> {
        self.words[self.first..].iter().map(|(word, _)| word)
    }

    /// Returns whether an argument is the word of `admin`.
    pub(super) fn is_admin_word(&self, arg: &Arg) -> bool {
        arg.get_id() == "word" && self.command.is_some_and(|command| command.get_name() == "admin")
    }

    /// Returns the word at the end of the text with its role, or an empty word after a blank.
    pub(super) fn last(&self) -> (Word, Role<'t>) {
        match self.words.last() {
            Some((word, role)) if word.span.end == self.end => (word.clone(), *role),
            _ => {
                let span = self.end..self.end;
                (Word { bytes: Vec::new(), span, quote: None }, self.next)
            }
        }
    }

    /// Returns the word at a position with its role, or an empty word if there is none.
    pub(super) fn at(&self, place: usize) -> (Word, Role<'t>) {
        let there =
            |(word, _): &&(Word, Role<'t>)| (word.span.start..=word.span.end).contains(&place);
        match self.words.iter().find(there) {
            Some((word, role)) => (word.clone(), *role),
            None => (Word { bytes: Vec::new(), span: place..place, quote: None }, Role::Unknown),
        }
    }

    /// Returns the options that a word names, in short or long form.
    pub(super) fn options(&self, word: &str) -> Vec<&'t Arg> {
        let Some(command) = self.command else { return Vec::new() };
        let find = |fits: &dyn Fn(&&Arg) -> bool| command.get_arguments().find(fits);
        if let Some(long) = word.strip_prefix("--") {
            let name = long.split('=').next().unwrap_or_default();
            return find(&|arg| arg.get_long() == Some(name)).into_iter().collect();
        }
        let Some(letters) = word.strip_prefix('-') else { return Vec::new() };
        // An option without a short form may be written with one dash, like `-add` in zkCli.
        let name = letters.split('=').next();
        if let Some(long) = find(&|arg| arg.get_short().is_none() && arg.get_long() == name) {
            return vec![long];
        }
        letters.chars().map_while(|letter| find(&|arg| arg.get_short() == Some(letter))).collect()
    }

    /// Returns the role of a word that is not an option's value, and the option whose value
    /// follows.
    fn role(&mut self, word: &Word) -> (Role<'t>, Option<&'t Arg>) {
        let text = word.text();
        let dashed = word.quote.is_none() && text.starts_with('-');
        if !dashed || self.is_plain || self.command.is_none() {
            return (self.positional(), None);
        }
        if text == "--" {
            self.is_plain = true;
            if self.behind_dashes().is_some() {
                self.positionals = 0;
            }
            return (Role::Option, None);
        }
        let options = self.options(&text);
        let whole = text.starts_with("--")
            || options.first().is_some_and(|first| first.get_short().is_none());
        let complete = whole || options.len() + 1 == text.chars().count();
        if let Some(last) = options.last().filter(|_| complete) {
            let waits = takes_value(last) && !text.contains('=');
            return (Role::Option, waits.then_some(*last));
        }
        match self.positional() {
            // The word may still become an option of the outer command.
            positional @ Role::Command(_) if text != "-" => (positional, None),
            positional @ Role::Value(arg) if text == "-" || takes_dashes(arg) => (positional, None),
            _ => (if options.is_empty() { Role::Unknown } else { Role::Option }, None),
        }
    }

    /// Returns the role of a word that is neither an option nor its value.
    fn positional(&self) -> Role<'t> {
        let Some(command) = self.command else {
            return if self.words.is_empty() { Role::Command(None) } else { Role::Unknown };
        };
        if let Some(arg) = self.behind_dashes().filter(|_| self.is_plain) {
            let names = arg.get_value_hint() == ValueHint::CommandWithArguments;
            return if names && self.positionals == 0 { Role::Program } else { Role::Value(arg) };
        }
        let places = || command.get_positionals().filter(|arg| !arg.is_last_set());
        let repeated = places().last().filter(|arg| {
            matches!(arg.get_action(), ArgAction::Append)
                || arg.get_num_args().is_some_and(|range| range.max_values() > 1)
        });
        match places().nth(self.positionals).or(repeated) {
            Some(arg) if is_of::<WrappedWord>(arg) => Role::Command(None),
            Some(arg) => Role::Value(arg),
            None => Role::Unknown,
        }
    }

    /// Returns the argument of the command that is allowed only after a `--`.
    fn behind_dashes(&self) -> Option<&'t Arg> {
        self.command?.get_positionals().find(|arg| arg.is_last_set())
    }
}

fn is_of<T: 'static>(arg: &Arg) -> bool {
    arg.get_value_parser().type_id() == TypeId::of::<T>()
}

/// Returns whether a value may start with a dash.
fn takes_dashes(arg: &Arg) -> bool {
    arg.is_allow_hyphen_values_set() || arg.is_allow_negative_numbers_set()
}

/// Returns whether the next word may be the value of an option. Some take a value only after `=`.
pub(super) fn takes_value(arg: &Arg) -> bool {
    arg.get_action().takes_values() && !arg.is_require_equals_set()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(text: &str) -> String {
        let mut tree = crate::command::Command::tree();
        tree.build();
        let reading = Reading::of(&tree, text, Dialect::V34);
        let name = |role: &Role<'_>| match role {
            Role::Command(_) => "command".to_owned(),
            Role::Option => "option".to_owned(),
            Role::Program => "program".to_owned(),
            Role::Value(arg) => arg.get_id().to_string(),
            Role::Unknown => "?".to_owned(),
        };
        let words: Vec<String> = reading.words.iter().map(|(_, role)| name(role)).collect();
        format!("{} > {}", words.join(" "), name(&reading.next))
    }

    #[test]
    fn words_have_their_roles() {
        for (text, expected) in [
            ("", " > command"),
            ("get", "command > path"),
            ("get /a", "command path > word"),
            ("get -s /a true", "command option path word > ?"),
            ("create -se /a b", "command option path data > acl"),
            ("create -t", "command option > ttl"),
            ("create -t 5", "command option ttl > path"),
            ("create --ttl=5", "command option > path"),
            ("set /a -5", "command path data > version"),
            ("get -z", "command ? > path"),
            ("reconfig -add", "command option > add"),
            ("reconfig -remove 1 -v 2", "command option remove option only > ?"),
            ("nosuch /a", "command ? > ?"),
            ("ls /\nget /a", "command path > word"),
            ("get \\\n/a", "command path > word"),
            // A command that runs another command.
            ("time", "command > command"),
            ("time get -s", "command command option > path"),
            ("time nosuch -s", "command command ? > ?"),
            ("repeat", "command > times"),
            ("repeat 3 -i", "command times option > interval"),
            ("repeat 3 -i 1 create -se", "command times option interval command option > path"),
            (
                "repeat 2 time repeat 3 ls /a",
                "command times command command times command path > word",
            ),
            // Words after `--` are not options.
            ("get -- -s -w", "command option path word > ?"),
            ("watch /a -R", "command path option > ?"),
            ("watch /a -- sh -c x", "command path option program command command > command"),
            ("time get -- -s", "command command option path > word"),
        ] {
            assert_eq!(roles(text), expected, "{text}");
        }
    }

    #[test]
    fn paths_are_recognised_by_their_type() {
        let mut tree = crate::command::Command::tree();
        tree.build();
        let is_path = |text| {
            let reading = Reading::of(&tree, text, Dialect::V34);
            let (word, role) = reading.last();
            role.is_path(&word.text())
        };
        assert!(is_path("get /a") && is_path("deleteall ") && is_path("create -e /a/"));
        assert!(is_path("cp /a") && is_path("cp a/b c") && !is_path("cp prod:/a"));
        assert!(!is_path("diff /a @bob:/") && !is_path("mv h:2181/a"));
        assert!(!is_path("get /a ") && !is_path("ge") && !is_path("printwatches o"));
    }
}
