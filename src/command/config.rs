//! `config`: print the configuration of the ensemble.

use crate::dialect::Dialect;
use crate::dispatch::{Context, Effects, Sends, Spec, Task};
use crate::error::Result;
use crate::output::{Report, Text};
use crate::zk::Stat;

/// Print the configuration of the ensemble
#[derive(Debug, clap::Args)]
#[command(override_usage = "config [-c] [-w] [-s]", after_long_help = EXAMPLE)]
pub struct Config {
    /// Print only its version and the addresses for clients
    #[arg(short, long)]
    clients: bool,
    /// Leave a watch: one event when the configuration changes
    #[arg(short, long)]
    watch: bool,
    /// Print the stat as well
    #[arg(short, long)]
    stat: bool,
}

const EXAMPLE: &str = "\
Needs ZooKeeper 3.5 or later.

Example:
> config -w
No members: this server runs alone
> removewatches /zookeeper/config
WATCHER::
WatchedEvent state:SyncConnected type:DataWatchRemoved path:/zookeeper/config";

impl Config {
    /// Returns whether the command sets a watch.
    pub(super) fn watches(&self) -> bool {
        self.watch
    }
}

impl Spec for Config {
    const NAME: &'static str = "config";
    const TASK: Task = Task::Ensemble;
    type Report = Ensemble;

    fn effects(&self) -> Effects {
        Effects::READS.watching(self.watches())
    }

    fn sends(&self) -> Sends {
        Sends::each(&["getData"])
    }

    async fn run(&self, cx: &Context) -> Result<Ensemble> {
        let (config, stat) = cx.session.config(self.watch).await?;
        let config = String::from_utf8_lossy(&config).into_owned();
        let config = if self.clients { for_clients(&config) } else { config };
        Ok(Ensemble { config, stat: self.stat.then_some(stat) })
    }
}

/// The configuration, or the part that clients need.
#[derive(Debug, serde::Serialize)]
pub struct Ensemble {
    config: String,
    stat: Option<Stat>,
}

impl Report for Ensemble {
    fn text(&self, out: &mut Text<'_>) {
        if self.config.trim().is_empty() && out.dialect() == Dialect::V34 {
            out.line("No members: this server runs alone");
        } else {
            out.data(self.config.as_bytes());
            out.line("");
        }
        if let Some(stat) = &self.stat {
            stat.text(out);
        }
    }
}

/// Returns the version, a blank, and the addresses for clients separated by commas
/// (`ConfigUtils.getClientConfigStr`), in the order of the servers' numbers.
fn for_clients(config: &str) -> String {
    let mut version = "";
    let mut servers: Vec<(&str, &str)> = Vec::new();
    for line in config.lines() {
        let Some((key, value)) = line.split_once('=') else { continue };
        if key.trim() == "version" {
            version = value.trim();
        } else if let Some(number) = key.trim().strip_prefix("server.") {
            servers.push((number, value.trim()));
        }
    }
    servers.sort_by_key(|(number, _)| (number.len(), *number));
    let addresses: Vec<String> =
        servers.iter().filter_map(|(_, value)| client_address(value)).collect();
    format!("{version} {}", addresses.join(","))
}

/// Returns a server's address for clients from `host:port:port[:role];[address:]port`. Without an
/// address of its own, the server listens on all.
fn client_address(server: &str) -> Option<String> {
    let (_, client) = server.split_once(';')?;
    Some(match client.rsplit_once(':') {
        Some((host, port)) => format!("{}:{port}", host.trim_matches(['[', ']'])),
        None => format!("0.0.0.0:{client}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_for_clients_are_extracted() {
        let config = "server.10=c:1:2:participant;[::1]:2183\nserver.2=b:1:2:observer;2182\n\
                      server.1=a:2888:3888:participant;10.0.0.1:2181\nserver.3=d:1:2\nversion=100000003";
        assert_eq!(for_clients(config), "100000003 10.0.0.1:2181,0.0.0.0:2182,::1:2183");
        assert_eq!(for_clients(""), " ");
    }
}
