//! A shell that is given one line after the other, each once the one before is done.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin};
use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;

use super::PATIENCE;
use super::shell::Zksh;

/// A running shell, which prints JSON.
pub(crate) struct LineByLine {
    child: Child,
    stdin: Option<ChildStdin>,
    records: Receiver<Value>,
}

impl LineByLine {
    pub(crate) fn start(zksh: Zksh) -> Self {
        let mut child = zksh.args(["-o", "json"]).start();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, records) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if serde_json::from_str(&line).is_ok_and(|record| sender.send(record).is_err()) {
                    return;
                }
            }
        });
        Self { stdin: child.stdin.take(), child, records }
    }

    /// Types a line; returns everything that was told until it was done.
    pub(crate) fn enter(&mut self, line: &str) -> Vec<Value> {
        let stdin = self.stdin.as_mut().unwrap();
        write!(stdin, "{line}\nversion\n").unwrap();
        let mut told = Vec::new();
        loop {
            let record = self.records.recv_timeout(PATIENCE).unwrap_or_else(|_| {
                panic!("the shell said no more after {line}: {told:?}");
            });
            if record["command"] == "version" {
                return told;
            }
            told.push(record);
        }
    }

    /// Ends the shell, which closes its session.
    pub(crate) fn end(mut self) {
        self.stdin = None;
        self.child.wait().unwrap();
    }
}

impl Drop for LineByLine {
    fn drop(&mut self) {
        self.stdin = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
