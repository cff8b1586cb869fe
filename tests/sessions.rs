//! Several sessions in one shell.

mod ending;
mod explained;
mod many;
mod one_or_several;

use crate::support::engine::{Engine, engines, on_every_engine};
use crate::support::shell::zksh;
use crate::support::terminal::{Setup, connected_at_once};

/// Plays the election of the book in one terminal: the first master crashes, and the second takes
/// over.
fn elect(engine: &Engine) {
    let server = engine.private();
    let address = server.address();
    let mut terminal = connected_at_once(|| Setup::new(&address).args(["-timeout", "2000"]));
    terminal.enter(0, "create -e /master one");
    terminal.enter(1, "session new two");
    terminal.enter(2, "@two create -e /master two");
    terminal.wait_for("(CONNECTED) @main 2]");
    terminal.enter(3, "@two stat /master true");
    terminal.wait_for("Node already exists: /master");
    terminal.enter(4, "session two");
    terminal.wait_for("(CONNECTED) @two 5]");
    terminal.enter(5, "session kill main");
    let screen = terminal.wait_for("until then its ephemerals stay: /master");
    assert!(screen.contains("expires in at most 3.0 s"), "{screen}");
    terminal.wait_for(
        "WATCHER:: (two)\nWatchedEvent state:SyncConnected type:NodeDeleted path:/master",
    );
    terminal.enter(6, "create -e /master two");
    terminal.enter(7, "session close main");
    // This is the only session now, so the prompt does not name it.
    terminal.wait_for("(CONNECTED) 8]");
    terminal.enter(8, "quit");
    let (status, screen) = terminal.wait();
    assert_eq!(status, 0, "{screen}");
    assert_eq!(zksh(&address).args(["ls", "/"]).succeed(), "[zookeeper]\n");
}

#[test]
fn an_election_is_played_in_one_terminal() {
    let newest = engines().pop().filter(|engine| engine.release.is_some());
    for engine in engines().into_iter().take(1).chain(newest) {
        eprintln!("on {}", engine.name);
        elect(&engine);
    }
}

#[test]
fn losses_of_other_sessions_are_reported_and_answering_ones_are_not_called_silent() {
    let (here, there) = (engines()[0].private(), engines()[0].private());
    let mut terminal = connected_at_once(|| Setup::new(&here.address()));
    terminal.enter(0, "session new bob");
    terminal.enter(1, "@bob create -e /boat");
    terminal.enter(2, &format!("@bob connect {}", there.address()));
    terminal.wait_for("lost ephemerals: /boat");
    terminal.enter(3, "@bob create -e /fish");
    terminal.enter(4, "@bob multi");
    // This is longer than a server may be silent before that is reported.
    terminal.enter(5, "sleep 2.2");
    terminal.wait_for_prompt(6);
    let screen = terminal.screen();
    assert!(!screen.contains("does not answer"), "{screen}");
    terminal.enter(6, "quit");
    terminal.wait_for("A transaction is open, with 0 operations");
    terminal.wait_for("in session bob");
    terminal.enter(7, "quit");
    let (status, screen) = terminal.wait();
    assert_eq!(status, 0);
    assert!(screen.contains("lost ephemerals: /fish\nQuitting..."), "{screen}");
}

#[test]
fn closing_a_session_reports_its_open_transaction() {
    let server = engines()[0].private();
    let mut terminal = connected_at_once(|| Setup::new(&server.address()));
    terminal.enter(0, "session new bob");
    terminal.enter(1, "@bob multi");
    terminal.enter(2, "session close bob");
    terminal.wait_for("A transaction is open, with 0 operations");
    terminal.enter(3, "session close bob");
    terminal.wait_for("(CONNECTED) 4]");
}

#[test]
fn each_session_has_its_own_ephemerals_watches_credentials_path_and_transaction() {
    on_every_engine(|engine| {
        if engine.version < vec![3, 5] {
            return;
        }
        let script = "\
create /app old
session new bob
cd /app
@bob pwd
pwd
@bob create -e /boat
@bob addauth digest bob:secret
@bob create /mine x auth::cdrwa
get /mine
@bob get /mine
multi
set /app new
@bob get /app
@bob set /app bob
commit
get /app
session close bob
exists /boat
";
        let ran = zksh(&engine.fresh()).args(["--compat", "3.9"]).script(script);
        let printed = [
            "Created /app",
            "/",
            "/app",
            "Created /boat",
            "Created /mine",
            "x",
            "old",
            "Set /app",
            "new",
            "lost ephemerals: /boat",
        ];
        let lines: Vec<&str> = ran.stdout.lines().collect();
        assert_eq!(lines, printed, "{}", ran.stderr);
        assert!(ran.stderr.contains("Insufficient permission : /mine"), "{}", ran.stderr);
        assert!(ran.stderr.contains("Node does not exist: /boat"), "{}", ran.stderr);
    });
}

#[test]
fn invalid_uses_are_refused_with_the_reason() {
    let sandbox = &engines()[0];
    for (line, words) in [
        ("session new ls", "A session cannot be named ls: that is a command"),
        ("session new list", "A session cannot be named list: that is a command"),
        ("session new ''", "A session's name cannot be empty"),
        ("session new 'a b'", "A session cannot be named a b: names begin with a letter"),
        ("session new $'a\\x1b'", "A session cannot be named a\\u{1b}: names"),
        ("session new main", "There is a session main already"),
        ("session new", "Missing: name"),
        ("session bob", "There is no session bob"),
        ("@bob ls /", "There is no session bob"),
        ("@ ls /", "There is no session "),
        ("@main quit", "quit is about the whole shell"),
        ("@main", "Missing: command"),
        ("session close main", "main is the only session"),
        ("session list more", "Unexpected argument: more"),
        ("session -t 5000", "session alone takes no options"),
        ("session list --wait", "Only session kill takes --wait"),
        ("explain", "Missing: command"),
        ("explain nothing-of-ours", "Command not found: nothing-of-ours"),
    ] {
        let ran = zksh(&sandbox.fresh()).script(format!("{line}\n"));
        assert!(ran.stderr.contains(words), "{line}: {}", ran.stderr);
        assert_eq!(ran.status, 1, "{line}");
    }
}
