//! Parses a line into a command with its arguments.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use clap::error::ErrorKind;

use super::invocation::Invocation;
use super::redact::redact_words;
use super::usage_error::{unknown, usage_error};
use super::{Globbed, Table, TreeAddress, Words, fast_parse, for_clap, heredoc, session_of};
use crate::dialect::Dialect;
use crate::error::{Error, Result};
use crate::syntax::{Line, Word};
use crate::syntax::{Variables, expand};
use crate::tree::glob::is_pattern;
use crate::zk::TypedPath;

/// How lines are parsed.
#[derive(Debug, Clone, Default)]
pub struct Reader {
    /// The dialect, which decides the meaning of quotes.
    pub dialect: Dialect,
    /// Whether patterns in paths stand for the znodes that match.
    pub globs: bool,
    /// The variables for `${NAME}`, or `None` if it is not replaced.
    pub variables: Option<Variables>,
}

impl Reader {
    /// Parses a line, including its heredoc if it has one. Returns `None` for a line without words.
    pub fn read<T: Table>(&self, text: &str) -> Result<Option<Invocation<T>>> {
        if let Some(cut) = heredoc::words::<T>(text, self.dialect)? {
            return words(cut, self.dialect);
        }
        let line = Line::parse(text, self.dialect);
        if let Some(quote) = line.open {
            return Err(Error::usage(format!("A quote is not closed: {quote}")));
        }
        if let Some(at) = line.bad_escape {
            let escape: String = text[at..].chars().take(2).collect();
            return Err(Error::usage(format!("Unknown escape: {escape}")).with_hint(
                r#"$'...' knows \' \" \\ \n \t \r \xHH \u{...}; '...' has no escapes"#,
            ));
        }
        let value = |word: Word| match &self.variables {
            Some(variables) if word.quote != Some('\'') => expand(&word.bytes, variables),
            _ => Ok(word.bytes),
        };
        let globs = self.globs && line.words.iter().any(Globbed::may_be);
        let typed = globs.then(|| line.words.clone());
        let cut = line.words.into_iter().map(|word| value(word).map(OsString::from_vec));
        let cut = cut.collect::<Result<Vec<_>>>()?;
        let Some(typed) = typed else { return words(cut, self.dialect) };
        let mut invocation = words::<T>(cut.clone(), self.dialect)?;
        if let Some(invocation) = &mut invocation {
            invocation.expand(Globbed::of::<T>(&typed, &cut, self.dialect));
        }
        Ok(invocation)
    }

    /// Parses the words of a command from the system's command line. Returns `None` if there are no
    /// words.
    pub fn read_words<T: Table>(&self, typed: &[OsString]) -> Result<Option<Invocation<T>>> {
        let mut invocation = words::<T>(typed.to_vec(), self.dialect)?;
        if self.globs
            && typed.iter().any(|word| is_pattern(&word.to_string_lossy()))
            && let Some(invocation) = &mut invocation
        {
            invocation.expand(Globbed::of_words::<T>(typed, self.dialect));
        }
        Ok(invocation)
    }
}

/// Parses a line without replacing variables. Returns `None` for a line without words.
pub fn parse<T: Table>(text: &str, dialect: Dialect) -> Result<Option<Invocation<T>>> {
    Reader { dialect, ..Reader::default() }.read(text)
}

/// Parses the words of a command. Returns `None` if there are no words.
pub fn words<T: Table>(words: impl Into<Words>, dialect: Dialect) -> Result<Option<Invocation<T>>> {
    let words = words.into();
    let invocation = if words.block.is_none() { fast_parse::read(&words.words) } else { None };
    invocation.map_or_else(|| by_clap(&words, dialect), |invocation| Ok(Some(invocation)))
}

/// Parses words with clap. Error messages never contain the secrets of the words.
pub(super) fn by_clap<T: Table>(line: &Words, dialect: Dialect) -> Result<Option<Invocation<T>>> {
    let read = read_words(line, dialect);
    if read.is_err()
        && let Some(redacted) = redact_words::<T>(line, dialect)
    {
        return Err(read_words::<T>(&redacted, dialect).err().unwrap_or_else(|| {
            Error::usage("Wrong arguments; they are not shown because they contain a secret")
        }));
    }
    read
}

/// Returns the words that `@bob get /a` is short for: `as bob get /a`.
fn in_session(session: &str, line: &Words) -> Words {
    let mut words = vec!["as".into(), session.into()];
    words.extend(line.words[1..].iter().cloned());
    Words { words, block: line.block.map(|block| block + 1) }
}

fn read_words<T: Table>(line: &Words, dialect: Dialect) -> Result<Option<Invocation<T>>> {
    if line.words.is_empty() {
        return Ok(None);
    }
    if let Some(session) = session_of(&line.words[0]) {
        return read_words(&in_session(session, line), dialect);
    }
    // clap would take the last component of a path as the name, so that `/zookeeper/quit` meant
    // `quit`.
    let name = line.words[0].to_string_lossy();
    if T::with_tree(|tree| tree.find_subcommand(&*name).is_none()) {
        return Err(unknown::<T>(&name));
    }
    let words = T::with_tree(|tree| for_clap(tree, line, dialect));
    let parsed = T::with_tree(|tree| {
        let mut matches = tree.try_get_matches_from_mut(&words)?;
        let (name, path) = match matches.subcommand() {
            Some((name, arguments)) => {
                let typed = arguments.try_get_one::<TypedPath>("path").ok().flatten().cloned();
                let here = || arguments.try_get_one::<TreeAddress>("path").ok().flatten()?.here();
                (name.to_owned(), typed.or_else(here))
            }
            None => (String::new(), None),
        };
        let command = T::from_arg_matches_mut(&mut matches)?;
        let has_block = line.block.is_some();
        Ok::<_, clap::Error>(Invocation { command, name, path, has_block, globbed: None })
    });
    match parsed {
        Ok(invocation) => Ok(Some(invocation)),
        // `ls --help` is treated as `help ls`.
        Err(error) if error.kind() == ErrorKind::DisplayHelp => {
            let command = T::help(&words[0].to_string_lossy());
            let name = "help".to_owned();
            Ok(Some(Invocation { command, name, path: None, has_block: false, globbed: None }))
        }
        Err(error) => Err(usage_error::<T>(&error, &words)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;

    fn said(line: &str) -> String {
        match parse::<Command>(line, Dialect::V34) {
            Ok(Some(invocation)) => format!("{:?}", invocation.command),
            Ok(None) => "nothing".to_owned(),
            Err(error) => {
                let usage = error.usage_line().map(|usage| format!(" | {usage}"));
                format!("{error}{}", usage.unwrap_or_default())
            }
        }
    }

    #[test]
    fn complaints_are_one_clear_line() {
        let ls = "ls [-s] [-w] [-R] path [watch] | ls -l [--sort key] path";
        for (line, words) in [
            ("getAcl", "Missing: path | getAcl [-s] path".to_owned()),
            (
                "rmr",
                "Missing: path | rmr path [-b batch size] [-n] [--keep-going] [--yes] [--force]"
                    .to_owned(),
            ),
            ("ls -z /a", format!("Unknown option: -z | {ls}")),
            ("ls /a true more", format!("Unexpected argument: more | {ls}")),
            ("lss /a", "Command not found: lss".to_owned()),
            ("/", "Command not found: /".to_owned()),
            ("none/ls /", "Command not found: none/ls".to_owned()),
            ("/zookeeper/quit", "Command not found: /zookeeper/quit".to_owned()),
            ("-h", "Command not found: -h".to_owned()),
            ("set /a \"b", "A quote is not closed: \"".to_owned()),
            ("", "nothing".to_owned()),
            ("  # ls", "nothing".to_owned()),
        ] {
            assert_eq!(said(line), words, "{line}");
        }
        assert!(said("delete /a x").starts_with("version cannot be x: it is not a whole number"));
        assert!(
            said("create -c -e /a").contains("cannot be combined with"),
            "{}",
            said("create -c -e /a")
        );
        assert!(said("create /a b world:anyone:z").contains("z is not a permission"));
        assert!(said("redo x").starts_with("cmdno cannot be x"));
    }

    #[test]
    fn options_stand_anywhere_and_bundle() {
        for line in
            ["create -se /a b", "create /a -e b -s", "get /a -s", "delete -v 3 /a", "set /a -5"]
        {
            assert!(!said(line).contains('|'), "{line}: {}", said(line));
        }
    }

    #[test]
    fn one_dash_will_do_for_options_without_a_letter() {
        for line in
            ["reconfig -add server.1=a:1:2;3 -remove 2", "reconfig -members=server.1=a:1:2;3"]
        {
            assert!(!said(line).contains('|'), "{line}: {}", said(line));
        }
        assert!(said("reconfig -add x -file y").contains("cannot be combined"));
        assert!(said("create /a -ttl").contains("-ttl"));
    }
}
