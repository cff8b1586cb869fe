//! Completion for the system's shells, which split and quote words themselves.

use clap::Command;
use rustyline::completion::Pair;

use super::complete::{self, paths};
use super::grammar::{Reading, Role};
use super::matches::{self, Names};
use super::znode_cache::ZnodeCache;
use crate::dialect::Dialect;
use crate::dispatch::{Ensembles, WorkingPath};
use crate::session::{PerSession, Session, Sessions};
use crate::tree::glob::PathPattern;
use crate::zk::ZnodePath;

/// A candidate for a word.
#[derive(Debug, PartialEq, Eq)]
pub enum Candidate {
    /// A text.
    Text {
        /// The text to insert.
        text: String,
        /// Whether the text completes the word, so that the next word follows.
        is_whole: bool,
        /// The meaning of the text. Empty if the text is self-explanatory.
        meaning: String,
    },
    /// A file of this machine.
    File,
}

/// Completes the last of `words`, which start with a command name. Requests znodes from the
/// session. With `globs`, patterns in a path stand for the znodes that match.
pub async fn complete_words(
    words: &[String],
    (dialect, globs): (Dialect, bool),
    session: impl Future<Output = Option<Session>>,
) -> Vec<Candidate> {
    let mut grammar = crate::command::Command::tree();
    grammar.build();
    let Some((last, before)) = words.split_last() else { return Vec::new() };
    let text = line(before, last);
    let reading = Reading::of(&grammar, &text, dialect);
    let (word, role) = reading.last();
    let typed = word.text().into_owned();
    let is_option = typed.starts_with('-') && !reading.is_plain;
    if role.is_path(&typed) && !is_option {
        return match session.await {
            Some(session) => znodes(session, &typed, globs && reading.expands_patterns()).await,
            None => Vec::new(),
        };
    }
    match role {
        Role::Program => return vec![Candidate::File],
        Role::Value(arg) if !is_option && complete::takes_file(arg) => {
            return vec![Candidate::File];
        }
        _ => {}
    }
    known(&grammar, &reading, &typed)
}

/// Returns candidates that are known without a server.
fn known(grammar: &Command, reading: &Reading<'_>, typed: &str) -> Vec<Candidate> {
    let found = complete::words(grammar, reading, typed);
    found.into_iter().map(candidate).collect()
}

/// Completes the path of a znode.
async fn znodes(session: Session, typed: &str, globs: bool) -> Vec<Candidate> {
    let sessions = {
        let session = session.clone();
        Sessions::new("main", move |_, _| session.clone())
    };
    let cwd = PerSession::<WorkingPath>::new(&sessions);
    let tree =
        ZnodeCache::new(sessions, cwd, Ensembles::default(), tokio::runtime::Handle::current());
    let globs = globs && paths::has_pattern(typed);
    for path in paths::needed(&tree, typed) {
        // `find` then asks for nothing more, which it would have to wait for.
        match PathPattern::new(path.as_str()) {
            Ok(Some(pattern)) if globs => {
                let list = |path: ZnodePath| {
                    let session = session.clone();
                    async move {
                        let mut names = session.child_names(&path).await.ok()?;
                        names.sort_unstable();
                        Some(Names::new(names))
                    }
                };
                let names = matches::child_names(&pattern, list).await;
                tree.learn_matches(path, names);
            }
            _ => {
                if let Ok(names) = session.child_names(&path).await {
                    tree.learn(path, names);
                }
            }
        }
    }
    session.close().await;
    let Some(found) = paths::find(&tree, typed, globs) else { return Vec::new() };
    let shown = found.names.iter().filter(|name| !name.chars().any(char::is_control));
    shown
        .take(complete::MAX_CANDIDATES)
        .map(|name| Candidate::Text {
            text: format!("{}{name}", found.directory),
            is_whole: found.is_whole,
            meaning: String::new(),
        })
        .collect()
}

fn candidate(pair: Pair) -> Candidate {
    let Pair { display, replacement } = pair;
    let meaning = display.split_once("  ").map_or("", |(_, meaning)| meaning).trim().to_owned();
    let (text, is_whole) = match replacement.strip_suffix(' ') {
        Some(text) => (text.to_owned(), true),
        None => (replacement, false),
    };
    Candidate::Text { text, is_whole, meaning }
}

/// Returns the words as a user would type them at a prompt of zksh, the last one unfinished.
fn line(before: &[String], last: &str) -> String {
    let quoted = |word: &String| {
        let plain = |c: char| !c.is_whitespace() && !matches!(c, '\'' | '"' | '\\' | '#' | '$');
        if !word.is_empty() && word.chars().all(plain) {
            return format!("{word} ");
        }
        let mut typed = String::from("$'");
        for c in word.chars() {
            match c {
                '\'' | '\\' => typed.extend(['\\', c]),
                c if c.is_control() => typed.extend(c.escape_unicode()),
                c => typed.push(c),
            }
        }
        typed + "' "
    };
    let mut text: String = before.iter().map(quoted).collect();
    if last.contains(char::is_whitespace) && !last.contains('\'') {
        text.push('\'');
    }
    text.push_str(last);
    text
}

/// Removes the quotes that a word has in the system's shell.
pub fn unquoted(typed: &str) -> String {
    let mut word = String::with_capacity(typed.len());
    let mut quote = None;
    let mut chars = typed.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (None | Some('"'), '\\') => word.extend(chars.next()),
            (_, c) => word.push(c),
        }
    }
    word
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn found(words: &[&str]) -> Vec<String> {
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let candidates = runtime.block_on(complete_words(
            &words,
            (Dialect::V34, true),
            std::future::ready(None),
        ));
        let text = |candidate| match candidate {
            Candidate::Text { text, is_whole, .. } => text + if is_whole { "·" } else { "" },
            Candidate::File => "FILE".to_owned(),
        };
        candidates.into_iter().map(text).collect()
    }

    #[test]
    fn words_that_are_already_split_are_completed() {
        for (words, wanted) in [
            (&["delet"][..], &["delete·", "deleteall·"][..]),
            (&["time", "dele"], &["delete·", "deleteall·"]),
            (&["get", "--w"], &["--watch·"]),
            (&["printwatches", "o"], &["on·", "off·"]),
            (&["create", "/a b", "x", "wo"], &["world:anyone:"]),
            (&["create", "/it's", "x", "wo"], &["world:anyone:"]),
            (&["watch", "/a", "--", "c"], &["FILE"]),
            (&["set", "/a", "-i", "x"], &["FILE"]),
            (&["source", ""], &["FILE"]),
            // Without a server there are no candidates for znodes.
            (&["get", "/l"], &[]),
            (&["get", "-"], &["-s·", "-w·", "-b·", "-x·", "--pretty·"]),
        ] {
            let seen = found(words);
            let seen: Vec<&str> = seen.iter().map(String::as_str).collect();
            match wanted {
                [first, ..] if words == ["get", "-"] => assert!(seen.contains(first), "{seen:?}"),
                _ => assert_eq!(seen, wanted, "{words:?}"),
            }
        }
    }

    #[test]
    fn quotes_of_the_systems_shell_are_removed() {
        for (typed, word) in [
            ("/a", "/a"),
            ("'/a b", "/a b"),
            ("/a\\ b", "/a b"),
            ("\"/a \\\"b\"", "/a \"b"),
            ("'/a\\b'", "/a\\b"),
        ] {
            assert_eq!(unquoted(typed), word);
        }
    }
}
