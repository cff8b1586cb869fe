//! Patterns in paths that are read: `get /app/*/config`.

use crate::support::engine::{engines, on_every_engine};
use crate::support::shell::{Ran, zksh};
use crate::support::terminal::Setup;

const TREE: &str = "create /app\ncreate /app/a\ncreate /app/b\ncreate /app/c\ncreate /app/a/config 1\n\
                    create /app/b/config 2\ncreate '/app/x*' star\ncreate '/app/x*/config' 3\n\
                    create /app/xy\ncreate /app/xy/config 4\n";

fn script(server: &str, lines: &str) -> Ran {
    zksh(server).arg("--glob").script(lines)
}

#[test]
fn a_pattern_expands_to_the_matching_znodes() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        assert_eq!(zksh(&server).args(["-o", "raw"]).script(TREE).stderr, "");
        for (line, shown) in [
            ("exists /app/[ab]", "/app/a:\n/app/b:\n"),
            ("ls /app/?", "/app/a:\n[config]\n/app/b:\n[config]\n/app/c:\n[]\n"),
            ("ls /app/a*", "[config]\n"),
            ("ls /*/a", "[config]\n"),
            ("ls /app/[!abc]*", "/app/x*:\n[config]\n/app/xy:\n[config]\n"),
            // A znode whose name is the pattern itself has precedence, at each element.
            ("ls /app/x*", "[config]\n"),
            ("ls /*/x\\*/conf*", "[]\n"),
            ("ls -R /app/b*", "/app/b\n/app/b/config\n"),
            ("exists /**/[ab]/*", "/app/a/config:\n/app/b/config:\n"),
            ("cd /app\nls [c]", "[]\n"),
        ] {
            let ran = script(&server, line);
            assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), (shown, ""), "{line}");
        }
        let ran = zksh(&server).args(["--glob", "-o", "raw"]).script("get /app/?/config");
        assert_eq!((ran.stdout.as_str(), ran.status), ("12", 0));
        let words = ["--glob", "-o", "raw", "get", "/app/?/config"];
        assert_eq!(zksh(&server).args(words).succeed(), "12");
        let ran = zksh(&server).args(["--glob", "-o", "json"]).script("get /app/[ab]/config");
        let records: Vec<serde_json::Value> =
            ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(records[0]["path"], "/app/a/config");
        assert_eq!(records[1]["result"]["data"]["text"], "2");
        assert_eq!(records[2]["result"]["matches"], 2);
        assert_eq!(records[2]["path"], "/app/[ab]/config");
    });
}

#[test]
fn quoted_words_and_writing_commands_take_paths_literally() {
    let server = engines().swap_remove(0).fresh();
    assert_eq!(zksh(&server).args(["-o", "raw"]).script(TREE).stderr, "");
    for (line, wrong) in [
        ("ls '/app/?'", "Node does not exist: /app/?"),
        ("ls $'/app/?'", "Node does not exist: /app/?"),
        ("set /app/? x", "Node does not exist: /app/?"),
        ("delete /app/?", "Node does not exist: /app/?"),
        ("deleteall /app/?", "Node does not exist: /app/?"),
        ("ls /nosuch/*", "No znode matches /nosuch/*"),
        ("get /app/[a", "Node does not exist: /app/[a"),
        ("get /app/?/nosuch", "No znode matches /app/?/nosuch"),
    ] {
        let ran = script(&server, line);
        assert_eq!(ran.stdout, "", "{line}");
        assert!(ran.stderr.contains(wrong) && ran.status == 1, "{line}: {}", ran.stderr);
    }
    // Without the option, neither a script nor a one-shot command expands patterns.
    for ran in [zksh(&server).script("ls /app/?"), zksh(&server).args(["ls", "/app/?"]).run()] {
        assert!(ran.stderr.contains("Node does not exist: /app/?"), "{}", ran.stderr);
    }
}

#[test]
fn unreadable_matches_are_reported_and_the_rest_is_shown() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        assert_eq!(zksh(&server).args(["-o", "raw"]).script(TREE).stderr, "");
        let closed = "setAcl /app/b world:anyone:a\nsetAcl /app/a/config world:anyone:a";
        assert_eq!(zksh(&server).script(closed).stderr, "");
        let ran = script(&server, "ls /app/*/*");
        assert!(ran.stdout.starts_with("/app/a/config:\n[]\n") || !ran.stdout.contains("/app/b"));
        assert!(ran.stderr.contains("Authentication is not valid : /app/b"), "{}", ran.stderr);
        assert!(ran.stdout.contains("/app/xy/config:\n[]\n"), "{}", ran.stdout);
        assert_eq!(ran.status, 1);
        assert_eq!(
            zksh(&server)
                .script("setAcl /app/b world:anyone:cdrwa\nsetAcl /app/a/config world:anyone:cdrwa")
                .stderr,
            ""
        );
    });
}

#[test]
fn patterns_at_a_prompt_need_no_option() {
    let server = engines().swap_remove(0).fresh();
    assert_eq!(zksh(&server).args(["-o", "raw"]).script(TREE).stderr, "");
    let mut terminal = Setup::new(&server).start();
    terminal.wait_for("(CONNECTED) 0]");
    terminal.enter(0, "ls /app/?");
    terminal.wait_for("0] ls /app/?\n/app/a:\n[config]\n/app/b:\n[config]\n/app/c:\n[]\n");
    terminal.enter(1, "ls '/app/?'");
    terminal.wait_for("Node does not exist: /app/?");
    terminal.enter(2, "redo 0");
    terminal.wait_for("2] redo 0\n/app/a:\n[config]\n");
    let mut terminal = Setup::new(&server).args(["--compat", "3.9"]).start();
    terminal.wait_for("(CONNECTED) 0]");
    terminal.enter(0, "ls /app/?");
    terminal.wait_for("Node does not exist: /app/?");
}

#[test]
fn a_feature_that_the_server_lacks_is_reported_once() {
    on_every_engine(|engine| {
        if engine.version.as_slice() >= &[3, 6][..] {
            return;
        }
        let server = engine.fresh();
        assert_eq!(zksh(&server).args(["-o", "raw"]).script(TREE).stderr, "");
        let ran = script(&server, "getAllChildrenNumber /app/?");
        assert_eq!(ran.stderr.matches("has no getAllChildrenNumber").count(), 1, "{}", ran.stderr);
        assert!(!ran.stderr.contains("could not be read"), "{}", ran.stderr);
    });
}

#[test]
fn patterns_have_the_same_results_however_many_lines_are_in_flight() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        assert_eq!(zksh(&server).args(["-o", "raw"]).script(TREE).stderr, "");
        let lines = "set /app/a 1\nset /app/b 0\nget /app/[ab]\nset /app/a 2\nexists /app/?\ncreate /app/d\n\
                     ls /app/?\ndelete /app/d\nls /app/?/*\nset /app/b 3\nget /app/?\n";
        let run = |window| {
            // Results of zkCli 3.9 have no stat, whose versions and times change with each run.
            let words = ["--glob", "-o", "raw", "--compat", "3.9", "--window", window];
            let ran = zksh(&server).args(words).script(lines);
            (ran.stdout, ran.stderr)
        };
        let one = run("1");
        assert_eq!(one.1, "");
        assert_eq!(one, run("128"));
        assert_eq!(one, run("4096"));
    });
}

#[test]
fn a_command_that_another_one_runs_expands_its_patterns() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        assert_eq!(zksh(&server).args(["-o", "raw"]).script(TREE).stderr, "");
        let lines = "@bob exists /app/[ab]\nas bob ls /app/a*\n@bob repeat 2 exists /app/?/config\n\
                     repeat 2 ls /*/a\nas bob repeat 1 as bob exists /app/x*\n";
        let shown = "/app/a:\n/app/b:\n[config]\n\
                     /app/a/config:\n/app/b/config:\n/app/a/config:\n/app/b/config:\n\
                     [config]\n[config]\n";
        for window in ["1", "4096"] {
            let words = ["--glob", "--compat", "3.9", "--window", window];
            let ran = zksh(&server).args(words).script(format!("session new bob\n{lines}"));
            assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), (shown, ""), "{window}");
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lines");
        std::fs::write(&file, "ls /app/[a]\nrepeat 1 exists /app/[bc]\n").unwrap();
        let ran = script(&server, &format!("source {0}\nrepeat 2 source {0}", file.display()));
        assert_eq!(
            (ran.stdout, ran.stderr),
            ("[config]\n/app/b:\n/app/c:\n".repeat(3), String::new())
        );
        let timed = script(&server, "time exists /app/[ab]").stdout;
        assert!(timed.starts_with("/app/a:\n/app/b:\n") && timed.ends_with(" ms\n"), "{timed}");
        let words = ["--glob", "-o", "raw", "time", "get", "/app/?/config"];
        assert!(zksh(&server).args(words).succeed().starts_with("12"));
    });
}

#[test]
fn quoted_words_and_writes_stay_literal_behind_other_commands() {
    let server = engines().swap_remove(0).fresh();
    assert_eq!(zksh(&server).args(["-o", "raw"]).script(TREE).stderr, "");
    for line in [
        "time ls '/app/?'",
        "repeat 2 time ls '/app/?'",
        "@main ls '/app/?'",
        "repeat 2 set /app/? x",
        "@main delete /app/?",
        "time getAcl '/app/?'",
        // The same text stands unquoted in the line, but not as the path.
        "find '/app/?' --name /app/?",
        "time find '/app/?' --name /app/?",
    ] {
        let ran = script(&server, line);
        assert_eq!((ran.stdout.as_str(), ran.status), ("", 1), "{line}");
        assert!(ran.stderr.contains("Node does not exist: /app/?"), "{line}: {}", ran.stderr);
    }
    let explained = script(&server, "explain time get /app/?\nexplain get '/app/?'").stdout;
    assert!(explained.contains("Then getChildren /app/? for many znodes"), "{explained}");
    assert_eq!(explained.matches("getData").count(), 2, "{explained}");
    assert_eq!(explained.matches("for many znodes").count(), 3, "{explained}");
}
