//! Compares work on whole trees: `zk_shell`, zkCli and zksh on the same server, each as a process of its
//! own, one after the other.
//!
//!     cargo bench --bench trees [-- all|sizes|million [ZNODES [ROUNDS]]]
//!
//! `sizes`, the default, measures 10,101 and 100,092 znodes, or about the given number. `million` measures
//! only zksh: the peak memory for 1,000,000 znodes below one parent, and in a deep tree.
//!
//! `zk_shell` takes part if `target/zk_shell/bin/zk-shell` is present:
//!
//!     python3 -m venv target/zk_shell && target/zk_shell/bin/pip install zk_shell==1.3.4

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, clippy::exit)]
#![allow(unreachable_pub, reason = "one program, which shares modules with others")]

#[allow(dead_code, reason = "another bench uses the rest")]
mod measure;
#[allow(dead_code, reason = "another bench uses the rest")]
mod raw;
#[path = "../tests/support/mod.rs"]
mod support;
#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../tests/sandbox/wire.rs"]
mod wire;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command};

use measure::Cost;
use support::apache::{Release, Server, newest};
use support::shell::{bare, zksh};

/// The number of znodes of the trees: one top, folders of 100 znodes.
const SIZES: &[usize] = &[10_101, 100_101];

/// The number of znodes in a folder, itself not included.
const IN_FOLDER: usize = 100;

/// The number of znodes of the largest tree.
const MILLION: usize = 1_000_000;

/// The number of runs of zksh. The others run once, because they take minutes.
const ROUNDS: usize = 3;

/// Where `zk_shell` is installed.
const ZK_SHELL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/zk_shell/bin/zk-shell");

fn main() {
    measure::run_if_asked();
    if raw::was_asked() {
        return;
    }
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with('-'));
    let part = arguments.next().unwrap_or_else(|| "sizes".to_owned());
    let size: Option<usize> = arguments.next().map(|size| size.parse().unwrap());
    let rounds = arguments.next().map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let mut sandbox = bare().args(["--sandbox=127.0.0.1:0", "--serve"]).start();
    // Do not wait for the disk, because clients are compared, not disks.
    let apache = newest().map(|release| (release, Server::with_settings(release, "forceSync=no")));
    let (name, address) = match &apache {
        Some((release, server)) => (format!("ZooKeeper {}", release.version), server.address()),
        None => ("the sandbox".to_owned(), ready(&mut sandbox)),
    };
    println!("on {name}; zksh: medians of {rounds} runs");
    if part != "million" {
        for size in size.map_or_else(|| SIZES.to_vec(), |size| vec![size]) {
            compare(&address, size, rounds, apache.as_ref().map(|(release, _)| *release));
        }
    }
    if part == "million" || part == "all" {
        // In the sandbox, so that the heap of a Java server does not decide.
        let address = if apache.is_some() { ready(&mut sandbox) } else { address };
        million(&address, size.unwrap_or(MILLION));
    }
    sandbox.kill().unwrap();
    sandbox.wait().unwrap();
}

/// Compares the programs on a tree of this size.
fn compare(server: &str, size: usize, rounds: usize, release: Option<&Release>) {
    let folders = (size - 1) / (IN_FOLDER + 1);
    let folder = |number: usize| format!("/tree/folder-{number:05}");
    let leaf =
        |number: usize| format!("{}/leaf-{:02}", folder(number / IN_FOLDER), number % IN_FOLDER);
    raw::create_all(
        server,
        std::iter::once("/tree".to_owned())
            .chain((0..folders).map(folder))
            .chain((0..folders * IN_FOLDER).map(leaf)),
    );
    println!("\n{} znodes", 1 + folders * (1 + IN_FOLDER));
    println!(
        "{:<34}{:>12}{:>12}{:>12}{:>9}{:>12}",
        "", "zksh", "zk_shell", "zkCli", "times", "memory"
    );
    let scratch = tempfile::tempdir().unwrap();
    let saved = scratch.path().join("saved.jsonl").display().to_string();
    let backup = scratch.path().join("backup.json").display().to_string().replace('/', "!");
    let remote = |path: &str| format!("zk://{server}{path}");
    let backup = format!("json://{backup}/tree");
    for (own, theirs, zkcli) in [
        (vec!["tree", "/tree"], "tree /tree".to_owned(), Some("ls -R /tree")),
        (vec!["ls", "-R", "/tree"], "tree /tree".to_owned(), Some("ls -R /tree")),
        (vec!["find", "/tree", "-name", "*-07"], "find /tree -07".to_owned(), None),
        (vec!["grep", "some-bytes", "/tree"], "grep /tree some-bytes".to_owned(), None),
        (vec!["du", "/tree"], "du /tree".to_owned(), None),
        (vec!["save", "/tree", &saved], format!("cp {} {backup} true true", remote("/tree")), None),
        (
            vec!["cp", "-r", "/tree", "/copy"],
            format!("cp {} {} true true", remote("/tree"), remote("/their-copy")),
            None,
        ),
        (vec!["diff", "/tree", "/copy"], "diff /tree /their-copy".to_owned(), None),
        (vec!["deleteall", "-y", "/copy"], "rmr /their-copy".to_owned(), Some("deleteall /tree")),
        (
            vec!["load", &saved, "/copy"],
            format!("cp {backup} {} true true", remote("/their-copy")),
            None,
        ),
    ] {
        let deletes = own[0] == "deleteall";
        // What a run has created must be deleted before the next run. What it deletes must exist.
        let made = matches!(own[0], "cp" | "load").then_some("/copy");
        let costs: Vec<Cost> = (0..if deletes { 1 } else { rounds })
            .map(|round| {
                if let Some(path) = made.filter(|_| round > 0) {
                    zksh(server).args(["deleteall", "-y", path]).succeed();
                }
                if own[0] == "save" {
                    let _ = std::fs::remove_file(&saved);
                }
                measure::run(&zksh(server).args(&own).command, Vec::new())
            })
            .collect();
        let cost = measure::median(&costs);
        let zk_shell = zk_shell(server, &theirs).map(|command| wall(&command));
        // zkCli deletes the tree that zksh still needs, so it gets a copy.
        let zkcli = release.zip(zkcli).map(|(release, line)| {
            let line = if deletes { "deleteall /their-copy" } else { line };
            if deletes {
                zksh(server).args(["cp", "-r", "/tree", "/their-copy"]).succeed();
            }
            wall(&self::zkcli(release, server, line))
        });
        report(&own.join(" "), cost, zk_shell, zkcli);
    }
    for path in ["/copy", "/their-copy", "/tree"] {
        zksh(server).args(["deleteall", "-y", path]).run();
    }
}

fn report(name: &str, cost: Cost, zk_shell: Option<f64>, zkcli: Option<f64>) {
    let seconds = cost.wall.as_secs_f64();
    let shown =
        |figure: Option<f64>| figure.map_or("-".to_owned(), |figure| format!("{figure:.2} s"));
    let times = zk_shell.map_or("-".to_owned(), |theirs| format!("{:.0}", theirs / seconds));
    let name: String = name.chars().take(33).collect();
    println!(
        "{name:<34}{:>10.3} s{:>12}{:>12}{times:>9}{:>8.1} MiB",
        seconds,
        shown(zk_shell),
        shown(zkcli),
        mebibytes(cost.memory)
    );
}

#[expect(clippy::cast_precision_loss, reason = "it is printed with one digit")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}

fn wall(command: &Command) -> f64 {
    measure::run(command, Vec::new()).wall.as_secs_f64()
}

fn zk_shell(server: &str, line: &str) -> Option<Command> {
    if !Path::new(ZK_SHELL).exists() {
        support::engine::say_once("skipped: zk_shell, because target/zk_shell is missing");
        return None;
    }
    let mut command = Command::new(ZK_SHELL);
    command.args([server, "--run-once", line]);
    Some(command)
}

fn zkcli(release: &Release, server: &str, line: &str) -> Command {
    let mut command = Command::new("java");
    command
        .args(["-cp", &release.classpath, "org.apache.zookeeper.ZooKeeperMain"])
        .args(["-server", server])
        .args(line.split(' '));
    command
}

/// Measures the peak memory for very large trees, relative to that for a tree of one znode.
fn million(server: &str, size: usize) {
    println!("\n{size} znodes, peak memory beyond that of one znode");
    println!("{:<34}{:>14}{:>14}", "", "below one", "deep");
    let branches = 100;
    let deep = move |number: usize| {
        let (a, b, c) =
            (number / branches / branches, number / branches % branches, number % branches);
        match (b, c) {
            (0, 0) => format!("/deep/a{a:04}"),
            (_, 0) => format!("/deep/a{a:04}/b{b:02}"),
            _ => format!("/deep/a{a:04}/b{b:02}/c{c:02}"),
        }
    };
    // In this order parents come first, except for the first folder of each level.
    let deep = (0..size).flat_map(move |number| {
        let first = number % (branches * branches);
        let parent = (first > 0 && first < branches)
            .then(|| format!("/deep/a{:04}/b00", number / branches / branches))
            .filter(|_| first == 1);
        parent.into_iter().chain(std::iter::once(deep(number)))
    });
    raw::create_all(server, std::iter::once("/one".to_owned()));
    raw::create_all(server, std::iter::once("/deep".to_owned()).chain(deep));
    let flat = (0..size).map(|number| format!("/flat/n{number:07}"));
    raw::create_all(server, std::iter::once("/flat".to_owned()).chain(flat));
    let scratch = tempfile::tempdir().unwrap();
    let saved =
        |path: &str| scratch.path().join(path.trim_start_matches('/')).display().to_string();
    for command in ["ls -R", "count", "save", "diff", "diff -f"] {
        let run = |path: &str| {
            let file = saved(path);
            let words: Vec<&str> = match command {
                "save" => vec!["save", "--force", path, &file],
                "diff" => vec!["diff", path, path],
                "diff -f" => vec!["diff", "-f", &file, path],
                other => other.split(' ').chain([path]).collect(),
            };
            measure::run(&zksh(server).args(words).command, Vec::new())
        };
        let one = run("/one");
        let shown = |path: &str| {
            let cost = run(path);
            let memory = mebibytes(cost.memory.saturating_sub(one.memory));
            format!("{memory:.0} MiB {:.1} s", cost.wall.as_secs_f64())
        };
        println!("{command:<34}{:>14}{:>14}", shown("/flat"), shown("/deep"));
    }
}

/// Waits for the sandbox's ready line. Returns the address in it.
fn ready(sandbox: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(sandbox.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    line.rsplit(' ').next().unwrap().trim().to_owned()
}
