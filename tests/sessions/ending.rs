//! Sessions that end or wait while another one of the same shell continues.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use zksh::sandbox::{Clock, Settings, start};

use crate::support::engine::engines;
use crate::support::line_by_line::LineByLine;
use crate::support::proxy::Cable;
use crate::support::shell::zksh;
use crate::support::terminal::{Setup, connected_at_once};

#[test]
fn the_wait_for_a_killed_session_ends_when_the_server_expires_it() {
    let newest = engines().pop().filter(|engine| engine.release.is_some());
    for engine in engines().into_iter().take(1).chain(newest) {
        let server = engine.private();
        let ran = zksh(&server.address()).script(
            "session new bob -t 1000\n@bob create -e /boat\nsession kill bob --wait\nexists /boat\n",
        );
        let lines: Vec<&str> = ran.stdout.lines().collect();
        let [created, expired] = lines[..] else { panic!("{}: {ran:?}", engine.name) };
        assert_eq!(created, "Created /boat");
        assert!(expired.starts_with("Session 0x"), "{expired}");
        assert!(expired.ends_with(" of bob has expired"), "{}: {expired}", engine.name);
        assert!(ran.stderr.contains("Node does not exist: /boat"), "{}: {ran:?}", engine.name);
    }
}

#[test]
fn ctrl_c_while_another_session_waits_changes_neither() {
    let server = engines()[0].private();
    let mut terminal = connected_at_once(|| Setup::new(&server.address()));
    terminal.enter(0, "session new bob");
    terminal.enter(1, "@bob wait /nowhere exists");
    terminal.wait_until("a command that runs", |_| terminal.hears_signals());
    terminal.keys("\x03");
    terminal.wait_for("Interrupted");
    terminal.enter(2, "create -e /ann");
    terminal.wait_for("Created /ann");
    terminal.enter(3, "@bob create -e /bob");
    terminal.wait_for("Created /bob");
    terminal.enter(4, "session list");
    let screen = terminal.wait_for("bob   0x");
    assert!(screen.contains("* main  0x"), "{screen}");
}

#[test]
fn an_expiry_does_not_affect_a_line_typed_in_another_session() {
    let settings = Settings { tick: Duration::from_millis(100), ..Settings::default() };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = start(listener, settings, Clock::System).unwrap();
    let address = server.address().to_string();
    let mut cable = Cable::to(&address);
    let mut terminal = connected_at_once(|| Setup::new(&address));
    terminal.enter(0, "session new bob -t 500");
    terminal.enter(1, &format!("@bob connect {}", cable.address()));
    terminal.enter(2, "@bob create -e /boat");
    terminal.wait_for("Created /boat");
    terminal.wait_for_prompt(3);
    terminal.keys("create -e /ann half");
    terminal.wait_for("3] create -e /ann half");
    cable.cut();
    while zksh(&address).args(["exists", "/boat"]).run().status == 0 {}
    cable.mend();
    terminal.wait_for("(bob) Expired: session 0x");
    terminal.wait_for("lost ephemerals: /boat");
    terminal.wait_until("the line as it was typed", |screen| {
        screen.trim_end().ends_with("@main 3] create -e /ann half")
    });
    terminal.keys("\r");
    terminal.wait_for("Created /ann");
    terminal.enter(4, "@bob ls /");
    terminal.wait_for("reconnect");
}

#[test]
fn sessions_close_in_parallel_if_the_server_is_silent() {
    const SESSIONS: u32 = 9;
    let server = engines()[0].private();
    let cable = Cable::to(&server.address());
    let mut shell = LineByLine::start(zksh(&cable.address()));
    for number in 1..SESSIONS {
        assert_eq!(shell.enter(&format!("session new s{number}"))[0]["record"], "result");
    }
    cable.silence();
    let begun = Instant::now();
    shell.end();
    // Each of them waits for two seconds.
    assert!(begun.elapsed() < Duration::from_secs(2) * (SESSIONS - 1), "{:?}", begun.elapsed());
}
