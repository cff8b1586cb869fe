//! Unmodified third-party clients on the sandbox: kazoo, Apache's own zkCli, and the crate
//! `zookeeper-client`.

use std::io::Write;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use zksh::sandbox::{self, Clock, Handle, Settings};

use crate::support::apache::{Release, Server, releases};
use crate::support::engine::say_once;

fn sandbox() -> Handle {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    sandbox::start(listener, Settings::default(), Clock::System).unwrap()
}

/// Returns a Python that has kazoo: the one in `ZKSH_KAZOO`, the one in `target/kazoo`, which
/// `.ci/run` creates if possible, or the system's.
fn python() -> Option<PathBuf> {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let environment = target.parent().unwrap().join("kazoo/bin/python");
    let named = std::env::var_os("ZKSH_KAZOO").map(PathBuf::from);
    named.into_iter().chain([environment, "python3".into()]).find(|python| {
        let mut import = Command::new(python);
        import.args(["-c", "import kazoo.client"]).stderr(Stdio::null());
        import.status().is_ok_and(|status| status.success())
    })
}

#[test]
fn kazoo_is_content() {
    let Some(python) = python() else {
        say_once("skipped: kazoo on the sandbox, because no Python has it");
        return;
    };
    let sandbox = sandbox();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sandbox/with_kazoo.py");
    let mut run = Command::new(python);
    run.env("PYTHONDONTWRITEBYTECODE", "1").args([script, &sandbox.address().to_string()]);
    let output = run.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said, "kazoo is content\n", "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_crate_zookeeper_client_is_content() {
    use zookeeper_client::{Acls, AddWatchMode, Client, CreateMode, Error, EventType};
    let sandbox = sandbox();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = Client::connect(&sandbox.address().to_string()).await.unwrap();
        let open = CreateMode::Persistent.with_acls(Acls::anyone_all());
        client.create("/lake", b"deep", &open).await.unwrap();
        let (data, stat, once) = client.get_and_watch_data("/lake").await.unwrap();
        assert_eq!((data.as_slice(), stat.version), (&b"deep"[..], 0));
        let mut below = client.watch("/lake", AddWatchMode::PersistentRecursive).await.unwrap();
        client.set_data("/lake", b"deeper", Some(0)).await.unwrap();
        assert_eq!(once.changed().await.event_type, EventType::NodeDataChanged);
        assert_eq!(below.changed().await.event_type, EventType::NodeDataChanged);
        let sequential = CreateMode::EphemeralSequential.with_acls(Acls::anyone_all());
        let (_, sequence) = client.create("/lake/reed-", b"", &sequential).await.unwrap();
        assert_eq!(below.changed().await.path, format!("/lake/reed-{sequence}"));
        let mut multi = client.new_multi_writer();
        multi.add_check_version("/lake", 1).unwrap();
        multi.add_delete("/lake/none", None).unwrap();
        assert!(multi.commit().await.is_err());
        assert_eq!(client.get_data("/nowhere").await.unwrap_err(), Error::NoNode);
        drop(client);
    });
}

/// The commands for zkCli, which both of its dialects support.
const SESSION: &str = "\
create /lake deep
create -s /lake/reed- x
create -e /fish y
ls /
get /lake
set /lake deeper
stat /lake
get /nowhere
delete /lake
getAcl /lake
setAcl /lake world:anyone:cdra
set /lake dark
delete /lake/reed-0000000000
delete /lake
addauth digest me:secret
ls /
quit
";

/// Runs the commands in zkCli. Returns its output without the parts that differ between runs.
fn zkcli(release: &Release, address: &str) -> Vec<String> {
    let mut child = Command::new("java")
        .args(["-XX:TieredStopAtLevel=1", "-cp", &release.classpath])
        .args(["org.apache.zookeeper.ZooKeeperMain", "-server", address])
        .env("TZ", "UTC")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(SESSION.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    let mut lines = Vec::new();
    for line in said.iter().flat_map(|text| text.lines()) {
        // The log, the prompts and the greeting. The session event may come at any time.
        let noise = [
            "INFO",
            "WARN",
            "log4j",
            "SLF4J",
            "[zk:",
            "Connecting to",
            "JLine",
            "WATCHER",
            "WatchedEvent",
        ];
        if noise.iter().any(|noise| line.contains(noise)) || line.is_empty() {
            continue;
        }
        // zkCli may echo a line before its prompt appears.
        if SESSION.lines().any(|typed| typed == line) {
            continue;
        }
        // The lists are in the order of the server.
        if let Some(list) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            let mut names: Vec<&str> = list.split(", ").collect();
            names.sort_unstable();
            lines.push(format!("{names:?}"));
            continue;
        }
        let changes = ["ctime", "mtime", "Zxid", "ephemeralOwner"];
        match line.split_once(" = ") {
            Some((key, _)) if changes.iter().any(|word| key.ends_with(word)) => {
                lines.push(key.to_owned());
            }
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

#[test]
fn zkcli_prints_the_same_as_on_apaches_server() {
    let all = releases();
    let (Some(oldest), Some(newest)) = (all.first(), all.last()) else {
        say_once("skipped: zkCli on the sandbox, because Java or a release is missing");
        return;
    };
    // The oldest zkCli prints and parses in the old way, the newest in the current way.
    let server = Server::start(newest);
    for release in [oldest, newest] {
        let wanted = zkcli(release, &server.address());
        let got = zkcli(release, &sandbox().address().to_string());
        assert_eq!(wanted, got, "zkCli {}", release.version);
        assert!(got.iter().any(|line| line == "Created /lake/reed-0000000000"), "{got:#?}");
        assert!(got.iter().any(|line| line.contains("Node does not exist: /nowhere")), "{got:#?}");
    }
}
