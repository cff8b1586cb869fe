//! A shell always closes its session before it ends, so its ephemerals are deleted immediately.

use std::io::{BufRead, BufReader, Read, Write};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::engine::on_every_engine;
use crate::support::shell::zksh;
use crate::support::terminal::Setup;

/// Checks that nothing is left, although the session timeout is several minutes.
#[track_caller]
fn assert_gone(server: &str) {
    assert_eq!(zksh(server).args(["ls", "/"]).succeed(), "[]\n");
}

#[test]
fn after_one_command() {
    on_every_engine(|engine| {
        let server = &engine.fresh();
        assert_eq!(zksh(server).args(["create", "-e", "/fish"]).succeed(), "Created /fish\n");
        assert_gone(server);
    });
}

#[test]
fn at_the_end_of_a_script_and_after_quit() {
    on_every_engine(|engine| {
        let server = &engine.fresh();
        for script in ["create -e /fish\n", "create -e /fish", "create -e /fish\nquit\nls /\n"] {
            let ran = zksh(server).script(script);
            assert_eq!((ran.stderr.as_str(), ran.status), ("", 0));
            assert_gone(server);
        }
    });
}

#[test]
fn on_signals_in_a_script() {
    on_every_engine(|engine| {
        let server = &engine.fresh();
        for (signal, status) in
            [(Signal::SIGTERM, 143), (Signal::SIGINT, 130), (Signal::SIGHUP, 129)]
        {
            let mut child = zksh(server).start();
            let mut stdin = child.stdin.take().unwrap();
            stdin.write_all(b"create -e /fish\n").unwrap();
            let mut first_line = String::new();
            BufReader::new(child.stdout.take().unwrap()).read_line(&mut first_line).unwrap();
            assert_eq!(first_line, "Created /fish\n");
            kill(Pid::from_raw(child.id().try_into().unwrap()), signal).unwrap();
            assert_eq!(child.wait().unwrap().code(), Some(status), "{signal}");
            assert_gone(server);
        }
    });
}

#[test]
fn on_signals_while_nobody_reads() {
    on_every_engine(|engine| {
        let server = &engine.fresh();
        zksh(server).args(["create", "/lake", "-i", "-"]).script("x".repeat(1_000_000));
        for (signal, status) in [(Signal::SIGTERM, 143), (Signal::SIGINT, 130)] {
            let mut child = zksh(server).args(["-o", "raw"]).start();
            let mut stdin = child.stdin.take().unwrap();
            let mut stdout = child.stdout.take().unwrap();
            stdin.write_all(b"create -e /lake/fish\nget /lake\n").unwrap();
            // The data has begun to arrive, and does not fit in the pipe.
            let mut begun = [0; "/lake/fish\nx".len()];
            stdout.read_exact(&mut begun).unwrap();
            kill(Pid::from_raw(child.id().try_into().unwrap()), signal).unwrap();
            assert_eq!(child.wait().unwrap().code(), Some(status), "{signal}");
            assert_eq!(zksh(server).args(["ls", "/lake"]).succeed(), "[]\n");
        }
    });
}

#[test]
fn in_a_terminal() {
    on_every_engine(|engine| {
        let server = &engine.fresh();
        for (ending, wanted) in [("quit\r", 0), ("exit\r", 0), ("\x04", 0)] {
            let mut terminal = Setup::new(server).start();
            terminal.enter(0, "create -e /fish");
            terminal.wait_for_prompt(1);
            terminal.keys(ending);
            assert_eq!(terminal.wait().0, wanted, "{ending:?}");
            assert_gone(server);
        }
        for (signal, wanted) in [(Signal::SIGTERM, 143), (Signal::SIGHUP, 129)] {
            let mut terminal = Setup::new(server).start();
            terminal.enter(0, "create -e /fish");
            terminal.wait_for_prompt(1);
            kill(terminal.pid(), signal).unwrap();
            assert_eq!(terminal.wait().0, wanted, "{signal}");
            assert_gone(server);
        }
    });
}

#[test]
fn when_the_reader_has_left() {
    on_every_engine(|engine| {
        let server = &engine.fresh();
        let mut child = zksh(server).start();
        drop(child.stdout.take());
        let mut stdin = child.stdin.take().unwrap();
        // The process may end before it has read the second line.
        let _ = stdin.write_all(b"create -e /fish\nls /\n");
        drop(stdin);
        assert_eq!(child.wait().unwrap().code(), Some(141));
        assert_gone(server);
    });
}
