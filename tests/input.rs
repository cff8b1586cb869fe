//! Bad input: one clear line each, nothing lost, and the next line still runs.

use std::io::Write;

use crate::support::engine::{engines, on_every_engine};
use crate::support::shell::{bare, zksh};

#[test]
fn a_failed_line_fails_the_script_and_stops_nothing() {
    on_every_engine(|engine| {
        let ran = zksh(&engine.fresh()).script("get /none\ncreate /lake\nlss /\nls /\n");
        assert_eq!(ran.stdout, "Created /lake\n[lake]\n");
        assert!(ran.stderr.contains("Node does not exist: /none"), "{}", ran.stderr);
        assert!(ran.stderr.contains("Command not found: lss"), "{}", ran.stderr);
        assert_eq!(ran.status, 1);
    });
}

#[test]
fn statuses_say_who_must_act() {
    on_every_engine(|engine| {
        let server = &engine.fresh();
        let status = |words: &[&str]| zksh(server).args(words).run().status;
        assert_eq!(status(&["ls", "/"]), 0);
        assert_eq!(status(&["get", "/none"]), 1);
        assert_eq!(status(&["gett", "/none"]), 2);
        assert_eq!(status(&["get", "none"]), 2);
        assert_eq!(status(&["-timeout", "x", "ls", "/"]), 2);
        assert_eq!(status(&["-nosuch", "ls", "/"]), 2);
        assert_eq!(status(&["-f", "/no/such/file"]), 1);
    });
}

#[test]
fn a_wrong_option_is_one_clear_line() {
    for (words, wanted) in [
        (&["--nosuch"][..], "Unknown option: --nosuch\n"),
        (&["-timeout", "x"], "--timeout cannot be x: it is not a whole number\n"),
        (&["-timeout"], "--timeout needs a value\n"),
        (&["--compat", "4"], "--compat cannot be 4; it is one of 3.4 3.9\n"),
        (&["-server", "h:0"], "Not a server: h:0: a port is a number from 1 to 65535\n"),
        (
            &["-f", "/no/such/file"],
            "Cannot read /no/such/file: No such file or directory (os error 2)\n",
        ),
    ] {
        let ran = bare().args(words).run();
        assert_eq!(ran.stderr, wanted);
        assert_eq!(ran.stdout, "");
        assert_eq!(ran.status, if words[0] == "-f" { 1 } else { 2 });
    }
}

#[test]
fn a_wrong_variable_or_config_file_is_named() {
    let wanted = "ZKSH_TIMEOUT: --timeout cannot be x: it is not a whole number\n";
    let ran = bare().env("ZKSH_TIMEOUT", "x").args(["ls", "/"]).run();
    assert_eq!((ran.status, ran.stderr.as_str()), (2, wanted));
    let ran = bare().env("ZKSH_SERVER", "h:0").args(["ls", "/"]).run();
    let wanted = "ZKSH_SERVER: Not a server: h:0: a port is a number from 1 to 65535\n";
    assert_eq!((ran.status, ran.stderr.as_str()), (2, wanted));
    let ran = bare().env("ZKSH_SERVER", "h:1").args(["-timeout", "x", "ls", "/"]).run();
    assert_eq!(ran.stderr, "--timeout cannot be x: it is not a whole number\n");

    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    std::fs::write(&config, "pager = true\ntimeout = 'x'\n").unwrap();
    let with = |config: &std::path::Path| bare().env("ZKSH_CONFIG", config).args(["ls", "/"]).run();
    let ran = with(&config);
    let wanted = format!("{}:2: timeout = 'x': invalid type", config.display());
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.starts_with(&wanted) && ran.stderr.lines().count() == 1, "{}", ran.stderr);
    let ran = with(folder.path());
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.starts_with("Cannot read "), "{}", ran.stderr);
}

#[test]
fn bytes_that_are_no_text_and_endless_lines_are_passed_over() {
    on_every_engine(|engine| {
        let mut script = b"create /a\n\xff\xfe /b\n".to_vec();
        script.extend(std::iter::repeat_n(b'x', 10 * 1024 * 1024));
        script.extend(b"\ncreate /c\r\n\0\nls /\n");
        let ran = zksh(&engine.fresh()).script(script);
        assert_eq!(ran.stdout, "Created /a\nCreated /c\n[a, c]\n");
        assert_eq!(ran.status, 1);
        assert!(ran.stderr.contains("is not UTF-8"), "{}", ran.stderr);
        assert!(ran.stderr.contains("is longer than"), "{}", ran.stderr);
        assert!(ran.stderr.lines().all(|line| line.len() < 200));
    });
}

#[test]
fn data_over_the_limit_is_refused_and_the_neighbours_live() {
    on_every_engine(|engine| {
        let big = "x".repeat(1024 * 1024);
        let fits = "y".repeat(1000 * 1000);
        let script = format!("create /a\nset /a {big}\ncreate /b {fits}\nls /\n");
        let ran = zksh(&engine.fresh()).args(["--compat", "3.9"]).script(script);
        assert_eq!(ran.stdout, "Created /a\nCreated /b\n[a, b]\n");
        assert!(ran.stderr.contains("Too large for one request: /a"), "{}", ran.stderr);
    });
}

#[test]
fn a_script_is_read_from_a_file() {
    on_every_engine(|engine| {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        // As an editor may write it that marks the order of bytes.
        file.write_all("\u{feff}create /lake deep\n\n# a lake\nget /lake".as_bytes()).unwrap();
        let ran = zksh(&engine.fresh())
            .args(["--compat", "3.9", "-f", file.path().to_str().unwrap()])
            .run();
        assert_eq!((ran.stdout.as_str(), ran.status), ("Created /lake\ndeep\n", 0));
    });
}

#[test]
fn the_command_line_beats_the_environment_and_that_the_file() {
    let Some(engine) = engines().pop() else { return };
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    let lake = engine.fresh();
    zksh(&lake).args(["create", "/lake"]).succeed();
    std::fs::write(&config, format!("ensemble = 'lake'\n[ensembles]\nlake = '{lake}'\n")).unwrap();
    let sea = engine.fresh();
    zksh(&sea).args(["create", "/sea"]).succeed();
    let shore = engine.fresh();

    let with_file = || bare().env("ZKSH_CONFIG", &config);
    assert_eq!(with_file().args(["ls", "/"]).succeed(), "[lake]\n");
    let with_environment = || with_file().env("ZKSH_SERVER", &sea);
    assert_eq!(with_environment().args(["ls", "/"]).succeed(), "[sea]\n");
    assert_eq!(with_environment().args(["-server", &shore, "ls", "/"]).succeed(), "[]\n");
    assert_eq!(with_environment().args(["--ensemble", "lake", "ls", "/"]).succeed(), "[lake]\n");
    let both = with_environment().env("ZKSH_ENSEMBLE", "lake").args(["ls", "/"]).run();
    assert_eq!(both.status, 2, "{}", both.stderr);
    let ran = with_file().args(["--ensemble", "pond", "ls", "/"]).run();
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("pond"), "{}", ran.stderr);
}
