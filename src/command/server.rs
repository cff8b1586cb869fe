//! `server`: list the servers of the sandbox, and simulate failures.

use std::time::Duration;

use crate::dispatch::{Context, Effects, OwnSandbox, Spec, Task, counted};
use crate::error::{Error, Kind, Result};
use crate::output::json::Hex;
use crate::output::{Report, Text};
use crate::sandbox::{ControlError, Process, ServerMode, ServerStatus};

/// List, stop and start the servers of a simulated ensemble
#[derive(Debug, clap::Args)]
#[command(override_usage = USAGE, after_long_help = EXAMPLE)]
pub struct Server {
    /// list, kill, start, pause, lag, partition or heal
    #[arg(value_name = "action")]
    action: String,
    /// Number of a server, and for lag a time; for partition all, with / between sides
    #[arg(value_name = "server")]
    words: Vec<String>,
}

const USAGE: &str = "server list | server kill|start|pause number | server lag number time | \
                     server partition numbers / numbers | server heal";

const EXAMPLE: &str = "\
This needs a sandbox of this shell with several servers (`--sandbox-servers 3`). It simulates what
clients see: elections, lag, lost quorums and broken connections. It is not a replicated store.

server kill breaks the connections of a server, and nobody reaches it until server start. After server
pause it keeps its connections but answers nobody. With server lag 3 2s, server 3 applies each change two
seconds late. server partition 1 / 2,3 cuts server 1 off from the others; server heal joins them again.

Example:
> server kill 2
! There are no servers here that could be stopped";

impl Spec for Server {
    const NAME: &'static str = "server";
    const TASK: Task = Task::Ensemble;
    const SEARCH_TERMS: &'static [(&'static str, &'static str)] =
        &[("servers", "server list"), ("partition", "server partition 1 / 2,3")];
    type Report = Answer;

    fn effects(&self) -> Effects {
        Effects::SHELL
    }

    async fn run(&self, cx: &Context) -> Result<Answer> {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        let sandbox = cx.sandbox.as_ref().filter(|sandbox| sandbox.servers() > 0);
        let sandbox = sandbox.ok_or_else(|| {
            Error::usage("There are no servers here that could be stopped")
                .with_hint("zksh --sandbox --sandbox-servers 3 simulates three")
        })?;
        let control = &sandbox.control;
        let done = match (self.action.as_str(), &words[..]) {
            ("list", []) => return Ok(Answer::List(list(sandbox))),
            ("kill", [server]) => control.kill(number(server)?),
            ("start", [server]) => control.start(number(server)?),
            ("pause", [server]) => control.pause(number(server)?),
            ("lag", [server, time]) => control.lag(number(server)?, duration(time)?),
            ("partition", [_, ..]) => control.partition(&sides(&words)?),
            ("heal", []) => control.heal(),
            ("list" | "heal", [more, ..]) => {
                return Err(Error::usage(format!("Unexpected argument: {more}")).with_usage(USAGE));
            }
            ("kill" | "start" | "pause", _) => {
                return Err(Error::usage("Expected the number of one server").with_usage(USAGE));
            }
            ("lag", _) => {
                return Err(Error::usage("Expected a server and a time").with_usage(USAGE));
            }
            ("partition", _) => {
                return Err(Error::usage("Expected servers on both sides").with_usage(USAGE));
            }
            (other, _) => {
                let message = format!("server has no action {other}");
                return Err(Error::usage(message).with_usage(USAGE));
            }
        };
        done.map_err(|error| refused(&error))?;
        Ok(Answer::Nothing {})
    }
}

fn refused(error: &ControlError) -> Error {
    let kind = match error {
        ControlError::Port(..) => Kind::Refused,
        _ => Kind::Usage,
    };
    Error::new(kind, error.to_string())
}

fn number(word: &str) -> Result<usize> {
    word.parse().map_err(|_| Error::usage(format!("Not a server's number: {word}")))
}

/// Parses `2s`, `500ms`, or `0`.
fn duration(word: &str) -> Result<Duration> {
    let wrong = || Error::usage(format!("Not a time: {word}")).with_hint("2s, 500ms and 0 are");
    let (digits, unit) =
        word.split_at(word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len()));
    let count: u64 = digits.parse().map_err(|_| wrong())?;
    match unit {
        "s" => Ok(Duration::from_secs(count)),
        "ms" => Ok(Duration::from_millis(count)),
        "" if count == 0 => Ok(Duration::ZERO),
        _ => Err(wrong()),
    }
}

/// Parses `1 / 2,3`: sides separated by slashes, numbers by commas or blanks.
fn sides(words: &[&str]) -> Result<Vec<Vec<usize>>> {
    let text = words.join(" ");
    let side = |side: &str| {
        let words = side.split([',', ' ']).filter(|word| !word.is_empty());
        words.map(number).collect::<Result<Vec<usize>>>()
    };
    let sides = text.split('/').map(side).collect::<Result<Vec<_>>>()?;
    if sides.len() < 2 || sides.iter().any(Vec::is_empty) {
        return Err(Error::usage("Expected servers on both sides").with_usage(USAGE));
    }
    Ok(sides)
}

fn list(sandbox: &OwnSandbox) -> List {
    let row = |status: ServerStatus| Row {
        server: status.number,
        address: status.address.to_string(),
        state: match (status.process, status.mode) {
            (Process::Killed, _) => "killed",
            (Process::Paused, _) => "paused",
            (Process::Running, ServerMode::Leader) => "leader",
            (Process::Running, ServerMode::Follower) => "follower",
            (Process::Running, ServerMode::ReadOnly) => "read-only",
            (Process::Running, ServerMode::Looking) => "no leader",
            (Process::Running, ServerMode::Standalone) => "standalone",
        },
        zxid: Hex(status.zxid),
        connections: status.connections,
        lag_seconds: status.lag.as_secs_f64(),
        side: status.side + 1,
    };
    List { servers: sandbox.control.servers().into_iter().map(row).collect() }
}

/// The result of `server`.
#[derive(serde::Serialize)]
#[serde(untagged)]
pub enum Answer {
    Nothing {},
    List(List),
}

/// The servers of the sandbox.
#[derive(Debug, serde::Serialize)]
pub struct List {
    servers: Vec<Row>,
}

#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    server: usize,
    address: String,
    state: &'static str,
    zxid: Hex,
    connections: usize,
    lag_seconds: f64,
    /// The side of a partition, starting at 1. Without a partition all are on side 1.
    side: usize,
}

impl Report for Answer {
    fn text(&self, out: &mut Text<'_>) {
        let Self::List(List { servers }) = self else { return };
        let is_apart = servers.iter().any(|row| row.side > 1);
        for row in servers {
            let Row { server, address, state, zxid, connections, lag_seconds, side } = row;
            let connections = counted(*connections as u64, "connection", "connections");
            out.own(format_args!("{server}  {address}  {state:<9}  {:#x}  {connections}", zxid.0));
            if *lag_seconds > 0.0 {
                out.own(format_args!("  lags {lag_seconds} s"));
            }
            if is_apart {
                out.own(format_args!("  side {side}"));
            }
            out.line("");
        }
        out.line("simulated by the sandbox: what clients see, and no replicated store");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn times_and_sides_are_parsed() {
        assert_eq!(duration("2s").unwrap(), Duration::from_secs(2));
        assert_eq!(duration("0s").unwrap(), Duration::ZERO);
        assert_eq!(duration("500ms").unwrap(), Duration::from_millis(500));
        for wrong in ["", "2", "s", "-1s", "2h", "2 s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        let wanted = vec![vec![1], vec![2, 3]];
        for words in [&["1", "/", "2,3"][..], &["1/2,3"], &["1", "/", "2", "3"]] {
            assert_eq!(sides(words).unwrap(), wanted);
        }
        for words in [&["1,2,3"][..], &["1", "/"], &["/", "1"], &["1", "/", "x"]] {
            assert!(sides(words).is_err(), "{words:?}");
        }
    }
}
