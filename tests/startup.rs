//! The start of the process, and what prevents it: no server, no free descriptors, no writable
//! output.

use std::fs::File;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::engine::engines;
use crate::support::free_port;
use crate::support::shell::{Zksh, bare, zksh};
use crate::support::terminal::Setup;

/// Runs a shell with a full standard output. Returns its status and standard error.
fn into_a_full_disk(mut shell: Zksh) -> (Option<i32>, String) {
    shell.command.stdin(std::process::Stdio::null()).stdout(File::create("/dev/full").unwrap());
    let output = shell.command.output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_failed_write_of_any_output_is_reported() {
    let server = engines().swap_remove(0).fresh();
    for words in [
        &["--help"][..],
        &["--version"],
        &["--completion", "bash"],
        &["-server", &server, "ls", "/"],
        &["-server", &server, "-o", "json", "ls", "/"],
        &["-server", &server, "-o", "json", "get", "/none"],
        &["-o", "json", "-server", "127.0.0.1:1", "-timeout", "1", "ls", "/"],
        &["-o", "json", "-f", "/no/such/file"],
        &["-o", "json", "--check", "lss"],
        &["--sandbox=127.0.0.1:0", "--serve"],
    ] {
        let ended = into_a_full_disk(bare().args(words));
        assert_eq!(ended, (Some(1), "Cannot write: no storage space\n".to_owned()), "{words:?}");
    }
    let mut script = bare();
    script.command.args(["-server", &server, "-o", "json", "-f", "/dev/stdin"]);
    assert_eq!(into_a_full_disk(script).0, Some(0), "nothing to write");
}

#[test]
fn a_process_without_descriptors_ends_with_one_line() {
    for limit in [7, 8, 10, 12, 16, 20] {
        let program = env!("CARGO_BIN_EXE_zksh");
        let script = format!("ulimit -n {limit}; exec {program} --sandbox=127.0.0.1:0 ls /");
        let output = Command::new("sh").args(["-c", &script]).output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(errors, "Cannot start: Too many open files (os error 24)\n", "{limit}");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    }
    let script =
        format!("ulimit -n 26; exec {} --sandbox=127.0.0.1:0 ls /", env!("CARGO_BIN_EXE_zksh"));
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "[zookeeper]\n");
}

#[test]
fn a_one_shot_command_does_not_wait_long_if_nobody_listens() {
    let server = format!("127.0.0.1:{}", free_port());
    let begun = Instant::now();
    let ran = zksh(&server).args(["ls", "/"]).run();
    assert!(
        ran.stderr.starts_with(&format!("Not connected: {server} refuses connections; waited 3")),
        "{}",
        ran.stderr
    );
    assert_eq!((ran.status, ran.stdout.as_str()), (3, ""));
    // This is less than the session timeout of 30 seconds, even on a busy machine.
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    // If the user sets the time to wait, it is used.
    let begun = Instant::now();
    let ran = zksh(&server).args(["-timeout", "5000", "ls", "/"]).run();
    assert!(ran.stderr.contains("; waited 5s,"), "{}", ran.stderr);
    assert!(begun.elapsed() >= Duration::from_secs(5));
    let mut waiting = zksh(&server).args(["-waitforconnection", "ls", "/"]).start();
    std::thread::sleep(Duration::from_secs(4));
    assert!(waiting.try_wait().unwrap().is_none(), "it waits");
    waiting.kill().unwrap();
    waiting.wait().unwrap();
}

#[test]
fn a_user_who_named_no_server_gets_a_hint_about_the_sandbox() {
    // Skip the test if another server listens on ZooKeeper's usual port.
    if std::net::TcpStream::connect("localhost:2181").is_ok() {
        eprintln!("skipped: something listens on localhost:2181");
        return;
    }
    let mut terminal = Setup::bare().start();
    let screen = terminal.wait_for("zksh --help lists the options");
    assert!(screen.contains("localhost:2181 refuses connections"), "{screen}");
    assert!(
        screen.contains("zksh learn and zksh --sandbox start a server of their own"),
        "{screen}"
    );
    terminal.enter(0, "quit");
    terminal.wait();
    // A user who has named a server gets no hint.
    let server = format!("127.0.0.1:{}", free_port());
    let mut terminal = Setup::new(&server).start();
    terminal.wait_for("refuses connections");
    terminal.enter(0, "quit");
    let (_, screen) = terminal.wait();
    assert!(!screen.contains("--sandbox"), "{screen}");
}

#[test]
fn a_config_file_that_never_ends_is_refused() {
    let ran = bare().args(["--config", "/dev/zero", "ls", "/"]).run();
    assert_eq!(ran.stderr, "Cannot read /dev/zero: it is larger than 1048576 bytes\n");
    assert_eq!(ran.status, 1);
}

#[test]
fn a_missing_chroot_is_named_also_by_create() {
    let engine = engines().swap_remove(0);
    let server = engine.fresh();
    for path in ["/x", "/x/y"] {
        let ran = zksh(&format!("{server}/none")).args(["create", "--parents", path]).run();
        let chroot = format!("/{}/none", server.split_once('/').unwrap().1);
        let wanted = format!("Node does not exist: /x; the chroot {chroot} does not exist\n");
        assert_eq!((ran.status, ran.stderr.as_str()), (1, wanted.as_str()));
    }
}
