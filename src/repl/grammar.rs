//! What each word of a line is, finished or not: the command, an option, or a value of one of the
//! command's arguments. It asks clap's tree and knows no command by name.

use std::any::TypeId;

use clap::{Arg, ArgAction, Command};

use super::block::Block;
use crate::dialect::Dialect;
use crate::line::{Line, Word};
use crate::path::TypedPath;

/// What a word is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Role<'t> {
    Command,
    Option,
    /// A value of this argument.
    Value(&'t Arg),
    /// The command takes no such word, or is none.
    Unknown,
}

impl Role<'_> {
    /// Returns whether the word is the path of a znode.
    pub(super) fn is_path(self) -> bool {
        matches!(self, Self::Value(arg) if arg.get_value_parser().type_id() == TypeId::of::<TypedPath>())
    }
}

/// A line that is being typed, read as far as it goes.
pub(super) struct Reading<'t> {
    pub(super) command: Option<&'t Command>,
    pub(super) words: Vec<(Word, Role<'t>)>,
    /// What one more word would be.
    pub(super) next: Role<'t>,
    /// Positional words that are there.
    pub(super) positionals: usize,
    /// Whether the text ends inside a quotation.
    pub(super) is_open: bool,
    /// Where the text of the line ends.
    end: usize,
}

impl<'t> Reading<'t> {
    /// Reads the last line of a text that is being typed; places count from the text's start.
    pub(super) fn of(tree: &'t Command, text: &str, dialect: Dialect) -> Self {
        let start = Block::parse(text, dialect).last;
        // A row that goes on: both bytes are blanks to the command.
        let line = text[start..].replace("\\\n", "  ");
        let line = Line::parse(&line, dialect);
        let is_open = line.open.is_some();
        let mut words = line.words.into_iter();
        let mut reading = Self {
            command: None,
            words: Vec::new(),
            next: Role::Command,
            positionals: 0,
            is_open,
            end: text.len(),
        };
        let Some(first) = words.next() else { return reading };
        reading.command = tree.find_subcommand(first.text().as_ref());
        reading.push(first, Role::Command, start);
        reading.next = reading.positional();
        for word in words {
            let waiting = matches!(reading.next, Role::Value(arg) if !arg.is_positional());
            let (role, next) = if waiting { (reading.next, None) } else { reading.role(&word) };
            if !waiting && matches!(role, Role::Value(_)) {
                reading.positionals += 1;
            }
            reading.push(word, role, start);
            reading.next = next.map_or_else(|| reading.positional(), Role::Value);
        }
        reading
    }

    fn push(&mut self, mut word: Word, role: Role<'t>, start: usize) {
        word.span = word.span.start + start..word.span.end + start;
        self.words.push((word, role));
    }

    /// Returns the word that the text ends in, with its role; an empty one behind a blank.
    pub(super) fn last(&self) -> (Word, Role<'t>) {
        match self.words.last() {
            Some((word, role)) if word.span.end == self.end => (word.clone(), *role),
            _ => {
                let span = self.end..self.end;
                (Word { bytes: Vec::new(), span, quote: None }, self.next)
            }
        }
    }

    /// Returns the word at a place, with its role; an empty one where there is none.
    pub(super) fn at(&self, place: usize) -> (Word, Role<'t>) {
        let there =
            |(word, _): &&(Word, Role<'t>)| (word.span.start..=word.span.end).contains(&place);
        match self.words.iter().find(there) {
            Some((word, role)) => (word.clone(), *role),
            None => (Word { bytes: Vec::new(), span: place..place, quote: None }, Role::Unknown),
        }
    }

    /// Returns the option that a word names, as a short or a long one.
    pub(super) fn options(&self, word: &str) -> Vec<&'t Arg> {
        let Some(command) = self.command else { return Vec::new() };
        let find = |fits: &dyn Fn(&&Arg) -> bool| command.get_arguments().find(fits);
        if let Some(long) = word.strip_prefix("--") {
            let name = long.split('=').next().unwrap_or_default();
            return find(&|arg| arg.get_long() == Some(name)).into_iter().collect();
        }
        let Some(letters) = word.strip_prefix('-') else { return Vec::new() };
        // An option without a letter may be written with one dash, as zkCli writes `-add`.
        let name = letters.split('=').next();
        if let Some(long) = find(&|arg| arg.get_short().is_none() && arg.get_long() == name) {
            return vec![long];
        }
        letters.chars().map_while(|letter| find(&|arg| arg.get_short() == Some(letter))).collect()
    }

    /// Returns the role of a word that is no option's value, and the option that waits for one.
    fn role(&self, word: &Word) -> (Role<'t>, Option<&'t Arg>) {
        let text = word.text();
        let dashed = word.quote.is_none() && text.len() > 1 && text.starts_with('-');
        if dashed {
            let options = self.options(&text);
            let whole = text.starts_with("--")
                || options.first().is_some_and(|first| first.get_short().is_none());
            let complete = whole || options.len() + 1 == text.chars().count();
            if let Some(last) = options.last().filter(|_| complete) {
                let waits = takes_value(last) && !text.contains('=');
                return (Role::Option, waits.then_some(*last));
            }
            let value = self.positional();
            let hyphens = matches!(value, Role::Value(arg) if arg.is_allow_hyphen_values_set() || arg.is_allow_negative_numbers_set());
            if !hyphens {
                return (if options.is_empty() { Role::Unknown } else { Role::Option }, None);
            }
        }
        (self.positional(), None)
    }

    fn positional(&self) -> Role<'t> {
        let Some(command) = self.command else { return Role::Unknown };
        let mut places = command.get_positionals();
        let repeated = command.get_positionals().last().filter(|arg| {
            matches!(arg.get_action(), ArgAction::Append)
                || arg.get_num_args().is_some_and(|range| range.max_values() > 1)
        });
        places.nth(self.positionals).or(repeated).map_or(Role::Unknown, Role::Value)
    }
}

pub(super) fn takes_value(arg: &Arg) -> bool {
    arg.get_action().takes_values()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(text: &str) -> String {
        let mut tree = crate::command::Command::tree();
        tree.build();
        let reading = Reading::of(&tree, text, Dialect::V34);
        let name = |role: &Role<'_>| match role {
            Role::Command => "command".to_owned(),
            Role::Option => "option".to_owned(),
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
        ] {
            assert_eq!(roles(text), expected, "{text}");
        }
    }

    #[test]
    fn the_type_tells_a_path() {
        let mut tree = crate::command::Command::tree();
        tree.build();
        let is_path = |text| Reading::of(&tree, text, Dialect::V34).last().1.is_path();
        assert!(is_path("get /a") && is_path("deleteall ") && is_path("create -e /a/"));
        assert!(!is_path("get /a ") && !is_path("ge") && !is_path("printwatches o"));
    }
}
