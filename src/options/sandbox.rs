//! The options of the sandbox: whether to start one, its address and its limits.

use std::path::PathBuf;

/// The in-memory server that is started with the shell, or in its place.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct SandboxOptions {
    /// Start an in-memory ZooKeeper for this shell [default: 127.0.0.1:2181 or a free port]
    #[arg(
        id = "sandbox", long, value_name = "host:port",
        num_args = 0..=1, require_equals = true, default_missing_value = ""
    )]
    pub address: Option<String>,
    /// Make it an ensemble of this many servers, on consecutive ports or free ones
    #[arg(
        long = "sandbox-servers", value_name = "count", requires = "sandbox",
        value_parser = ["1", "3", "5"], default_value = "1", hide_default_value = true
    )]
    pub servers: String,
    /// Serve the sandbox and run no shell, until Ctrl-C or SIGTERM
    #[arg(long, requires = "sandbox", conflicts_with_all = ["file", "command", "check"])]
    pub serve: bool,
    /// Let the sandbox listen beyond this machine: it trusts every client
    #[arg(long, requires = "sandbox")]
    pub allow_remote: bool,
    /// Let the sandbox speak TLS, with certificates from a folder; an empty folder gets new ones
    #[arg(id = "sandbox_tls", long = "sandbox-tls", value_name = "folder", requires = "sandbox")]
    pub tls: Option<PathBuf>,
    /// Users of the sandbox for SASL, from a file: a line user:password for each
    #[arg(id = "sandbox_users", long = "sandbox-users", value_name = "file", requires = "sandbox")]
    pub users: Option<PathBuf>,
    /// Set a limit of the sandbox by its name in zoo.cfg: tickTime, jute.maxbuffer, ...
    #[arg(long = "sandbox-set", value_name = "name=value", requires = "sandbox")]
    pub limits: Vec<String>,
}

/// The tick of a sandbox for lessons. With this value a crash is noticed within a few seconds.
const TICK_FOR_LESSONS: &str = "tickTime=500";

impl SandboxOptions {
    /// Requests a sandbox for lessons.
    pub(super) fn begin_for_lessons(&mut self) {
        self.address = Some(String::new());
        self.limits.insert(0, TICK_FOR_LESSONS.to_owned());
    }

    /// Requests the number of servers that a lesson needs.
    pub fn serve_lesson(&mut self, servers: u32) {
        if self.address.is_some() && servers > 1 && self.count() == 1 {
            self.servers = servers.to_string();
        }
    }

    /// Returns the number of servers of the sandbox.
    pub fn count(&self) -> usize {
        self.servers.parse().unwrap_or(1)
    }

    /// Returns the limits that are set, as pairs of name and value.
    pub fn limits(&self) -> impl Iterator<Item = (&str, &str)> {
        self.limits.iter().map(|limit| limit.split_once('=').unwrap_or((limit, "")))
    }
}
