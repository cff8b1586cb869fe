//! `edit`, `get --pretty`, and the pager.

use std::path::{Path, PathBuf};

use super::{connected, program, run, server};
use crate::support::terminal::{Setup, Terminal};

fn with(server: &str, folder: &Path, variable: &str, program: &Path) -> Setup {
    let drafts = folder.join("drafts");
    std::fs::create_dir_all(&drafts).unwrap();
    Setup::new(server)
        .home(folder)
        .env(variable, program.to_str().unwrap())
        .env("TMPDIR", drafts.to_str().unwrap())
}

#[test]
fn what_was_edited_is_written_with_its_version() {
    let server = server();
    run(&server, "create /conf.json deep");
    let folder = tempfile::tempdir().unwrap();
    let editor = program(
        folder.path(),
        "editor",
        "case $1 in */conf.json) ;; *) exit 1 ;; esac\n\
         [ \"$(stat -c %a \"$1\")\" = 600 ] || exit 1\n\
         echo \"$(cat \"$1\")er\" > \"$1\"",
    );
    let mut terminal = connected(with(&server, folder.path(), "VISUAL", &editor));
    terminal.enter(0, "edit /conf.json");
    terminal.wait_for("0] edit /conf.json\nSaved as version 1\n");
    assert!(run(&server, "get /conf.json").starts_with("deeper\n"));
    let left = std::fs::read_dir(folder.path().join("drafts")).unwrap().count();
    assert_eq!(left, 0);
}

#[test]
fn a_conflict_shows_both_and_keeps_the_text() {
    let server = server();
    run(&server, "create /lake 'one\ntwo\nthree'".replace('\n', "\\n").as_str());
    let folder = tempfile::tempdir().unwrap();
    // The editor itself changes the znode without the shell's knowledge.
    let editor = program(
        folder.path(),
        "editor",
        &format!(
            "printf mine > \"$1\"; exec {} -server {server} set /lake theirs > /dev/null",
            env!("CARGO_BIN_EXE_zksh")
        ),
    );
    let mut terminal = connected(with(&server, folder.path(), "EDITOR", &editor));
    terminal.enter(0, "edit /lake");
    let screen = terminal.wait_for("your text is in ");
    assert!(screen.contains("\n-theirs\n+mine\nNot written: /lake has changed"), "{screen}");
    terminal.wait_for_prompt(1);
    assert!(run(&server, "get /lake").starts_with("theirs\n"));
    let drafts = std::fs::read_dir(folder.path().join("drafts")).unwrap();
    let kept: Vec<PathBuf> = drafts.map(|draft| draft.unwrap().path().join("lake")).collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(std::fs::read_to_string(&kept[0]).unwrap(), "mine");
}

#[test]
fn an_editor_that_fails_writes_nothing() {
    let server = server();
    run(&server, "create /lake deep");
    let folder = tempfile::tempdir().unwrap();
    let editor = program(folder.path(), "editor", "exit 3");
    let mut terminal = connected(with(&server, folder.path(), "EDITOR", &editor));
    terminal.enter(0, "edit /lake");
    terminal.wait_for("exit status: 3");
    terminal.wait_for_prompt(1);
    assert!(run(&server, "get /lake").starts_with("deep\n"));
    let missing = folder.path().join("missing");
    let mut terminal = connected(with(&server, folder.path(), "EDITOR", &missing));
    terminal.enter(0, "edit /lake");
    terminal.wait_for("it is not found");
    terminal.wait_for_prompt(1);
}

#[test]
fn events_wait_while_the_editor_has_the_terminal() {
    let server = server();
    run(&server, "create /lake deep");
    let folder = tempfile::tempdir().unwrap();
    let editor = program(
        folder.path(),
        "editor",
        &format!(
            "{} -server {server} create /noise > /dev/null\nprintf 'the editor '; printf 'is busy\\n'",
            env!("CARGO_BIN_EXE_zksh")
        ),
    );
    let mut terminal = connected(with(&server, folder.path(), "EDITOR", &editor));
    terminal.enter(0, "ls / true");
    terminal.enter(1, "edit /lake");
    terminal.wait_for("Nothing has changed");
    let screen = terminal.wait_for("type:NodeChildrenChanged path:/\n");
    let place = |text: &str| screen.find(text).unwrap();
    assert!(place("WATCHER::\n") > place("the editor is busy\n"), "{screen}");
}

#[test]
fn data_is_shown_as_what_it_is() {
    let server = server();
    run(&server, "create /json {\"a\":[1,2]}");
    let gzip = run(&server, "create -b /gzip H4sIAAAAAAAAA0tJTS0AADc1xTcEAAAA\nget /gzip");
    assert!(gzip.contains('\u{1f}'), "{gzip:?}");
    let mut terminal = super::shell(&server);
    terminal.enter(0, "get --pretty /json");
    terminal.wait_for("0] get --pretty /json\n{\n  \"a\": [\n    1,\n    2\n  ]\n}\ncZxid = ");
    terminal.enter(1, "get --pretty /gzip");
    terminal.wait_for("1] get --pretty /gzip\ngzip, 24 bytes\n         +-");
}

#[test]
fn only_long_results_go_to_the_pager_and_only_when_asked_to() {
    let server = server();
    let folder = tempfile::tempdir().unwrap();
    let pager = program(folder.path(), "pager", "echo PAGED; exec cat");
    let setup = with(&server, folder.path(), "PAGER", &pager).size(20, 100);
    let mut terminal = connected(setup);
    terminal.enter(0, "help all");
    terminal.wait_for_prompt(1);
    assert!(!terminal.screen().contains("PAGED"));
    terminal.enter(1, "setting pager on");
    terminal.enter(2, "pwd");
    terminal.wait_for_prompt(3);
    terminal.keys("help all\r");
    terminal.wait_until_seen("the pager", |screen| {
        screen.contents().contains("4]") && screen.contents().contains("version")
    });
    let count =
        |terminal: &Terminal| String::from_utf8_lossy(&terminal.bytes()).matches("PAGED").count();
    assert_eq!(count(&terminal), 1);

    // The config file can turn it on too.
    let config = folder.path().join("config/zksh");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("config.toml"), "pager = true\n").unwrap();
    let mut terminal = connected(with(&server, folder.path(), "PAGER", &pager).size(20, 100));
    terminal.enter(0, "help all");
    terminal.wait_for_prompt(1);
    assert_eq!(count(&terminal), 1);
}
