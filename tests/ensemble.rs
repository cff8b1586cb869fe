//! Three servers: a script whose leader is killed on the way, and what the last one still does.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};

use serde_json::Value;

use crate::support::apache::{Server, four_letters, newest};
use crate::support::engine::say_once;
use crate::support::shell::zksh;
use crate::support::terminal::Setup;
use crate::support::wait_until;

/// Lines of the script: more than are done before the leader is gone.
const LINES: u64 = 6_000;

/// Results after which the leader is killed.
const BEFORE: usize = 500;

/// What came of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Done,
    /// The connection was lost before the reply came.
    Uncertain,
    Unsent,
}

#[test]
fn a_script_outlives_its_leader_with_every_line_accounted_for_and_none_run_twice() {
    let Some(release) = newest() else {
        return say_once("left out: an ensemble, for want of Java or of a release");
    };
    let mut servers = Server::ensemble(release, "");
    let addresses: Vec<String> = servers.iter().map(Server::address).collect();
    let ensemble = addresses.join(",");
    zksh(&ensemble).args(["create", "/log"]).succeed();

    let options = ["-o", "json", "-timeout", "60000"];
    let mut script = zksh(&ensemble).args(options).start();
    let mut stdin = script.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        for line in 1..=LINES {
            // Run twice, it would leave two znodes with this number.
            writeln!(stdin, "create -s /log/line- {line}").unwrap();
        }
    });
    let mut records = BufReader::new(script.stdout.take().unwrap()).lines().map(|line| {
        let record: Value = serde_json::from_str(&line.unwrap()).unwrap();
        (record["line"].as_u64().unwrap(), fate(&record))
    });
    let mut fates: Vec<(u64, Fate)> = records.by_ref().take(BEFORE).collect();
    servers.iter_mut().find(|server| server.leads()).expect("a leader").kill();
    fates.extend(records);
    writer.join().unwrap();
    script.wait().unwrap();

    let lines: Vec<u64> = fates.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, (1..=LINES).collect::<Vec<_>>(), "every line is accounted for, in order");
    let last_loss = fates.iter().rposition(|(_, fate)| *fate != Fate::Done);
    let last_loss = last_loss.expect("the leader was killed in the midst of the script");
    assert!(last_loss + 1 < fates.len(), "the script went on");

    let written = written(&ensemble);
    for (line, fate) in fates {
        let times = written.get(&line).copied().unwrap_or(0);
        let sound = match fate {
            Fate::Done => times == 1,
            Fate::Uncertain => times <= 1,
            Fate::Unsent => times == 0,
        };
        assert!(sound, "line {line} was {fate:?} and is there {times} times");
    }
}

#[test]
fn a_server_without_its_quorum_is_read_where_that_is_accepted() {
    let Some(release) = newest() else {
        return say_once("left out: an ensemble, for want of Java or of a release");
    };
    // Since 3.5 only local sessions can be opened without a quorum.
    let mut servers = Server::ensemble(release, "localSessionsEnabled=true");
    let last = servers[2].address();
    zksh(&last).args(["create", "/lake", "deep"]).succeed();
    servers[0].kill();
    servers[1].kill();
    wait_until("the last server to serve reads only", || {
        four_letters(servers[2].port(), "srvr").filter(|text| text.contains("Mode: read-only"))
    });

    let mut terminal = Setup::new(&last).args(["-r"]).start();
    terminal.wait_for("(CONNECTEDREADONLY) 0]");
    terminal.enter(0, "ls /");
    terminal.enter(1, "set /lake shallow");
    terminal.wait_for("Not a read-only call: /lake");
    assert!(terminal.screen().contains("[lake, zookeeper]"));

    let ran = zksh(&last).args(["-timeout", "1000", "ls", "/"]).run();
    assert_eq!((ran.status, ran.stdout.as_str()), (3, ""));
    let wanted = format!("{last} has no quorum and serves reads only (-r accepts that)");
    assert!(ran.stderr.contains(&wanted), "{}", ran.stderr);
}

fn fate(record: &Value) -> Fate {
    let error = &record["error"];
    if error.is_null() {
        return Fate::Done;
    }
    assert_eq!(error["kind"], "lost", "{record}");
    let message = error["message"].as_str().unwrap();
    if message.contains("nothing was sent") { Fate::Unsent } else { uncertain(error) }
}

fn uncertain(error: &Value) -> Fate {
    assert_eq!(error["uncertain"], true, "{error}");
    Fate::Uncertain
}

/// Returns how often each line's number stands in the log.
fn written(ensemble: &str) -> BTreeMap<u64, u32> {
    let names = zksh(ensemble).args(["-o", "raw", "ls", "/log"]).succeed();
    let script = format!("cd /log\nget {}\n", names.trim().replace('\n', "\nget "));
    let ran = zksh(ensemble).args(["--compat", "3.9"]).script(script);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    let mut written = BTreeMap::new();
    for line in ran.stdout.lines() {
        *written.entry(line.parse().unwrap()).or_default() += 1;
    }
    written
}
