//! Nothing that a server sends can control the terminal.

use super::{CTRL_U, TAB, connected, run, server};
use crate::support::shell::zksh;
use crate::support::terminal::Setup;

/// Sequences that clear the screen, set the title, make the terminal send input, or hide or reverse
/// text.
const ATTACK: &str = "\x1b[2J\x1b]0;owned\x07\x1b[6n\x1bP+q\x1b\\\u{9b}31m\rX\u{202e}\u{200b}";

/// The part of the attack that a znode's name may contain.
const NAME: &str = "a\u{202e}b\u{200b}c";

#[test]
fn data_and_names_are_shown_and_not_obeyed() {
    let server = server();
    for path in ["/plain", "/json"] {
        let data =
            if path == "/json" { format!("{{\"k\":\"{NAME}\"}}") } else { ATTACK.to_owned() };
        zksh(&server).args(["create", path, &data]).succeed();
    }
    zksh(&server).args(["create", &format!("/{NAME}"), "x"]).succeed();
    let id = "digest:\x1b]0;owned\x07:AAAAAAAAAAAAAAAAAAAAAAAAAAA=:r,world:anyone:cdrwa";
    zksh(&server).args(["create", "/kept", "x", id]).succeed();
    let mut terminal = connected(Setup::new(&server).env("VISUAL", "true"));
    let begun = terminal.bytes().len();
    let shown = "a\\u{202e}b\\u{200b}c";
    for (number, line) in [
        "get /plain",
        "get --pretty /plain",
        "get --pretty /json",
        "ls /",
        "ls -R /",
        "ls2 /",
        "addWatch /",
        "get -x /plain",
        "getAcl /kept",
        "watches",
        "help nosuch",
    ]
    .iter()
    .enumerate()
    {
        terminal.enter(number, line);
    }
    terminal.wait_for_prompt(11);
    zksh(&server).args(["create", &format!("/{NAME}/{NAME}"), "x"]).succeed();
    terminal.wait_for(&format!("path:/{shown}/{shown}"));
    // In a list of ephemerals.
    terminal.keys(&format!("create -e /{NAME}/{NAME}e\r"));
    terminal.enter(12, "getEphemerals");
    terminal.wait_for(&format!("[/{shown}/{shown}e]"));
    terminal.wait_for_prompt(13);
    // In an error, in a question, in a menu, and in the text that the menu inserts into the line.
    terminal.keys(&format!("get /{NAME}/none\r"));
    terminal.wait_for(&format!("Node does not exist: /{shown}/none"));
    terminal.enter(14, &format!("deleteall /{NAME}"));
    terminal.wait_for(&format!("Delete /{shown} and 2 znodes below it"));
    terminal.keys("n\r");
    terminal.wait_for_prompt(15);
    run(&server, "create /another");
    terminal.keys(&format!("get /a{TAB}"));
    terminal.wait_for(shown);
    terminal.keys(&format!("{CTRL_U}edit /{NAME}\r"));
    terminal.wait_until("a sixteenth prompt", |screen| screen.contains("16]"));

    let screen = terminal.screen();
    assert!(screen.contains(&format!("[{shown}, json, kept, plain]")), "{screen}");
    assert!(screen.contains("\\x1b[2J\\x1b]0;owned\\x07"), "{screen}");
    assert_harmless(&terminal.bytes()[begun..]);
}

#[track_caller]
fn assert_harmless(bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).unwrap();
    for forbidden in
        ["\x1b[2J", "\x1b]", "\x1b[6n", "\x1bP", "\u{9b}", "\u{202e}", "\u{200b}", "owned\x07"]
    {
        assert!(!text.contains(forbidden), "{forbidden:?}");
    }
}

#[test]
fn records_for_programs_are_harmless_too() {
    let server = server();
    zksh(&server).args(["create", "/plain", ATTACK]).succeed();
    let mut terminal = connected(Setup::new(&server).args(["-o", "json"]));
    let begun = terminal.bytes().len();
    terminal.enter(0, "get -w /plain");
    // The terminal itself echoes unescaped what is typed before the prompt appears.
    terminal.enter(1, &format!("get /{NAME}"));
    terminal.wait_for_prompt(2);
    zksh(&server).args(["create", &format!("/{NAME}"), "x"]).succeed();
    terminal.enter(2, "ls -R /");
    terminal.enter(3, "addWatch /");
    terminal.wait_for_prompt(4);
    zksh(&server).args(["delete", &format!("/{NAME}")]).succeed();
    // Records are wider than the screen.
    let whole = |screen: &str| screen.replace('\n', "");
    terminal.wait_until("the event", |screen| whole(screen).contains("NodeDeleted"));
    let screen = whole(&terminal.screen());
    assert!(screen.contains("\\u009b31m") && screen.contains("/a\\u202eb\\u200bc"), "{screen}");
    assert_harmless(&terminal.bytes()[begun..]);
}
