//! Plays the same scripts through Apache's zkCli and through zksh on the same server, and compares
//! the output line by line. Then it compares the znodes that they leave, with their data (null
//! differs from empty), ACLs, kinds and versions, while the sessions still exist. zksh plays the
//! scripts again under a Chinese locale.
//!
//! A script in `tests/differential/scripts` has a command on each line. `#` begins a comment, and
//! `#:` sets how it is played: `zkCli 3.4` or `zkCli 3.9` if it is only for one of them; `needs
//! 3.6`; `root` if it must not be played in a chroot of its own. The differences that are allowed,
//! with reasons, are in `tests/differential/differences`.

mod difference;
mod left;
mod zkcli;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use self::difference::Differences;
use self::left::left;
use self::zkcli::ZkCli;
use zksh::command::Command as ZkshCommand;
use zksh::dialect::Dialect;
use zksh::dispatch::redact;

use crate::support::apache::numbers;
use crate::support::engine::{Engine, engines};
use crate::support::shell::zksh;

/// A command after every line, whose output marks the end of that line's output. It sends no
/// request.
const MARK: &str = "printwatches";
const MARKED: &str = "printwatches is on";

/// The lines at the end of every script, which cause an event after all others.
const END: [&str; 2] = ["stat /the-end true", "create /the-end x"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential")
}

/// The commands of a file.
struct Script {
    name: String,
    only: Option<String>,
    needs: Vec<u32>,
    root: bool,
    lines: Vec<String>,
}

impl Script {
    fn read(path: &Path) -> Self {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let mut script =
            Self { name, only: None, needs: Vec::new(), root: false, lines: Vec::new() };
        for line in fs::read_to_string(path).unwrap().lines() {
            match line.strip_prefix("#: ").map(|rule| rule.split_once(' ').unwrap_or((rule, ""))) {
                Some(("zkCli", release)) => script.only = Some(release.to_owned()),
                Some(("needs", version)) => script.needs = numbers(version),
                Some(("root", "")) => script.root = true,
                Some(other) => panic!("{}: unknown: {other:?}", script.name),
                None if line.starts_with('#') || line.is_empty() => {}
                None => script.lines.push(line.to_owned()),
            }
        }
        script
    }

    fn all() -> Vec<Self> {
        let files = fs::read_dir(folder().join("scripts")).unwrap();
        let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        files.sort();
        files.iter().map(|file| Self::read(file)).collect()
    }

    fn is_for(&self, engine: &Engine, dialect: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == dialect) && engine.version >= self.needs
    }
}

/// The output of a script: that of each line, and the events, which may come at any time.
#[derive(Debug, Default)]
pub(crate) struct Printed {
    steps: Vec<Vec<String>>,
    events: Vec<String>,
    /// The znodes that are left, with a line for each.
    left: Vec<String>,
}

impl Printed {
    /// Takes the output up to the next mark.
    fn take(&mut self, lines: impl IntoIterator<Item = String>) {
        let mut step: Vec<String> = Vec::new();
        for line in lines {
            if line == "WATCHER::" {
                // An empty line precedes it, and another one follows.
                step.pop_if(|last| last.is_empty());
            } else if line.starts_with("WatchedEvent ") {
                step.pop_if(|last| last.is_empty());
                let event = line.split(" zxid: ").next().unwrap_or_default().to_owned();
                if !event.ends_with("path:null") {
                    self.events.push(event);
                }
            } else if line.starts_with("Sync returned ") {
                // zkCli 3.4 does not wait for the reply.
                self.events.push(line);
            } else {
                step.push(general(line));
            }
        }
        self.steps.push(step);
    }
}

/// Replaces values that differ between runs.
fn general(line: String) -> String {
    match line.split_once(" = ") {
        Some((key @ ("cZxid" | "mZxid" | "pZxid"), zxid)) if zxid.starts_with("0x") => {
            format!("{key} = <zxid>")
        }
        Some((key @ ("ctime" | "mtime"), time))
            if time.contains(" CET ") || time.contains(" CEST ") =>
        {
            format!("{key} = <time>")
        }
        Some(("ephemeralOwner", owner)) if owner != "0x0" => {
            "ephemeralOwner = <session>".to_owned()
        }
        // zkCli 3.4 prints the names in the server's order, which is undefined.
        _ => match line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            Some(names) => {
                let mut names: Vec<&str> = names.split(", ").collect();
                names.sort_unstable();
                format!("[{}]", names.join(", "))
            }
            None => line,
        },
    }
}

fn play_zksh(script: &Script, dialect: &str, server: &str, locale: &str) -> Printed {
    let lines = script.lines.iter().map(String::as_str).chain(END).chain(["delete /the-end"]);
    let typed: Vec<String> = lines.map(|line| format!("{line}\n{MARK}\n")).collect();
    let shell = zksh(server).args(["--compat", dialect]);
    let mut shell = shell.env("LC_ALL", locale).env("LANG", locale);
    // Use one pipe for both streams, like zkCli.
    let (reader, writer) = std::io::pipe().unwrap();
    shell.command.stdout(writer.try_clone().unwrap()).stderr(writer);
    shell.command.stdin(std::process::Stdio::piped());
    let mut child = shell.command.spawn().unwrap();
    drop(shell);
    let mut stdin = child.stdin.take().unwrap();
    let marks = typed.len();
    let writing = std::thread::spawn(move || {
        stdin.write_all(typed.concat().as_bytes()).unwrap();
        stdin
    });
    let mut printed = Printed::default();
    let mut step = Vec::new();
    let mut writing = Some(writing);
    for line in BufReader::new(reader).lines().map(Result::unwrap) {
        let line = line.as_str();
        if line == MARKED {
            printed.take(step.drain(..));
            if printed.steps.len() == marks {
                // All commands are done. The session ends with its input, and its ephemerals are
                // compared, so look at the znodes first.
                printed.left = left(&script.lines, server, script.root);
                drop(writing.take().map(std::thread::JoinHandle::join));
            }
            continue;
        }
        // An error is printed with its place in the script, followed by the typed line.
        let place = line.strip_prefix("stdin:").and_then(|rest| rest.split_once(": "));
        let typed = &script.lines[printed.steps.len().min(script.lines.len() - 1)];
        if line.strip_prefix("    ") != Some(&redact::<ZkshCommand>(typed, Dialect::default())) {
            step.push(place.map_or(line, |(_, rest)| rest).to_owned());
        }
    }
    child.wait().unwrap();
    assert!(writing.is_none(), "{}: the shell ended early", script.name);
    printed.steps.truncate(script.lines.len());
    printed
}

#[test]
fn zksh_prints_what_zkcli_prints() {
    let differences = Differences::read(&folder().join("differences"));
    let scripts = Script::all();
    let mut wrong = Vec::new();
    let mut releases = Vec::new();
    for engine in engines() {
        let dialect = match engine.version[..2] {
            [3, 4] if engine.version[2..] == [5] => "3.4",
            [3, 8 | 9] => "3.9",
            _ => continue,
        };
        let Some(release) = &engine.release else { continue };
        eprintln!("on {}", engine.name);
        releases.push(release.version.clone());
        let address = engine.address();
        let mut zkcli = ZkCli::start(release, &address);
        for script in scripts.iter().filter(|script| script.is_for(&engine, dialect)) {
            let server = |whose: &str| {
                static NEXT: AtomicU32 = AtomicU32::new(0);
                if script.root {
                    return address.clone();
                }
                let root = format!("/{whose}-{}", NEXT.fetch_add(1, Ordering::Relaxed));
                zksh(&address).args(["create", &root]).succeed();
                format!("{address}{root}")
            };
            let place = server("theirs");
            let mut theirs = zkcli.play(&script.lines, &place);
            theirs.left = left(&script.lines, &place, script.root);
            for locale in ["C.UTF-8", "zh_CN.UTF-8"] {
                let ours = play_zksh(script, dialect, &server("ours"), locale);
                let found = differences.compare(&script.name, &script.lines, &theirs, &ours);
                let place = format!("{}, {locale}: {}", engine.name, script.name);
                wrong.extend(found.iter().map(|found| format!("{place}: {found}")));
            }
        }
    }
    // Check for unused differences only if releases of both kinds are present, since otherwise some
    // cannot occur.
    if ["3.4.5", "3.9."].iter().all(|one| releases.iter().any(|known| known.starts_with(one))) {
        wrong.extend(differences.unmet());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
