//! Whole trees: saved, loaded, copied, compared and changed to match a file, with interruptions and
//! concurrent writers.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::PATIENCE;
use crate::support::engine::{engines, on_every_engine};
use crate::support::shell::{good, run, zksh};
use crate::support::terminal::Setup;

/// Returns names with characters that are special in shells, patterns or terminals.
fn odd_names() -> Vec<String> {
    let mut names: Vec<String> =
        ["-", "--help", "-r", "*", "?", "[a-z]", "a b", " a", "a ", "'", "\"", "\\", "$HOME", "~"]
            .iter()
            .chain(&[
                "#",
                "|",
                ">",
                ";",
                "&&",
                "_data",
                "_tree.jsonl",
                ".hidden",
                "a.",
                "%41",
                "湖",
                "é",
                "e\u{301}",
                "{}",
            ])
            .map(|name| (*name).to_owned())
            .collect();
    names.extend((0..500).map(|number| format!("n{number}*'\"\\ {}", "x".repeat(number % 50))));
    names
}

/// Returns a script that creates a tree with all kinds of data, ACLs and names.
fn tree_script() -> String {
    let mut script = String::from("create /lake deep\n");
    for (index, name) in odd_names().iter().enumerate() {
        let quoted = name.replace('\\', "\\\\").replace('\'', "\\'");
        let data = format!("ff00{index:04x}");
        writeln!(script, "create -x $'/lake/{quoted}' {data}").unwrap();
    }
    script.push_str("create /lake/json '{\"a\": [1, 2]}'\n");
    script.push_str("create /lake/open x world:anyone:cdrwa\n");
    script.push_str("create /lake/open/ip y ip:127.0.0.1:cdrwa,world:anyone:r\n");
    script.push_str("create /lake/open/ip/inner z world:anyone:ra\n");
    script
}

#[test]
fn a_saved_and_loaded_tree_is_the_same() {
    on_every_engine(|engine| {
        let (one, other) = (engine.fresh(), engine.fresh());
        let folder = tempfile::tempdir().unwrap();
        let ran = zksh(&one).script(tree_script());
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{}", engine.name);
        for name in ["lake.jsonl", "lake.jsonl.gz", "lake.jsonl.zst", "folder"] {
            let file = folder.path().join(name).display().to_string();
            let dir: &[&str] = if name == "folder" { &["--dir"] } else { &[] };
            good(&one, &[&["save"], dir, &["/lake", file.as_str()]].concat());
            good(&other, &["load", &file, "/copy"]);
            good(&other, &["diff", "-f", &file, "/copy"]);
            good(&other, &["plan", &file, "/copy"]);
            // A second load has nothing left to do.
            assert!(good(&other, &["load", &file, "/copy"]).starts_with("nothing, "));
            good(&other, &["deleteall", "/copy"]);
        }
    });
}

#[test]
fn a_saved_tree_can_be_piped_to_another_server() {
    on_every_engine(|engine| {
        let (one, other) = (engines().swap_remove(0).fresh(), engine.fresh());
        assert_eq!(zksh(&one).args(["-o", "raw"]).script(tree_script()).stderr, "");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lake.jsonl.gz").display().to_string();
        let saved = good(&one, &["save", "/lake"]);
        good(&one, &["save", "/lake", &file]);
        let znodes = saved.lines().count() - 2;
        let load = |words: &[&str], input: &[u8]| zksh(&other).args(words).script(input);

        // What is cut or wrong is told, and the same line goes on with what is whole.
        let lines: Vec<&str> = saved.lines().collect();
        let half = lines[..100].join("\n");
        let ran = load(&["load", "-", "/pond"], half.as_bytes());
        assert_eq!((ran.stdout.as_str(), ran.status), ("99 created, 0 unchanged\n", 1));
        let cut = "the file was cut: the end line is missing; what came before it is loaded";
        assert!(ran.stderr.contains(cut), "{}", ran.stderr);
        let wrong = [&lines[..100], &["no line"], &lines[100..]].concat().join("\n");
        let ran = load(&["load", "-", "/wrong"], wrong.as_bytes());
        assert_eq!((ran.stdout.as_str(), ran.status), ("99 created, 0 unchanged\n", 1));
        assert!(ran.stderr.contains("standard input:101: "), "{}", ran.stderr);
        let ran = load(&["load", "-n", "-", "/pond"], saved.as_bytes());
        let would = format!("would be: {} created", znodes - 99);
        assert!(ran.stdout.contains(&would), "{} {}", ran.stdout, ran.stderr);
        let ran = load(&["load", "-", "/pond"], saved.as_bytes());
        assert!(ran.stdout.starts_with(&format!("{} created", znodes - 99)), "{}", ran.stdout);
        assert_eq!((ran.stderr.as_str(), ran.status), ("", 0));
        good(&other, &["diff", "-f", &file, "/pond"]);

        // Compression is recognised; a header is needed only to load while reading.
        let bytes = fs::read(&file).unwrap();
        let same = format!("nothing, {znodes} unchanged\n");
        assert_eq!(load(&["load", "-", "/pond"], &bytes).stdout, same);
        let ran = load(&["load", "-", "/cut"], &bytes[..bytes.len() / 2]);
        assert!(ran.stderr.contains("the file was cut") && ran.status == 1, "{}", ran.stderr);
        let ran = load(&["load", "-"], b"{\"path\":\"/new/b\"}\n{\"path\":\"/new/a\"}\n");
        assert_eq!(ran.stdout, "3 created, 0 unchanged\n", "{}", ran.stderr);
        for (input, words) in [
            ("", "standard input: the file is empty"),
            ("#!/bin/sh\n", "expected value"),
            ("{\"path\":\"/x\"}\n{\"path\":\"/x\"}\n", "nothing was changed"),
        ] {
            let ran = load(&["load", "-"], input.as_bytes());
            assert_eq!((ran.stdout.as_str(), ran.status), ("", 1), "{input}");
            assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
        }
    });
}

#[test]
fn standard_input_is_loaded_only_where_it_holds_a_tree() {
    let server = engines().swap_remove(0).fresh();
    let tree = "{\"path\":\"/lake\"}\n";
    let ran = zksh(&server).script("load -\n");
    assert!(ran.stderr.contains("Standard input is already in use"), "{}", ran.stderr);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("script");
    fs::write(&file, "load -\nload -\n").unwrap();
    let ran = zksh(&server).args(["-f".as_ref(), file.as_os_str()]).script(tree);
    assert_eq!(ran.stdout, "1 created, 0 unchanged\n");
    assert!(ran.stderr.contains(":2: Standard input is already in use"), "{}", ran.stderr);
    let terminal = Setup::new(&server).args(["load", "-"]).start();
    terminal.wait_for("Standard input is the terminal, and not a saved tree");
    let mut terminal = Setup::new(&server).start();
    terminal.wait_for("(CONNECTED) 0]");
    terminal.enter(0, "load -");
    terminal.wait_for("Standard input is already in use");
}

#[test]
fn differences_are_shown_with_status_four() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("wanted.jsonl");
        fs::write(&file, "{\"path\":\"/app\",\"data\":{\"text\":\"1\"}}\n{\"path\":\"/app/b\"}\n")
            .unwrap();
        let file = file.display().to_string();
        let planned = run(&server, &["plan", &file]);
        assert_eq!((planned.status, planned.stdout.as_str()), (4, "+ /app\n+ /app/b\n"));
        assert_eq!(good(&server, &["apply", &file]), "2 created, 0 unchanged\n");
        assert_eq!(good(&server, &["plan", &file]), "");
        good(&server, &["create", "/app/extra"]);
        good(&server, &["set", "/app", "2"]);
        let planned = run(&server, &["plan", "-q", &file]);
        assert_eq!((planned.status, planned.stdout.as_str()), (4, "~ /app (data)\n"));
        assert_eq!(
            good(&server, &["apply", "--prune", &file]),
            "1 changed, 1 deleted, 1 unchanged\n"
        );
        assert_eq!(good(&server, &["ls", "/app"]), "[b]\n");
        let ran = run(&server, &["diff", "-f", &file, "/app"]);
        assert_eq!((ran.status, ran.stdout.as_str()), (0, ""));
        let ran = run(&server, &["-o", "json", "diff", &file, "/app"]);
        let hint = format!("diff -f {file} compares with the local file");
        assert!(ran.status == 1 && ran.stdout.contains(&hint), "{}", ran.stdout);
        // So does a name that is relative to the working directory, which is no path of a znode.
        let name = "wanted.jsonl";
        let mut shell = zksh(&server).args(["-o", "json", "diff", name, "/app"]);
        shell.command.current_dir(folder.path());
        let ran = shell.run();
        let hint = format!("diff -f {name} compares with the local file");
        assert!(ran.status == 2 && ran.stdout.contains(&hint), "{}", ran.stdout);
        // With -f, the file is not what is missing.
        let ran = run(&server, &["-o", "json", "diff", "-f", &file, "/none"]);
        assert!(ran.status == 1 && !ran.stdout.contains("diff -f"), "{}", ran.stdout);
    });
}

#[test]
fn a_broken_or_foreign_file_changes_nothing() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        let folder = tempfile::tempdir().unwrap();
        let header = "{\"zksh\":\"tree\",\"version\":1,\"top\":\"/app\"}\n";
        for (text, words) in [
            (format!("{header}{{\"path\":\"/app\"}}\n"), "the file was cut"),
            (
                format!("{header}{{\"path\":\"/other\"}}\n{{\"end\":{{\"znodes\":1}}}}\n"),
                "outside /app",
            ),
            ("{\"path\":\"/app\"}\n{\"path\":\"/app\"}\n".to_owned(), "on line 1 already"),
            ("#!/bin/sh\n".to_owned(), "expected value"),
            (
                format!(
                    "{{\"path\":\"/app\",\"data\":{{\"text\":\"{}\"}}}}\n",
                    "x".repeat(2 << 20)
                ),
                "2097152 bytes of data",
            ),
        ] {
            let file = folder.path().join("f");
            fs::write(&file, text).unwrap();
            let ran = run(&server, &["load", &file.display().to_string()]);
            assert_eq!((ran.status, ran.stdout.as_str()), (1, ""), "{words}");
            assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
            assert!(!good(&server, &["ls", "/"]).contains("app"));
        }
    });
}

#[test]
fn an_acl_that_removes_rights_does_not_block_children() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f");
        let acl = "[{\"scheme\":\"world\",\"id\":\"anyone\",\"perms\":\"ra\"}]";
        let lines: String =
            ["/app", "/app/b", "/app/b/c"].iter().fold(String::new(), |text, path| {
                text + &format!("{{\"path\":\"{path}\",\"acl\":{acl}}}\n")
            });
        fs::write(&file, lines).unwrap();
        let file = file.display().to_string();
        assert!(good(&server, &["load", &file]).starts_with("3 created, 2 with another ACL"));
        good(&server, &["diff", "-f", &file, "/app"]);
    });
}

/// Writes a file with a tree of this many znodes.
fn large(file: &Path, znodes: usize) {
    let mut text =
        String::from("{\"zksh\":\"tree\",\"version\":1,\"top\":\"/app\"}\n{\"path\":\"/app\"}\n");
    for number in 0..znodes {
        let path = format!("/app/{:03}/{number:06}", number / 100);
        if number % 100 == 0 {
            writeln!(text, "{{\"path\":\"/app/{:03}\"}}", number / 100).unwrap();
        }
        writeln!(text, "{{\"path\":\"{path}\",\"data\":{{\"text\":\"{number}\"}}}}").unwrap();
    }
    let lines = 1 + znodes + znodes.div_ceil(100);
    writeln!(text, "{{\"end\":{{\"znodes\":{lines}}}}}").unwrap();
    fs::write(file, text).unwrap();
}

#[test]
fn large_znodes_behind_many_small_ones_are_read() {
    on_every_engine(|engine| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("large.jsonl");
        // Small znodes are read many at a time, so the first request for large ones asks for many too.
        let (small, large) = (400, 18);
        let mut text = String::from("{\"path\":\"/app\"}\n");
        for number in 0..small {
            writeln!(text, "{{\"path\":\"/app/a{number:03}\"}}").unwrap();
        }
        let data = "d".repeat(1_000_000);
        for number in 0..large {
            let path = format!("/app/b{number:03}");
            writeln!(text, "{{\"path\":\"{path}\",\"data\":{{\"text\":\"{data}\"}}}}").unwrap();
        }
        fs::write(&file, text).unwrap();
        let file = file.display().to_string();
        let server = engine.fresh();
        good(&server, &["load", &file]);
        let sizes = zksh(&server).args(["du", "/app"]).succeed();
        assert!(sizes.starts_with("18000000 bytes  419 znodes  /app\n"), "{sizes}");
        good(&server, &["diff", "-f", &file, "/app"]);
        zksh(&server).args(["deleteall", "-y", "/app"]).succeed();
    });
}

#[test]
fn killed_commands_can_be_repeated_and_end_at_the_same_tree() {
    on_every_engine(|engine| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("large.jsonl");
        large(&file, 20_000);
        let file = file.display().to_string();
        for command in ["load", "apply"] {
            let server = engine.fresh();
            for round in 0_u64..10 {
                let mut child = zksh(&server).args([command, &file]).start();
                std::thread::sleep(Duration::from_millis(40 + round * 37 % 200));
                child.kill().unwrap();
                child.wait().unwrap();
            }
            good(&server, &[command, &file]);
            good(&server, &["diff", "-f", &file, "/app"]);
        }
    });
}

#[test]
fn two_writers_lose_no_change() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        good(&server, &["create", "/n", "{\"n\":0}"]);
        let script = "json /n '.n += 1'\n".repeat(500);
        let begun = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let ran = zksh(&server).arg("--stop-on-error").script(&script);
                    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
                });
            }
        });
        assert!(begun.elapsed() < PATIENCE * 10);
        assert_eq!(good(&server, &["json", "/n", ".n"]), "1000\n");
    });
}

#[test]
fn saving_a_missing_znode_writes_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("none.jsonl");
    let ran = zksh(&engines()[0].fresh()).args(["save", "/nowhere"]).args([&file]).run();
    assert_eq!((ran.status, ran.stderr.as_str()), (1, "Node does not exist: /nowhere\n"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_dry_run_shows_what_would_be_done_and_does_nothing() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        let script = "create /lake deep\ncreate /lake/reed\ncreate /pond\n";
        assert_eq!(zksh(&server).script(script).stderr, "");
        let before = good(&server, &["save", "/"]);
        for (words, shown) in [
            (
                &["mv", "-r", "-n", "/lake", "/sea"][..],
                "+ /sea\n+ /sea/reed\nwould be: 2 created, 2 deleted, 0 unchanged\n",
            ),
            (
                &["mv", "-n", "/pond", "/sea"],
                "+ /sea\nwould be: 1 created, 1 deleted, 0 unchanged\n",
            ),
            (
                &["setAcl", "-R", "-n", "/lake", "world:anyone:r"],
                "~ /lake (ACL)\n~ /lake/reed (ACL)\n",
            ),
            (&["setAcl", "-n", "/lake", "world:anyone:r"], "~ /lake (ACL)\n"),
            (&["setAcl", "-R", "-n", "/lake", "world:anyone:cdrwa"], ""),
            (&["deleteall", "-n", "/lake"], "- /lake\n- /lake/reed\n"),
        ] {
            assert_eq!(good(&server, words), shown, "{words:?}");
        }
        let znodes = |saved: &str| saved.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(znodes(&good(&server, &["save", "/"])), znodes(&before));
    });
}
