//! Earlier lines: found again, shared between shells, and without secrets.

use std::os::unix::fs::PermissionsExt;

use super::{CTRL_C, CTRL_R, CTRL_U, DOWN, UP, connected, server, shell};
use crate::support::terminal::Setup;

#[test]
fn shells_share_a_private_file_without_secrets() {
    let server = server();
    let home = tempfile::tempdir().unwrap();
    let open = || connected(Setup::new(&server).home(home.path()));
    let (mut one, mut two) = (open(), open());
    one.enter(0, "create /lake deep");
    one.wait_for_prompt(1);
    two.enter(0, "ls /");
    two.wait_for_prompt(1);
    one.enter(1, "addauth digest ann:secret");
    two.enter(1, " pwd");
    one.enter(2, "create /mine x digest:ann:AAAAAAAAAAAAAAAAAAAAAAAAAAA=:cdrwa");
    one.wait_for_prompt(3);
    two.wait_for_prompt(2);
    one.enter(3, "history");
    let screen = one.wait_for("3 - history");
    assert!(screen.contains("\n1 - addauth digest ****\n"), "{screen}");
    drop((one, two));
    let file = home.path().join("state/zksh/history.jsonl");
    let kept = std::fs::read_to_string(&file).unwrap();
    let row = |line: &str| format!("{{\"line\":\"{line}\",\"ensemble\":\"{server}\"}}\n");
    assert_eq!(kept, ["create /lake deep", "ls /", "history"].map(row).concat());
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);

    let mut three = open();
    three.enter(0, "history search /");
    three.wait_for("\n- create /lake deep\n- ls /\n");
    three.enter(1, "!0");
    three.wait_for("1] !0\nhistory search /\n");
}

#[test]
fn up_finds_what_begins_alike_and_ctrl_r_what_contains() {
    let server = server();
    let mut terminal = shell(&server);
    for (number, line) in ["create /lake deep", "ls /", "get /lake", "pwd"].iter().enumerate() {
        terminal.enter(number, line);
    }
    terminal.wait_for_prompt(4);
    terminal.keys(UP);
    terminal.wait_for("4] pwd");
    terminal.keys(&format!("{CTRL_U}cr{UP}"));
    terminal.wait_for("4] create /lake deep");
    terminal.keys(&format!("{CTRL_U}l{UP}"));
    terminal.wait_for("4] ls /");
    terminal.keys(DOWN);
    terminal.wait_until("what was typed", |screen| screen.contains("4] l"));
    terminal.keys(&format!("{CTRL_U}{CTRL_R}lak"));
    terminal.wait_for("(reverse-i-search)`lak': get /lake");
    terminal.keys(CTRL_R);
    terminal.wait_for("(reverse-i-search)`lak': create /lake deep");
    terminal.keys(CTRL_C);
    terminal.wait_for_prompt(4);
    terminal.keys(&format!("{CTRL_R}get\r"));
    terminal.wait_until("the line found has run", |screen| screen.matches("\ndeep\n").count() == 2);
    terminal.wait_for_prompt(5);
}

#[test]
fn a_line_by_its_number_is_shown_before_it_runs() {
    let server = server();
    let mut terminal = shell(&server);
    terminal.enter(0, "create -s /lake-");
    terminal.enter(1, "!!");
    terminal.wait_for("1] !!\ncreate -s /lake-\nCreated /lake-0000000001\n");
    terminal.enter(2, "!7");
    let screen = terminal.wait_for("hint: history shows the numbers");
    assert!(screen.contains("2] !7\nCommand index out of range\n"), "{screen}");
    terminal.enter(2, "addauth digest ann:secret");
    terminal.enter(3, "!!");
    terminal.wait_for("Not run again: running it this way would show a private line\n");
    // In data, `!!` is just data.
    terminal.enter(3, "create /data !!");
    terminal.enter(4, "get /data");
    terminal.wait_for("4] get /data\n!!\n");
}

#[test]
fn a_history_of_an_older_release_is_taken_over_and_hinted_to_nobody() {
    let server = server();
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("state/zksh");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("history"), b"#V2\nls /old\n\xff\xfe\n").unwrap();
    let mut terminal = connected(Setup::new(&server).home(home.path()));
    terminal.wait_for("1 row of the history is not readable and skipped: ");
    terminal.keys("ls");
    terminal.keys(UP);
    terminal.wait_for("0] ls /old");
    terminal.keys(CTRL_U);
    terminal.enter(0, "pwd");
    terminal.wait_for_prompt(1);
    let kept = std::fs::read_to_string(folder.join("history.jsonl")).unwrap();
    assert!(kept.starts_with("{\"line\":\"ls /old\"}\n{\"line\":\"pwd\","), "{kept}");
}

#[test]
fn a_history_that_never_ends_does_not_stop_the_shell() {
    let server = server();
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("state/zksh");
    std::fs::create_dir_all(&folder).unwrap();
    std::os::unix::fs::symlink("/dev/zero", folder.join("history.jsonl")).unwrap();
    let terminal = connected(Setup::new(&server).home(home.path()));
    terminal.wait_for("History will not be saved: ");
    terminal.wait_for("it is not a regular file");
}

#[test]
fn hints_are_for_the_same_ensemble_and_never_agree_in_advance() {
    let (server, other) = (server(), server());
    let home = tempfile::tempdir().unwrap();
    let open = |server: &str| connected(Setup::new(server).home(home.path()));
    let mut terminal = open(&server);
    terminal.enter(0, "deleteall /svc7 -y");
    terminal.enter(1, "deleteall /svc8");
    terminal.enter(2, "deleteall /svc8 -y");
    terminal.wait_for_prompt(3);
    drop(terminal);
    // The hint is the line that asks for consent, and only on the same ensemble.
    let mut terminal = open(&server);
    terminal.keys("delet");
    terminal.wait_for("0] deleteall /svc8");
    terminal.keys(&format!("{CTRL_U}deleteall /svc7"));
    terminal.wait_until("no hint", |screen| screen.ends_with("0] deleteall /svc7"));
    let mut terminal = open(&other);
    terminal.keys("ls");
    terminal.wait_for("0] ls");
    terminal.keys(&format!("{CTRL_U}delet"));
    terminal.wait_until("no hint", |screen| screen.ends_with("0] delet"));
    // The user can still find all of them with the arrow key.
    terminal.keys(UP);
    terminal.wait_for("0] deleteall /svc8 -y");
}

#[test]
fn the_last_word_of_earlier_lines_is_a_key_away() {
    let server = server();
    let mut terminal = shell(&server);
    terminal.enter(0, "create '/a b' x");
    terminal.enter(1, "get '/a b'");
    terminal.wait_for_prompt(2);
    terminal.keys("stat \x1b.");
    terminal.wait_for("2] stat '/a b'");
    terminal.keys("\x1b.");
    terminal.wait_until("the word before", |screen| screen.ends_with("2] stat x"));
}
