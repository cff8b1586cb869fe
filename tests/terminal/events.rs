//! Events while a person works: none is lost, out of order or garbled.

use std::io::Write;
use std::time::Duration;

use super::{connected, run, server, shell};
use crate::support::shell::zksh;
use crate::support::terminal::Setup;

const EVENTS: usize = 1500;
const COMMANDS: usize = 150;

/// Enters commands while events arrive, and reads the whole screen afterwards.
fn storm(server: &str, setup: Setup) {
    run(server, "create /storm\ncreate /calm");
    let mut terminal = connected(setup);
    terminal.enter(0, "addWatch /storm");
    terminal.wait_for_prompt(1);
    let mut other = zksh(server).start();
    let mut lines = other.stdin.take().unwrap();
    for number in 1..=COMMANDS {
        for event in (number - 1) * EVENTS / COMMANDS..number * EVENTS / COMMANDS {
            writeln!(lines, "create /storm/n{event:04}").unwrap();
        }
        terminal.enter(number, "ls /calm");
    }
    drop(lines);
    assert!(other.wait_with_output().unwrap().status.success());
    terminal.wait_for(&format!("path:/storm/n{:04}\n", EVENTS - 1));
    terminal.wait_for_prompt(COMMANDS + 1);

    let screen = terminal.screen();
    let prompt = format!("[zk: {server}(CONNECTED)");
    let mut events = 0;
    let mut answers = 0;
    // Skip the banner and the first line.
    let mut lines = screen.lines().skip(2);
    while let Some(line) = lines.next() {
        if line == "WATCHER::" {
            let what = "WatchedEvent state:SyncConnected type:NodeCreated";
            assert_eq!(lines.next(), Some(format!("{what} path:/storm/n{events:04}").as_str()));
            events += 1;
        } else if line == "[]" {
            answers += 1;
        } else {
            // A prompt with its command, or one that was pushed up by an event.
            let number = answers + 1;
            let typed = format!("{prompt} {number}] ls /calm");
            assert!(
                line == typed || line == format!("{prompt} {number}]"),
                "after {events} events and {answers} answers: {line:?}"
            );
        }
    }
    assert_eq!((events, answers), (EVENTS, COMMANDS));
}

#[test]
fn fifteen_hundred_events_against_a_hundred_and_fifty_commands() {
    let server = server();
    storm(&server, Setup::new(&server));
}

#[test]
fn the_same_on_a_slow_terminal() {
    let server = server();
    storm(&server, Setup::new(&server).slow(200, Duration::from_millis(1)));
}

#[test]
fn a_burst_stands_under_one_prompt_and_the_line_is_kept() {
    let server = server();
    run(&server, "create /a");
    let mut terminal = shell(&server);
    terminal.enter(0, "addWatch /a");
    terminal.wait_for_prompt(1);
    // A wide character, with the cursor inside the line.
    terminal.keys("get /湖x\x1b[D");
    terminal.wait_for("1] get /湖x");
    run(&server, "set /a 1\nset /a 2\nset /a 3");
    let screen = terminal.wait_until("three events and the line", |screen| {
        screen.matches("NodeDataChanged").count() == 3 && screen.ends_with("1] get /湖x")
    });
    assert_eq!(screen.matches(" 1]").count(), 2, "{screen}");
    terminal.keys("y");
    terminal.wait_for("1] get /湖yx");
}

#[test]
fn a_line_of_several_rows_outlives_events_and_a_new_size() {
    let server = server();
    run(&server, "create /a");
    let mut terminal = connected(Setup::new(&server).size(50, 60));
    terminal.enter(0, "addWatch /a");
    terminal.wait_for_prompt(1);
    let long = "x".repeat(150);
    terminal.keys(&format!("set /a {long}"));
    let joined = |screen: &str| screen.replace('\n', "");
    terminal.wait_until("the line", |screen| joined(screen).ends_with(&format!("set /a {long}")));
    run(&server, "set /a 1");
    terminal.wait_until("an event and the line", |screen| {
        joined(screen).contains("NodeDataChanged path:/a[zk: ")
            && joined(screen).ends_with(&format!("set /a {long}"))
    });
    terminal.resize(50, 90);
    terminal.keys("y");
    terminal.wait_until("the line in another size", |screen| {
        joined(screen).ends_with(&format!("set /a {long}y"))
    });
    terminal.keys("\r");
    terminal.wait_for_prompt(2);
    assert!(run(&server, "get /a").starts_with(&format!("{long}y\n")));
}

#[test]
fn events_have_a_time_where_it_is_wanted_and_none_otherwise() {
    let server = server();
    let mut terminal = shell(&server);
    terminal.enter(0, "ls / true");
    terminal.wait_for_prompt(1);
    run(&server, "create /a");
    let screen = terminal.wait_for("NodeChildrenChanged path:/\n");
    assert!(screen.contains("1]\nWATCHER::\nWatchedEvent "), "{screen}");
    terminal.enter(1, "setting times on");
    terminal.enter(2, "ls / true");
    terminal.wait_for_prompt(3);
    run(&server, "create /b");
    let screen = terminal
        .wait_until("a second event", |screen| screen.matches("NodeChildrenChanged").count() == 2);
    let line = screen.lines().rfind(|line| line.ends_with("WATCHER::")).unwrap();
    let time = line.strip_suffix(" WATCHER::").unwrap();
    let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "00:00:00.000");
}

#[test]
fn what_went_has_another_colour_than_what_came() {
    let server = server();
    let mut terminal = shell(&server);
    terminal.enter(0, "addWatch /a");
    terminal.wait_for_prompt(1);
    run(&server, "create /a\ndelete /a");
    let mut colours = Vec::new();
    terminal.wait_until_seen("both events", |screen| {
        colours.clear();
        let (rows, columns) = screen.size();
        for (number, row) in (0..rows).zip(screen.rows(0, columns)) {
            if let Some(at) = row.find("type:Node") {
                let column = u16::try_from(at + "type:".len()).unwrap();
                colours.push(screen.cell(number, column).unwrap().fgcolor());
            }
        }
        colours.len() == 2
    });
    assert_ne!(colours[0], colours[1]);
    assert!(!colours.contains(&vt100::Color::Default), "{colours:?}");
}
