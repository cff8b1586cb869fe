//! Plays the examples of all entries of the glossary on every engine.
//!
//! `> ` is typed in the shell, as in a transcript. `$ ` is typed in the system's shell, for which
//! this test knows only two commands: zksh, and a four-letter word sent by nc. `localhost:2181`
//! stands for the server.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpStream;

use zksh::glossary::{Entry, entries};

use crate::placeholder::lines_match;
use crate::support::apache::numbers;
use crate::support::engine::{Engine, on_every_engine};
use crate::support::shell::bare;
use crate::transcripts::{Transcript, in_parallel};

/// A part of an example that one shell runs.
#[derive(Default)]
struct Part {
    /// The command for the system's shell. If it is empty, `lines` is a transcript.
    command: String,
    lines: Vec<String>,
}

fn parts(entry: Entry) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for line in entry.example() {
        if let Some(command) = line.strip_prefix("$ ") {
            parts.push(Part { command: command.to_owned(), lines: Vec::new() });
            continue;
        }
        match parts.last_mut() {
            Some(part) if !line.starts_with("> ") || part.command.is_empty() => {
                part.lines.push(line.clone());
            }
            _ => parts.push(Part { command: String::new(), lines: vec![line.clone()] }),
        }
    }
    parts
}

/// Runs a command of the system's shell. Returns the lines that it prints.
fn run(command: &str, server: &str, engine: &Engine) -> Vec<String> {
    let text = if let Some(arguments) = command.strip_prefix("zksh ") {
        let arguments = arguments.replace("localhost:2181", server);
        // The chroot follows only the last server.
        let arguments = match server.split_once('/') {
            Some((address, chroot)) => {
                arguments.replace(&format!("{address}/{chroot},"), &format!("{address},"))
            }
            None => arguments,
        };
        let ran = bare().args(arguments.split(' ')).run();
        let errors = ran.stderr.lines().map(|line| format!("! {line}\n"));
        ran.stdout + &errors.collect::<String>()
    } else {
        let word = command.strip_prefix("echo ").and_then(|rest| rest.split_once(" | nc "));
        let (word, place) = word.unwrap_or_else(|| panic!("cannot run: {command}"));
        assert_eq!(place, "localhost 2181");
        let mut stream = TcpStream::connect(engine.address()).unwrap();
        stream.write_all(word.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    text.lines().map(str::to_owned).collect()
}

/// Returns a description of the first difference from the glossary, if any.
fn play(entry: Entry, engine: &Engine) -> Option<String> {
    if engine.version < entry.needs().map(numbers).unwrap_or_default() {
        return None;
    }
    let server = if entry.at_root() { engine.address() } else { engine.fresh() };
    for part in parts(entry) {
        if part.command.is_empty() {
            let whole = if entry.is_whole() { "#: whole\n" } else { "" };
            let mut transcript = Transcript::parse(&format!("{whole}{}\n", part.lines.join("\n")));
            transcript.server = Some(server.clone());
            let printed = transcript.play(engine);
            if let Some(difference) = transcript.compare(engine, &printed) {
                return Some(format!("{} {difference}", entry.key()));
            }
            continue;
        }
        let printed = run(&part.command, &server, engine);
        let wanted: Vec<&str> = part.lines.iter().map(String::as_str).collect();
        if !lines_match(&wanted, &printed, &mut HashMap::new()) {
            let printed = printed.join("\n");
            return Some(format!(
                "{} on {}: {}\n{printed}",
                entry.key(),
                engine.name,
                part.command
            ));
        }
    }
    None
}

#[test]
fn every_example_of_the_glossary_works_on_every_engine() {
    let entries: Vec<Entry> = entries().collect();
    on_every_engine(|engine| {
        let played = in_parallel(&entries, |entry| play(*entry, engine));
        assert!(played.is_empty(), "{}", played.join("\n\n"));
    });
}
