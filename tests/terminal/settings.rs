//! Colours and control sequences, wanted or not.

use super::{connected, run, server};
use crate::support::terminal::Setup;

/// Returns whether a sequence that colours stands in the bytes.
fn is_coloured(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.split("\x1b[").skip(1).any(|rest| {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == ';')).unwrap_or(0);
        let codes = &rest[..end];
        // Dim is no colour: it keeps a hint from looking like typed text.
        rest[end..].starts_with('m') && !matches!(codes, "" | "0" | "2")
    })
}

fn session(setup: Setup, server: &str) -> Vec<u8> {
    let mut terminal = connected(setup);
    terminal.enter(0, "ls / true");
    terminal.wait_for_prompt(1);
    run(server, "create /a");
    terminal.wait_for("NodeChildrenChanged");
    terminal.enter(1, "stat /a");
    terminal.enter(2, "gex /a");
    terminal.wait_for("Command not found: gex");
    terminal.enter(3, "delete /a");
    terminal.wait_for_prompt(4);
    terminal.bytes()
}

#[test]
fn colours_are_for_those_who_want_them() {
    let server = server();
    assert!(is_coloured(&session(Setup::new(&server), &server)));
    assert!(!is_coloured(&session(Setup::new(&server).env("NO_COLOR", "1"), &server)));
    assert!(!is_coloured(&session(Setup::new(&server).args(["--color", "never"]), &server)));
    let both = Setup::new(&server).env("NO_COLOR", "1").args(["--color", "always"]);
    assert!(is_coloured(&session(both, &server)));
}

#[test]
fn a_dumb_terminal_gets_plain_lines() {
    let server = server();
    let mut terminal = Setup::new(&server).env("TERM", "dumb").start();
    terminal.keys("create /a deep\rget /a\rnosuch\r");
    let screen = terminal.wait_for("Command not found: nosuch");
    assert!(screen.contains("deep\ncZxid = "), "{screen}");
    terminal.keys("\x04");
    terminal.wait();
    assert!(!terminal.bytes().contains(&b'\x1b'));
}

#[test]
fn who_cannot_be_asked_at_a_dumb_terminal_says_it_in_advance() {
    let server = server();
    run(&server, "create /lake deep\ncreate /lake/reed\ncreate /leaf");
    let mut terminal = Setup::new(&server).env("TERM", "dumb").start();
    terminal.keys("deleteall /leaf\rdeleteall /lake\rls /\r");
    let screen = terminal.wait_for("\n[lake]");
    let refused = "Nothing was deleted. Delete /lake and 1 znode below it, 4 bytes?";
    assert!(screen.replace('\n', "").contains(refused), "{screen}");
    terminal.keys("time setAcl -R /lake world:anyone:cdr\rgetAcl /lake/reed\r");
    let screen = terminal.wait_for("\n: cdrwa");
    assert!(screen.replace('\n', "").contains("Nothing was changed. Replace "), "{screen}");
    terminal.keys("deleteall --yes /lake\rls /\r");
    terminal.wait_for("\n[]");
}

#[test]
fn a_switch_is_no_znode_and_a_znode_no_switch() {
    let server = server();
    run(&server, "create /lake\ncreate /lake/hints x");
    let mut terminal = super::shell(&server);
    terminal.enter(0, "set times on");
    terminal.wait_for("0] set times on\ntimes on\n");
    terminal.enter(1, "cd /lake");
    terminal.enter(2, "set hints off");
    terminal.enter(3, "get hints");
    terminal.wait_for("get hints\noff\ncZxid");
    terminal.enter(4, "setting");
    terminal.wait_for("setting\nhints on\npager off\ntimes on\n");
    // A script knows no switches by that name.
    let ran = crate::support::shell::zksh(&server).script("set hints off\n");
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains("Path must start with / character"), "{}", ran.stderr);
}

#[test]
fn records_for_programs_name_their_own_line() {
    let server = server();
    let mut terminal = connected(Setup::new(&server).args(["-o", "json"]).size(100, 400));
    terminal.enter(0, "create /a");
    terminal.enter(1, "gex");
    terminal.wait_for("{\"record\":\"error\",\"error\":{\"message\":\"Command not found: gex\"");
    terminal.enter(2, "deleteall /zookeeper --yes --nosuch");
    terminal.wait_for("{\"record\":\"error\",\"error\":{\"message\":\"Unknown option: --nosuch\"");
}
