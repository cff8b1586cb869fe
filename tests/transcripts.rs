//! Plays the sessions in `tests/transcripts`, and every example in the help, on every engine, and
//! compares each line.
//!
//! A transcript reads like a session: `> ` precedes typed text, and `! ` precedes standard error.
//! The rest is printed output, with a `\` before lines that would look like one of these marks.
//! `#` begins a comment, and `#:` sets how it is played:
//!
//! - `#: needs 3.5`: skipped on older servers;
//! - `#: compat 3.9`: the dialect;
//! - `#: options …`: further options of zksh;
//! - `#: root`: at the server's own root, not in a chroot;
//! - `#: whole`: all lines are sent at once, for commands that count their lines.
//!
//! `<zxid>`, `<time>` and `<session>` match any value of their kind. With a name, `<zxid:a>`
//! matches the same value each time. `ZKSH_BLESS=1` writes the output to the files.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};

use zksh::command::Command;

use crate::placeholder::{general, lines_match, matches};
use crate::support::PATIENCE;
use crate::support::apache::numbers;
use crate::support::engine::{Engine, on_every_engine};
use crate::support::shell::{Zksh, zksh};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts")
}

/// A session in a file.
#[derive(Default)]
pub(crate) struct Transcript {
    needs: Vec<u32>,
    compat: Option<String>,
    options: Vec<String>,
    root: bool,
    whole: bool,
    /// The server. If `None`, a new znode is used as the root.
    pub(crate) server: Option<String>,
    /// The text before the first typed line.
    head: Vec<String>,
    steps: Vec<Step>,
}

/// A typed line with its comments and its output.
struct Step {
    typed: String,
    printed: Vec<String>,
}

impl Transcript {
    pub(crate) fn parse(text: &str) -> Self {
        let mut transcript = Self::default();
        for line in text.lines() {
            if let Some(typed) = line.strip_prefix("> ") {
                transcript.steps.push(Step { typed: typed.to_owned(), printed: Vec::new() });
            } else if let Some(step) = transcript.steps.last_mut() {
                step.printed.push(line.to_owned());
            } else {
                transcript.head.push(line.to_owned());
                let Some(setting) = line.strip_prefix("#: ") else { continue };
                match setting.split_once(' ').unwrap_or((setting, "")) {
                    ("needs", version) => transcript.needs = numbers(version),
                    ("compat", release) => transcript.compat = Some(release.to_owned()),
                    ("options", words) => {
                        transcript.options = words.split(' ').map(str::to_owned).collect();
                    }
                    ("root", "") => transcript.root = true,
                    ("whole", "") => transcript.whole = true,
                    _ => panic!("unknown: {line}"),
                }
            }
        }
        transcript
    }

    fn text(&self) -> String {
        let mut lines = self.head.clone();
        for step in &self.steps {
            lines.push(format!("> {}", step.typed));
            lines.extend(step.printed.iter().cloned());
        }
        lines.join("\n") + "\n"
    }

    fn shell(&self, engine: &Engine) -> Zksh {
        let server = match &self.server {
            Some(server) => server.clone(),
            None if self.root => engine.address(),
            None => engine.fresh(),
        };
        let mut shell = zksh(&server).args(&self.options);
        if let Some(release) = &self.compat {
            shell = shell.args(["--compat", release]);
        }
        shell
    }

    /// Plays the session. Returns the output of each typed line.
    pub(crate) fn play(&self, engine: &Engine) -> Vec<Vec<String>> {
        if self.whole { self.play_whole(engine) } else { self.play_by_line(engine) }
    }

    fn play_whole(&self, engine: &Engine) -> Vec<Vec<String>> {
        let typed: Vec<&str> = self.steps.iter().map(|step| step.typed.as_str()).collect();
        let script = typed.join("\n") + "\n";
        let ran = self.shell(engine).script(script);
        assert_eq!(ran.stderr, "", "a transcript that is sent as a whole has no errors");
        let mut printed = vec![Vec::new(); self.steps.len()];
        // The number of lines that each step prints is known only from the file.
        let mut lines = ran.stdout.lines().map(str::to_owned);
        for (printed, step) in printed.iter_mut().zip(&self.steps) {
            let wanted = step.printed.iter().filter(|line| !is_comment(line)).count();
            printed.extend(lines.by_ref().take(wanted));
        }
        if let Some(last) = printed.last_mut() {
            last.extend(lines);
        }
        printed
    }

    fn play_by_line(&self, engine: &Engine) -> Vec<Vec<String>> {
        let mut child = self.shell(engine).start();
        let stdout = lines(child.stdout.take().unwrap());
        let stderr = lines(child.stderr.take().unwrap());
        let mut stdin = child.stdin.take().unwrap();
        let mut printed = Vec::new();
        for step in &self.steps {
            // The end of a line's output is marked by a command with constant output, and by one
            // that always fails.
            write!(stdin, "{}\nversion\nthe-line-is-over\n", step.typed).unwrap();
            let mut output = until(&stdout, "ZooKeeper CLI version: ", "");
            // An error is printed with its place in the script, followed by the typed line.
            let errors = until(&stderr, "    the-line-is-over", "! ");
            let word = step.typed.split(' ').next().unwrap_or_default();
            let typed = format!("!     {word}");
            let error = |line: &String| !line.starts_with(&typed);
            let (_, errors) = errors.split_last().unwrap();
            output.extend(errors.iter().filter(|line| error(line)).cloned());
            printed.push(output);
        }
        drop(stdin);
        child.wait().unwrap();
        printed
    }

    /// Returns a description of the first difference from the file, if any.
    pub(crate) fn compare(&self, engine: &Engine, printed: &[Vec<String>]) -> Option<String> {
        let mut known = HashMap::new();
        for (step, printed) in self.steps.iter().zip(printed) {
            let wanted: Vec<&str> =
                step.printed.iter().filter(|line| !is_comment(line)).map(String::as_str).collect();
            if !lines_match(&wanted, printed, &mut known) {
                return Some(format!(
                    "on {}: > {}\n--- wanted\n{}\n--- printed\n{}",
                    engine.name,
                    step.typed,
                    wanted.join("\n"),
                    printed.join("\n")
                ));
            }
        }
        None
    }

    /// Stores the output where it differs.
    fn learn(&mut self, printed: Vec<Vec<String>>) {
        let mut known = HashMap::new();
        for (step, printed) in self.steps.iter_mut().zip(printed) {
            let wanted: Vec<String> =
                step.printed.iter().filter(|line| !is_comment(line)).cloned().collect();
            let comments = step.printed.iter().filter(|line| is_comment(line)).cloned();
            let comments: Vec<String> = comments.collect();
            let mut lines = Vec::new();
            for (index, line) in printed.into_iter().enumerate() {
                match wanted.get(index) {
                    Some(wanted) if matches(wanted, &line, &mut known) => {
                        lines.push(wanted.clone());
                    }
                    _ => lines.push(general(&line)),
                }
            }
            lines.extend(comments);
            step.printed = lines;
        }
    }
}

/// Returns whether a line of the file is a comment rather than output.
fn is_comment(line: &str) -> bool {
    line == "#" || line.starts_with("# ")
}

fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Takes lines up to the mark, without the place in the script at the start of errors.
fn until(lines: &Receiver<String>, mark: &str, prefix: &str) -> Vec<String> {
    let mut taken = Vec::new();
    loop {
        let line = lines.recv_timeout(PATIENCE).unwrap_or_else(|_| {
            panic!("the shell printed nothing more; so far:\n{}", taken.join("\n"));
        });
        let line = without_place(&line);
        if line.starts_with(mark) {
            return taken;
        }
        let marked = ["> ", "! ", "# ", "\\"].iter().any(|mark| line.starts_with(mark));
        let escape = if marked && prefix.is_empty() { "\\" } else { "" };
        taken.push(format!("{prefix}{escape}{line}").trim_end().to_owned());
    }
}

fn without_place(line: &str) -> &str {
    let place = line.strip_prefix("stdin:").and_then(|rest| rest.split_once(": "));
    match place {
        Some((number, rest)) if number.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => line,
    }
}

#[test]
fn every_transcript_matches_on_every_engine() {
    let mut files: Vec<PathBuf> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "zk"))
        .collect();
    files.sort();
    let bless = std::env::var_os("ZKSH_BLESS").is_some();
    on_every_engine(|engine| {
        let played = in_parallel(&files, |file| {
            let mut transcript = Transcript::parse(&fs::read_to_string(file).unwrap());
            if engine.version < transcript.needs {
                return None;
            }
            let printed = transcript.play(engine);
            let difference = transcript.compare(engine, &printed);
            if bless && difference.is_some() {
                transcript.learn(printed);
                fs::write(file, transcript.text()).unwrap();
                return None;
            }
            difference.map(|difference| format!("{} {difference}", file.display()))
        });
        assert!(played.is_empty(), "{}", played.join("\n\n"));
    });
}

#[test]
fn every_example_of_the_help_matches_on_every_engine() {
    let examples = examples();
    on_every_engine(|engine| {
        let played = in_parallel(&examples, |(name, example)| {
            let transcript = Transcript::parse(example);
            if engine.version < transcript.needs {
                return None;
            }
            let printed = transcript.play(engine);
            let difference = transcript.compare(engine, &printed);
            difference.map(|difference| format!("help {name} {difference}"))
        });
        assert!(played.is_empty(), "{}", played.join("\n\n"));
    });
}

#[test]
fn every_command_has_an_example_and_a_transcript() {
    let named: BTreeSet<String> = examples().into_iter().map(|(name, _)| name).collect();
    let mut missing = Vec::new();
    for command in Command::tree().get_subcommands() {
        let name = command.get_name();
        if !named.contains(name) {
            missing.push(format!("{name} has no example"));
        }
        let file = folder().join(format!("{}.zk", name.to_lowercase()));
        let transcript = Transcript::parse(&fs::read_to_string(&file).unwrap_or_default());
        let typed = |step: &Step| step.typed.split(' ').next() == Some(name);
        if !transcript.steps.iter().any(typed) {
            missing.push(format!("{} does not type {name}", file.display()));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// Returns each command's name and the example in its help, as a transcript.
fn examples() -> Vec<(String, String)> {
    let tree = Command::tree();
    tree.get_subcommands()
        .filter_map(|command| {
            let help = command.get_after_long_help()?.to_string();
            let (_, example) = help.split_once("Example")?;
            let (place, example) = example.split_once(":\n")?;
            let root = if place.contains("own root") { "#: root\n" } else { "" };
            // The help states the requirements of the example in words before it.
            let needs = help.lines().find_map(|line| line.strip_prefix("Needs ZooKeeper "));
            let needs = needs.and_then(|needs| needs.split(' ').next());
            let needs = needs.map(|version| format!("#: needs {version}\n")).unwrap_or_default();
            let counts =
                ["quit", "history", "redo", "version", "multi", "check", "commit", "discard"]
                    .contains(&command.get_name());
            let whole = if counts { "#: whole\n" } else { "" };
            Some((command.get_name().to_owned(), format!("{needs}{whole}{root}{example}\n")))
        })
        .collect()
}

/// Runs `work` on each item, four at a time. Returns the errors.
pub(crate) fn in_parallel<T: Sync>(
    items: &[T],
    work: impl Fn(&T) -> Option<String> + Sync,
) -> Vec<String> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let next = || items.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    std::thread::scope(|scope| {
        let worker = || std::iter::from_fn(next).filter_map(&work).collect::<Vec<_>>();
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    })
}
