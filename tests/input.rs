//! Invalid input: each error is one clear line, nothing is lost, and the next line still runs.

use std::io::Write;

use crate::support::engine::{engines, on_every_engine};
use crate::support::shell::{bare, zksh};

#[test]
fn a_failed_line_fails_the_script_but_does_not_stop_it() {
    on_every_engine(|engine| {
        let ran = zksh(&engine.fresh()).script("get /none\ncreate /lake\nlss /\nls /\n");
        assert_eq!(ran.stdout, "Created /lake\n[lake]\n");
        assert!(ran.stderr.contains("Node does not exist: /none"), "{}", ran.stderr);
        assert!(ran.stderr.contains("Command not found: lss"), "{}", ran.stderr);
        assert_eq!(ran.status, 1);
    });
}

#[test]
fn the_exit_status_shows_who_must_act() {
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
        (&["-foo", "ls", "/"], "Unknown option: -foo\n"),
        (&["-ojson", "ls", "/"], "Unknown option: -ojson\n"),
        (&["-cmd", "ls", "/"], "Unknown option: -cmd\n"),
        (&["-Dfile.encoding=UTF-8", "ls", "/"], "Unknown option: -Dfile.encoding\n"),
        (
            &["-Dzookeeper.client.secure=false", "ls", "/"],
            "-Dzookeeper.client.secure is not supported\n",
        ),
        (&["-timeout", "x"], "-timeout cannot be x: it is not a whole number\n"),
        (&["--timeout=x"], "--timeout cannot be x: it is not a whole number\n"),
        (&["-timeout", "0"], "-timeout cannot be 0: it must be from 1 to 2147483647\n"),
        (
            &["-timeout", "99999999999999999999"],
            "-timeout cannot be 99999999999999999999: it is too large\n",
        ),
        (&["-timeout"], "-timeout needs a value\n"),
        (&["-timeout", "5", "--timeout", "6"], "-timeout was given twice\n"),
        (&["get", "“/a”"], "Path must start with / character; “ is a curly quote; type \" or '\n"),
        (&["-r=5"], "-r takes no value\n"),
        (&["-f", "a", "ls"], "-f cannot be combined with command\n"),
        (
            &["ls", "/", "-server", "h"],
            "-server is an option of zksh, not of ls: put it before the command\n",
        ),
        (
            &["get", "/", "--timeout=5"],
            "--timeout is an option of zksh, not of get: put it before the command\n",
        ),
        (&["–server", "h"], "Command not found: –server; – is an en dash; options begin with -\n"),
        (
            &["ls", "–R", "/"],
            "Path must start with / character; – is an en dash; options begin with -\n",
        ),
        (
            &["-server", "“h:1”"],
            "Not a server: “h:1”: a host's name has no “; “ is a curly quote; type \" or '\n",
        ),
        (
            &["-server", "a:1/b,c:2/b"],
            "Not a server: a:1/b,c:2/b: write the chroot once, after the last server: a:1,c:2/b\n",
        ),
        (&["-server", "::1"], "Not a server: ::1: put an IPv6 address in brackets: [::1]:2181\n"),
        (&["-compat", "4"], "-compat cannot be 4; it is one of 3.4 3.9\n"),
        (&["-server", "h:0"], "Not a server: h:0: a port is a number from 1 to 65535\n"),
        (
            &["-f", "/no/such/file"],
            "Cannot read /no/such/file: No such file or directory (os error 2)\n",
        ),
    ] {
        let ran = bare().args(words).run();
        assert_eq!(ran.stderr.lines().next(), Some(wanted.trim_end()), "{words:?}");
        assert_eq!(ran.stdout, "");
        assert_eq!(ran.status, if wanted.starts_with("Cannot read") { 1 } else { 2 });
    }
}

#[test]
fn an_error_quotes_the_words_that_were_typed() {
    for (line, wanted) in [
        ("get /a 2>/dev/null more", "Unexpected argument: more"),
        ("whoami 2>/dev/null", "Unexpected argument: 2>/dev/null"),
        ("getAcl /a [a]", "Unexpected argument: [a]"),
        ("delete /a 1 <b>", "Unexpected argument: <b>"),
        ("setquota -n abc /a", "-n cannot be abc: it is not a whole number"),
        (
            "setquota -N 99999999999999999999 /a",
            "-N cannot be 99999999999999999999: it is too large",
        ),
        (
            "delete /a 99999999999",
            "version cannot be 99999999999: it must be from -2147483648 to 2147483647",
        ),
        ("delete -v x /a", "-v cannot be x: it is not a whole number"),
        ("delete -v", "-v needs a value"),
        ("delete -v 1 -v 2 /a", "-v was given twice"),
        ("ls --stat=5 /", "--stat takes no value"),
        ("ls -server /", "Unknown option: -server"),
        ("ls -sq /", "Unknown option: -sq"),
        ("ls -Dx.y=z /", "Unknown option: -Dx.y"),
        ("create -c -e /a", "-c cannot be combined with -e"),
        ("create --container -e /a", "--container cannot be combined with -e"),
        (
            "addWatch -m nosuch /a",
            "-m cannot be nosuch; it is one of PERSISTENT PERSISTENT_RECURSIVE",
        ),
        ("getAcl", "Missing: path"),
        ("ls\u{a0}/", "Command not found: ls\u{a0}/; it contains a no-break space (U+00A0)"),
        ("set /a $'\\q'", "Unknown escape: \\q"),
    ] {
        let ran = bare().arg("--check").script(format!("{line}\n"));
        let message = ran.stderr.lines().next().unwrap_or_default();
        assert_eq!(message, format!("stdin:1: {wanted}"), "{line}");
        assert_eq!((ran.stdout.as_str(), ran.status), ("", 1), "{line}");
    }
    // Flags may be repeated.
    let ran = bare().arg("--check").script("ls -s -s -R --stat /\n");
    assert_eq!((ran.stderr.as_str(), ran.status), ("", 0));
}

#[test]
fn command_lines_for_zkcli_work_as_in_zkcli() {
    let Some(engine) = engines().pop() else { return };
    let server = &engine.fresh();
    // The last -server counts, and flags may be repeated.
    let ran = zksh("h:1").args(["-server", server, "-r", "-r", "ls", "/"]).run();
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str(), ran.status), ("[]\n", "", 0));
    let modern = || zksh(server).args(["--compat", "3.9"]);
    let ran = modern().args(["-cmd", "-foo=secret", "ls", "/"]).run();
    let ignored = "Ignored: -cmd is no option of zksh\nIgnored: -foo is no option of zksh\n";
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str(), ran.status), ("[]\n", ignored, 0));
    let ran = zksh(server).env("ZKSH_COMPAT", "3.9").args(["-cmd", "ls", "/"]).run();
    assert_eq!((ran.stdout.as_str(), ran.status), ("[]\n", 0));
    for words in [
        &["-Dzookeeper.client.secure=true", "ls", "/"][..],
        &["-Djava.security.auth.login.config=/f", "ls", "/"],
    ] {
        let name = words[0].split('=').next().unwrap();
        let ran = modern().args(words).run();
        assert_eq!(ran.stderr, format!("{name} is not supported\n"));
        assert_eq!((ran.stdout.as_str(), ran.status), ("", 2));
    }
}

#[test]
fn empty_variables_count_as_unset() {
    let mut shell = bare();
    for name in [
        "ZKSH_SERVER",
        "ZKSH_ENSEMBLE",
        "ZKSH_TIMEOUT",
        "ZKSH_COMPAT",
        "ZKSH_COLOR",
        "ZKSH_OUTPUT",
        "ZKSH_MAX_REQUEST",
        "ZKSH_CONFIG",
    ] {
        shell = shell.env(name, "");
    }
    let ran = shell.args(["--check", "ls", "/"]).run();
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str(), ran.status), ("", "", 0));
}

#[test]
fn a_wrong_variable_or_config_file_is_named() {
    let wanted = "ZKSH_TIMEOUT cannot be x: it is not a whole number\n";
    let ran = bare().env("ZKSH_TIMEOUT", "x").args(["ls", "/"]).run();
    assert_eq!((ran.status, ran.stderr.as_str()), (2, wanted));
    let ran = bare().env("ZKSH_SERVER", "h:0").args(["ls", "/"]).run();
    let wanted = "ZKSH_SERVER: Not a server: h:0: a port is a number from 1 to 65535\n";
    assert_eq!((ran.status, ran.stderr.as_str()), (2, wanted));
    let ran = bare().env("ZKSH_SERVER", "h:1").args(["-timeout", "x", "ls", "/"]).run();
    assert_eq!(ran.stderr, "-timeout cannot be x: it is not a whole number\n");

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
fn binary_and_overlong_lines_are_skipped() {
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
fn data_over_the_limit_is_refused_without_affecting_other_lines() {
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
        // Some editors put a byte order mark at the start.
        file.write_all("\u{feff}create /lake deep\n\n# a lake\nget /lake".as_bytes()).unwrap();
        let ran = zksh(&engine.fresh())
            .args(["--compat", "3.9", "-f", file.path().to_str().unwrap()])
            .run();
        assert_eq!((ran.stdout.as_str(), ran.status), ("Created /lake\ndeep\n", 0));
    });
}

#[test]
fn the_command_line_overrides_the_environment_which_overrides_the_file() {
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
