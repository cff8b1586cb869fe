//! A session in trouble: each change of state takes one line, and losses are listed.

use std::time::Duration;

use zksh::sandbox::Clock;

use super::{crowd, run};
use crate::support::engine::start_sandbox;
use crate::support::proxy::Cable;
use crate::support::shell::zksh;
use crate::support::terminal::{Setup, Terminal};
use crate::support::wait_until;

#[test]
fn a_lost_connection_its_return_and_its_end_are_told() {
    let server = start_sandbox(Clock::System);
    let mut cable = Cable::to(&server.address().to_string());
    let mut terminal = Setup::new(&cable.address()).args(["-timeout", "4000"]).start();
    terminal.wait_for("(CONNECTED) 0]");
    terminal.enter(0, "create -e /fish trout");
    terminal.enter(1, "create -e /frog green");
    terminal.enter(2, "delete /frog");
    terminal.enter(3, "get /fish true");
    terminal.enter(4, "ls / true");
    terminal.wait_for_prompt(5);
    terminal.keys("ls /ha");
    cable.cut();
    terminal.wait_until("the loss in a line", |screen| {
        screen.contains("5]\nDisconnected: no server answers; session 0x")
            && screen.ends_with("(CONNECTING) 5] ls /ha")
    });
    cable.mend();
    terminal.wait_until("the return in a line", |screen| {
        screen.contains("\nSyncConnected: a server answers after ")
            && screen.ends_with("(CONNECTED) 5] ls /ha")
    });
    cable.cut();
    // Only a server can report that a session has expired, which it does after the reconnect.
    let direct = server.address().to_string();
    wait_until("the session to expire", || {
        (!zksh(&direct).args(["ls", "/"]).succeed().contains("fish")).then_some(())
    });
    cable.mend();
    let screen = terminal.wait_until("the end, and what went with it", |screen| {
        screen.contains("lost watches: /") && screen.ends_with("(CLOSED) 5] ls /ha")
    });
    assert!(screen.contains(" is over; reconnect opens a new one\n"), "{screen}");
    assert!(screen.contains("\nlost ephemerals: /fish\n"), "{screen}");
    assert!(screen.contains("\nlost watches: / (children), /fish (data)\n"), "{screen}");
    terminal.keys("lf\r");
    terminal.wait_for("hint: reconnect opens a new session");
    terminal.enter(6, "reconnect");
    terminal.wait_for("(CONNECTED) 7]");
    terminal.enter(7, "reconnect");
    terminal.wait_for("A session is already open");
}

#[test]
fn a_long_line_outlives_a_connection_that_comes_and_goes() {
    let server = start_sandbox(Clock::System);
    let mut cable = Cable::to(&server.address().to_string());
    let mut terminal = Setup::new(&cable.address()).size(200, 70).start();
    terminal.wait_for("(CONNECTED) 0]");
    let mut line = String::from("create /a x");
    terminal.keys(&line);
    let address = cable.address();
    let stands = |terminal: &Terminal, state: &str, line: &str| {
        let wanted = format!("[zk: {address}({state}) 0] {}", line.trim_end());
        terminal.wait_until(&format!("{state}, and {line}"), |screen| {
            let rows: Vec<&str> = screen.lines().collect();
            let start = rows.iter().rposition(|row| row.starts_with("[zk: ")).unwrap_or(0);
            rows[start..].concat() == wanted
        })
    };
    for number in 0..6 {
        cable.cut();
        stands(&terminal, "CONNECTING", &line);
        let more = format!("{number}").repeat(40);
        terminal.keys(&more);
        line.push_str(&more);
        cable.mend();
        stands(&terminal, "CONNECTED", &line);
    }
    terminal.keys("\r");
    let screen = terminal.wait_for("Created /a\n");
    assert_eq!(screen.matches("Disconnected: ").count(), 6, "{screen}");
    assert_eq!(screen.matches("SyncConnected: ").count(), 6, "{screen}");
    let data = line.strip_prefix("create /a ").unwrap();
    assert!(run(&server.address().to_string(), "get /a").starts_with(&format!("{data}\n")));
}

#[test]
fn a_terminal_that_takes_its_time_does_not_cost_the_session() {
    let server = start_sandbox(Clock::System);
    let address = server.address().to_string();
    run(&address, &crowd(900));
    // A session timeout of one second, and output that takes several.
    let setup = Setup::new(&address).args(["-timeout", "1000"]);
    let mut terminal = setup.slow(40, Duration::from_millis(10)).start();
    terminal.wait_for("(CONNECTED) 0]");
    terminal.enter(0, "create -e /fish trout");
    terminal.enter(1, "ls -R /crowd");
    terminal.wait_for("/crowd/n0899\n");
    terminal.enter(2, "get /fish");
    let screen = terminal.wait_for("\ntrout\n");
    assert!(!screen.contains("Disconnected") && !screen.contains("Expired"), "{screen}");
}
