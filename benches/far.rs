//! Measures distant servers: a proxy delays every byte in each direction, with unlimited bandwidth.
//! It compares scripts on zksh and on a raw socket that sends without waiting, and shorter scripts on
//! zkCli and kazoo. It also measures subtrees, the round trips of commands, and the delay that a
//! script causes for other clients.
//!
//!     cargo bench --bench far [-- scripts|trees|commands|others [ROUNDS]]
//!
//! The proxy, the server and the programs share the processors of one machine. The raw socket
//! writes on one thread and reads on another. zksh uses three, for reading lines, talking to the
//! server and showing results.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, clippy::exit)]
#![allow(unreachable_pub, reason = "one program, which shares modules with others")]

#[allow(dead_code, reason = "another bench uses the rest")]
mod measure;
mod raw;
#[path = "../tests/support/mod.rs"]
mod support;
#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../tests/sandbox/wire.rs"]
mod wire;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use raw::{script, socket};
use support::apache::{Release, Server, four_letters, newest};
use support::far::Link;
use support::shell::{bare, zksh};
use wire::{Body, Client, op};

/// The round trips of the links in milliseconds.
const ROUND_TRIPS: &[u64] = &[0, 2, 20, 100];

/// The number of lines of a script, and of a script for clients that wait for each reply.
const LINES: usize = 20_000;
const FEW_LINES: usize = 100;

/// The number of lines of a script while another client is measured. It is large, so that the start
/// does not matter.
const LONG: usize = 60_000;

/// The commands of the scripts. The first creates the znodes, and the last deletes them.
const COMMANDS: &[&str] = &["create", "set", "get", "ls", "delete"];

/// The default number of runs of zksh and the raw socket.
const ROUNDS: usize = 5;

/// The shape of a subtree of depth 3: the number of folders, of folders in each, and of znodes in
/// each of these.
const FOLDERS: usize = 100;
const INNER: usize = 10;
const LEAVES: usize = 99;

/// The interval between the requests of the other client.
const PAUSE: Duration = Duration::from_millis(1);

fn main() {
    measure::run_if_asked();
    if raw::was_asked() {
        return;
    }
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with('-'));
    let part = arguments.next();
    let rounds = arguments.next().map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let is_asked = |name: &str| part.as_deref().is_none_or(|part| part == name);
    let mut sandbox = bare().args(["--sandbox=127.0.0.1:0", "--serve"]).start();
    // Do not wait for the disk, because links and clients are compared, not disks.
    let apache = newest().map(|release| (release, Server::with_settings(release, "forceSync=no")));
    let (name, address) = match &apache {
        Some((release, server)) => (format!("ZooKeeper {}", release.version), server.address()),
        None => ("the sandbox".to_owned(), ready(&mut sandbox)),
    };
    println!("on {name}; medians of {rounds} runs");
    if is_asked("scripts") {
        for milliseconds in ROUND_TRIPS {
            scripts(&address, *milliseconds, rounds, apache.as_ref().map(|(release, _)| *release));
        }
    }
    if is_asked("trees") {
        trees(&address, rounds);
    }
    if is_asked("commands") {
        commands(&address);
    }
    if is_asked("others") {
        others(&address);
    }
    sandbox.kill().unwrap();
    sandbox.wait().unwrap();
}

fn link(server: &str, milliseconds: u64) -> Link {
    Link::to(server, Duration::from_millis(milliseconds))
}

/// Runs a program with this standard input. Returns how long it took.
fn time(command: &Command, input: Vec<u8>) -> f64 {
    measure::run(command, input).wall.as_secs_f64()
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn per_second(lines: usize, seconds: f64) -> f64 {
    f64::from(u32::try_from(lines).unwrap()) / seconds
}

/// Compares scripts over a link.
fn scripts(server: &str, milliseconds: u64, rounds: usize, release: Option<&Release>) {
    println!("\n{LINES} lines, round trip {milliseconds} ms, lines a second");
    println!(
        "{:<10}{:>12}{:>12}{:>8}{:>11}{:>11}{:>10}{:>10}",
        "", "raw socket", "zksh", "ratio", "in flight", "at server", "zkCli", "kazoo"
    );
    let raw_link = link(server, milliseconds);
    let own_link = link(server, milliseconds);
    let (mut sockets, mut shells) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        // Alternate, so that the server is equally warm and full for both.
        for command in COMMANDS {
            let socket = socket(&raw_link.address, command, LINES, usize::MAX);
            sockets.push(time(&socket, Vec::new()));
        }
        for command in COMMANDS {
            own_link.forget();
            let seconds = time(&zksh(&own_link.address).command, script(command, LINES));
            shells.push((seconds, own_link.most_under_way(), own_link.most_at_server()));
        }
    }
    for (index, command) in COMMANDS.iter().enumerate() {
        let of =
            |all: &[f64]| median(all.iter().skip(index).step_by(COMMANDS.len()).copied().collect());
        let raw = per_second(LINES, of(&sockets));
        let own = per_second(LINES, of(&shells.iter().map(|run| run.0).collect::<Vec<_>>()));
        let runs = || shells.iter().skip(index).step_by(COMMANDS.len());
        let under_way = runs().map(|run| run.1).max().unwrap_or_default();
        let at_server = runs().map(|run| run.2).max().unwrap_or_default();
        let slow = |waiting: Option<Command>, input: Vec<u8>| {
            waiting.map_or("-".to_owned(), |waiting| {
                format!("{:.0}", per_second(FEW_LINES, time(&waiting, input)))
            })
        };
        let zkcli = release.map(|release| zkcli(release, &raw_link.address));
        let zkcli = slow(zkcli, script(command, FEW_LINES));
        let kazoo = slow(kazoo(&raw_link.address, command), Vec::new());
        println!(
            "{command:<10}{raw:>12.0}{own:>12.0}{:>8.2}{under_way:>11}{at_server:>11}{zkcli:>10}{kazoo:>10}",
            own / raw
        );
    }
}

fn zkcli(release: &Release, address: &str) -> Command {
    let mut zkcli = Command::new("java");
    zkcli
        .args(["-cp", &release.classpath, "org.apache.zookeeper.ZooKeeperMain"])
        .args(["-server", address]);
    zkcli
}

/// Returns a script for kazoo, which waits for each reply, or `None` if no Python with kazoo is
/// installed.
fn kazoo(address: &str, command: &str) -> Option<Command> {
    let mut import = Command::new("python3");
    let import = import.args(["-c", "import kazoo.client"]).stderr(Stdio::null());
    if !import.status().is_ok_and(|status| status.success()) {
        return None;
    }
    let call = match command {
        "create" => "client.create(path, b'some-bytes-of-data')",
        "set" => "client.set(path, b'some-bytes-of-data')",
        "get" => "client.get(path)",
        "ls" => "client.get_children(path)",
        _ => "client.delete(path)",
    };
    let lines = format!(
        "import kazoo.client\nclient = kazoo.client.KazooClient('{address}')\nclient.start()\n\
         for number in range({FEW_LINES}):\n    path = '/bench-%06d' % number\n    \
         try: {call}\n    except kazoo.exceptions.ZookeeperError: pass\nclient.stop()"
    );
    let mut kazoo = Command::new("python3");
    kazoo.args(["-c", &lines]);
    Some(kazoo)
}

/// Lists and deletes a subtree over each link.
fn trees(server: &str, rounds: usize) {
    let count = FOLDERS * (1 + INNER * (1 + LEAVES));
    println!("\n{count} znodes, depth 3");
    println!("{:<18}{:>10}{:>12}{:>16}", "", "link", "wall", "round trips");
    for command in ["ls -R /tree", "deleteall /tree"] {
        let mut near = 0.0;
        for milliseconds in ROUND_TRIPS {
            let runs = (0..rounds).map(|_| {
                create_tree(server);
                let link = link(server, *milliseconds);
                time(&zksh(&link.address).command, format!("{command}\n").into_bytes())
            });
            let wall = median(runs.collect());
            if *milliseconds == 0 {
                near = wall;
            }
            let trips = match Duration::from_millis(*milliseconds).as_secs_f64() {
                0.0 => "-".to_owned(),
                round_trip => format!("{:.1}", (wall - near) / round_trip),
            };
            let (link, wall) = (format!("{milliseconds} ms"), format!("{wall:.2} s"));
            println!("{command:<18}{link:>10}{wall:>12}{trips:>16}");
        }
    }
}

/// Creates the subtree unless it exists.
fn create_tree(server: &str) {
    let folder = |number: usize| format!("/tree/folder-{number:03}");
    let inner = |number: usize| format!("{}/inner-{}", folder(number / INNER), number % INNER);
    let leaf = |number: usize| format!("{}/leaf-{:02}", inner(number / LEAVES), number % LEAVES);
    let folders = (0..FOLDERS).map(folder).chain((0..FOLDERS * INNER).map(inner));
    let paths = folders.chain((0..FOLDERS * INNER * LEAVES).map(leaf));
    raw::create_all(server, std::iter::once("/tree".to_owned()).chain(paths));
}

/// Counts the round trips of single commands. Those of TCP's handshake are not included, because
/// the proxy accepts connections immediately.
fn commands(server: &str) {
    println!("\nround trips of one command");
    raw::create_all(server, std::iter::once("/bench".to_owned()));
    let (near, far) = (link(server, 0), link(server, 100));
    for words in [
        &["ls", "/"][..],
        &["get", "/bench"],
        &["set", "/bench", "x"],
        &["create", "/bench/a"],
        &["delete", "/bench/a"],
        &["stat", "/bench"],
        &["getAllChildrenNumber", "/bench"],
        &["getEphemerals"],
        &["whoami"],
        &["create", "-c", "/bench/c"],
        &["ls", "-R", "/bench"],
        &["tree", "/bench"],
        &["find", "/bench"],
        &["du", "/bench"],
        &["count", "/bench"],
        &["grep", "x", "/bench"],
        &["cp", "/bench", "/bench-copy"],
        &["deleteall", "/bench-copy"],
        &["status"],
        &["deleteall", "/bench/c"],
    ] {
        let run = |link: &Link| time(&zksh(&link.address).args(words).command, Vec::new());
        let undo = || drop(zksh(server).args(["deleteall", "/bench-copy"]).run());
        let near = run(&near);
        if words[0] == "cp" {
            undo();
        }
        if words[0] == "create" {
            drop(zksh(server).args(["delete", words[words.len() - 1]]).run());
        }
        if words[0] == "deleteall" || words[0] == "delete" {
            drop(zksh(server).args(["create", words[words.len() - 1]]).run());
        }
        println!("{:<28}{:>6.1}", words.join(" "), (run(&far) - near) / 0.1);
    }
}

/// Measures the delay of a client that sends occasional requests while others are busy.
fn others(server: &str) {
    println!("\nanother client's `exists` beside {LONG} lines of");
    println!("{:<28}{:>12}{:>12}{:>16}", "", "median", "99 %", "outstanding");
    let (idle, tail, _) = beside(server, || std::thread::sleep(Duration::from_secs(1)));
    println!("{:<28}{idle:>9.2} ms{tail:>9.2} ms{:>16}", "nothing", "-");
    let far = link(server, 100);
    for command in COMMANDS {
        let window = socket(server, command, LONG, 128);
        let run = || {
            time(&window, Vec::new());
        };
        report(&format!("{command}: raw, window 128"), beside(server, run));
        if matches!(*command, "create" | "delete") {
            undo(server, command);
        }
        for (name, address) in [("zksh", server), ("zksh at 100 ms", &far.address)] {
            let run = || {
                time(&zksh(address).command, script(command, LONG));
            };
            report(&format!("{command}: {name}"), beside(server, run));
            if matches!(*command, "create" | "delete") && name == "zksh" {
                undo(server, command);
            }
        }
    }
}

fn report(name: &str, (median, tail, outstanding): (f64, f64, u64)) {
    println!("{name:<28}{median:>9.2} ms{tail:>9.2} ms{outstanding:>16}");
}

/// Undoes the effects of a script of creates or deletes.
fn undo(server: &str, command: &str) {
    let other = if command == "create" { "delete" } else { "create" };
    // A server with 256 MiB cannot handle more in flight.
    time(&socket(server, other, LONG, 1000), Vec::new());
}

/// Runs `run`. Returns the median and the 99th percentile of another client's delays in
/// milliseconds, and the maximum number of outstanding requests that the server reported.
fn beside(server: &str, run: impl FnOnce() + Send) -> (f64, f64, u64) {
    let mut client = Client::connect(server).unwrap();
    let port = server.rsplit(':').next().unwrap().parse().unwrap();
    let mut waits = Vec::new();
    let mut most = 0;
    std::thread::scope(|scope| {
        let running = scope.spawn(run);
        while !running.is_finished() {
            let begun = Instant::now();
            client.ask(op::EXISTS, &Body::default().string("/").boolean(false)).unwrap();
            waits.push(begun.elapsed().as_secs_f64() * 1e3);
            if waits.len() % 10 == 0 {
                most = most.max(outstanding(port).unwrap_or_default());
            }
            std::thread::sleep(PAUSE);
        }
    });
    client.ask(op::CLOSE, &Body::default()).unwrap();
    waits.sort_by(f64::total_cmp);
    (waits[waits.len() / 2], waits[waits.len() * 99 / 100], most)
}

fn outstanding(port: u16) -> Option<u64> {
    let answer = four_letters(port, "mntr")?;
    let line = answer.lines().find_map(|line| line.strip_prefix("zk_outstanding_requests"))?;
    line.trim().parse().ok()
}

/// Waits for the sandbox's ready line. Returns the address in it.
fn ready(sandbox: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(sandbox.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    line.rsplit(' ').next().unwrap().trim().to_owned()
}
