//! Runs a script whose connections are disturbed, and compares what it reports about each line with
//! the state of the server.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, BufWriter, Write};

use serde_json::Value;

use super::shell::zksh;

/// The reported outcome of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Done,
    /// The connection was lost before the reply arrived.
    Uncertain,
    Unsent,
}

/// What a script reported about its writes, and which reports are wrong.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) done: usize,
    pub(crate) uncertain: usize,
    pub(crate) unsent: usize,
    /// Lines without a report, or with a report in the wrong order.
    pub(crate) unaccounted: usize,
    /// Lines that were reported as done but are missing on the server.
    pub(crate) absent: usize,
    /// Lines that ran twice.
    pub(crate) twice: usize,
    /// Lines that were reported as not sent but are on the server.
    pub(crate) applied: usize,
    /// Whether all disturbances happened, and most lines were still done.
    pub(crate) went_on: bool,
}

impl Account {
    /// Fails if any report is wrong.
    #[track_caller]
    pub(crate) fn check(&self) {
        let wrong = [self.unaccounted, self.absent, self.twice, self.applied];
        assert!(wrong == [0; 4] && self.went_on, "{self:?}");
    }
}

/// Runs a script of `lines` writes through the servers `through`, and calls `disturb` this often
/// meanwhile. At the end the result is read from the servers `direct`.
pub(crate) fn play(
    through: &str,
    direct: &str,
    lines: usize,
    disturbances: usize,
    mut disturb: impl FnMut(),
) -> Account {
    zksh(direct).args(["create", "/log"]).succeed();
    let mut script = zksh(through).args(["-o", "json", "-timeout", "60000"]).start();
    let mut stdin = BufWriter::new(script.stdin.take().unwrap());
    let writer = std::thread::spawn(move || {
        for line in 1..=lines {
            // A line that ran twice would leave two znodes with this number.
            writeln!(stdin, "create -s /log/line- {line}").unwrap();
        }
    });
    let every = lines / (disturbances + 1);
    let mut fates = Vec::with_capacity(lines);
    let mut disturbed = 0;
    for record in BufReader::new(script.stdout.take().unwrap()).lines() {
        let record: Value = serde_json::from_str(&record.unwrap()).unwrap();
        fates.push((record["line"].as_u64(), fate(&record)));
        if fates.len() % every == 0 && disturbed < disturbances {
            disturbed += 1;
            disturb();
        }
    }
    writer.join().unwrap();
    script.wait().unwrap();

    let written = written(direct);
    let mut account = Account::default();
    let said = |number: usize| fates.get(number).map(|(line, _)| *line);
    account.unaccounted =
        (0..lines).filter(|number| said(*number) != Some(Some(*number as u64 + 1))).count();
    account.unaccounted += fates.len().saturating_sub(lines);
    for (line, fate) in &fates {
        let times = line.and_then(|line| written.get(&line)).copied().unwrap_or(0);
        account.twice += usize::from(times > 1);
        match fate {
            Fate::Done => {
                account.done += 1;
                account.absent += usize::from(times == 0);
            }
            Fate::Uncertain => account.uncertain += 1,
            Fate::Unsent => {
                account.unsent += 1;
                account.applied += usize::from(times > 0);
            }
        }
    }
    account.went_on = disturbed == disturbances && account.done > lines / 2;
    account
}

fn fate(record: &Value) -> Fate {
    let error = &record["error"];
    if error.is_null() {
        return Fate::Done;
    }
    assert_eq!(error["kind"], "lost", "{record}");
    if error["message"].as_str().unwrap().contains("nothing was sent") {
        return Fate::Unsent;
    }
    assert_eq!(error["uncertain"], true, "{error}");
    Fate::Uncertain
}

/// Returns how often each line number occurs in the log.
fn written(servers: &str) -> BTreeMap<u64, u32> {
    let names = zksh(servers).args(["-o", "raw", "ls", "/log"]).succeed();
    let script = format!("cd /log\nget {}\n", names.trim().replace('\n', "\nget "));
    let ran = zksh(servers).args(["--compat", "3.9"]).script(script);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    let mut written = BTreeMap::new();
    for line in ran.stdout.lines() {
        *written.entry(line.parse().unwrap()).or_default() += 1;
    }
    written
}
