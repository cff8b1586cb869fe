//! Watches: each event is shown once, where it arrives.

use std::io::{BufRead, BufReader, Write};

use zksh::sandbox::Clock;

use crate::support::engine::{on_every_engine, start_sandbox};
use crate::support::shell::zksh;
use crate::support::terminal::{Setup, connected_at_once};

#[test]
fn an_event_of_two_watches_is_shown_once() {
    on_every_engine(|engine| {
        let ran = zksh(&engine.fresh()).script(
            "create /lake\nget -w /lake\nstat -w /lake\nls -w /lake\nget -w /lake\ndelete /lake\nls /\n",
        );
        assert_eq!(ran.stderr, "");
        assert_eq!(ran.stdout.matches("WATCHER::").count(), 1, "{}", ran.stdout);
        assert!(
            ran.stdout.ends_with(
                "WATCHER::\nWatchedEvent state:SyncConnected type:NodeDeleted path:/lake\n[]\n"
            ),
            "{}",
            ran.stdout
        );
    });
}

#[test]
fn an_event_reaches_a_script_that_waits_for_its_next_line() {
    on_every_engine(|engine| {
        let server = &engine.fresh();
        let mut waiting = zksh(server).start();
        let mut stdin = waiting.stdin.take().unwrap();
        let mut lines =
            BufReader::new(waiting.stdout.take().unwrap()).lines().map_while(Result::ok);
        stdin.write_all(b"stat -w /lake\nls -w /\n").unwrap();
        assert_eq!(lines.next().unwrap(), "[]");
        zksh(server).args(["create", "/lake"]).succeed();
        let events: Vec<String> = lines.by_ref().take(4).collect();
        assert_eq!(
            events,
            [
                "WATCHER::",
                "WatchedEvent state:SyncConnected type:NodeCreated path:/lake",
                "WATCHER::",
                "WatchedEvent state:SyncConnected type:NodeChildrenChanged path:/",
            ]
        );
        drop(stdin);
        // The first line failed, because `/lake` did not exist.
        assert_eq!(waiting.wait().unwrap().code(), Some(1));
    });
}

#[test]
fn half_a_line_survives_an_event() {
    on_every_engine(|engine| {
        let server = &engine.fresh();
        let mut terminal = connected_at_once(|| Setup::new(server));
        terminal.enter(0, "ls / true");
        terminal.wait_for_prompt(1);
        terminal.keys("create /la");
        terminal.wait_for("1] create /la");
        zksh(server).args(["create", "/reed"]).succeed();
        terminal.wait_until("the event above the line", |screen| {
            screen.contains("path:/\n") && screen.ends_with("1] create /la")
        });
        terminal.keys("ke\r");
        let screen = terminal.wait_for("Created /lake");
        let prompt = format!("[zk: {server}(CONNECTED)");
        let wanted = format!(
            "{prompt} 0] ls / true\n[]\n{prompt} 1]\nWATCHER::\n\
             WatchedEvent state:SyncConnected type:NodeChildrenChanged path:/\n\
             {prompt} 1] create /lake\nCreated /lake"
        );
        // Skip the banner.
        let (_, shown) = screen.split_once('\n').unwrap();
        assert!(shown.starts_with(&wanted), "{screen}\n--- wanted\n{wanted}");
    });
}

#[test]
fn an_event_that_comes_with_a_reconnection_is_shown() {
    let server = start_sandbox(Clock::System);
    let address = server.address().to_string();
    let mut terminal = Setup::new(&address).start();
    terminal.wait_for("(CONNECTED) 0]");
    terminal.enter(0, "create /fish trout");
    for round in 1..=20 {
        terminal.enter(round, "get /fish true");
        terminal.wait_for_prompt(round + 1);
        server.drop_connections();
        // Early enough for the event to coincide with the prompt that shows CONNECTED again.
        zksh(&address).args(["--compat", "3.9", "set", "/fish", "salmon"]).succeed();
        terminal.wait_until(&format!("event {round}"), |screen| {
            screen.matches("type:NodeDataChanged path:/fish").count() == round
                && screen.ends_with(&format!("(CONNECTED) {}]", round + 1))
        });
    }
}
