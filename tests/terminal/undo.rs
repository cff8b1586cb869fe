//! `undo` and `journal` at a prompt.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{CTRL_C, connected, run, sandbox, server, shell};
use crate::support::terminal::{Setup, Terminal};

/// Types lines at consecutive prompts.
fn enter(terminal: &mut Terminal, first: usize, lines: &[&str]) -> usize {
    for (index, line) in lines.iter().enumerate() {
        terminal.enter(first + index, line);
    }
    terminal.wait_for_prompt(first + lines.len());
    first + lines.len()
}

/// Returns the data of a znode.
fn data(server: &str, path: &str) -> String {
    run(server, &format!("get {path}")).lines().next().unwrap_or_default().to_owned()
}

#[test]
fn changes_are_undone_one_by_one_and_redone() {
    let server = server();
    let mut terminal = shell(&server);
    let lines = ["create /lake deep", "set /lake deeper", "setAcl /lake world:anyone:cdra", "undo"];
    let next = enter(&mut terminal, 0, &lines);
    terminal.wait_for("Took back 3: setAcl /lake world:anyone:cdra");
    let next = enter(&mut terminal, next, &["undo", "undo", "undo"]);
    let screen = terminal.wait_for("This shell has nothing to take back");
    assert!(screen.contains("Took back 2: set /lake deeper\n"), "{screen}");
    assert!(screen.contains("Took back 1: create /lake deep\n"), "{screen}");
    assert_eq!(run(&server, "ls /"), "[]\n");
    // Each undo is an entry of its own, which can be undone too.
    let next = enter(&mut terminal, next, &["undo --entry 6", "undo --entry 5", "undo --entry 4"]);
    terminal.wait_for("Took back 4: undo");
    assert_eq!(data(&server, "/lake"), "deeper");
    assert_eq!(run(&server, "getAcl /lake"), "'world,'anyone\n: cdra\n");
    enter(&mut terminal, next, &["journal", "undo --entry 4", "undo 2"]);
    let screen = terminal.wait_for("Took back 2: set /lake deeper");
    assert!(screen.contains("Already taken back: 4"), "{screen}");
    assert!(screen.contains(" undo (took back 1) (taken back)\n"), "{screen}");
    assert_eq!(data(&server, "/lake"), "deep");
    assert_eq!(run(&server, "getAcl /lake"), "'world,'anyone\n: cdrwa\n");
}

#[test]
fn trees_transactions_and_ephemerals_are_restored() {
    let server = server();
    let mut terminal = shell(&server);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wanted");
    fs::write(&file, "{\"path\":\"/app\",\"data\":{\"text\":\"1\"}}\n{\"path\":\"/app/b\"}\n")
        .unwrap();
    let load = format!("load --yes {}", file.display());
    let lines = [
        load.as_str(),
        "cp -r --yes /app /copy",
        "create -e /copy/live x",
        "create -s /copy/n- y",
        "setAcl -R --yes /copy world:anyone:cdra",
        "deleteall --yes /copy",
        "undo --yes",
    ];
    let next = enter(&mut terminal, 0, &lines);
    terminal.wait_for("4 created");
    let seen = run(&server, "ls /copy\ngetAcl /copy/b");
    assert_eq!(seen, "[b, live, n-0000000002]\n'world,'anyone\n: cdra\n");
    assert!(run(&server, "stat /copy/live").contains("ephemeralOwner = 0x1"));
    let lines = ["multi", "set /app 2", "delete /app/b", "create /app/c", "commit", "undo"];
    enter(&mut terminal, next, &lines[..5]);
    terminal.keys("undo\r");
    terminal.wait_for("Take back commit: 3 znodes (1 created, 1 changed, 1 deleted)? [y/N]");
    terminal.keys("y\r");
    terminal.wait_for("1 created, 1 changed, 1 deleted\n");
    assert_eq!((data(&server, "/app").as_str(), run(&server, "ls /app").as_str()), ("1", "[b]\n"));
    // Undo all other entries together.
    terminal.keys("undo --yes 5\r");
    terminal.wait_for("Took back 1: load");
    assert_eq!(run(&server, "ls /"), "[]\n");
}

#[test]
fn changes_of_others_are_not_undone() {
    let server = server();
    let mut terminal = shell(&server);
    let next = enter(&mut terminal, 0, &["create /a 1", "set /a 2", "create /b", "create /b/c"]);
    run(&server, "set /a theirs\nset /a theirs2\ncreate /b/c/theirs");
    let next = enter(&mut terminal, next, &["undo", "undo --entry 2"]);
    let screen = terminal.wait_for("/a was written since: version 3 now, 1 then");
    assert!(screen.contains("Node not empty: /b/c"), "{screen}");
    assert_eq!(
        (data(&server, "/a").as_str(), run(&server, "ls /b").as_str()),
        ("theirs2", "[c]\n")
    );
    run(&server, "deleteall /b\ndelete /a\ncreate /a");
    enter(&mut terminal, next, &["undo --entry 4", "undo --entry 2"]);
    let screen = terminal.wait_for("/a was deleted and created again since");
    assert!(screen.contains("/b/c was deleted since"), "{screen}");
}

#[test]
fn irreversible_changes_are_reported() {
    let server = server();
    let mut terminal = shell(&server);
    let mut other = shell(&server);
    other.enter(0, "create /top");
    other.enter(1, "create -e /top/live");
    other.wait_for_prompt(2);
    terminal.enter(0, "deleteall /top");
    let question = terminal.wait_for("[y/N]");
    let joined = question.replace('\n', "");
    assert!(
        joined
            .contains("undo cannot take it back because other sessions own some of the ephemerals"),
        "{question}"
    );
    terminal.keys("y\r");
    terminal.wait_for("undo cannot take this back: /top/live was an ephemeral of another session");
    let next =
        enter(&mut terminal, 1, &["setting journal off", "create /off", "setting journal on"]);
    enter(&mut terminal, next, &["undo", "journal", "explain on", "create /told"]);
    let screen = terminal.wait_for("Created /told");
    assert!(screen.contains("deleteall /top cannot be taken back: /top/live was an"), "{screen}");
    terminal.keys("explain off\rundo\r");
    let screen = terminal.wait_for("create /told cannot be taken back: explain was on");
    assert!(!screen.contains("undo cannot take this back: explain"), "{screen}");
}

#[test]
fn the_journal_is_private_and_undo_needs_the_same_servers() {
    let server = server();
    let home = tempfile::tempdir().unwrap();
    run(&server, "create /root");
    let mut terminal = connected(Setup::new(&server).home(home.path()));
    let other = sandbox().fresh();
    let connect = format!("connect {server}/root");
    let next = enter(&mut terminal, 0, &["create /secret hidden", "delete /secret", &connect]);
    enter(&mut terminal, next, &["undo"]);
    terminal.wait_for("which this session is not connected to");
    let connect = format!("connect {other}");
    enter(&mut terminal, next + 1, &[&connect, "undo", "journal --clear", "undo"]);
    let screen = terminal.wait_for("This shell has nothing to take back");
    assert_eq!(screen.matches("which this session is not connected to").count(), 2, "{screen}");
    let mut terminal = connected(Setup::new(&server).home(home.path()));
    enter(&mut terminal, 0, &["create /again hidden", "delete /again"]);
    let file = find(home.path(), "journal.jsonl").expect("a journal");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fs::read_to_string(&file).unwrap().contains("hidden"));
    // Neither scripts nor the dialect of zkCli 3.9 record changes.
    let before = fs::read(&file).unwrap();
    let mut terminal = connected(Setup::new(&server).home(home.path()).args(["--compat", "3.9"]));
    enter(&mut terminal, 0, &["create /nine", "undo"]);
    terminal.wait_for("This shell has nothing to take back");
    let script = home.path().join("script");
    fs::write(&script, "create /scripted\nset /scripted 2\n").unwrap();
    let mut terminal = connected(Setup::new(&server).home(home.path()));
    enter(&mut terminal, 0, &[&format!("source {}", script.display()), "undo"]);
    terminal.wait_for("This shell has nothing to take back");
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn changes_of_an_interrupted_line_can_be_undone() {
    let server = server();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wanted");
    let lines = (0..5000).map(|number| format!("{{\"path\":\"/app/n{number:04}\"}}\n"));
    fs::write(&file, lines.collect::<String>()).unwrap();
    let mut terminal = shell(&server);
    terminal.enter(0, &format!("load --yes {}", file.display()));
    terminal.wait_for("changed");
    terminal.keys(CTRL_C);
    terminal.wait_for_prompt(1);
    terminal.enter(1, "undo --yes");
    terminal.wait_for("Took back 1: load");
    assert_eq!(run(&server, "ls /"), "[]\n");
}

/// Searches a folder and its subfolders for a file with this name.
fn find(folder: &std::path::Path, name: &str) -> Option<std::path::PathBuf> {
    fs::read_dir(folder).ok()?.flatten().find_map(|entry| {
        let path = entry.path();
        if path.is_dir() { find(&path, name) } else { path.ends_with(name).then_some(path) }
    })
}

#[test]
fn an_undo_counts_although_it_is_not_kept_itself() {
    let server = server();
    let mut terminal = shell(&server);
    let lines = ["create /lake 1", "set /lake 2", "set /lake 3", "setting journal off", "undo"];
    let next = enter(&mut terminal, 0, &lines);
    terminal.wait_for("Took back 3: set /lake 3");
    // The next line that is kept has nothing to do with the undo before it.
    let next = enter(&mut terminal, next, &["setting journal on", "create /pond", "journal"]);
    let screen = terminal.wait_for("create /pond\n[zk");
    assert!(screen.contains("set /lake 3 (taken back)\n"), "{screen}");
    assert!(!screen.contains("create /pond (took back"), "{screen}");
    enter(&mut terminal, next, &["undo", "undo"]);
    // It is unknown what that undo has written, so earlier changes cannot be undone.
    let screen = terminal.wait_for("/lake was written since: version 3 now, 2 then");
    assert!(screen.contains("Took back 4: create /pond\n"), "{screen}");
    assert_eq!(run(&server, "ls /"), "[lake]\n");
    assert_eq!(data(&server, "/lake"), "2");
}

#[test]
fn an_undo_without_a_write_counts_too() {
    let server = server();
    let mut terminal = shell(&server);
    let lines = ["create /lake 1", "create /pond", "delete /pond", "undo 2"];
    let next = enter(&mut terminal, 0, &lines);
    terminal.wait_for("Took back 2: create /pond");
    enter(&mut terminal, next, &["undo"]);
    terminal.wait_for("Took back 1: create /lake 1");
    assert_eq!(run(&server, "ls /"), "[]\n");
}
