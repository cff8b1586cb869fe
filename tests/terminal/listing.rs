//! `ls` at a terminal: a list longer than a row is shown in columns.

use std::fmt::Write;
use std::time::Duration;

use super::{connected, crowd, run, server};
use crate::support::far::Link;
use crate::support::shell::zksh;
use crate::support::terminal::Setup;

#[test]
fn a_list_longer_than_a_row_is_shown_in_columns() {
    let server = server();
    run(&server, &crowd(10));
    let mut terminal = connected(Setup::new(&server).size(24, 60));
    terminal.enter(0, "ls /crowd");
    // There are as many columns as fit, and the names run down them.
    terminal.wait_for("0] ls /crowd\nn0000  n0002  n0004  n0006  n0008\nn0001  n0003  n0005");
    terminal.enter(1, "ls /crowd | cat");
    // If the line happens to fill the row, an empty row follows.
    terminal.wait_until("brackets in a pipe", |screen| {
        screen.contains("1] ls /crowd | cat\n") && screen.contains("\n[n0000, n0001, n0002, n0003,")
    });
    terminal.enter(2, "ls /");
    terminal.wait_for("2] ls /\n[crowd]\n");
    terminal.resize(24, 100);
    terminal.enter(3, "ls /crowd");
    terminal.wait_for("3] ls /crowd\n[n0000, n0001, n0002, n0003, n0004, n0005");
    // With --compat 3.9, and in a pipe, `ls` prints brackets instead.
    let mut terminal = connected(Setup::new(&server).size(24, 60).args(["--compat", "3.9"]));
    terminal.enter(0, "ls /crowd");
    terminal.wait_for("0] ls /crowd\n[n0000, n0001, n0002");
    assert!(zksh(&server).args(["ls", "/crowd"]).succeed().starts_with("[n0000, n0001, "));
}

#[test]
fn long_work_shows_how_much_is_left() {
    let server = server();
    let (address, root) = server.split_once('/').unwrap();
    // Each level costs a round trip.
    let mut path = String::new();
    let script = (0..40).fold(String::new(), |mut script, _| {
        path.push_str("/deep");
        let _ = writeln!(script, "create {path}");
        script
    });
    run(&server, &script);
    let link = Link::to(address, Duration::from_millis(100));
    let mut terminal = connected(Setup::new(&format!("{}/{root}", link.address)));
    terminal.enter(0, "du /deep");
    terminal.wait_until("an estimate", |screen| {
        screen.contains(" of 40 znodes counted, about ")
            && screen.contains(" s left (Ctrl-C stops)")
    });
    terminal.wait_for("40 znodes  ");
    terminal.enter(1, "mirror --yes /deep /copy");
    terminal.wait_until("an estimate of the whole source", |screen| {
        screen.contains(" of 40 znodes mirrored, about ")
            && screen.contains(" s left (Ctrl-C stops)")
    });
    terminal.wait_for("40 created, 0 unchanged");
    terminal.wait_for_prompt(2);
}
