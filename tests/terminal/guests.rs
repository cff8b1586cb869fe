//! Other programs have the terminal for a while: an editor, a pager, or the parent shell.
//! Afterwards the terminal has its settings, and the prompt is back.

use super::{CTRL_C, CTRL_Z, LEFT, connected, program, run, server};
use crate::support::terminal::{Setup, Terminal};

/// Reads all its input, then lines from the terminal until `done`, and prints a message for each
/// Ctrl-C. One that comes just before a `read` is printed after its line.
const PATIENT: &str = "\
trap 'echo not now' INT
[ $# -gt 0 ] || cat > /dev/null
echo ready for you
until [ \"$line\" = done ]; do read line < /dev/tty && echo \"took $line\"; done";

/// Waits for a prompt, and checks that line editing works and Ctrl-C stops commands.
#[track_caller]
fn is_in_order(terminal: &mut Terminal, number: usize) {
    terminal.wait_for_prompt(number);
    terminal.keys(&format!("pd{LEFT}w"));
    terminal.wait_until("an edited line", |screen| screen.ends_with(&format!(" {number}] pwd")));
    terminal.keys("\r");
    terminal.enter(number + 1, "wait /never exists");
    terminal.wait_for("(Ctrl-C stops)");
    terminal.keys(CTRL_C);
    terminal.wait_for_prompt(number + 2);
    let screen = terminal.screen();
    assert!(screen.contains(&format!(" {number}] pwd\n/\n")), "{screen}");
}

#[test]
fn ctrl_c_in_the_pager_is_the_pagers() {
    let server = server();
    let folder = tempfile::tempdir().unwrap();
    let pager = program(folder.path(), "pager", PATIENT);
    let setup = Setup::new(&server).env("PAGER", pager.to_str().unwrap()).size(20, 100);
    let mut terminal = connected(setup);
    terminal.enter(0, "setting pager on");
    terminal.enter(1, "help all");
    terminal.wait_for("ready for you");
    for word in ["first", "done"] {
        terminal.keys(CTRL_C);
        terminal.keys(&format!("{word}\r"));
        terminal.wait_for(&format!("took {word}"));
    }
    assert_eq!(terminal.screen().matches("not now").count(), 2, "{}", terminal.screen());
    is_in_order(&mut terminal, 2);
    assert!(!terminal.screen().contains("help all\nInterrupted"), "{}", terminal.screen());
}

#[test]
fn a_pager_that_has_seen_enough_ends_the_command() {
    let server = server();
    let folder = tempfile::tempdir().unwrap();
    let pager = program(folder.path(), "pager", "head -n 1; echo enough");
    let setup = Setup::new(&server).env("PAGER", pager.to_str().unwrap()).size(20, 100);
    let mut terminal = connected(setup);
    // More data than fits into a pipe.
    std::fs::write(terminal.home().join("rows"), "row\n".repeat(100_000)).unwrap();
    terminal.enter(0, "create /rows -i rows");
    terminal.enter(1, "setting pager on");
    terminal.enter(2, "get /rows");
    terminal.wait_for("row\nenough\n");
    terminal.wait_for_prompt(3);
    assert_eq!(terminal.screen().matches("\nrow\n").count(), 1, "{}", terminal.screen());
    // A command that would run forever.
    terminal.enter(3, "repeat 1000000 get /rows");
    is_in_order(&mut terminal, 4);
}

#[test]
fn ctrl_c_in_the_editor_is_the_editors() {
    let server = server();
    run(&server, "create /lake deep");
    let folder = tempfile::tempdir().unwrap();
    let lines = format!("{PATIENT}\nprintf deeper > \"$1\"");
    let editor = program(folder.path(), "editor", &lines);
    let mut terminal = connected(Setup::new(&server).env("VISUAL", editor.to_str().unwrap()));
    terminal.enter(0, "edit /lake");
    terminal.wait_for("ready for you");
    terminal.keys(CTRL_C);
    terminal.keys("done\r");
    terminal.wait_for("took done\nSaved as version 1\n");
    assert!(terminal.screen().contains("not now"), "{}", terminal.screen());
    is_in_order(&mut terminal, 1);
    assert!(run(&server, "get /lake").starts_with("deeper\n"));
}

#[test]
fn an_editor_that_dies_leaves_the_terminal_in_order() {
    let server = server();
    run(&server, "create /lake deep");
    let folder = tempfile::tempdir().unwrap();
    let editor =
        program(folder.path(), "editor", "stty raw -echo; echo killed > \"$1\"; kill -9 $$");
    let mut terminal = connected(Setup::new(&server).env("VISUAL", editor.to_str().unwrap()));
    terminal.enter(0, "edit /lake");
    terminal.wait_for("a signal stopped it");
    is_in_order(&mut terminal, 1);
    assert!(terminal.screen().contains("your text is in "), "{}", terminal.screen());
    // An editor without a trap is ended by Ctrl-C, and nothing is written.
    let editor =
        program(folder.path(), "deaf", "echo ready; read line < /dev/tty; echo x > \"$1\"");
    let mut terminal = connected(Setup::new(&server).env("VISUAL", editor.to_str().unwrap()));
    terminal.enter(0, "edit /lake");
    terminal.wait_for("ready");
    terminal.keys(CTRL_C);
    terminal.wait_for("a signal stopped it");
    is_in_order(&mut terminal, 1);
    assert!(run(&server, "get /lake").starts_with("deep\n"));
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_up() {
    let server = server();
    let mut terminal = Setup::system_shell().start();
    terminal.wait_until("the shell's prompt", |screen| screen.ends_with('$'));
    let stopped = |terminal: &mut Terminal, times: usize| {
        terminal.keys(CTRL_Z);
        terminal.wait_until("the shell's prompt", |screen| {
            screen.matches("Stopped").count() == times && screen.ends_with('$')
        });
    };
    terminal.keys(&format!("{} -server {server}\r", env!("CARGO_BIN_EXE_zksh")));
    terminal.wait_for("(CONNECTED) 0]");
    terminal.enter(0, "ls / true");
    terminal.wait_for_prompt(1);
    terminal.keys("create /half");
    terminal.wait_for("1] create /half");
    stopped(&mut terminal, 1);
    run(&server, "create /noise");
    terminal.keys("stty -a\r");
    terminal.wait_until("a terminal for lines", |screen| {
        screen.contains(" icanon ") && screen.contains(" echo ") && screen.ends_with('$')
    });
    terminal.keys("fg\r");
    terminal.wait_until("the event and the line", |screen| {
        screen.contains("NodeChildrenChanged path:/\n") && screen.ends_with("1] create /half")
    });
    terminal.keys("way deep\r");
    terminal.wait_for("1] create /halfway deep\nCreated /halfway\n");
    // While a command runs.
    terminal.enter(2, "wait /never exists");
    terminal.wait_for("(Ctrl-C stops)");
    stopped(&mut terminal, 2);
    terminal.keys("fg\r");
    terminal.wait_until("the command", |screen| {
        screen.lines().last().is_some_and(|line| line.ends_with("(Ctrl-C stops)"))
    });
    terminal.keys(CTRL_C);
    is_in_order(&mut terminal, 3);
    terminal.keys("quit\r");
    terminal.wait_until("the shell's prompt", |screen| screen.ends_with('$'));
    terminal.keys("exit\r");
    assert_eq!(terminal.wait().0, 0);
}

#[test]
fn the_system_shell_runs_a_line_and_reads_a_result() {
    let server = server();
    run(&server, "create /lake deep\ncreate '/lake/\u{202e}'");
    let mut terminal = connected(Setup::new(&server));
    terminal.enter(0, "!echo from $((40 + 2))");
    terminal.wait_for("0] !echo from $((40 + 2))\nfrom 42\n");
    terminal.enter(1, "!exit 3");
    terminal.wait_for("The command ended with exit status 3");
    // A program gets the bytes without colours and escapes.
    terminal.enter(2, "get /lake | head -1 | od -c | head -1");
    terminal.wait_for("0000000   d   e   e   p  \\n\n");
    terminal.enter(3, "ls /lake | od -c | head -1");
    terminal.wait_for("0000000   [ 342 200 256   ]  \\n\n");
    // A quoted bar is data, and so is one inside a word.
    terminal.enter(4, "create /bar 'a | b'");
    terminal.enter(5, "set /bar a|b");
    terminal.enter(6, "get /bar");
    terminal.wait_for("6] get /bar\na|b\ncZxid");
    is_in_order(&mut terminal, 7);
    // A program that has read enough ends the command.
    terminal.enter(9, "repeat 1000000 get /lake | head -1");
    is_in_order(&mut terminal, 10);
    let mut terminal = connected(Setup::new(&server).args(["--compat", "3.9"]));
    terminal.enter(0, "!echo from here");
    terminal.wait_for("Command not found: !echo");
}

#[test]
fn a_file_is_run_as_if_it_were_typed_but_for_the_system_shell() {
    let server = server();
    let mut terminal = connected(Setup::new(&server));
    let lines = "create /a 'one\ntwo'\n\nnosuch\n!echo pwned\ncreate /b\ncreate /b/c\n\
                 deleteall /b\nget /a | cat\ngetAllChildrenNumber /\n";
    std::fs::write(terminal.home().join("lines.zk"), lines).unwrap();
    terminal.enter(0, "source lines.zk");
    let screen = terminal.wait_for("4 lines of lines.zk failed");
    for wanted in [
        "Created /a\n",
        "lines.zk:4: Command not found: nosuch",
        "lines.zk:5: Command not found: !echo",
        "lines.zk:8: Nothing was deleted. ",
        "lines.zk:9: ",
    ] {
        assert!(screen.contains(wanted), "{wanted}: {screen}");
    }
    assert!(!screen.contains("\npwned"), "{screen}");
    assert!(run(&server, "ls /b").contains("[c]"));
    // A file cannot run itself endlessly.
    std::fs::write(terminal.home().join("loop.zk"), "source loop.zk\n").unwrap();
    terminal.enter(1, "source loop.zk");
    terminal.wait_for("files are nested 16 deep");
    terminal.wait_for_prompt(2);
    terminal.enter(2, "clear");
    terminal.wait_until("an empty screen", |screen| {
        screen.starts_with("[zk: ") && screen.ends_with(" 3]")
    });
}

#[test]
fn an_edit_that_is_no_json_is_not_written_and_not_lost() {
    let server = server();
    run(&server, "create /conf.json {}");
    let folder = tempfile::tempdir().unwrap();
    let editor = program(folder.path(), "editor", "printf '{\"a\": 1,\\n}' > \"$1\"");
    let setup = Setup::new(&server).args(["edit", "--json", "/conf.json"]);
    let (status, screen) = setup.env("VISUAL", editor.to_str().unwrap()).start().wait();
    assert_eq!(status, 2, "{screen}");
    let joined = screen.replace('\n', "");
    assert!(joined.contains("Not JSON: line 2, column 1: trailing comma"), "{screen}");
    assert!(joined.contains("nothing was written; your text is in /"), "{screen}");
    assert!(run(&server, "get /conf.json").starts_with("{}\n"));
}

#[test]
fn one_command_at_a_terminal_opens_the_editor() {
    let server = server();
    run(&server, "create /conf.json deep");
    let folder = tempfile::tempdir().unwrap();
    let lines = format!("{PATIENT}\nprintf deeper > \"$1\"");
    let editor = program(folder.path(), "editor", &lines);
    let setup = Setup::new(&server).args(["edit", "/conf.json"]);
    let mut terminal = setup.env("VISUAL", editor.to_str().unwrap()).start();
    terminal.wait_for("ready for you");
    // This Ctrl-C is for the editor.
    terminal.keys(CTRL_C);
    terminal.wait_for("not now");
    terminal.keys("done\r");
    let (status, screen) = terminal.wait();
    assert_eq!(status, 0, "{screen}");
    assert!(screen.ends_with("took done\nSaved as version 1"), "{screen}");
    assert!(run(&server, "get /conf.json").starts_with("deeper\n"));
}
