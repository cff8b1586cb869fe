//! A reader who stops or is slow while events and results arrive: memory stays bounded, and dropped
//! events are counted.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Child;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::json::records;
use crate::support::apache::four_letters;
use crate::support::engine::engines;
use crate::support::shell::zksh;
use crate::support::wait_until;

/// The number of changes of a znode, and the length of its name, which each change takes at least
/// while it is buffered.
const CHANGES: usize = 2_000;
const NAME: usize = 8 * 1024;

/// The maximum growth of memory during a flood in bytes: half of what all changes would take.
const MOST: usize = CHANGES * NAME / 2;

/// Returns a new root on the sandbox. The memory of zksh does not depend on the server.
fn fresh() -> String {
    let server = engines().swap_remove(0).fresh();
    zksh(&server).args(["create", "/lake"]).succeed();
    server
}

/// Returns the peak memory of a process in bytes.
fn peak(child: &Child) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

/// Changes a znode below `/lake` repeatedly in another shell.
fn flood(server: &str) {
    let path = format!("/lake/{}", "n".repeat(NAME));
    let script = format!("create {path}\nrepeat {} set {path} x\ndelete {path}\n", CHANGES - 2);
    let ran = zksh(server).args(["-o", "raw", "--compat", "3.9"]).script(script);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
}

/// Reads until every change was shown or counted. Returns how many were left out.
fn read_all(output: impl Read) -> usize {
    let (mut shown, mut left_out) = (0, 0);
    let mut lines = BufReader::new(output).lines().map(Result::unwrap);
    while shown + left_out < CHANGES {
        let line = lines.next().expect("every change is shown or counted");
        shown += usize::from(line.starts_with("WatchedEvent") || line.contains("\"type\":\"Node"));
        let gap = match line.strip_prefix("Gap: ") {
            Some(gap) => Some(gap.to_owned()),
            None if line.contains("\"type\":\"Gap\"") => {
                records(&line)[0]["event"]["reason"].as_str().map(str::to_owned)
            }
            None => None,
        };
        if let Some(gap) = gap {
            let count = gap.split(' ').find_map(|word| word.parse::<usize>().ok());
            left_out += count.expect("the number of events that were left out");
        }
    }
    assert_eq!(shown + left_out, CHANGES);
    left_out
}

#[test]
fn unread_events_use_bounded_memory_and_are_counted() {
    for format in ["text", "json", "raw"] {
        let server = fresh();
        let mut child = zksh(&server).args(["-o", format]).start();
        let mut stdin = child.stdin.take().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdin.write_all(b"addWatch /lake\necho ready\n").unwrap();
        stdout.read_line(&mut String::new()).unwrap();
        let before = peak(&child);
        flood(&server);
        let left_out = match format {
            "raw" => read_all(child.stderr.take().unwrap()),
            _ => read_all(&mut stdout),
        };
        let grown = peak(&child) - before;
        assert!(left_out > 0 && grown < MOST, "{format}: {left_out} left out, {grown} bytes");
        drop(stdin);
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn a_followed_znode_uses_bounded_memory_too() {
    for command in [&[][..], &["--", "sleep", "1000"]] {
        let server = fresh();
        let (address, root) = server.split_once('/').unwrap();
        let mut child = zksh(&server).args(["watch", "-R", "/lake"]).args(command).start();
        wait_until("the watch", || {
            let port = address.rsplit(':').next()?.parse().ok()?;
            let watched = format!("/{root}/lake");
            four_letters(port, "wchp")?.lines().any(|line| line == watched).then_some(())
        });
        let before = peak(&child);
        flood(&server);
        if command.is_empty() {
            assert!(read_all(child.stdout.as_mut().unwrap()) > 0);
        }
        let grown = peak(&child) - before;
        assert!(grown < MOST, "{grown} bytes, {command:?}");
        kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(143));
    }
}

#[test]
fn slowly_read_results_hold_up_the_script() {
    const RESULTS: usize = 400;
    const LENGTH: usize = 256 * 1024;
    let server = fresh();
    zksh(&server).args(["set", "/lake", "-i", "-"]).script("x".repeat(LENGTH));
    let mut child = zksh(&server).args(["-o", "raw", "--window", "16"]).start();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut result = vec![0; LENGTH];
    stdin.write_all("get /lake\n".repeat(RESULTS).as_bytes()).unwrap();
    stdout.read_exact(&mut result).unwrap();
    let before = peak(&child);
    for _ in 1..RESULTS {
        // This takes long enough for many more results.
        zksh(&server).args(["exists", "/lake"]).succeed();
        stdout.read_exact(&mut result).unwrap();
    }
    let grown = peak(&child) - before;
    // The results in flight, and replies while they are decoded.
    assert!(grown < 3 * 16 * LENGTH, "{grown} bytes");
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn few_long_results_are_in_flight() {
    const RESULTS: usize = 300;
    const LENGTH: usize = 1_000_000;
    let server = fresh();
    zksh(&server).args(["set", "/lake", "-i", "-"]).script("x".repeat(LENGTH));
    let mut child = zksh(&server).args(["-o", "raw"]).start();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut result = vec![0; LENGTH];
    stdin.write_all("get /lake\n".repeat(RESULTS).as_bytes()).unwrap();
    for _ in 0..RESULTS {
        stdout.read_exact(&mut result).unwrap();
    }
    // The results in flight, and replies while they are decoded.
    let peak = peak(&child);
    // Without that limit it would be 128.
    assert!(peak < 64 * LENGTH, "{peak} bytes");
    drop(stdin);
    assert!(child.wait().unwrap().success());
}
