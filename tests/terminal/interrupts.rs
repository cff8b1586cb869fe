//! Ctrl-C brings the prompt back in any situation, and a stopped shell continues where it was.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};

use super::{CTRL_C, CTRL_R, TAB, connected, crowd, run, sandbox, server, shell};
use crate::support::proxy::Cable;
use crate::support::terminal::Setup;

#[test]
fn ctrl_c_ends_a_line_of_any_sort() {
    let server = server();
    let mut terminal = shell(&server);
    let lines = [
        ("get /half", "get /half"),
        ("set /a 'open\rand more", "and more"),
        // There is nothing to search yet.
        (CTRL_R, ""),
        ("create -", "create -"),
    ];
    for (number, (keys, shown)) in lines.into_iter().enumerate() {
        terminal.keys(keys);
        terminal.wait_for(shown);
        terminal.keys(CTRL_C);
        terminal.wait_until("one more prompt", |screen| {
            screen.matches(" 0]").count() == number + 2 && screen.ends_with(" 0]")
        });
    }
    terminal.keys(&format!("get -{TAB}"));
    terminal.wait_for("--watch");
    terminal.keys(CTRL_C);
    terminal.enter(0, "pwd");
    terminal.wait_for("0] pwd\n/\n");
}

#[test]
fn keys_behind_ctrl_c_are_kept() {
    let server = server();
    let mut terminal = shell(&server);
    // All keys at once, as from a fast typist.
    terminal.keys(&format!("create /half{CTRL_C}create /whole deep\r'open{CTRL_C}{CTRL_C}ls /\r"));
    let screen = terminal.wait_for("1] ls /\n[whole]\n");
    assert!(screen.contains("0] create /half\n"), "{screen}");
    assert!(screen.contains("0] create /whole deep\nCreated /whole\n"), "{screen}");
    terminal.wait_for_prompt(2);
    // A signal from elsewhere also cancels the line, and leaves no hint behind.
    terminal.keys("get /whole");
    terminal.wait_for("2] get /whole  4 bytes, version 0");
    kill(terminal.pid(), Signal::SIGINT).unwrap();
    terminal.wait_until("one more prompt", |screen| {
        screen.contains("2] get /whole\n") && screen.ends_with(" 2]")
    });
}

#[test]
fn ctrl_d_typed_ahead_ends_the_shell_after_the_command() {
    let server = server();
    let mut terminal = shell(&server);
    terminal.enter(0, "wait /late exists");
    terminal.wait_for("(Ctrl-C stops)");
    terminal.keys("\x04");
    run(&server, "create /late");
    let (status, screen) = terminal.wait();
    assert_eq!(status, 0, "{screen}");
}

#[test]
fn ctrl_c_in_a_long_command_says_how_far_it_came() {
    let server = server();
    run(&server, &crowd(1000));
    let (address, root) = server.split_once('/').unwrap();
    let cable = Cable::slow(address, Duration::from_millis(10));
    let mut terminal = shell(&format!("{}/{root}", cable.address()));
    // One request at a time, so that the command is slow enough to interrupt.
    terminal.enter(0, "deleteall --yes -b 1 /crowd");
    terminal.wait_for("znodes deleted (Ctrl-C stops)");
    terminal.keys(CTRL_C);
    let screen = terminal.wait_for("Interrupted; ");
    let line = screen.lines().find(|line| line.starts_with("Interrupted; ")).unwrap();
    assert!(
        line.ends_with(" znodes deleted; the last request may have been applied too"),
        "{line}"
    );
    terminal.wait_for_prompt(1);
    terminal.enter(1, "ls /");
    terminal.wait_for("[crowd]");
}

#[test]
fn ctrl_c_in_a_repeated_command_says_how_often_it_has_run() {
    let server = server();
    let mut terminal = shell(&server);
    terminal.enter(0, "repeat 100 -i 60 create -s /lake-");
    terminal.wait_for("\n1 run done (Ctrl-C stops)");
    terminal.keys(CTRL_C);
    terminal.wait_for("Interrupted; 1 run done; the last request may have been applied too\n");
    // A read changes nothing, however it is run.
    terminal.enter(1, "repeat 100 -i 60 time exists /");
    terminal.wait_for("\n1 run done (Ctrl-C stops)");
    terminal.keys(CTRL_C);
    terminal.wait_for("Interrupted; 1 run done\n");
    terminal.enter(2, "redo 1");
    terminal.wait_until("progress again", |screen| screen.ends_with("done (Ctrl-C stops)"));
    terminal.keys(CTRL_C);
    terminal.wait_until("the same again", |screen| {
        screen.matches("Interrupted; 1 run done\n").count() == 2
    });
    terminal.wait_for_prompt(3);
}

#[test]
fn a_question_is_asked_before_much_is_deleted() {
    let server = server();
    run(&server, "create /lake deep\ncreate /lake/reed green\ncreate /lake/duck\ncreate /leaf");
    let mut terminal = shell(&server);
    terminal.enter(0, "create -e /lake/fish trout");
    let question =
        "Delete /lake and 3 znodes below it, 14 bytes, 1 live ephemeral (1 of this session)? [y/N]";
    let joined = |screen: &str| screen.replace('\n', "");
    for (number, keys) in [(1, "n\r"), (2, "\r"), (3, CTRL_C)] {
        terminal.enter(number, "deleteall /lake");
        terminal.wait_until(question, |screen| joined(screen).ends_with(question));
        terminal.keys(keys);
        terminal.wait_for_prompt(number + 1);
        assert!(terminal.screen().contains("Nothing was deleted"));
    }
    terminal.enter(4, "rmr /lake");
    terminal.wait_until(question, |screen| joined(screen).ends_with(question));
    terminal.keys("y\r");
    // A znode without children is deleted without a question, as by `delete`.
    terminal.enter(5, "deleteall /leaf");
    terminal.enter(6, "ls /");
    terminal.wait_for("6] ls /\n[]\n");
}

#[test]
fn what_every_server_needs_is_not_deleted_by_mistake() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config/zksh");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("config.toml"), "protect = [\"/app/config\"]\n").unwrap();
    let mut terminal = connected(Setup::new(&sandbox().address()).home(home.path()));
    let paths = ["/", "/zookeeper", "/zookeeper/config", "/app/config/x", "/app"];
    for (number, path) in paths.iter().enumerate() {
        terminal.enter(number, &format!("deleteall --yes {path}"));
        terminal.wait_for(&format!("Refusing to delete {path} and all below it: "));
    }
    terminal.wait_for("below it: the config file protects it\nhint: pass --force to do it anyway");
    for (number, path) in (paths.len()..).zip(&paths) {
        terminal.enter(number, &format!("setAcl -R --yes {path} world:anyone:r"));
        terminal.wait_for(&format!("Refusing to replace the ACL of {path} and all below it: "));
    }
    // A single znode is no subtree, and nothing has been changed so far.
    terminal.enter(2 * paths.len(), "getAcl /");
    terminal.wait_for("'world,'anyone\n: cdrwa\n");
}

#[test]
fn a_question_is_asked_before_many_lists_are_replaced() {
    let server = server();
    run(&server, "create /lake deep\ncreate /lake/reed green\ncreate /lake/duck");
    let mut terminal = shell(&server);
    let question = "Replace the ACL of /lake and 2 znodes below it? [y/N]";
    for (number, keys) in [(0, "n\r"), (1, CTRL_C)] {
        terminal.enter(number, "setAcl -R /lake world:anyone:cdra");
        terminal.wait_until(question, |screen| screen.ends_with(question));
        terminal.keys(keys);
        terminal.wait_for_prompt(number + 1);
        assert_eq!(terminal.screen().matches("\nNothing was changed\n").count(), number + 1);
    }
    let list = |path: &str| run(&server, &format!("getAcl {path}"));
    assert_eq!(list("/lake/reed"), "'world,'anyone\n: cdrwa\n");
    terminal.enter(2, "time setAcl -R /lake world:anyone:cdra");
    terminal.wait_until(question, |screen| screen.ends_with(question));
    terminal.keys("y\r");
    terminal.wait_for_prompt(3);
    assert_eq!(list("/lake/reed"), "'world,'anyone\n: cdra\n");
    // There is no question for a single znode, nor with -y.
    terminal.enter(3, "setAcl -R /lake/reed world:anyone:cdrwa");
    terminal.enter(4, "setAcl -R -y /lake world:anyone:cra");
    terminal.wait_for_prompt(5);
    assert_eq!(list("/lake/duck"), "'world,'anyone\n: cra\n");
    // A script is not asked.
    run(&server, "setAcl -R /lake world:anyone:cdrwa");
}

#[test]
fn a_stopped_shell_goes_on_with_its_line() {
    let server = server();
    let mut terminal = shell(&server);
    terminal.keys("create /half");
    terminal.wait_for("0] create /half");
    kill(terminal.pid(), Signal::SIGSTOP).unwrap();
    kill(terminal.pid(), Signal::SIGCONT).unwrap();
    terminal.wait_until("the line anew", |screen| {
        screen.matches("0] create /half").count() == 2 || screen.ends_with("0] create /half")
    });
    terminal.keys("way deep\r");
    terminal.wait_for("Created /halfway");
    terminal.wait_for_prompt(1);
}

#[test]
fn a_pasted_block_runs_line_by_line() {
    let server = server();
    let mut terminal = shell(&server);
    terminal.keys("\x1b[200~create /a 'x\ny'\nget \\\n/a\nls /\n\x1b[201~");
    terminal.wait_for("/a");
    terminal.keys("\r");
    let screen = terminal.wait_for("2] ls /\n[a]\n");
    assert!(screen.contains("Created /a\n") && screen.contains("\nx\ny\ncZxid"), "{screen}");
    terminal.wait_for_prompt(3);
    // Lines typed in several rows: with a quote, and with a `\`.
    terminal.enter(3, "set /a 'one");
    terminal.keys("two'\r");
    terminal.enter(4, "get \\");
    terminal.keys("/a\r");
    terminal.wait_for("\none\ntwo\ncZxid");
    terminal.wait_for_prompt(5);
}

#[test]
fn a_line_that_goes_on_says_how_it_ends_and_that_it_was_left() {
    let server = server();
    let mut terminal = shell(&server);
    terminal.enter(0, "setting hints off");
    for (line, row, way_out) in [
        ("create /a 'one", "'>", "' ends the text; Ctrl-C leaves the line"),
        ("create /a <<END", "END>", "a row END ends the data; Ctrl-C leaves the line"),
        ("create /a \\", ">", "the line goes on here; Ctrl-C leaves it"),
    ] {
        terminal.enter(1, line);
        terminal.wait_until(way_out, |screen| screen.ends_with(&format!("\n{row} {way_out}")));
        terminal.keys("two");
        terminal.wait_until("the row", |screen| screen.ends_with(&format!("\n{row} two")));
        terminal.keys(CTRL_C);
        terminal.wait_until("the prompt", |screen| {
            screen.ends_with(" 1]")
                && screen.contains(&format!(
                    "1] {line}\n{row} two\nNothing was run: the line was left unfinished\n"
                ))
        });
    }
    terminal.enter(1, "create /a <<END");
    terminal.keys("one\rEN");
    terminal.keys("D\r");
    terminal.enter(2, "get /a");
    terminal.wait_for("\nEND> one\nEND> END\nCreated /a\n");
    terminal.wait_for("2] get /a\none\ncZxid");
}

#[test]
fn the_line_is_edited_in_another_editor() {
    let server = server();
    let folder = tempfile::tempdir().unwrap();
    let lines = "case $(cat \"$1\") in 'create /a'*) ;; *) exit 1 ;; esac\n\
                 printf \"create /b 'one\\ntwo'\\n\" > \"$1\"";
    let editor = super::program(folder.path(), "editor", lines);
    let mut terminal = connected(Setup::new(&server).env("VISUAL", editor.to_str().unwrap()));
    terminal.keys("create /a x");
    terminal.wait_for("0] create /a x");
    terminal.keys("\x18\x05");
    // The line is not run before Enter.
    terminal.wait_until("the edited line", |screen| screen.ends_with("0] create /b 'one\ntwo'"));
    terminal.keys("\r");
    terminal.wait_for("Created /b\n");
    // An editor that fails changes nothing.
    terminal.keys("set /b y");
    terminal.wait_for("1] set /b y");
    terminal.keys("\x18\x05");
    terminal.wait_for("The line was not changed: ");
    terminal.wait_until("the line", |screen| screen.ends_with("1] set /b y"));
}

#[test]
fn lines_typed_ahead_are_all_run() {
    let server = server();
    let mut terminal = connected(Setup::new(&server));
    terminal.keys("create /a\rcreate /b\rls /\r");
    terminal.wait_for("[a, b]");
    terminal.wait_for_prompt(3);
}

#[test]
fn a_password_is_asked_for_in_peace() {
    let server = server();
    let mut terminal = shell(&server);
    terminal.enter(0, "ls / true");
    terminal.enter(1, "digest ann");
    terminal.wait_for("Password of ann:");
    run(&server, "create /noise");
    terminal.keys("secret\r");
    terminal.wait_for("NodeChildrenChanged path:/\n");
    let screen = terminal.wait_for("digest:ann:7RJfAeIvrl4zdj6sS2fXrQHDvHM=\n");
    assert!(screen.contains("] digest ann\nPassword of ann:\n"), "{screen}");
    assert!(!screen.contains("secret"), "{screen}");
    terminal.enter(2, "digest ann");
    terminal.wait_until("a second question", |screen| screen.ends_with("Password of ann:"));
    terminal.keys(CTRL_C);
    terminal.wait_for_prompt(3);
    // The keys are echoed again.
    terminal.enter(3, "pwd");
    terminal.wait_for("3] pwd\n/\n");
}
