//! Compares the sandbox with Apache's server: the operations per second of one client that waits
//! for nothing, and the time from start to the first answer.
//!
//!     cargo bench --bench sandbox

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

#[path = "../tests/support/mod.rs"]
mod support;
#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../tests/sandbox/wire.rs"]
mod wire;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Child;
use std::time::{Duration, Instant};

use support::apache::{Server, newest};
use support::shell::bare;
use wire::{Body, Client, op};

/// The number of operations of a run, all of one kind.
const OPERATIONS: usize = 30_000;

/// The number of runs of each kind. The median counts.
const ROUNDS: usize = 5;

const ANYONE: &[(i32, &str, &str)] = &[(31, "world", "anyone")];

fn main() {
    println!("from nothing to the ready line: {:.1} ms", median(starts()));
    let Some(release) = newest() else {
        println!("skipped: Java or a release of ZooKeeper is missing");
        return;
    };
    // Do not wait for the disk, because the operations in memory are compared.
    let apache = Server::with_settings(release, "forceSync=no");
    let mut sandbox = serve();
    let address = ready(&mut sandbox);
    println!(
        "{OPERATIONS} operations of one pipelined client, medians of {ROUNDS} runs, per second"
    );
    println!(
        "{:<12}{:>16}{:>12}{:>8}",
        "",
        format!("Apache {}", release.version),
        "sandbox",
        "ratio"
    );
    for (name, kind) in [("create", op::CREATE), ("set", op::SET_DATA), ("get", op::GET_DATA)] {
        let (mut theirs, mut ours) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            theirs.push(rate(&apache.address(), kind, round));
            ours.push(rate(&address, kind, round));
        }
        let (theirs, ours) = (median(theirs), median(ours));
        println!("{name:<12}{theirs:>16.0}{ours:>12.0}{:>8.1}", ours / theirs);
    }
    sandbox.kill().unwrap();
    sandbox.wait().unwrap();
}

fn serve() -> Child {
    bare().args(["--sandbox=127.0.0.1:0", "--serve"]).start()
}

/// Waits for the ready line. Returns the address in it.
fn ready(sandbox: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(sandbox.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    line.rsplit(' ').next().unwrap().trim().to_owned()
}

/// Returns the time to start in milliseconds.
fn starts() -> Vec<f64> {
    let start = || {
        let begun = Instant::now();
        let mut sandbox = serve();
        ready(&mut sandbox);
        let took = milliseconds(begun.elapsed());
        sandbox.kill().unwrap();
        sandbox.wait().unwrap();
        took
    };
    (0..ROUNDS).map(|_| start()).collect()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Returns the operations per second if all are sent at once while replies are read.
fn rate(address: &str, kind: i32, round: usize) -> f64 {
    let mut client = Client::connect(address).unwrap();
    let path = |number: usize| match kind {
        op::CREATE => format!("/{kind}-{round}-{number}"),
        _ => format!("/{kind}-{round}"),
    };
    let data = [b'x'; 100];
    if kind != op::CREATE {
        let body = Body::default().string(&path(0)).bytes(&data).acl(ANYONE).int(0);
        client.ask(op::CREATE, &body).unwrap();
    }
    let mut requests = Vec::new();
    for number in 0..OPERATIONS {
        let body = Body::default().int(i32::try_from(number).unwrap()).int(kind);
        let body = body.string(&path(number));
        let body = match kind {
            op::CREATE => body.bytes(&data).acl(ANYONE).int(0),
            op::SET_DATA => body.bytes(&data).int(-1),
            _ => body.boolean(false),
        };
        requests.extend(Body::default().bytes(&body.0).0);
    }
    let begun = Instant::now();
    let mut sending = client.stream.try_clone().unwrap();
    let writer = std::thread::spawn(move || sending.write_all(&requests).unwrap());
    let mut replies = BufReader::with_capacity(1 << 18, &client.stream);
    let mut body = Vec::new();
    for _ in 0..OPERATIONS {
        let mut length = [0; 4];
        replies.read_exact(&mut length).unwrap();
        body.resize(usize::try_from(i32::from_be_bytes(length)).unwrap(), 0);
        replies.read_exact(&mut body).unwrap();
        assert_eq!(body[12..16], [0; 4], "an operation of the run failed");
    }
    writer.join().unwrap();
    let took = begun.elapsed();
    client.ask(op::CLOSE, &Body::default()).unwrap();
    f64::from(u32::try_from(OPERATIONS).unwrap()) / took.as_secs_f64()
}
