//! Compares scripts and subtrees on zkCli, on a raw socket that sends without waiting, and on zksh,
//! one after the other on the same servers. It also measures the memory of a script that is a hundred times
//! as long.
//!
//!     cargo bench --bench scripts

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, clippy::exit)]
#![allow(unreachable_pub, reason = "one program, which shares modules with others")]

mod measure;
mod raw;
#[path = "../tests/support/mod.rs"]
mod support;
#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../tests/sandbox/wire.rs"]
mod wire;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command};

use measure::{Cost, median, row};
use raw::{script, socket};
use support::apache::{Release, Server, newest};
use support::shell::{bare, zksh};

/// The number of lines of a script.
const LINES: usize = 20_000;

/// The shape of a subtree without its top: the number of folders, and of znodes in each.
const FOLDERS: usize = 100;
const LEAVES: usize = 999;

/// The number of runs of zksh and the raw socket. zkCli runs once, because it takes minutes.
const ROUNDS: usize = 11;

/// The commands of the scripts.
const COMMANDS: &[&str] = &["create", "get", "delete"];

fn main() {
    measure::run_if_asked();
    if raw::was_asked() {
        return;
    }
    let mut sandbox = bare().args(["--sandbox=127.0.0.1:0", "--serve"]).start();
    let address = ready(&mut sandbox);
    compare("the sandbox", &address, None);
    if let Some(release) = newest() {
        // Do not wait for the disk, because the shells are compared, not disks.
        let server = Server::with_settings(release, "forceSync=no");
        let name = format!("ZooKeeper {}", release.version);
        compare(&name, &server.address(), Some(release));
    } else {
        println!("skipped: zkCli, because Java or a release of ZooKeeper is missing");
    }
    println!("\nmemory of zksh by the length of the script, on the sandbox");
    for lines in [10_000, 1_000_000] {
        let cost = measure::run(&zksh(&address).command, "get /\n".repeat(lines).into_bytes());
        println!("{}", row(&format!("{lines} lines"), cost, cost));
    }
    sandbox.kill().unwrap();
    sandbox.wait().unwrap();
}

/// Compares the three on one server. zkCli takes part only if a release contains it.
fn compare(server: &str, address: &str, release: Option<&Release>) {
    println!("\non {server}: {LINES} lines, medians of {ROUNDS} runs");
    println!("{:<24}{:>13}{:>13}{:>13}{:>10}", "", "wall", "processor", "memory", "of raw");
    let (mut theirs, mut sockets, mut ours) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // Alternate, so that the server is equally warm and full for all.
        for command in COMMANDS {
            sockets.push(measure::run(&socket(address, command, LINES, usize::MAX), Vec::new()));
        }
        for command in COMMANDS {
            ours.push(measure::run(&zksh(address).command, script(command, LINES)));
        }
        if let Some(release) = release.filter(|_| round == 0) {
            for command in COMMANDS {
                theirs.push(measure::run(&zkcli(release, address), script(command, LINES)));
            }
        }
    }
    for (index, command) in COMMANDS.iter().enumerate() {
        let of = |costs: &[Cost]| {
            median(&costs.iter().skip(index).step_by(COMMANDS.len()).copied().collect::<Vec<_>>())
        };
        let (raw, own) = (of(&sockets), of(&ours));
        println!("{}", row(&format!("{command}: raw socket"), raw, raw));
        println!("{}", row(&format!("{command}: zksh"), own, raw));
        if !theirs.is_empty() {
            println!("{}", row(&format!("{command}: zkCli"), of(&theirs), raw));
        }
    }
    println!("\non {server}: {} znodes", FOLDERS * (LEAVES + 1));
    println!("{:<24}{:>13}{:>13}{:>13}{:>10}", "", "wall", "processor", "memory", "of zksh");
    for command in ["ls -R /tree", "deleteall /tree"] {
        create_tree(address);
        let line = || format!("{command}\n").into_bytes();
        let own = measure::run(&zksh(address).command, line());
        println!("{}", row(&format!("{command}: zksh"), own, own));
        if let Some(release) = release {
            create_tree(address);
            let their = measure::run(&zkcli(release, address), line());
            println!("{}", row(&format!("{command}: zkCli"), their, own));
        }
    }
}

fn zkcli(release: &Release, address: &str) -> Command {
    let mut zkcli = Command::new("java");
    zkcli
        .args(["-cp", &release.classpath, "org.apache.zookeeper.ZooKeeperMain"])
        .args(["-server", address]);
    zkcli
}

/// Creates the subtree unless it exists.
fn create_tree(address: &str) {
    let folder = |number: usize| format!("/tree/folder-{number:03}");
    let leaf = |number: usize| format!("{}/leaf-{:03}", folder(number / LEAVES), number % LEAVES);
    let top = std::iter::once("/tree".to_owned());
    raw::create_all(
        address,
        top.chain((0..FOLDERS).map(folder)).chain((0..FOLDERS * LEAVES).map(leaf)),
    );
}

/// Waits for the sandbox's ready line. Returns the address in it.
fn ready(sandbox: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(sandbox.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    line.rsplit(' ').next().unwrap().trim().to_owned()
}
