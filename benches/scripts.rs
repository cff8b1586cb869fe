//! Scripts and subtrees: zkCli, a raw socket that waits for nothing, and zksh, one after the other
//! on the same servers; and the memory of a script a hundred times as long.
//!
//!     cargo bench --bench scripts

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, clippy::exit)]
#![allow(unreachable_pub, reason = "one program, with modules that others use as well")]

mod measure;
#[path = "../tests/support/mod.rs"]
mod support;
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../tests/sandbox/wire.rs"]
mod wire;

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command};

use measure::{Cost, median, row};
use support::apache::{Release, Server, newest};
use support::shell::{bare, zksh};
use wire::{Body, Client, op};

/// Lines of a script.
const LINES: usize = 20_000;

/// Znodes of a subtree, its top left out: folders, and znodes in each.
const FOLDERS: usize = 100;
const LEAVES: usize = 999;

/// How often zksh and the raw socket run; zkCli, which takes minutes, runs once.
const ROUNDS: usize = 11;

/// The first argument of this program where it is to be the raw socket.
const RAW: &str = "--raw";

const ANYONE: &[(i32, &str, &str)] = &[(31, "world", "anyone")];

/// What the scripts do, by the name of their command.
const KINDS: &[(&str, i32)] =
    &[("create", op::CREATE), ("get", op::GET_DATA), ("delete", op::DELETE)];

fn main() {
    measure::witness();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, address, command] = &arguments[..]
        && first == RAW
    {
        return raw(address, command);
    }
    let mut sandbox = bare().args(["--sandbox=127.0.0.1:0", "--serve"]).start();
    let address = ready(&mut sandbox);
    compare("the sandbox", &address, None);
    if let Some(release) = newest() {
        // Without waiting for the disk: the shells are compared, not the disks.
        let server = Server::with_settings(release, "forceSync=no");
        let name = format!("ZooKeeper {}", release.version);
        compare(&name, &server.address(), Some(release));
    } else {
        println!("left out: there is no Java, or no release of ZooKeeper, so no zkCli either");
    }
    println!("\nmemory of zksh by the length of the script, on the sandbox");
    for lines in [10_000, 1_000_000] {
        let cost = measure::run(&zksh(&address).command, "get /\n".repeat(lines).into_bytes());
        println!("{}", row(&format!("{lines} lines"), cost, cost));
    }
    sandbox.kill().unwrap();
    sandbox.wait().unwrap();
}

/// Compares the three on one server; zkCli where there is a release to take it from.
fn compare(server: &str, address: &str, release: Option<&Release>) {
    println!("\non {server}: {LINES} lines, medians of {ROUNDS} runs");
    println!("{:<24}{:>13}{:>13}{:>13}{:>10}", "", "wall", "processor", "memory", "of raw");
    let (mut theirs, mut sockets, mut ours) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // In turn, so that the server is as warm and as full for one as for the other.
        for (command, _) in KINDS {
            sockets.push(measure::run(&socket(address, command), Vec::new()));
        }
        for (command, _) in KINDS {
            ours.push(measure::run(&zksh(address).command, script(command)));
        }
        if let Some(release) = release.filter(|_| round == 0) {
            for (command, _) in KINDS {
                theirs.push(measure::run(&zkcli(release, address), script(command)));
            }
        }
    }
    for (index, (command, _)) in KINDS.iter().enumerate() {
        let of = |costs: &[Cost]| {
            median(&costs.iter().skip(index).step_by(KINDS.len()).copied().collect::<Vec<_>>())
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
        plant(address);
        let line = || format!("{command}\n").into_bytes();
        let own = measure::run(&zksh(address).command, line());
        println!("{}", row(&format!("{command}: zksh"), own, own));
        if let Some(release) = release {
            plant(address);
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

fn socket(address: &str, command: &str) -> Command {
    let mut socket = Command::new(std::env::current_exe().unwrap());
    socket.args([RAW, address, command]);
    socket
}

fn path(number: usize) -> String {
    format!("/bench-{number:06}")
}

fn script(command: &str) -> Vec<u8> {
    let mut script = String::new();
    for number in 0..LINES {
        let data = if command == "create" { " some-bytes-of-data" } else { "" };
        writeln!(script, "{command} {}{data}", path(number)).unwrap();
    }
    script.into_bytes()
}

/// Sends the same requests over a bare socket, all at once, and reads the replies.
fn raw(address: &str, command: &str) {
    let kind = KINDS.iter().find(|(name, _)| *name == command).unwrap().1;
    let requests = (0..LINES).map(|number| {
        let body = Body::default().int(i32::try_from(number).unwrap()).int(kind);
        let body = body.string(&path(number));
        match kind {
            op::CREATE => body.bytes(b"some-bytes-of-data").acl(ANYONE).int(0),
            op::DELETE => body.int(-1),
            _ => body.boolean(false),
        }
    });
    exchange(address, requests.collect());
}

/// Makes the subtree anew where it is not there.
fn plant(address: &str) {
    let create = |path: &str| {
        let body = Body::default().int(1).int(op::CREATE).string(path);
        body.bytes(b"").acl(ANYONE).int(0)
    };
    let folder = |number: usize| format!("/tree/folder-{number:03}");
    let folders = std::iter::once("/tree".to_owned()).chain((0..FOLDERS).map(folder));
    exchange(address, folders.map(|path| create(&path)).collect());
    for number in 0..FOLDERS {
        let leaves = (0..LEAVES).map(|leaf| create(&format!("{}/leaf-{leaf:03}", folder(number))));
        exchange(address, leaves.collect());
    }
}

/// Sends requests and reads as many replies, whatever they say.
fn exchange(address: &str, requests: Vec<Body>) {
    let mut client = Client::connect(address).unwrap();
    let count = requests.len();
    let mut sending = client.stream.try_clone().unwrap();
    let writer = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        for request in requests {
            bytes.extend(Body::default().bytes(&request.0).0);
        }
        sending.write_all(&bytes).unwrap();
    });
    let mut replies = BufReader::with_capacity(1 << 18, &client.stream);
    let mut body = Vec::new();
    for _ in 0..count {
        let mut length = [0; 4];
        replies.read_exact(&mut length).unwrap();
        body.resize(usize::try_from(i32::from_be_bytes(length)).unwrap(), 0);
        replies.read_exact(&mut body).unwrap();
    }
    writer.join().unwrap();
    client.ask(op::CLOSE, &Body::default()).unwrap();
}

/// Waits for the sandbox's ready line; returns the address in it.
fn ready(sandbox: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(sandbox.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    line.rsplit(' ').next().unwrap().trim().to_owned()
}
