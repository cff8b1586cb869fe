//! Mistakes of new users: commands that delete much, lines with the wrong quotes, and paths that do
//! not exist.

use super::{CTRL_C, TAB, connected, run, sandbox, server, shell};
use crate::support::free_port;
use crate::support::shell::zksh;
use crate::support::terminal::Setup;

/// Returns the text without blanks and row ends.
fn joined(screen: &str) -> String {
    screen.split_whitespace().collect()
}

#[test]
fn one_command_at_a_terminal_asks_before_much_is_gone() {
    let server = server();
    run(&server, "create /prod\ncreate /prod/svc8 x\ncreate /prod/svc8/a");
    let question = "(-y skips this question) Delete /prod and 2 znodes below it, 1 byte? [y/N]";
    let delete = || Setup::new(&server).args(["deleteall", "/prod"]);
    // The answer no, the end of input, and Ctrl-C.
    for (keys, wanted) in [("n\r", 1), ("\x04", 1), (CTRL_C, 130)] {
        let mut terminal = delete().start();
        terminal.wait_until(question, |screen| joined(screen).ends_with(&joined(question)));
        terminal.keys(keys);
        let (status, screen) = terminal.wait();
        assert_eq!(status, wanted, "{screen}");
        assert_eq!(screen.contains("Nothing was deleted"), wanted == 1, "{screen}");
    }
    let mut terminal =
        Setup::new(&server).args(["setAcl", "-R", "/prod", "world:anyone:r"]).start();
    terminal
        .wait_for("(-y skips this question) Replace the ACL of /prod and 2 znodes below it? [y/N]");
    terminal.keys("\r");
    assert_eq!(terminal.wait().0, 1);
    assert!(run(&server, "getAcl /prod/svc8").contains("cdrwa"));
    // If the shell cannot ask, it does nothing.
    let (status, screen) = delete().env("TERM", "dumb").start().wait();
    assert_eq!(status, 1, "{screen}");
    assert!(joined(&screen).contains(&joined("Nothing was deleted.")), "{screen}");
    assert!(run(&server, "ls -R /prod").contains("/prod/svc8/a"));
    let mut terminal = delete().start();
    terminal.wait_for("[y/N]");
    terminal.keys("y\r");
    assert_eq!(terminal.wait().0, 0);
    // With -y, or in the dialect of zkCli, there is no question; nor in a script or a pipe.
    for args in [["deleteall", "/prod", "-y"], ["--compat=3.9", "deleteall", "/prod"]] {
        run(&server, "create /prod\ncreate /prod/a");
        let (status, screen) = Setup::new(&server).args(args).start().wait();
        assert_eq!((status, screen.contains("[y/N]")), (0, false), "{screen}");
    }
    run(&server, "create /prod\ncreate /prod/a\ndeleteall /prod");
    run(&server, "create /prod\ncreate /prod/a");
    zksh(&server).args(["deleteall", "/prod"]).succeed();
}

#[test]
fn a_good_session_is_left_for_a_better_one_only() {
    let server = server();
    let mut terminal = shell(&server);
    terminal.enter(0, "create -e /fish trout");
    terminal.enter(1, "get -w /fish");
    let nobody = format!("127.0.0.1:{}", free_port());
    terminal.enter(2, &format!("connect {nobody}"));
    let told = format!("Not connected: {nobody} refuses connections; the session is unchanged");
    terminal.wait_for(&told);
    terminal.enter(3, "connect no-such-host.invalid");
    terminal.wait_for("is not a known host; the session is unchanged");
    terminal.wait_for("(CONNECTED) 4]");
    assert!(run(&server, "ls /").contains("fish"));
    terminal.enter(4, &format!("connect {server}"));
    terminal.wait_for("\nlost ephemerals: /fish\nlost watches: /fish (data)\n");
    assert!(!run(&server, "ls /").contains("fish"));
    terminal.enter(5, "create -e /frog");
    terminal.enter(6, "close");
    terminal.wait_for("6] close\nlost ephemerals: /frog\n");
    terminal.enter(7, "reconnect");
    terminal.wait_for("(CONNECTED) 8]");
    terminal.enter(8, "create -e /newt");
    terminal.enter(9, "quit");
    let (status, screen) = terminal.wait();
    assert_eq!(status, 0);
    assert!(screen.contains("9] quit\nlost ephemerals: /newt\n"), "{screen}");
}

#[test]
fn an_open_transaction_is_seen_and_not_dropped_without_a_word() {
    let server = server();
    run(&server, "create /a x");
    let mut terminal = shell(&server);
    terminal.enter(0, "multi");
    terminal.enter(1, "create /b");
    terminal.wait_for("queued 1: create /b\n");
    terminal.enter(2, "set /a y");
    terminal.wait_for("queued 2: set /a\n");
    terminal.enter(3, "multi");
    terminal.wait_for("3] multi\n1: create /b\n2: set /a\n");
    // A read sees the tree without the transaction, and the shell says so.
    terminal.enter(4, "get /a");
    terminal.wait_for("\nx\ncZxid");
    terminal.wait_for("multi:2 5]");
    assert!(terminal.screen().contains("the tree before the transaction"), "{}", terminal.screen());
    for number in [5, 6] {
        let keys = if number == 5 { "quit\r" } else { "\x04" };
        terminal.wait_for_prompt(number);
        terminal.keys(keys);
        if number == 5 {
            terminal.wait_for("A transaction is open, with 2 operations");
        }
    }
    assert_eq!(terminal.wait().0, 0);
    let mut terminal = shell(&server);
    terminal.enter(0, "multi");
    terminal.enter(1, "create /b");
    terminal.wait_for("multi:1 2]");
    terminal.keys("\x04");
    terminal.wait_for("A transaction is open, with 1 operation\n");
    terminal.keys("commit\r");
    terminal.wait_for("commit\nCreated /b\n");
    // A script gets no such message, and a transaction that it leaves open is a failure.
    let ran = zksh(&server).script("multi\ncreate /c\nget /a\ncommit\n");
    assert_eq!(ran.stderr, "");
    assert!(ran.stdout.starts_with("x\ncZxid"), "{}", ran.stdout);
}

#[test]
fn the_line_that_was_meant_is_shown() {
    let server = server();
    run(&server, "create /app\ncreate /odd\ncreate '/odd/with space' x\ncreate /odd/it's y");
    run(&server, r"create $'/odd/it\'s \u{202e} odd' z");
    let mut terminal = connected(Setup::new(&server).size(400, 160));
    let lines = [
        (r#"get "/odd/with space""#, r"get '/odd/with space'"),
        ("create /sp hello world", "create /sp 'hello world'"),
        ("set /app hello world", "set /app 'hello world'"),
        (r#"create /abc {"a": 1, "b": "x"}"#, r#"create /abc '{"a": 1, "b": "x"}'"#),
    ];
    for (number, (line, meant)) in lines.into_iter().enumerate() {
        terminal.enter(number, line);
        let hint = format!("hint: put words with blanks in single quotes: {meant} (help quoting)");
        terminal.wait_for(&hint);
    }
    // The suggested line works as shown.
    terminal.enter(4, lines[0].1);
    terminal.wait_for("\nx\ncZxid");
    terminal.enter(5, lines[3].1);
    terminal.wait_for("Created /abc");
    // Completion quotes every name so that it is parsed correctly.
    terminal.wait_for_prompt(6);
    terminal.keys(&format!("get /odd/w{TAB}\r"));
    terminal.wait_for("6] get '/odd/with space'\nx\n");
    terminal.wait_for_prompt(7);
    terminal.keys(&format!("get /odd/i{TAB}\r"));
    terminal.wait_for("7] get /odd/it's\ny\ncZxid");
    terminal.wait_for_prompt(8);
    terminal.keys(&format!("get $'/odd/it\\'s {TAB}\r"));
    terminal.wait_for("8] get $'/odd/it\\'s \\u{202e} odd'\nz\ncZxid");
    terminal.enter(9, "help quoting");
    terminal.wait_for_prompt(10);
    assert!(terminal.screen().contains("single quotes"), "{}", terminal.screen());
    // No suggested line contains a password.
    terminal.enter(10, "addauth digest ann s3cr3t");
    terminal.wait_for("Unexpected argument");
    terminal.wait_for_prompt(11);
    assert!(!terminal.screen().contains("quotes: addauth"), "{}", terminal.screen());
}

#[test]
fn a_missing_chroot_is_named_and_can_be_created() {
    let sandbox = sandbox();
    let root = format!("/nochroot-{}", std::process::id());
    let mut terminal = shell(&format!("{}{root}", sandbox.address()));
    let missing = format!("; the chroot {root} does not exist");
    for (number, line) in ["create /x y", "create --parents /x y", "ls /"].iter().enumerate() {
        terminal.enter(number, line);
        terminal.wait_until(line, |screen| screen.matches(&missing).count() == number + 1);
        terminal.wait_until("the way", |screen| {
            screen.matches("hint: create / creates it").count() == number + 1
        });
    }
    terminal.enter(3, "create /");
    terminal.enter(4, "create /x y");
    terminal.wait_for("Created /x\n");
    let deep = format!("{}{root}/deep/er", sandbox.address());
    let mut terminal = connected(Setup::new(&deep).size(100, 200));
    terminal.enter(0, "get /x/y");
    let way = format!(
        "hint: connect {} and create --parents {root}/deep/er create it",
        sandbox.address()
    );
    terminal.wait_for(&way);
}

#[test]
fn refusals_say_who_one_is_and_what_the_version_is() {
    let server = server();
    run(&server, "create /mine x world:anyone:r\ncreate /a x\nset /a y");
    let mut terminal = connected(Setup::new(&server).size(100, 200));
    terminal.enter(0, "set /mine y");
    terminal.wait_for("hint: this session is ip:127.0.0.1; the ACL is world:anyone:r\n");
    terminal.enter(1, "set /a z 0");
    terminal.wait_for("hint: it has version 1, its ACL version 0\n");
    // Destructive commands are not suggested, nor anything that merely resembles a command.
    for (number, (typed, wanted)) in [
        ("mvv /a /b", "hint: did you mean mv?"),
        ("ccp /a /b", "hint: did you mean cp?"),
        ("gre x", "hint: did you mean"),
        ("rmm /a", "hint: help lists the commands"),
    ]
    .into_iter()
    .enumerate()
    {
        terminal.enter(number + 2, typed);
        terminal.wait_for(wanted);
    }
    for (option, meant) in [("--sandox", "--sandbox"), ("--esemble", "--ensemble")] {
        let (status, screen) = Setup::bare().args([option]).start().wait();
        assert_eq!(status, 2);
        assert!(screen.contains(&format!("hint: did you mean {meant}?")), "{screen}");
    }
}

#[test]
fn behind_cd_the_working_znode_needs_no_name() {
    let server = server();
    run(&server, "create /app deep\ncreate /app/x");
    let mut terminal = shell(&server);
    terminal.enter(0, "cd /app");
    terminal.enter(1, "ls");
    terminal.wait_for("1] ls\n[x]\n");
    terminal.enter(2, "get");
    terminal.wait_for("2] get\ndeep\ncZxid");
    terminal.enter(3, "stat");
    terminal.wait_for("3] stat\ncZxid");
    for (number, line) in [(4, "set"), (5, "delete"), (6, "deleteall"), (7, "setAcl")] {
        terminal.enter(number, line);
        terminal.wait_until(line, |screen| screen.matches("Missing: path").count() == number - 3);
    }
    let ran = zksh(&server).script("ls\ncd /app\nls\nget\nstat\ndelete\n");
    assert!(ran.stderr.starts_with("stdin:1: Missing: path"), "{}", ran.stderr);
    assert!(ran.stderr.contains("stdin:6: Missing: path"), "{}", ran.stderr);
    assert!(ran.stdout.starts_with("[x]\ndeep\ncZxid"), "{}", ran.stdout);
    let ran = zksh(&server).args(["--compat", "3.9"]).script("ls\nget\nstat\n");
    assert_eq!((ran.stdout.as_str(), ran.status), ("", 1), "{}", ran.stderr);
}

#[test]
fn every_znode_of_a_walk_has_its_stat_and_help_shows_what_a_command_prints() {
    let server = server();
    run(&server, "create /a\ncreate /a/b xyz\ncreate /a/c");
    let walked = run(&server, "ls -R -s /a");
    assert_eq!(walked.matches("\ncZxid = ").count(), 3, "{walked}");
    let (_, b) = walked.split_once("\n/a/b\n").unwrap();
    let (b, _) = b.split_once("\n/a/c\n").unwrap();
    assert!(b.contains("dataLength = 3\n"), "{walked}");
    let records = zksh(&server).args(["-o", "json", "ls", "-R", "-s", "/a"]).succeed();
    assert_eq!(records.matches(r#""dataLength":"#).count(), 3, "{records}");
    let one = zksh(&server).args(["--compat", "3.9", "ls", "-R", "-s", "/a"]).succeed();
    assert_eq!(one.matches("dataLength").count(), 1, "{one}");
    let help =
        run(&server, "help create\nhelp watch\nhelp reconfig\nhelp edit\nhelp stat\nhelp config");
    for wanted in [
        "create [-s] [-e]",
        "    WatchedEvent state:SyncConnected type:NodeDataChanged path:/lake",
        "    reconfig -add server.4=zk4:2888:3888:participant;2181",
        "    Written, version 1",
        "pZxid: the one that last created or deleted a child",
    ] {
        assert!(help.contains(wanted), "{wanted}: {help}");
    }
    assert_eq!(run(&server, "config"), "No members: this server runs alone\n");
    assert_eq!(zksh(&server).args(["--compat", "3.9", "config"]).succeed(), "\n");
}
