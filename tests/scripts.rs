//! Scripts: they run in line order, every line is accounted for, and errors name their place.

use std::io::{BufRead, BufReader, Write};

use crate::support::engine::on_every_engine;
use crate::support::proxy::Cable;
use crate::support::shell::{bare, zksh};
use crate::support::wait_until;

#[test]
fn an_error_names_its_place_and_line_and_the_script_continues() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        let script = "create /lake\n# nothing\n\nget /pond\nstat\nls -z /\nls /\n";
        let ran = zksh(&server).script(script);
        assert_eq!(ran.stdout, "Created /lake\n[lake]\n");
        assert_eq!(
            ran.stderr,
            "stdin:4: Node does not exist: /pond\n    get /pond\n\
             stdin:5: Missing: path\nstat [-w] path [watch]\n    stat\n\
             stdin:6: Unknown option: -z\nls [-s] [-w] [-R] path [watch] | ls -l [--sort key] path\n    ls -z /\n"
        );
        assert_eq!(ran.status, 1);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lake.zk");
        std::fs::write(&file, "stat /pond").unwrap();
        let ran = zksh(&server).args(["-f".as_ref(), file.as_os_str()]).run();
        let place = format!("{}:1: Node does not exist: /pond\n", file.display());
        assert!(ran.stderr.starts_with(&place), "{}", ran.stderr);
        assert_eq!(zksh(&server).script("ls /\n").status, 0);
    });
}

#[test]
fn nothing_runs_after_the_line_that_stops_a_script() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        for wrong in ["create /lake", "get /pond", "get", "exists /pond"] {
            let after = "create -s /after-\n".repeat(50);
            let script = format!("create --if-absent /lake\n{wrong}\n{after}quit\n");
            let ran = zksh(&server).args(["--stop-on-error"]).script(script);
            assert!(ran.stderr.starts_with("stdin:2: "), "{}", ran.stderr);
            assert_eq!(ran.status, 1);
            assert_eq!(zksh(&server).args(["-o", "raw", "ls", "/"]).succeed(), "lake\n", "{wrong}");
        }
    });
}

#[test]
fn a_transaction_that_is_not_committed_is_a_failure() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        for (script, line) in [
            ("multi\ncreate /lake\n", 2),
            ("multi\ncreate /lake\nquit\nls /\n", 3),
            ("multi\ncreate /lake\nmulti\n", 3),
        ] {
            let ran = zksh(&server).args(["--compat", "3.9"]).script(script);
            let end = format!("stdin:{line}: multi without commit: nothing was sent\n");
            assert!(ran.stderr.ends_with(&end), "{}", ran.stderr);
            assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
        }
        assert_eq!(zksh(&server).args(["ls", "/"]).succeed(), "[]\n");
    });
}

#[test]
fn a_check_finds_errors_without_a_server() {
    let check =
        |script: &str| bare().args(["-server", "127.0.0.1:1", "--check", "--vars"]).script(script);
    let ran = check(
        "create /lake <<END\nnonsense\nEND\ncreate -s /queue/\nset /a//b x\nnonsense\n\
         time nonsense\nget ${NO_SUCH_VARIABLE}\nset /lake \"open\nset /lake <<NEVER\n",
    );
    let wrong: Vec<&str> =
        ran.stderr.lines().filter_map(|line| line.strip_prefix("stdin:")).collect();
    assert_eq!(
        wrong,
        [
            "5: Invalid path string \"/a//b\" caused by empty node name specified @3",
            "6: Command not found: nonsense",
            "7: Command not found: nonsense",
            "8: NO_SUCH_VARIABLE is not set in the environment",
            "9: A quote is not closed: \"",
            "10: The line NEVER that ends the data is missing",
        ]
    );
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
    assert_eq!(check("create /lake x\nls /lake\nmulti\ncheck /lake\ncommit\n").status, 0);
    for (script, wrong) in [
        ("multi\ncheck /lake\n", "stdin:2: multi without commit\n"),
        ("multi\nquit\n", "stdin:2: multi without commit\n    quit\n"),
        ("commit\n", "stdin:1: No transaction is open; multi begins one\n    commit\n"),
        ("multi\nmulti\ndiscard\n", "stdin:2: A transaction is already open\n    multi\n"),
    ] {
        let ran = check(script);
        assert_eq!((ran.stderr.as_str(), ran.status), (wrong, 1), "{script}");
    }
    let one = bare().args(["--check", "get", "-z"]).run();
    assert_eq!(one.status, 2);
}

#[test]
fn results_and_events_are_shown_in_order_of_arrival() {
    on_every_engine(|engine| {
        let lines = "ls -w /\ncreate -s /n-\n".repeat(200);
        for window in ["1", "128"] {
            let ran = zksh(&engine.fresh()).args(["--window", window]).script(&lines);
            let mut printed = ran.stdout.lines();
            for number in 0..200 {
                assert!(printed.next().unwrap().starts_with('['));
                let event = "WatchedEvent state:SyncConnected type:NodeChildrenChanged path:/";
                assert_eq!(printed.next(), Some("WATCHER::"));
                assert_eq!(printed.next(), Some(event));
                assert_eq!(printed.next().unwrap(), format!("Created /n-{number:010}"));
            }
        }
    });
}

#[test]
fn a_lost_connection_reports_every_uncertain_line() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        let (address, root) = server.split_once('/').unwrap();
        let mut cable = Cable::to(address);
        let through = format!("{}/{root}", cable.address());
        let mut script = zksh(&through).args(["-timeout", "1500"]).start();
        let mut stdin = script.stdin.take().unwrap();
        let mut lines = BufReader::new(script.stdout.take().unwrap()).lines();
        writeln!(stdin, "create /lake").unwrap();
        assert_eq!(lines.next().unwrap().unwrap(), "Created /lake");
        writeln!(stdin, "create -s /lake/n-").unwrap();
        assert_eq!(lines.next().unwrap().unwrap(), "Created /lake/n-0000000000");
        // Results are short, so that many more commands are in flight.
        stdin.write_all("echo short\n".repeat(20).as_bytes()).unwrap();
        assert!(lines.by_ref().take(20).all(|line| line.unwrap() == "short"));
        // From now on there are no answers, so these commands are in flight when the cable is cut.
        let before = cable.silence();
        let more = "create -s /lake/n-\nget /lake\n".repeat(49);
        stdin.write_all(more.as_bytes()).unwrap();
        cable.wait_until_asked(before + more.len());
        cable.cut();
        let errors = std::thread::spawn(move || {
            let errors = BufReader::new(script.stderr.take().unwrap()).lines();
            let errors: Vec<String> = errors.map(Result::unwrap).collect();
            (errors, script.wait().unwrap().code())
        });
        drop(stdin);
        let printed: Vec<String> = lines.map(Result::unwrap).collect();
        let (errors, status) = errors.join().unwrap();
        assert_eq!(status, Some(1));
        let done = 1 + printed.iter().filter(|line| line.starts_with("Created")).count();
        let reported = |words: &str| errors.iter().filter(|line| line.contains(words)).count();
        let writes = reported("the write may have been applied");
        assert!(writes > 0, "{errors:?}");
        let unsent_writes =
            errors.windows(2).filter(|pair| is_unsent(&pair[0]) && pair[1].contains("create -s"));
        let counted = errors.iter().find_map(|row| counted_lines(row)).unwrap_or_default();
        // From the 23rd line on, every other line writes.
        let counted_writes = counted.iter().filter(|line| *line % 2 == 1);
        let unsent_writes = unsent_writes.count() + counted_writes.count();
        assert_eq!(done + writes + unsent_writes, 50, "{errors:#?}");
    });
}

fn is_unsent(error: &str) -> bool {
    error.contains("nothing was sent")
}

/// Returns the numbers of the lines that a row only counts.
fn counted_lines(row: &str) -> Option<Vec<u64>> {
    let (place, _) = row.strip_prefix("stdin:")?.split_once(": ")?;
    let (first, last) =
        row.ends_with("no session").then(|| place.split_once('-'))?.unwrap_or((place, place));
    Some((first.parse().unwrap()..=last.parse().unwrap()).collect())
}

#[test]
fn a_wait_survives_a_lost_connection() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        let (address, root) = server.split_once('/').unwrap();
        let mut cable = Cable::to(address);
        let through = format!("{}/{root}", cable.address());
        let mut waiting = zksh(&through).start();
        let mut stdin = waiting.stdin.take().unwrap();
        let mut lines = BufReader::new(waiting.stdout.take().unwrap()).lines();
        stdin.write_all(b"echo begun\nwait /lake value=deep\nget /lake\n").unwrap();
        assert_eq!(lines.next().unwrap().unwrap(), "begun");
        zksh(&server).args(["create", "/lake", "flat"]).succeed();
        cable.cut();
        zksh(&server).args(["set", "/lake", "deep"]).run();
        cable.mend();
        assert_eq!(lines.next().unwrap().unwrap(), "deep");
        drop(stdin);
        assert!(waiting.wait().unwrap().success());
    });
}

#[test]
fn watch_runs_a_command_for_each_event_with_the_data_on_its_input() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        let folder = tempfile::tempdir().unwrap();
        let reported = folder.path().join("reported");
        let command =
            format!("echo \"$ZKSH_EVENT_TYPE $ZKSH_EVENT_PATH $(cat)\" >> {}", reported.display());
        let mut watch =
            zksh(&server).args(["watch", "-n", "1", "/lake", "--", "sh", "-c", &command]).start();
        // Cause the event repeatedly until the watch exists.
        wait_until("an event", || {
            zksh(&server).args(["set", "--create", "/lake", "deep"]).run();
            watch.try_wait().unwrap()
        });
        let reported = std::fs::read_to_string(&reported).unwrap();
        assert!(reported.starts_with("Node") && reported.ends_with(" /lake deep\n"), "{reported}");
    });
}

#[test]
fn data_comes_from_a_file_or_standard_input_with_an_option() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        let folder = tempfile::tempdir().unwrap();
        let (file, script) = (folder.path().join("@every"), folder.path().join("lake.zk"));
        std::fs::write(&file, "from the file").unwrap();
        let data = |path: &str| zksh(&server).args(["-o", "raw", "get", path]).succeed();
        // Data is stored as typed, although a file of that name exists.
        let ran = {
            let mut shell = zksh(&server).args(["create", "/lake", "@every"]);
            shell.command.current_dir(folder.path());
            shell.run()
        };
        assert_eq!(
            (ran.status, ran.stderr.as_str()),
            (0, "@every is stored as typed; -i every stores the content of a file\n")
        );
        assert_eq!(data("/lake"), "@every");
        let file = file.to_str().unwrap();
        zksh(&server).args(["set", "/lake", "-i", file]).succeed();
        assert_eq!(data("/lake"), "from the file");
        let ran = zksh(&server).args(["create", "/pond", "-i", "-", "world:anyone:r"]);
        assert_eq!(ran.script("from the input").stdout, "Created /pond\n");
        assert_eq!(data("/pond"), "from the input");
        let acl = zksh(&server).args(["getAcl", "/pond"]).succeed();
        assert_eq!(acl, "'world,'anyone\n: r\n");
        let ran = zksh(&server).args(["set", "/lake", "-"]).script("from the input");
        assert_eq!(ran.stderr, "- is stored as typed; -i - stores standard input\n");
        assert_eq!(data("/lake"), "-");
        // With a script in a file, standard input is free, also in a transaction.
        let lines =
            format!("set -i {file} /lake 2\ncreate /pool -i -\nrepeat 1 set -b -i - /lake\n");
        std::fs::write(&script, lines).unwrap();
        let ran = zksh(&server).args(["-f".as_ref(), script.as_os_str()]).script("more");
        let place = script.display();
        let not_free = format!("{place}:3: Standard input is already in use\n");
        assert!(ran.stderr.contains(&not_free), "{}", ran.stderr);
        assert_eq!((data("/lake"), data("/pool")), ("from the file".into(), "more".into()));
        if engine.version >= vec![3, 5] {
            std::fs::write(
                &script,
                format!("multi\nset /lake -i -\ncreate -i {file} /reed\ncommit\n"),
            )
            .unwrap();
            let ran = zksh(&server).args(["-f".as_ref(), script.as_os_str()]).script("at once");
            assert_eq!(ran.stdout, "Set /lake\nCreated /reed\n", "{}", ran.stderr);
            assert_eq!((data("/lake"), data("/reed")), ("at once".into(), "from the file".into()));
        }
    });
}

#[test]
fn a_script_shows_once_that_a_file_is_not_read() {
    let script = "create /lake @one\ncreate /pond @two\ncreate /reed -\nexists /reed\n";
    let hint = "stdin:1: @one is stored as typed; -i one stores the content of a file\n";
    on_every_engine(|engine| {
        let ran = zksh(&engine.fresh()).script(script);
        assert_eq!(
            (ran.stdout.as_str(), ran.stderr.as_str()),
            ("Created /lake\nCreated /pond\nCreated /reed\n", hint)
        );
        assert_eq!(ran.status, 0);
        let ran = zksh(&engine.fresh()).args(["-o", "json"]).script(script);
        let hinted = |record: &&serde_json::Value| record["event"]["type"] == "StoredAsTyped";
        let records = crate::json::records(&ran.stdout);
        assert_eq!(records.iter().filter(hinted).count(), 1, "{}", ran.stdout);
    });
    let ran = bare().args(["-server", "127.0.0.1:1", "--check"]).script(script);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, hint));
}

#[test]
fn an_endless_file_is_refused() {
    on_every_engine(|engine| {
        let ran = zksh(&engine.fresh()).args(["create", "/lake", "-i", "/dev/zero"]).run();
        assert!(
            ran.stderr.starts_with("Cannot read /dev/zero: it has more than"),
            "{}",
            ran.stderr
        );
        assert_eq!(ran.status, 1);
    });
}

#[test]
fn after_a_signal_every_line_is_reported() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        let (address, root) = server.split_once('/').unwrap();
        let cable = Cable::to(address);
        let through = format!("{}/{root}", cable.address());
        let mut script = zksh(&through).args(["--window", "1000"]).start();
        let mut stdin = script.stdin.take().unwrap();
        let mut lines = BufReader::new(script.stdout.take().unwrap()).lines();
        writeln!(stdin, "create /lake").unwrap();
        assert_eq!(lines.next().unwrap().unwrap(), "Created /lake");
        stdin.write_all("echo short\n".repeat(40).as_bytes()).unwrap();
        assert!(lines.by_ref().take(40).all(|line| line.unwrap() == "short"));
        let before = cable.silence();
        let more = "create -s /lake/n-\n".repeat(60);
        stdin.write_all(more.as_bytes()).unwrap();
        cable.wait_until_asked(before + more.len());
        let pid = nix::unistd::Pid::from_raw(i32::try_from(script.id()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        let ran = script.wait_with_output().unwrap();
        let errors = String::from_utf8(ran.stderr).unwrap();
        let reported = "Interrupted before the reply arrived; the write may have been applied";
        assert_eq!(errors.matches(reported).count(), 60, "{errors}");
        assert_eq!(ran.status.code(), Some(128 + 15));
        drop(stdin);
    });
}

#[test]
fn relative_paths_start_at_the_working_path_of_the_script() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        let script = "create /lake\ncreate /lake/reed\nls lake\ncd lake\nls\nls reed\ncd /nosuch\n\
                      deleteall reed\nls\ncd ..\ncd /lake\nls\n";
        let ran = zksh(&server).script(script);
        assert_eq!(
            ran.stdout, "Created /lake\nCreated /lake/reed\n[reed]\n[]\n[reed]\n",
            "{}",
            ran.stderr
        );
        let wrong: Vec<&str> =
            ran.stderr.lines().filter_map(|line| line.strip_prefix("stdin:")).collect();
        assert_eq!(
            wrong,
            [
                "3: Path must start with / character",
                "7: Node does not exist: /nosuch",
                "8: reed is relative, but the last cd failed",
                "9: Missing: path",
                "10: .. is relative, but the last cd failed",
            ]
        );
        let ran = zksh(&server).args(["--compat", "3.9"]).script("cd lake\nls\n");
        assert!(ran.stderr.contains("stdin:1: Path must start with / character"), "{}", ran.stderr);
        assert!(ran.stderr.contains("stdin:2: Missing: path"), "{}", ran.stderr);
    });
}

#[test]
fn a_recursive_acl_continues_after_a_branch_that_may_not_be_listed() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        let script = "create /lake\ncreate /lake/a\ncreate /lake/a/deep\ncreate /lake/b\n\
                      setAcl /lake/a world:anyone:cdwa\n";
        assert_eq!(zksh(&server).args(["--compat", "3.9"]).script(script).status, 0);
        let ran = zksh(&server).args(["setAcl", "-R", "/lake", "world:anyone:cdrwa"]).run();
        assert_eq!(ran.status, 1);
        let reported = "0 of 3 znodes keep their old ACL, and so do the children of 1 that could not be \
                    listed: 3 have the new one";
        assert!(ran.stderr.starts_with(reported), "{}", ran.stderr);
        assert!(ran.stderr.contains("/lake/a"), "{}", ran.stderr);
        let ran = zksh(&server).args(["setAcl", "-R", "/lake", "world:anyone:cdra"]).run();
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    });
}
