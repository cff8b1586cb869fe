//! Measures the time from start to the first answer: zkCli and zksh run `ls /` alternately on the
//! same server.
//!
//!     cargo bench --bench start

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, clippy::exit)]
#![allow(unreachable_pub, reason = "one program, which shares modules with others")]

mod measure;
#[path = "../tests/support/mod.rs"]
mod support;

use std::process::Command;

use support::apache::{Server, newest};
use support::shell::zksh;

/// The number of runs of each.
const ROUNDS: usize = 11;

fn main() {
    measure::run_if_asked();
    let Some(release) = newest() else {
        println!("skipped: Java or a release of ZooKeeper is missing");
        return;
    };
    let server = Server::start(release);
    let address = server.address();
    let mut zkcli = Command::new("java");
    zkcli
        .args(["-cp", &release.classpath, "org.apache.zookeeper.ZooKeeperMain"])
        .args(["-server", &address, "ls", "/"]);
    let zksh = zksh(&address).args(["ls", "/"]).command;

    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        theirs.push(measure::run(&zkcli, Vec::new()));
        ours.push(measure::run(&zksh, Vec::new()));
    }
    let (theirs, ours) = (measure::median(&theirs), measure::median(&ours));
    println!("`ls /` on ZooKeeper {}, medians of {ROUNDS} runs", release.version);
    println!("{:<24}{:>13}{:>13}{:>13}{:>10}", "", "wall", "processor", "memory", "of zkCli");
    println!("{}", measure::row("zkCli", theirs, theirs));
    println!("{}", measure::row("zksh", ours, theirs));
}
