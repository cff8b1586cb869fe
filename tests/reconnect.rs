//! Servers that are absent, that go away, and that come back.

use std::io::{Read, Write};
use std::net::TcpListener;

use zksh::sandbox::{Clock, Handle};

use crate::support::apache::Server;
use crate::support::engine::{on_every_apache, start_sandbox};
use crate::support::free_port;
use crate::support::proxy::Cable;
use crate::support::shell::{bare, zksh};
use crate::support::terminal::Setup;

#[test]
fn a_refused_port_is_reported_and_fails_clearly() {
    let server = format!("127.0.0.1:{}", free_port());
    let ran = zksh(&server).args(["-timeout", "300", "ls", "/"]).run();
    assert_eq!(ran.status, 3);
    assert_eq!(ran.stdout, "");
    let wanted =
        format!("Not connected: {server} refuses connections; waited 300ms, nothing was sent\n");
    assert_eq!(ran.stderr, wanted);
}

#[test]
fn a_name_that_does_not_resolve_is_reported() {
    let ran = zksh("no-such-host.invalid:2181").args(["-timeout", "3000", "ls", "/"]).run();
    assert_eq!(ran.status, 3);
    assert!(ran.stderr.contains("no-such-host.invalid:2181 is not a known host"), "{}", ran.stderr);
}

#[test]
fn a_port_that_accepts_and_stays_silent_is_reported() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = silent.local_addr().unwrap().to_string();
    let ran = zksh(&server).args(["-timeout", "1000", "ls", "/"]).run();
    assert_eq!(ran.status, 3);
    let wanted = format!("Not connected: {server} does not answer; waited 1s, nothing was sent\n");
    assert_eq!(ran.stderr, wanted);
}

#[test]
fn ctrl_c_returns_to_the_prompt_while_no_server_answers() {
    let server = format!("127.0.0.1:{}", free_port());
    let mut terminal = Setup::new(&server).start();
    terminal.wait_for(&format!("Connecting: {server} refuses connections"));
    terminal.enter(0, "ls /");
    // Wait until the line is on the screen before pressing Ctrl-C.
    terminal.wait_for("0] ls /");
    terminal.keys("\x03");
    terminal.wait_for_prompt(1);
    assert!(terminal.screen().ends_with(&format!("[zk: {server}(CONNECTING) 1]")));
}

#[test]
fn the_first_prompt_can_wait_for_a_server() {
    let address = format!("127.0.0.1:{}", free_port());
    let waiting = || {
        let terminal = Setup::new(&address).args(["-waitforconnection"]).start();
        terminal.wait_for("(Ctrl-C stops)");
        assert!(!terminal.screen().contains("[zk: "), "{}", terminal.screen());
        terminal
    };
    let mut impatient = waiting();
    impatient.keys("\x03");
    impatient.wait_for("(CONNECTING) 0]");
    let mut patient = waiting();
    let mut sandbox = bare().args([&format!("--sandbox={address}"), "--serve"]).start();
    patient.wait_for("(CONNECTED) 0]");
    patient.enter(0, "ls /");
    patient.wait_for("[zookeeper]");
    sandbox.kill().unwrap();
    sandbox.wait().unwrap();
}

/// A server that goes away and comes back with its state.
trait Leaves {
    fn address(&self) -> String;
    fn leave(&mut self);
    fn come_back(&mut self);
}

impl Leaves for Server {
    fn address(&self) -> String {
        self.address()
    }

    fn leave(&mut self) {
        self.kill();
    }

    fn come_back(&mut self) {
        self.resume();
    }
}

/// The sandbox keeps no state when it ends, so its cable is cut instead.
impl Leaves for (Handle, Cable) {
    fn address(&self) -> String {
        self.1.address()
    }

    fn leave(&mut self) {
        self.1.cut();
    }

    fn come_back(&mut self) {
        self.1.mend();
    }
}

/// Runs a test on the sandbox and on every Apache release that is present.
fn on_every_server_that_leaves(test: impl Fn(&mut dyn Leaves)) {
    let sandbox = start_sandbox(Clock::System);
    let cable = Cable::to(&sandbox.address().to_string());
    test(&mut (sandbox, cable));
    on_every_apache(|mut server| test(&mut server));
}

#[test]
fn a_server_that_comes_late_is_found() {
    on_every_server_that_leaves(|server| {
        server.leave();
        let address = server.address();
        let mut terminal = Setup::new(&address).start();
        terminal.wait_for("(CONNECTING) 0]");
        terminal.keys("ls /\r");
        server.come_back();
        terminal.wait_for("[zookeeper]");
        terminal.wait_for("(CONNECTED) 1]");
    });
}

#[test]
fn a_server_that_comes_back_finds_the_session_and_its_watches() {
    on_every_server_that_leaves(|server| {
        let address = server.address();
        let mut terminal = Setup::new(&address).start();
        terminal.enter(0, "create -e /fish trout");
        terminal.enter(1, "get /fish true");
        terminal.wait_for_prompt(2);
        server.leave();
        terminal.wait_for("(CONNECTING) 2]");
        server.come_back();
        terminal.wait_for("(CONNECTED) 2]");
        zksh(&address).args(["--compat", "3.9", "set", "/fish", "salmon"]).succeed();
        terminal.wait_for("type:NodeDataChanged path:/fish");
        terminal.enter(2, "get /fish");
        terminal.wait_for("salmon");
    });
}

/// Starts a server that gives out no session, and answers `words` to four-letter words.
fn without_session(words: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut first = [0; 4];
            if stream.read_exact(&mut first).is_ok() && first.is_ascii() && first[0] > b' ' {
                let _ = stream.write_all(words.as_bytes());
            }
        }
    });
    address
}

#[test]
fn a_server_that_gives_no_session_is_reported_with_its_reason() {
    let starting = without_session("This ZooKeeper instance is not currently serving requests\n");
    let reads = without_session("Zookeeper version: 3.9.3-1, built on 1\nMode: read-only\n");
    for (server, options, wanted) in [
        (&starting, &[][..], "is not serving: it is starting or has no quorum"),
        (&starting, &["-r"], "is not serving: it is starting or has no quorum"),
        (&reads, &[], "has no quorum and serves reads only (-r accepts that)"),
        (&reads, &["-r"], "has no quorum, and gives no session for reads either"),
    ] {
        let ran = zksh(server).args(options).args(["-timeout", "1500", "ls", "/"]).run();
        assert_eq!((ran.status, ran.stdout.as_str()), (3, ""));
        let wanted = format!("Not connected: {server} {wanted}");
        assert!(ran.stderr.starts_with(&wanted), "{options:?}: {}", ran.stderr);
    }
}
