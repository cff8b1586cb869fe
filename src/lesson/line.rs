//! A line that a lesson types, with its session, and the check that it is allowed.

use std::fmt;

/// The commands that a lesson may type. None of them runs a program, reads a file, or leaves the
/// lesson's root.
const COMMANDS: [&str; 30] = [
    "addWatch",
    "addauth",
    "check",
    "commit",
    "config",
    "create",
    "delete",
    "deleteall",
    "discard",
    "exists",
    "get",
    "getAcl",
    "getAllChildrenNumber",
    "getEphemerals",
    "ls",
    "ls2",
    "multi",
    "removewatches",
    "rmr",
    "server",
    "session",
    "set",
    "setAcl",
    "sleep",
    "stat",
    "sync",
    "version",
    "wait",
    "watches",
    "whoami",
];

/// The options that a lesson may type. The option that reads data from a file is not among them in
/// any form.
const OPTIONS: [&str; 20] = [
    "-R", "-a", "-b", "-c", "-d", "-e", "-es", "-l", "-m", "-p", "-r", "-s", "-se", "-sw", "-t",
    "-timeout", "-v", "-w", "-ws", "-x",
];

/// The maximum length of a line in characters.
const LONGEST: usize = 1000;

/// A line that is typed in a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The session of the line: the one in the prompt, or the one that `@NAME` at the start
    /// selects.
    pub session: String,
    /// The typed text, without `@NAME`.
    pub command: String,
    /// The text that is shown to a learner, with the prompt: `A> @B ls /`.
    pub shown: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Line {
    /// Parses `A> create /a`. Without a prompt, the line is for the first session.
    pub(super) fn parse(text: &str, sessions: &[&str]) -> Result<Self, String> {
        if text.chars().count() > LONGEST {
            return Err(format!("A line may have {LONGEST} characters"));
        }
        if text.contains(char::is_control) {
            return Err("A line may have no control characters".to_owned());
        }
        let (prompt, typed) = match text.split_once("> ") {
            Some((prompt, typed)) if !prompt.contains(' ') => (Some(prompt), typed.trim()),
            _ => (None, text.trim()),
        };
        let first = sessions.first().copied().unwrap_or_default();
        let prompt = prompt.unwrap_or(first);
        let (session, command) = match typed.strip_prefix('@') {
            Some(rest) => rest.split_once(' ').unwrap_or((rest, "")),
            None => (prompt, typed),
        };
        for name in [prompt, session] {
            if !sessions.contains(&name) {
                return Err(format!("No such session: {name}; sessions: names them"));
            }
        }
        let line = Self {
            session: session.to_owned(),
            command: command.trim().to_owned(),
            shown: format!("{prompt}> {typed}"),
        };
        line.check(sessions)?;
        Ok(line)
    }

    /// Returns the words, split at blanks outside quotes. This is precise enough to check them.
    pub fn words(&self) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut quote = None;
        for c in self.command.chars() {
            match (quote, c) {
                (None, '\'' | '"') => quote = Some(c),
                (Some(open), c) if c == open => quote = None,
                (None, ' ') => words.push(String::new()),
                (_, c) => {
                    if let Some(word) = words.last_mut() {
                        word.push(c);
                    }
                }
            }
        }
        words.retain(|word| !word.is_empty());
        words
    }

    fn check(&self, sessions: &[&str]) -> Result<(), String> {
        let words = self.words();
        let Some((command, rest)) = words.split_first() else {
            return Err("There is nothing to type".to_owned());
        };
        if !COMMANDS.contains(&command.as_str()) {
            return Err(format!("A lesson may not type {command}"));
        }
        // The shell splits words differently, depending on its dialect. So any text that could
        // become an option in some dialect counts as one, even in quotes, and no other notation for
        // bytes is allowed.
        if let Some(sign) = ["$'", "${", "<<"].into_iter().find(|sign| self.command.contains(sign))
        {
            return Err(format!("A lesson may not type {sign}"));
        }
        let pieces = self.command.split(' ').map(|piece| piece.replace(['\'', '"'], ""));
        let foreign = |piece: &String| piece.starts_with('-') && !OPTIONS.contains(&&**piece);
        if let Some(piece) = pieces.into_iter().find(foreign) {
            return Err(format!("A lesson may not type {piece}; options: {}", OPTIONS.join(" ")));
        }
        if command == "session" {
            let kinds = ["new", "close", "kill", "expire"];
            let name = rest.get(1).map(String::as_str).unwrap_or_default();
            if !rest.first().is_some_and(|kind| kinds.contains(&kind.as_str())) {
                return Err("A lesson may say session new, close, kill or expire".to_owned());
            }
            if !sessions.contains(&name) {
                return Err(format!("No such session: {name}; sessions: names them"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn parse(text: &str) -> Result<Line, String> {
        Line::parse(text, &["A", "B"])
    }

    #[test]
    fn the_prompt_and_the_at_sign_select_the_session() {
        let line = parse("A> @B create /a 'x y'").unwrap();
        assert_eq!((line.session.as_str(), line.command.as_str()), ("B", "create /a 'x y'"));
        assert_eq!(line.words(), ["create", "/a", "x y"]);
        assert_eq!(line.to_string(), "A> @B create /a 'x y'");
        assert_eq!(parse("B> ls /").unwrap().session, "B");
        assert_eq!(parse("ls /").unwrap().session, "A");
        assert_eq!(parse("set /a b> c").unwrap().command, "set /a b> c");
    }

    #[test]
    fn a_lesson_types_only_harmless_lines() {
        for wrong in [
            "",
            "A> ",
            "C> ls /",
            "@C ls /",
            "edit /a",
            "watch /a -- rm -rf /",
            "connect h:2181",
            "source x",
            "!ls",
            "set /a -",
            "set /a -i/etc/passwd",
            "set /a -iabc",
            "set /a -i=abc",
            "set /a -input abc",
            "set /a '-i' abc",
            "set /it's -i /etc/passwd",
            "set /a \"-i\" /etc/passwd",
            "set /a $'\\x2di' /etc/passwd",
            "set /a $'-i' /etc/passwd",
            "set /a ${FILE}",
            "create /a <<END",
            "set /a -i /etc/passwd",
            "create -si /etc/passwd /a",
            "set /a --input=x",
            "quit",
            "session list",
            "session kill C",
            "reconfig -remove 1",
            "setquota -n 1 /a",
            "ls /\u{1b}[2J",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        for right in [
            "session kill B",
            "addauth digest ann:secret",
            "delete -v 3 /a",
            "create -s -e /a @home",
        ] {
            assert!(parse(right).is_ok(), "{right}");
        }
        assert!(parse(&format!("set /a {}", "x".repeat(1000))).is_err());
    }
}
