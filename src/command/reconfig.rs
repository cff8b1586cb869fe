//! `reconfig`: change the members of the ensemble.

use std::path::PathBuf;

use crate::dispatch::{Context, Effects, Sends, Spec, Task, Write};
use crate::error::{Code, Error, Kind, Result};
use crate::output::{Report, Text};
use crate::session::EnsembleChange;
use crate::zk::Stat;

/// Change which servers the ensemble has
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "reconfig [-s] [-v version] [[-file path] | \
        [-members serverID=host:port1:port2;port3[,...]*]] | \
        [-add serverId=host:port1:port2;port3[,...]]* [-remove serverId[,...]*]",
    after_long_help = EXAMPLE
)]
pub struct Reconfig {
    /// Print the stat of the configuration as well
    #[arg(short, long)]
    stat: bool,
    /// Change it only if this is its version, as config prints it (hexadecimal)
    #[arg(short = 'v', long = "version", value_name = "version", value_parser = hexadecimal)]
    only: Option<i64>,
    #[command(flatten)]
    change: Change,
}

/// The whole configuration, or what changes in it.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
struct Change {
    /// File with one server.N=... line for each member, as for a server
    #[arg(long, value_name = "path", conflicts_with_all = ["members", "add", "remove"])]
    file: Option<PathBuf>,
    /// All members, as server.N=host:port:port[:role];port[,...]
    #[arg(long, value_name = "members", conflicts_with_all = ["add", "remove"])]
    members: Option<String>,
    /// Members to add, or to change if the number exists
    #[arg(long, value_name = "members")]
    add: Vec<String>,
    /// Numbers of members to remove
    #[arg(long, value_name = "numbers")]
    remove: Vec<String>,
}

const EXAMPLE: &str = "\
Needs ZooKeeper 3.5 or later.

The server decides whether the change can be made: it needs reconfigEnabled=true, the
permission to write /zookeeper/config, and a quorum of the new members. It prints the configuration
that follows:
    reconfig -add server.4=zk4:2888:3888:participant;2181
    reconfig -remove 4
    reconfig -v 100000003 -file members.txt

Example:
> reconfig
! Missing: --file|--members|--add|--remove
! reconfig [-s] [-v version] [[-file path] | [-members serverID=host:port1:port2;port3[,...]*]] | [-add serverId=host:port1:port2;port3[,...]]* [-remove serverId[,...]*]";

fn hexadecimal(text: &str) -> Result<i64> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    i64::from_str_radix(digits, 16)
        .map_err(|_| Error::usage("-v must be followed by a long (configuration version)"))
}

impl Spec for Reconfig {
    const NAME: &'static str = "reconfig";
    const TASK: Task = Task::Ensemble;
    type Report = Committed;

    fn effects(&self) -> Effects {
        Effects::writes(Write::Several)
    }

    fn sends(&self) -> Sends {
        Sends::each(&["reconfig"])
    }

    async fn run(&self, cx: &Context) -> Result<Committed> {
        let membership = self.change.membership()?;
        let result = cx.session.reconfigure(&membership, self.only).await;
        let (config, stat) = result.map_err(|error| match error.code_of() {
            Some(Code::Unimplemented) => {
                error.with_hint("a server that runs alone cannot be reconfigured")
            }
            _ => error,
        })?;
        let config = String::from_utf8_lossy(&config).into_owned();
        Ok(Committed { config, stat: self.stat.then_some(stat) })
    }
}

impl Change {
    fn membership(&self) -> Result<EnsembleChange> {
        let list = |members: &[String]| members.join(",").to_lowercase();
        if let Some(file) = &self.file {
            let cannot = |why: &str| {
                Error::new(Kind::Refused, format!("Cannot use {}: {why}", file.display()))
            };
            let text = std::fs::read_to_string(file).map_err(|e| cannot(&e.to_string()))?;
            return members(&text).map(EnsembleChange::Whole).map_err(|why| cannot(&why));
        }
        if let Some(members) = &self.members {
            return Ok(EnsembleChange::Whole(members.to_lowercase()));
        }
        Ok(EnsembleChange::Change { join: list(&self.add), leave: list(&self.remove) })
    }
}

/// Returns the members of a configuration, separated by commas. Leaves out the version, because the
/// server assigns a new one.
fn members(text: &str) -> std::result::Result<String, String> {
    let mut members = Vec::new();
    let mut servers = 0;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        let Some((key, value)) = line.split_once('=') else {
            return Err(format!("line {number} is not key=value"));
        };
        let (key, value) = (key.trim(), value.trim());
        let numbered = key.split_once('.').filter(|(_, id)| id.parse::<u64>().is_ok());
        match numbered {
            Some(("server", _)) => servers += 1,
            Some(("group" | "weight", _)) => {}
            _ if key == "version" => continue,
            _ => {
                return Err(format!(
                    "line {number} has {key}; expected server.N, group.N, weight.N or version"
                ));
            }
        }
        members.push(format!("{key}={value}"));
    }
    if servers == 0 {
        return Err("it names no server.N".to_owned());
    }
    Ok(members.join(","))
}

/// The configuration that the ensemble has accepted.
#[derive(Debug, serde::Serialize)]
pub struct Committed {
    config: String,
    stat: Option<Stat>,
}

impl Report for Committed {
    fn text(&self, out: &mut Text<'_>) {
        out.line("Committed new configuration:");
        out.data(self.config.as_bytes());
        out.line("");
        if let Some(stat) = &self.stat {
            stat.text(out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_members_of_a_file_are_read() {
        let text = "# lake\n server.1 = a:1:2:participant;3\nserver.2=b:1:2;3\ngroup.1=1:2\nversion=100\n\n";
        assert_eq!(
            members(text).as_deref(),
            Ok("server.1=a:1:2:participant;3,server.2=b:1:2;3,group.1=1:2")
        );
        assert!(members("server.x=a:1:2;3").unwrap_err().starts_with("line 1 has server.x"));
        assert_eq!(members("server.1").unwrap_err(), "line 1 is not key=value");
        assert_eq!(members("version=1\n").unwrap_err(), "it names no server.N");
        assert!(
            members("server.1=a:1:2\ntickTime=2000").unwrap_err().contains("line 2 has tickTime")
        );
    }

    #[test]
    fn versions_are_hexadecimal() {
        assert_eq!(hexadecimal("100000003"), Ok(0x1_0000_0003));
        assert_eq!(hexadecimal("0xa"), Ok(10));
        assert!(hexadecimal("x").is_err());
    }
}
