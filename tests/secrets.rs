//! Passwords: they are asked for without echo, and stored nowhere.

use std::fs;
use std::path::Path;

use crate::support::engine::{Engine, engines};
use crate::support::shell::zksh;
use crate::support::terminal::Setup;

/// Returns a server. Any engine will do.
fn any() -> Engine {
    engines().swap_remove(0)
}

/// Returns the text of every file below a folder.
fn files(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text += &files(&path);
        } else {
            text += &String::from_utf8_lossy(&fs::read(path).unwrap());
        }
    }
    text
}

#[test]
fn a_password_is_asked_for_without_echo_and_stored_nowhere() {
    let server = any().fresh();
    let mut terminal = Setup::new(&server).start();
    terminal.enter(0, "create /mine deep digest:ann:?:cdrwa");
    terminal.wait_for("Password of ann:");
    terminal.keys("open sesame\r");
    terminal.enter(1, "get /mine");
    terminal.enter(2, "addauth digest ann:?");
    terminal.wait_until("the second question", |screen| {
        screen.matches("Password of ann:").count() == 2
    });
    terminal.keys("open sesame\r");
    terminal.enter(3, "get /mine");
    terminal.enter(4, "digest ann:sesame");
    terminal.enter(5, "history");
    terminal.enter(6, "quit");
    let (status, screen) = terminal.wait();
    assert_eq!(status, 0);
    let part = ["Authentication is not valid : /mine", "deep", "0 - create /mine deep digest:ann:"];
    for part in part {
        assert!(screen.contains(part), "{part}: {screen}");
    }
    // The typed command line contains the only open password.
    assert!(!screen.contains("open sesame"), "{screen}");
    assert_eq!(screen.matches("sesame").count(), 1, "{screen}");
    let kept = files(terminal.home());
    assert!(kept.contains("get /mine"), "{kept}");
    assert!(!kept.contains("sesame") && !kept.contains("ann"), "{kept}");
}

#[test]
fn ctrl_c_cancels_the_question_and_the_next_line_is_a_command() {
    let mut terminal = Setup::new(&any().fresh()).start();
    terminal.enter(0, "digest ann");
    terminal.wait_for("Password of ann:");
    terminal.keys("half a password\x03");
    terminal.enter(1, "pwd");
    let screen = terminal.wait_until("the path", |screen| screen.contains("1] pwd\n/\n"));
    assert!(screen.contains("Interrupted; nothing was sent"), "{screen}");
    assert!(!screen.contains("half"), "{screen}");
}

#[test]
fn without_a_terminal_no_password_is_asked_for() {
    let ran = zksh(&any().fresh()).args(["digest", "ann"]).run();
    assert_eq!(ran.stderr, "Cannot ask for the password: there is no terminal\n");
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
}

#[test]
fn the_tests_never_ask_on_their_own_terminal() {
    let shell = zksh(&any().fresh()).args(["digest", "ann"]);
    let mut terminal = Setup::program(&shell.command).start();
    let (_, screen) = terminal.wait();
    assert_eq!(screen, "Cannot ask for the password: there is no terminal");
}

#[test]
fn no_message_contains_a_password() {
    let server = any().fresh();
    let lines = [
        "addauth digest ann s3cr3t",
        "addauth digest ann:s3cr3t more",
        "addauth ann:s3cr3t",
        "adauth ann:s3cr3t",
        "digest ann s3cr3t",
        "digest -p s3cr3t",
        "setAcl /a ann:s3cr3t",
        "create /a x ann:s3cr3t",
        "create /a x digest:ann:s3cr3t:q",
        "time addauth digest ann s3cr3t",
        "repeat 2 create /a x ann:s3cr3t",
        "time repeat 2 setAcl / ann:s3cr3t",
        "addauth digest ann:s3cr3t",
        "history",
    ];
    let script = lines.join("\n") + "\n";
    for options in [["-o", "text"], ["-o", "json"]] {
        let ran = zksh(&server).args(options).script(&script);
        let output = ran.stdout + &ran.stderr;
        assert!(!output.contains("s3cr3t") && output.contains("****"), "{output}");
    }
    for line in &lines[..9] {
        let ran = zksh(&server).args(line.split(' ')).run();
        let output = ran.stdout + &ran.stderr;
        assert!(ran.status != 0 && !output.contains("s3cr3t"), "{line}: {output}");
    }
}
