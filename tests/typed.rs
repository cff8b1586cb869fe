//! Words that look like something else, and the server's view of sessions that start and end.

use std::path::Path;

use crate::support::apache::{Release, Server, numbers, releases};
use crate::support::engine::{engines, on_every_engine, say_once};
use crate::support::shell::{bare, zksh};

#[test]
fn a_word_with_slashes_is_not_a_command() {
    let server = engines()[0].fresh();
    for word in ["/", "none/ls", "/zookeeper/quit", "quit/", "//"] {
        for dialect in ["3.4", "3.9"] {
            let zksh = || zksh(&server).args(["--compat", dialect]);
            let ran = zksh().script(format!("{word} /\ncreate -e /after\n"));
            let expected = format!("stdin:1: Command not found: {word}\n    {word} /\n");
            assert_eq!((ran.stderr, ran.stdout.as_str()), (expected, "Created /after\n"));
            let ran = zksh().args([word, "/"]).run();
            let expected = format!("Command not found: {word}\n");
            assert_eq!((ran.stderr, ran.stdout.as_str(), ran.status), (expected, "", 2));
        }
    }
}

#[test]
fn a_script_starts_at_the_root_and_a_failed_cd_disables_relative_paths() {
    let server = engines()[0].fresh();
    let ran = zksh(&server).script("create /lake x\ncd lake\ncreate reed y\nget /lake/reed\n");
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    let made = "Created /lake\nCreated /lake/reed\ny\n";
    assert!(ran.stdout.starts_with(made), "{}", ran.stdout);

    // The relative path after a failed cd must not be resolved at the root.
    let ran = zksh(&server).script("create /data x\ncd /nosuch\ndeleteall data\ncd /\nls data\n");
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains("Node does not exist: /nosuch"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("stdin:3: data is relative, but the last cd failed"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.stdout, "Created /data\n[]\n");

    // Before any cd, and in scripts of zkCli 3.9, only absolute paths are valid.
    for (script, dialect) in [("get lake\n", "3.4"), ("cd lake\nget /lake\n", "3.9")] {
        let ran = zksh(&server).args(["--compat", dialect]).script(script);
        assert!(ran.stderr.contains("Path must start with / character"), "{}", ran.stderr);
    }
}

#[test]
fn an_error_about_a_large_value_names_the_option_to_allow_it() {
    let size = 3_000_000;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), vec![b'x'; size]).unwrap();
    let file = file.path().display().to_string();
    let limits = ["--sandbox", "--sandbox-set", "jute.maxbuffer=4000000"];
    let script = format!("create /large -i {file}\nstat /large\n");
    let ran = bare().args(limits).script(&script);
    assert_eq!(ran.status, 1);
    let expected = "stdin:1: Too large for one request: /large with its data takes 3000";
    assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    assert!(ran.stderr.contains("bytes, --max-request allows 1048575\n"), "{}", ran.stderr);
    let ran = bare().args(limits).args(["--max-request", "4000000"]).script(&script);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains(&format!("dataLength = {size}\n")), "{}", ran.stdout);
}

#[test]
fn quit_ignores_its_arguments() {
    let server = engines()[0].fresh();
    for dialect in ["3.4", "3.9"] {
        let zksh = || zksh(&server).args(["--compat", dialect]);
        let ran = zksh().script("quit now please\ncreate /never\n");
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
        assert!(!ran.stdout.contains("Created"), "{}", ran.stdout);
        assert_eq!(zksh().args(["quit", "now"]).run().status, 0);
    }
}

#[test]
fn connect_drops_the_credentials_and_reconnect_keeps_them() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        let ran = zksh(&server).script(
            "addauth digest ann:secret\ncreate /mine x auth::cdrwa\nclose\nreconnect\nget /mine\n\
             connect\nget /mine\nclose\nreconnect\nget /mine\n",
        );
        assert_eq!(ran.stdout.matches("x\ncZxid").count(), 1, "{}", ran.stdout);
        let refused: Vec<&str> =
            ran.stderr.lines().filter(|line| line.starts_with("stdin:")).collect();
        let expected = |line: u32| format!("stdin:{line}: Authentication is not valid : /mine");
        assert_eq!(refused, [expected(7), expected(10)]);
    });
}

/// Returns 3.8.0 with a log, because it logs each connection that ends before it was read
/// completely.
fn logging() -> Option<Release> {
    let simple = Path::new("/usr/share/java/slf4j-simple.jar");
    let release = releases().iter().find(|one| numbers(&one.version) == [3, 8, 0])?;
    let classpath = format!("{}:{}", simple.display(), release.classpath);
    simple.exists().then(|| Release { version: release.version.clone(), classpath })
}

#[test]
fn one_shot_commands_cause_no_errors_in_the_servers_log() {
    let Some(release) = logging() else {
        return say_once("skipped: a server's log, because 3.8.0 or slf4j-simple is missing");
    };
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("server.log");
    let name: &'static str = Box::leak(log.display().to_string().into_boxed_str());
    let server = Server::with_properties(&release, &[("org.slf4j.simpleLogger.logFile", name)]);
    let address = server.address();
    let runs: u32 = std::env::var("ZKSH_LOGGED").map_or(15, |runs| runs.parse().unwrap());
    for number in 0..runs {
        let path = format!("/n{number}");
        zksh(&address).args(["create", &path]).succeed();
        zksh(&address).args(["get", &path]).succeed();
        zksh(&address).args(["delete", &path]).succeed();
        assert_eq!(zksh(&address).args(["ls", &path]).run().status, 1);
    }
    let log_text = std::fs::read_to_string(&log).unwrap();
    assert!(
        log_text.contains("Established session") || log_text.contains("INFO"),
        "no log: {log_text}"
    );
    let ended = log_text.matches("EndOfStreamException").count();
    assert_eq!(ended, 0, "in {} runs:\n{log_text}", runs * 4);
}
