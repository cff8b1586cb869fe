//! `--complete-words`: answers the system's shell while a user types a line that starts with
//! `zksh`. It prints nothing if it has no candidates, and never asks the user.

use std::ffi::OsString;
use std::fmt::Write;
use std::sync::mpsc;
use std::time::Duration;

use clap::{Arg, Command, CommandFactory};

use crate::lesson::LESSONS;
use crate::options::{self, Learn, Options, Ready, Startup};
use crate::repl::{Candidate, complete_words, unquoted};
use crate::session::{Session, Settings, Transport};
use crate::zk::Tls;

/// The time limit for the whole completion, because the user is waiting.
const DEADLINE: Duration = Duration::from_millis(300);

/// The requested session timeout. It is short, because the session ends immediately.
const SESSION: Duration = Duration::from_secs(4);

/// Completes the last of the words, the first of which is the name of the program.
pub(super) fn complete(words: &[OsString]) -> String {
    let words: Vec<String> = words.iter().map(|word| unquoted(&word.to_string_lossy())).collect();
    let (sender, receiver) = mpsc::channel();
    // Reading a file that the options name may never end. The process ends without waiting for this
    // thread.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let found = runtime.map(|runtime| runtime.block_on(candidates(&words)));
        let _ = sender.send(found.unwrap_or_default());
    });
    let found = receiver.recv_timeout(DEADLINE).unwrap_or_default();
    let mut text = String::new();
    for candidate in found {
        // Writing to memory cannot fail.
        let _ = match candidate {
            Candidate::File => writeln!(text, "@files"),
            Candidate::Text { text: word, is_whole, meaning } => {
                let kind = if is_whole { '=' } else { '+' };
                writeln!(text, "{kind}{word}\t{meaning}")
            }
        };
    }
    text
}

async fn candidates(words: &[String]) -> Vec<Candidate> {
    let tree = options::tree();
    let Some((last, before)) = words.split_last() else { return Vec::new() };
    let mut at = 1;
    while let Some(word) = before.get(at) {
        if !word.starts_with('-') || word == "-" || word == "--" {
            break;
        }
        at += 1;
        let Some(option) = option(&tree, word) else { continue };
        let takes_next = option.get_action().takes_values() && !option.is_require_equals_set();
        if takes_next && !word.contains('=') {
            if at == before.len() {
                return values(option, last);
            }
            at += 1;
        }
    }
    let at = at.min(before.len());
    let Some(options) = options(&words[..at]) else { return Vec::new() };
    if at == before.len() && last.starts_with('-') {
        return names(&tree, last);
    }
    if before.get(at).is_some_and(|word| word == Learn::WORD) {
        return of_learn(&before[at + 1..], last);
    }
    let mut found =
        complete_words(&words[at..], (options.dialect, options.script.glob), connected(&options))
            .await;
    if at == before.len() && Learn::WORD.starts_with(last.as_str()) {
        let about = Learn::command().get_about().map(ToString::to_string);
        found.push(whole(Learn::WORD, about.unwrap_or_default()));
    }
    found
}

/// Completes the words after `learn`.
fn of_learn(before: &[String], last: &str) -> Vec<Candidate> {
    let tree = Learn::command();
    if last.starts_with('-') {
        return names(&tree, last);
    }
    let mut awaits_value = None;
    let mut has_lesson = false;
    for word in before {
        has_lesson |= !word.starts_with('-') && awaits_value.is_none();
        awaits_value = option(&tree, word).filter(|option| option.get_action().takes_values());
    }
    if let Some(option) = awaits_value {
        return values(option, last);
    }
    if has_lesson {
        return Vec::new();
    }
    let lessons = LESSONS.iter().map(|source| source.name);
    lessons.filter(|name| name.starts_with(last)).map(|name| whole(name, String::new())).collect()
}

fn whole(text: &str, meaning: String) -> Candidate {
    Candidate::Text { text: text.to_owned(), is_whole: true, meaning }
}

/// Opens a session for the servers that the options name.
async fn connected(options: &Options) -> Option<Session> {
    // Nothing asks for a password here, so without one no znodes are completed.
    let Ready::Known(security) = &options.security else { return None };
    // Decrypting a key with its password takes longer than the time limit.
    if security.tls.as_ref().is_some_and(Tls::has_password) {
        return None;
    }
    if !super::security::missing_variables(security).is_empty() {
        return None;
    }
    let servers = options.servers.clone().unwrap_or_default();
    let transport = Transport::open(security).ok()?;
    transport.require(&servers).ok()?;
    let settings = Settings {
        timeout: SESSION,
        read_only: true,
        max_request: options.max_request,
        refused: DEADLINE,
        transport,
    };
    let session = Session::new(settings, |_| {});
    session.open(servers);
    session.connected(DEADLINE).await.ok()?;
    Some(session)
}

/// Parses the options before a command.
fn options(words: &[String]) -> Option<Box<Options>> {
    match Startup::read(words.iter().map(OsString::from)) {
        Ok(Startup::Run(options)) => Some(options),
        _ => None,
    }
}

/// Finds an option that is typed with one dash or two.
fn option<'t>(tree: &'t Command, word: &str) -> Option<&'t Arg> {
    let name = word.trim_start_matches('-').split('=').next().unwrap_or_default();
    tree.get_arguments().find(|arg| {
        arg.get_long() == Some(name)
            || arg.get_short().is_some_and(|short| name == short.to_string())
    })
}

/// Lists the options that start with `typed`.
fn names(tree: &Command, typed: &str) -> Vec<Candidate> {
    let dashes = if typed.starts_with("--") || typed == "-" { "--" } else { "-" };
    let name = typed.trim_start_matches('-');
    let known = tree.get_arguments().filter(|arg| !arg.is_hide_set() && !arg.is_positional());
    let fits = known.filter_map(|arg| {
        let long = arg.get_long().filter(|long| long.starts_with(name))?;
        Some(Candidate::Text {
            text: format!("{dashes}{long}"),
            is_whole: true,
            meaning: arg.get_help().map(ToString::to_string).unwrap_or_default(),
        })
    });
    fits.collect()
}

/// Lists the values of an option.
fn values(option: &Arg, typed: &str) -> Vec<Candidate> {
    if option.get_id() == "ensemble" {
        let named = options(&["zksh".to_owned()]).map(|options| options.ensembles);
        let named = named.into_iter().flatten().filter(|known| known.name.starts_with(typed));
        return named.map(|known| whole(&known.name, known.servers.to_string())).collect();
    }
    let names = option.get_value_names().unwrap_or_default();
    if names.first().is_some_and(|name| name.as_str() == "file") {
        return vec![Candidate::File];
    }
    let known = option.get_possible_values().into_iter().filter(|value| !value.is_hide_set());
    let fits = known.filter(|value| value.get_name().starts_with(typed));
    fits.map(|value| {
        let meaning = value.get_help().map(ToString::to_string).unwrap_or_default();
        whole(value.get_name(), meaning)
    })
    .collect()
}
