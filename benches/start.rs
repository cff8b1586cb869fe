//! Measures the time from start to the first answer of `ls /`. Compares zkCli and zksh alternately
//! on the same server, and zksh over plain TCP with zksh over TLS with certificates on both sides.
//!
//!     cargo bench --bench start

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, clippy::exit)]
#![allow(unreachable_pub, reason = "one program, which shares modules with others")]

mod measure;
#[path = "../tests/support/mod.rs"]
mod support;

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use support::apache::{Server, newest};
use support::shell::{bare, zksh};
use zksh::sandbox::{self, Clock, Handle, Settings};

/// The number of runs of each.
const ROUNDS: usize = 11;

/// The number of runs if a run takes only milliseconds.
const SHORT_ROUNDS: usize = 41;

fn main() {
    measure::run_if_asked();
    against_zkcli();
    over_tls();
}

fn against_zkcli() {
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

/// Measures the cost of TLS for the client, which should need at most 1.6 times the processor time
/// of a plain run.
fn over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let (without, with) = (serve(None), serve(Some(folder.path())));
    let file = |name: &str| folder.path().join(name).display().to_string();
    let port = with.address().port();
    let plain = zksh(&without.address().to_string()).args(["ls", "/"]).command;
    let mutual = bare()
        .args(["-server", &format!("tls://localhost:{port}"), "--cacert", &file("ca.pem")])
        .args(["--cert", &file("client.pem"), "--key", &file("client.key"), "ls", "/"])
        .command;
    let (mut plains, mut mutuals) = (Vec::new(), Vec::new());
    for _ in 0..SHORT_ROUNDS {
        plains.push(measure::run(&plain, Vec::new()));
        mutuals.push(measure::run(&mutual, Vec::new()));
    }
    let (plain, mutual) = (measure::median(&plains), measure::median(&mutuals));
    println!("\n`ls /` on the sandbox, medians of {SHORT_ROUNDS} runs");
    println!("{:<24}{:>13}{:>13}{:>13}{:>10}", "", "wall", "processor", "memory", "of plain");
    println!("{}", measure::row("zksh, plain", plain, plain));
    println!("{}", measure::row("zksh, mTLS", mutual, plain));
    let ratio = mutual.processor.as_secs_f64() / plain.processor.as_secs_f64();
    println!("processor time of mTLS: {ratio:.2} times that of plain");
}

fn serve(tls: Option<&Path>) -> Handle {
    let settings = Settings { tls: tls.map(Path::to_owned), ..Settings::default() };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    sandbox::start(listener, settings, Clock::System).unwrap()
}
