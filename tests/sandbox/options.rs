//! `--sandbox` and `--serve`, as users and CI jobs run them.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::Child;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::shell::{bare, zksh};

/// A sandbox that serves, and the address in its ready line.
pub(super) struct Served {
    pub(super) child: Child,
    pub(super) address: String,
    stdout: BufReader<std::process::ChildStdout>,
}

impl Served {
    pub(super) fn start(options: &[&str]) -> Self {
        let mut child = bare().args(options).args(["--serve"]).start();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.strip_prefix("Sandbox ready on ").unwrap_or_default().trim().to_owned();
        assert!(!address.is_empty(), "{line}");
        Self { child, address, stdout }
    }

    /// Ends the process with a signal. Returns its exit status.
    pub(super) fn end(mut self, signal: Signal) -> Option<i32> {
        let id = i32::try_from(self.child.id()).unwrap();
        kill(Pid::from_raw(id), signal).unwrap();
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
        self.child.wait().unwrap().code()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Only a failed test leaves the process running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_sandbox_that_serves_says_when_it_is_ready_and_ends_on_a_signal() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let served = Served::start(&["--sandbox=127.0.0.1:0"]);
        assert_eq!(zksh(&served.address).args(["create", "/a"]).succeed(), "Created /a\n");
        assert_eq!(zksh(&served.address).args(["ls", "/"]).succeed(), "[a, zookeeper]\n");
        assert_eq!(served.end(signal), Some(0));
    }
}

#[test]
fn a_shell_runs_on_its_own_sandbox_and_says_how_to_join_it() {
    let ran = bare().args(["--sandbox=127.0.0.1:0"]).script("create -e /a\nls /\n");
    assert_eq!((ran.stdout.as_str(), ran.status), ("Created /a\n[a, zookeeper]\n", 0));
    let port: String = ran
        .stderr
        .strip_prefix("Sandbox on 127.0.0.1:")
        .unwrap_or_default()
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    let line = format!(
        "Sandbox on 127.0.0.1:{port}: ZooKeeper in memory; it ends with this shell\n\
         Join it: zksh -server 127.0.0.1:{port}\n"
    );
    assert_eq!(ran.stderr, line);
}

#[test]
fn without_an_address_it_takes_a_port_that_is_free() {
    // Whether port 2181 is free or not, two sandboxes cannot both have it.
    let (one, two) = (Served::start(&["--sandbox"]), Served::start(&["--sandbox"]));
    assert_ne!(one.address, two.address);
    for served in [one, two] {
        assert!(served.address.starts_with("127.0.0.1:"), "{}", served.address);
        assert_eq!(zksh(&served.address).args(["ls", "/"]).succeed(), "[zookeeper]\n");
        served.end(Signal::SIGTERM);
    }
}

#[test]
fn other_machines_come_in_only_when_that_is_said() {
    let ran = bare().args(["--sandbox=0.0.0.0:0", "--serve"]).run();
    let refusal = "Cannot listen on 0.0.0.0:0: other machines could connect, and the sandbox trusts every client\n";
    assert_eq!((ran.stderr.as_str(), ran.status), (refusal, 2));
    let served = Served::start(&["--sandbox=0.0.0.0:0", "--allow-remote"]);
    let port = served.address.rsplit(':').next().unwrap();
    let here = format!("127.0.0.1:{port}");
    assert_eq!(zksh(&here).args(["ls", "/"]).succeed(), "[zookeeper]\n");
    served.end(Signal::SIGTERM);
}

#[test]
fn limits_have_the_names_of_zoo_cfg() {
    let served = Served::start(&[
        "--sandbox=127.0.0.1:0",
        "--sandbox-set=jute.maxbuffer=500",
        "--sandbox-set=maxClientCnxns=9",
    ]);
    let big = "x".repeat(600);
    let ran = zksh(&served.address).args(["create", "/a", &big]).run();
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    assert_eq!(zksh(&served.address).args(["create", "/a", "x"]).succeed(), "Created /a\n");
    served.end(Signal::SIGTERM);

    let ran = bare().args(["--sandbox", "--sandbox-set", "dataDir=/tmp", "ls", "/"]).run();
    let complaint = "Not a limit of the sandbox: dataDir=/tmp: there are tickTime, ";
    assert!(ran.stderr.starts_with(complaint) && ran.status == 2, "{}", ran.stderr);
}

#[test]
fn what_cannot_be_is_refused() {
    let ran = bare().args(["--sandbox", "-server", "localhost:2181", "ls", "/"]).run();
    assert_eq!(
        (ran.stderr.as_str(), ran.status),
        ("--sandbox is a server, --server names another\n", 2)
    );
    assert_eq!(bare().args(["--serve"]).run().status, 2);

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let ran = bare().args([&format!("--sandbox={address}"), "ls", "/"]).run();
    assert!(ran.stderr.starts_with(&format!("Cannot listen on {address}: ")), "{}", ran.stderr);
    assert_eq!(ran.status, 3);
}

#[test]
fn servers_of_the_environment_give_way() {
    let shell = bare().env("ZKSH_SERVER", "127.0.0.1:1").args(["--sandbox=127.0.0.1:0", "ls", "/"]);
    assert_eq!(shell.run().stdout, "[zookeeper]\n");
}
