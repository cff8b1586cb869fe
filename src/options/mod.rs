//! Options of the process. The command line has precedence over the environment, and the
//! environment over the config file. Nothing here uses the network.
//!
//! Long options are accepted with one dash, as zkCli writes them (`-server`), or with two.

mod command_line;
mod config;
mod learn;
mod manual;
mod mechanism;
mod resolve;
mod sandbox;
mod script;
mod security;
mod wrong;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::Resettable;
use clap::parser::ValueSource;
use clap::{ArgMatches, Command, CommandFactory, FromArgMatches, Parser, ValueEnum};

use self::command_line::CommandLine;
use self::config::{Config, Secured};
use self::learn::Asked;
pub use self::learn::Learn;
pub use self::manual::{Section, sections};
pub use self::mechanism::Mechanism;
use self::resolve::resolve;
pub use self::sandbox::SandboxOptions;
pub use self::script::ScriptOptions;
pub use self::security::{Ready, SecurityOptions};
use self::wrong::{is_security, unknown_option, wrong};
use crate::dialect::{Dialect, Format};
use crate::error::{Error, Result};
use crate::output::style::{PromptColor, PromptStyle};
use crate::syntax::repeatable_flags;
use crate::zk::{Servers, ZnodePath};

/// The session timeout that is requested by default, as in zkCli.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// The default maximum size of a request, in bytes (`jute.maxbuffer`).
const DEFAULT_MAX_REQUEST: usize = 0xf_ffff;

/// The shell for ZooKeeper
#[derive(Debug, Parser)]
#[command(name = "zksh", version, override_usage = "zksh [options] [command [argument...]]")]
struct Arguments {
    /// Servers of one ensemble, and the znode to be seen as / [default: localhost:2181]
    ///
    /// Given twice, the last one counts, as in zkCli.
    #[arg(
        long,
        value_name = "host:port[,host:port...][/chroot]",
        env = "ZKSH_SERVER",
        overrides_with = "server"
    )]
    server: Option<Servers>,
    /// Servers by the name that the config file gives them
    #[arg(long, value_name = "name", env = "ZKSH_ENSEMBLE")]
    ensemble: Option<String>,
    /// Session timeout, and the longest wait for a reply, in milliseconds [default: 30000]
    #[arg(long, value_name = "ms", env = "ZKSH_TIMEOUT", value_parser = clap::value_parser!(u32).range(1..=i64::from(i32::MAX)))]
    timeout: Option<u32>,
    /// Accept a server that has lost its quorum: reads only
    #[arg(short)]
    read_only: bool,
    /// Wait for a connection before the first prompt or command
    #[arg(long = "waitforconnection")]
    wait_for_connection: bool,
    /// Release of zkCli whose output is printed [default: 3.4]
    #[arg(long, value_name = "release", env = "ZKSH_COMPAT")]
    compat: Option<Dialect>,
    /// When to use colours [default: auto]
    #[arg(long, value_name = "when", env = "ZKSH_COLOR")]
    color: Option<Color>,
    /// What results, errors and events look like [default: text]
    #[arg(short, long, value_name = "format", env = "ZKSH_OUTPUT")]
    output: Option<Format>,
    /// Read commands from a file
    #[arg(short, long, value_name = "file")]
    file: Option<PathBuf>,
    #[command(flatten)]
    script: ScriptOptions,
    #[command(flatten)]
    sandbox: SandboxOptions,
    #[command(flatten)]
    security: SecurityOptions,
    /// Largest request to send, in bytes: the servers' jute.maxbuffer [default: 1048575]
    #[arg(long, value_name = "bytes", env = "ZKSH_MAX_REQUEST")]
    max_request: Option<usize>,
    /// Config file to read in place of the usual one
    #[arg(long, value_name = "file", env = "ZKSH_CONFIG")]
    config: Option<PathBuf>,
    /// Print a completion script for a shell, and end
    #[arg(long, value_name = "shell", conflicts_with_all = ["file", "command"])]
    completion: Option<clap_complete::Shell>,
    /// Command to run, with its arguments, in place of a script
    #[arg(
        value_name = "command",
        trailing_var_arg = true,
        allow_hyphen_values = true,
        conflicts_with = "file"
    )]
    command: Vec<OsString>,
}

/// When colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Where lines come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The command line, which has one command.
    Command(Vec<OsString>),
    /// A file.
    File(PathBuf),
    /// Standard input: a terminal or a script.
    Standard,
}

/// The settings that the command `setting` changes while the shell runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent choices of a person")]
pub struct Preferences {
    /// Whether to show grey suggestions after the cursor.
    pub hints: bool,
    /// Whether results longer than the screen are shown in a pager.
    pub pager: bool,
    /// Whether to print the time with events.
    pub times: bool,
    /// Whether the editor uses vi keys.
    pub vi: bool,
    /// Whether changes made at a prompt are recorded for undo.
    pub journal: bool,
    /// How the prompt names the servers.
    pub prompt: PromptStyle,
}

/// An ensemble of the config file.
#[derive(Debug, Clone)]
pub struct NamedEnsemble {
    /// Its name.
    pub name: String,
    /// Its servers.
    pub servers: Servers,
    /// The colour of its prompt.
    pub color: Option<PromptColor>,
    /// Whether the user selected it by its name.
    pub is_chosen: bool,
    /// How to secure connections to it.
    secured: Secured,
}

impl NamedEnsemble {
    /// Returns how to secure connections to this ensemble, as far as its table says.
    ///
    /// # Errors
    /// If a file that the table names cannot be read.
    pub fn security(&self) -> Result<Ready> {
        let options = SecurityOptions::default();
        Ok(options.resolve(self.servers.tls(), &self.secured, None)?.0)
    }
}

/// The options of the process, combined from all sources.
#[derive(Debug, Clone)]
pub struct Options {
    /// The servers to connect to, if options, the environment or the config file name any.
    pub servers: Option<Servers>,
    /// The session timeout to request, if it is set.
    pub timeout: Option<Duration>,
    /// Whether to accept a server that has lost its quorum.
    pub read_only: bool,
    /// Whether to wait for a connection before the first prompt or command.
    pub wait_for_connection: bool,
    /// The zkCli release whose output is printed.
    pub dialect: Dialect,
    /// The format of results, errors and events.
    pub format: Format,
    /// When colours are used.
    pub color: Color,
    /// The maximum size of a request, in bytes.
    pub max_request: usize,
    /// Znodes that must not be deleted together with their descendants, as paths from the server's
    /// root.
    pub protected: Vec<ZnodePath>,
    /// The initial settings of the shell.
    pub preferences: Preferences,
    /// The named ensembles.
    pub ensembles: Vec<NamedEnsemble>,
    /// The path of the config file, which need not exist.
    pub config_file: Option<PathBuf>,
    /// Where lines come from.
    pub input: Input,
    /// How a script is run.
    pub script: ScriptOptions,
    /// The options of the in-memory server.
    pub sandbox: SandboxOptions,
    /// The lesson to start with.
    pub learn: Option<Learn>,
    /// How to secure connections, or how to get a password that is still missing.
    pub security: Ready,
    /// Remarks to print on standard error at startup: ignored options, as zkCli 3.9 does, and where
    /// the security settings come from.
    pub remarks: Vec<String>,
}

impl Options {
    /// Returns the session timeout to request, which is also the maximum wait for a reply.
    pub fn timeout(&self) -> Duration {
        self.timeout.unwrap_or(DEFAULT_TIMEOUT)
    }
}

/// What the arguments of the process ask for.
pub enum Startup {
    /// Run the shell.
    Run(Box<Options>),
    /// Print this text, such as the help or the version, on standard output and exit.
    Print(String),
    /// Print the completion script for this shell and exit.
    Complete(clap_complete::Shell),
}

impl Startup {
    /// Reads the arguments (the program's name first), the environment and the config file.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self> {
        let tree = without_empty_variables(tree());
        let arguments: Vec<OsString> = arguments.into_iter().collect();
        let CommandLine { words, unknown } = CommandLine::read(arguments.clone(), &tree)?;
        if let Some(option) = unknown.iter().find(|option| is_security(option)) {
            return Err(Error::usage(format!("{option} is not supported"))
                .with_hint("zksh reads -client-configuration FILE and CLIENT_JVMFLAGS"));
        }
        let mut matches = match tree.clone().try_get_matches_from(&words) {
            Ok(matches) => matches,
            Err(error) if !error.use_stderr() => return Ok(Self::Print(error.to_string())),
            Err(error) => return Err(wrong(&error, &tree, &arguments)),
        };
        let (mut typed, config) = read_matches(&mut matches, &tree, &arguments)?;
        let learn = match Learn::read(&typed.command)? {
            Asked::Help(text) => return Ok(Self::Print(text)),
            Asked::Learn(learn) => {
                typed.command.clear();
                Some(learn)
            }
            Asked::Other => None,
        };
        if let Some(shell) = typed.completion {
            return Ok(Self::Complete(shell));
        }
        let mut options = resolve(typed, &config)?;
        options.learn = learn;
        match unknown.first() {
            Some(option) if options.dialect == Dialect::V34 => Err(unknown_option(option, &tree)),
            _ => {
                let ignored = unknown.iter();
                options
                    .remarks
                    .extend(ignored.map(|name| format!("Ignored: {name} is no option of zksh")));
                Ok(Self::Run(Box::new(options)))
            }
        }
    }
}

/// Combines the command line, the environment and the config file, and decides which of them gives
/// the servers.
fn read_matches(
    matches: &mut ArgMatches,
    tree: &Command,
    words: &[OsString],
) -> Result<(Arguments, Config)> {
    let from_environment =
        |name: &str| matches.value_source(name) == Some(ValueSource::EnvVariable);
    // A name on the command line has precedence over servers in the environment.
    let prefer_name = from_environment("server") && is_typed(matches, "ensemble");
    let prefer_server = from_environment("ensemble") && is_typed(matches, "server");
    let named = ["server", "ensemble"].into_iter().find(|name| is_typed(matches, name));
    let mut typed =
        Arguments::from_arg_matches_mut(matches).map_err(|error| wrong(&error, tree, words))?;
    if prefer_name {
        typed.server = None;
    }
    if prefer_server {
        typed.ensemble = None;
    }
    let learns =
        matches!(Learn::read(&typed.command)?, Asked::Learn(Learn { anywhere: false, .. }));
    if learns && typed.sandbox.address.is_none() {
        if let Some(name) = named {
            return Err(Error::usage(format!("learn starts a sandbox, --{name} names a server"))
                .with_hint("learn --anywhere plays the lesson there, below a znode of its own"));
        }
        typed.sandbox.begin_for_lessons();
    }
    if typed.sandbox.address.is_some() {
        if let Some(name) = named {
            return Err(Error::usage(format!("--sandbox is a server, --{name} names another"))
                .with_hint("--sandbox=host:port says where it listens"));
        }
        if let Some(option) = typed.security.first() {
            return Err(Error::usage(format!("{option} is for other servers, not for --sandbox"))
                .with_hint("--sandbox-tls and --sandbox-users secure a sandbox"));
        }
        // Values from the environment have lower precedence.
        typed.server = None;
        typed.ensemble = None;
    }
    if typed.server.is_some() && typed.ensemble.is_some() {
        return Err(Error::usage("--server and --ensemble both name the servers")
            .with_hint("give one of them; the same holds for ZKSH_SERVER and ZKSH_ENSEMBLE"));
    }
    let config = if typed.completion.is_some() {
        Config::default()
    } else {
        Config::read(typed.config.as_deref())?
    };
    Ok((typed, config))
}

/// Treats an empty environment variable as unset.
fn without_empty_variables(tree: Command) -> Command {
    tree.mut_args(|arg| {
        let value = arg.get_env().and_then(std::env::var_os);
        if value.is_some_and(|value| value.is_empty()) { arg.env(Resettable::Reset) } else { arg }
    })
}

/// Returns the option of the shell that `word` names, if any. The word was typed among the
/// arguments of a command.
pub fn option_named(word: &str) -> Option<String> {
    let name = word.split('=').next().unwrap_or(word);
    let bare = name.strip_prefix("--").or(name.strip_prefix('-'))?;
    let tree = tree();
    tree.get_arguments().any(|arg| arg.get_long() == Some(bare)).then(|| name.to_owned())
}

/// Returns the clap command with the options, from which help, man page and completion are made.
pub fn tree() -> Command {
    let tree = repeatable_flags(Arguments::command());
    let after = manual::after_help(&tree);
    tree.after_long_help(after)
}

fn is_typed(matches: &ArgMatches, name: &str) -> bool {
    matches.value_source(name) == Some(ValueSource::CommandLine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_are_valid_for_clap() {
        tree().debug_assert();
    }
}
