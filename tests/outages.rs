//! Scripts that lose their connection, their session or their reader, or that get a signal to end:
//! no line is applied twice, and each failure is reported.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Child;
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use zksh::sandbox::Clock;

use crate::support::engine::{on_every_engine, start_sandbox};
use crate::support::proxy::Cable;
use crate::support::shell::{Ran, bare, ran, zksh};
use crate::support::{PATIENCE, free_port, wait_until};

/// A script that gets more lines while it runs.
struct Growing {
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
}

impl Growing {
    fn start(address: &str, options: &[&str]) -> Self {
        let mut child = zksh(address).args(options).start();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdout }
    }

    fn write(&mut self, lines: &str) {
        self.child.stdin.as_mut().unwrap().write_all(lines.as_bytes()).unwrap();
    }

    /// Reads rows up to one that starts with `wanted`.
    fn read_to(&mut self, wanted: &str) {
        let mut row = String::new();
        while !row.starts_with(wanted) {
            row.clear();
            assert_ne!(self.stdout.read_line(&mut row).unwrap(), 0, "no row {wanted}");
        }
    }

    fn end(mut self) -> Ran {
        drop(self.child.stdin.take());
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        let ran = ran(&self.child.wait_with_output().unwrap());
        Ran { stdout: rest, ..ran }
    }
}

#[test]
fn a_script_continues_in_a_new_session_if_allowed() {
    let server = start_sandbox(Clock::System);
    let direct = server.address().to_string();
    let mut cable = Cable::to(&direct);
    let mut script = Growing::start(&cable.address(), &["-timeout", "2000", "--reconnect"]);
    script.write("create -e /fish trout\nget -w /fish\naddauth digest ann:secret\n");
    script.write("multi\ncreate /never\necho ready\n");
    script.read_to("ready");
    cable.cut();
    wait_until("the session to expire", || {
        (!zksh(&direct).args(["ls", "/"]).succeed().contains("fish")).then_some(())
    });
    script.write("create /never-either\ncommit\n");
    script.write("create /mine x auth::cdrwa\ngetAcl /mine\ncreate -s /n-\n");
    cable.mend();
    let ran = script.end();
    for wanted in [
        "Disconnected: no server answers; session 0x",
        "Expired: session 0x",
        "lost ephemerals: /fish\n",
        "lost watches: /fish (data)\n",
        "stdin:7: goes on in session 0x",
        "stdin:8: Nothing was sent: the session has ended since multi\n",
    ] {
        assert!(ran.stderr.contains(wanted), "{wanted}: {}", ran.stderr);
    }
    // Only the transaction has failed. The new session has ann's credentials too.
    assert_eq!(ran.stderr.matches("stdin:").count(), 2, "{}", ran.stderr);
    let rest = "Created /mine\n'digest,'ann:";
    assert!(ran.stdout.starts_with(rest), "{}", ran.stdout);
    assert!(ran.stdout.contains("\nCreated /n-"), "{}", ran.stdout);
    assert_eq!(ran.status, 1);
    let names = zksh(&direct).args(["ls", "/"]).succeed();
    assert!(names.starts_with("[mine, n-") && names.matches(',').count() == 2, "{names}");
}

#[test]
fn requests_in_flight_are_never_sent_again() {
    let server = start_sandbox(Clock::System);
    let direct = server.address().to_string();
    let mut cable = Cable::to(&direct);
    let mut script = Growing::start(&cable.address(), &["--reconnect=50"]);
    // Results are short, so that many more commands are in flight.
    script.write(&format!("create /log\n{}echo ready\n", "echo short\n".repeat(20)));
    script.read_to("ready");
    // The requests arrive, but no answer comes back.
    let before = cable.silence();
    script.write(&"create -s /log/n-\n".repeat(40));
    cable.wait_until_asked(before + 40 * 30);
    wait_until("all of them", || {
        let count = zksh(&direct).args(["getAllChildrenNumber", "/log"]).succeed();
        (count == "40\n").then_some(())
    });
    cable.cut();
    cable.mend();
    script.write(&"create -s /log/n-\n".repeat(40));
    let ran = script.end();
    let created = ran.stdout.matches("Created /log/n-").count();
    let unknown = ran.stderr.matches("the write may have been applied").count();
    assert_eq!((created, unknown), (40, 40), "{}", ran.stderr);
    let count = zksh(&direct).args(["getAllChildrenNumber", "/log"]).succeed();
    assert_eq!(count, "80\n");
}

#[test]
fn a_script_without_a_session_reports_one_line_and_counts_the_others() {
    let server = format!("127.0.0.1:{}", free_port());
    let lines = "create /lake\n".repeat(1000);
    let ran = zksh(&server).args(["-timeout", "300"]).script(format!("{lines}echo here\n"));
    let wanted = format!(
        "stdin:1: Not connected: {server} refuses connections; waited 300ms, nothing was sent\n    \
         create /lake\n\
         stdin:2: every line that needs a session fails too; they are counted (--reconnect waits \
         for a session)\n\
         stdin:2-1000: 999 lines failed: no session\n"
    );
    assert_eq!((ran.stderr, ran.status), (wanted, 1));
    assert_eq!(ran.stdout, "here\n");
    // With JSON there is a record for each line.
    let ran = zksh(&server).args(["-timeout", "300", "-o", "json"]).script(&lines);
    assert_eq!((ran.stdout.lines().count(), ran.stderr.as_str()), (1000, ""));
    // If the wait fails, the script gives up after the given time, and waits only once.
    let begun = Instant::now();
    let ran = zksh(&server).args(["--reconnect=1"]).script(&lines);
    assert!(ran.stderr.contains("nothing was sent\n"), "{}", ran.stderr);
    assert!(ran.stderr.ends_with(": 999 lines failed: no session\n"), "{}", ran.stderr);
    assert!(begun.elapsed() < PATIENCE / 2);
    let ran = bare().args(["--reconnect=0", "ls", "/"]).run();
    assert_eq!(ran.status, 2, "{}", ran.stderr);
}

/// Returns how many znodes exist, how many were reported as created, and how many as uncertain.
fn counts(server: &str, created: usize, stderr: &str) -> (usize, usize, usize) {
    let names = zksh(server).args(["-o", "raw", "ls", "/log"]).succeed();
    let uncertain = stderr.matches("the write may have been applied").count();
    (names.lines().count(), created, uncertain)
}

#[test]
fn a_signal_in_a_script_loses_no_result() {
    on_every_engine(|engine| {
        for (signal, window) in
            [(Signal::SIGTERM, "128"), (Signal::SIGINT, "1000"), (Signal::SIGHUP, "1000")]
        {
            let server = engine.fresh();
            zksh(&server).args(["create", "/log"]).succeed();
            let mut child = zksh(&server).args(["--window", window]).start();
            let mut stdin = child.stdin.take().unwrap();
            // The input never ends, and the shell is always busy.
            let writer =
                std::thread::spawn(
                    move || {
                        while stdin.write_all(b"create -s /log/n-\n").is_ok() {}
                    },
                );
            let mut stdout = BufReader::new(child.stdout.take().unwrap());
            for _ in 0..500 {
                stdout.read_line(&mut String::new()).unwrap();
            }
            kill(Pid::from_raw(child.id().try_into().unwrap()), signal).unwrap();
            let mut rest = String::new();
            stdout.read_to_string(&mut rest).unwrap();
            let ended = ran(&child.wait_with_output().unwrap());
            writer.join().unwrap();
            assert_eq!(ended.status, 128 + signal as i32);
            let (there, reported, uncertain) =
                counts(&server, 500 + rest.matches("Created ").count(), &ended.stderr);
            // A server that is alive answers within the grace time.
            assert!(
                reported <= there && there <= reported + uncertain,
                "{there} {reported} {uncertain}"
            );
        }
    });
}

#[test]
fn a_signal_while_the_server_is_silent_names_each_line_in_flight() {
    let server = start_sandbox(Clock::System);
    let direct = server.address().to_string();
    zksh(&direct).args(["create", "/log"]).succeed();
    let cable = Cable::to(&direct);
    let mut script = Growing::start(&cable.address(), &["--window", "1000"]);
    script.write(&"create -s /log/n-\n".repeat(300));
    script.read_to("Created /log/n-0000000299");
    let before = cable.silence();
    script.write(&"create -s /log/n-\n".repeat(50));
    cable.wait_until_asked(before + 50 * 30);
    let all = || {
        let count = zksh(&direct).args(["getAllChildrenNumber", "/log"]).succeed();
        (count == "350\n").then_some(())
    };
    wait_until("all of them", all);
    kill(Pid::from_raw(script.child.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
    // The input stays open. At its end the session would end too, and the server would break the
    // silent connection.
    wait_until("the end of the script", || script.child.try_wait().unwrap());
    let ran = script.end();
    assert_eq!(ran.status, 143);
    for line in 301..=350 {
        let wanted = format!(
            "stdin:{line}: Interrupted before the reply arrived; the write may have been applied\n"
        );
        assert!(ran.stderr.contains(&wanted), "{wanted}{}", ran.stderr);
    }
}

#[test]
fn a_connection_that_breaks_at_the_end_of_a_script_leaves_its_last_lines_unknown() {
    let server = start_sandbox(Clock::System);
    let direct = server.address().to_string();
    zksh(&direct).args(["create", "/log"]).succeed();
    let cable = Cable::to(&direct);
    let mut script = Growing::start(&cable.address(), &[]);
    script.write("create -s /log/n-\n");
    script.read_to("Created /log/n-0000000000");
    // The server applies the lines and ends the session, which left with them. The connection ends
    // without their replies.
    cable.silence();
    script.write(&"create -s /log/n-\n".repeat(50));
    let ran = script.end();
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
    assert_eq!(counts(&direct, 1, &ran.stderr), (51, 1, 50), "{}", ran.stderr);
}

#[test]
fn writes_are_reported_even_if_the_reader_has_left() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        zksh(&server).args(["create", "/log"]).succeed();
        let mut child = zksh(&server).args(["--window", "1000"]).start();
        let mut stdin = child.stdin.take().unwrap();
        let writer =
            std::thread::spawn(move || while stdin.write_all(b"create -s /log/n-\n").is_ok() {});
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        for _ in 0..500 {
            stdout.read_line(&mut String::new()).unwrap();
        }
        drop(stdout);
        let ended = ran(&child.wait_with_output().unwrap());
        writer.join().unwrap();
        assert_eq!(ended.status, 141, "{}", ended.stderr);
        let (there, _, uncertain) = counts(&server, 0, &ended.stderr);
        assert_eq!(uncertain, 0, "{}", ended.stderr);
        // Each line creates one znode, so the last line number is the number of znodes.
        let reported = " lines were applied whose results could not be written\n";
        let reported = ended.stderr.lines().find(|row| format!("{row}\n").ends_with(reported));
        let place =
            reported.unwrap_or_else(|| panic!("{}", ended.stderr)).split(':').nth(1).unwrap();
        assert!(place.ends_with(&format!("-{there}")), "{place} and {there}");
    });
}
