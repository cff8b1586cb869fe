//! Process options: command line before environment before config file. No network.
//!
//! Options are written as zkCli writes them, with one dash (`-server`), or with two.

mod config;
mod sandbox;
mod script;

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue};
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, ValueEnum};

use self::config::Config;
pub use self::sandbox::SandboxOptions;
pub use self::script::ScriptOptions;
use crate::dialect::{Dialect, Format};
use crate::error::{Error, Result};
use crate::syntax::usage_error;
use crate::zk::Servers;
use crate::zk::ZnodePath;

/// The session timeout asked of the server when nothing else is said, in milliseconds (zkCli's).
const DEFAULT_TIMEOUT: u32 = 30_000;

/// The largest request that is sent when nothing else is said, in bytes (`jute.maxbuffer`).
const DEFAULT_MAX_REQUEST: usize = 0xf_ffff;

const AFTER_HELP: &str = "\
Without a command, lines are read from standard input: with editing and a prompt on a terminal,
as a script otherwise. `help` in the shell lists the commands.

A script's requests leave in line order without waiting for each other's replies, and results are
printed in line order. An error names its line, and the script goes on. With --stop-on-error the
lines after a failed one must not run, so no write is sent before the reply to the last line has
come: on a fast network such a script takes several times as long.

Exit status: 0 all went well, 1 the server refused something or a line of a script failed,
2 wrong usage, 3 no connection, 70 a fault in zksh or in what a server sent, 130 interrupted.

Config file: $XDG_CONFIG_HOME/zksh/config.toml or ~/.config/zksh/config.toml, for example
    ensemble = \"prod\"
    compat = \"3.9\"
    protect = [\"/config\"]
    pager = true
    [ensembles]
    prod = \"zk1:2181,zk2:2181,zk3:2181/app\"";

/// The shell for ZooKeeper
#[derive(Debug, Parser)]
#[command(
    name = "zksh",
    version,
    after_long_help = AFTER_HELP,
    override_usage = "zksh [options] [command [argument...]]"
)]
struct Arguments {
    /// Servers of one ensemble, and the znode to be seen as / [default: localhost:2181]
    #[arg(long, value_name = "host:port[,host:port...][/chroot]", env = "ZKSH_SERVER")]
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
    /// The command line: one command.
    Command(Vec<OsString>),
    /// A file.
    File(PathBuf),
    /// Standard input: a person at a terminal, or a script.
    Standard,
}

/// What the command `setting` changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Habits {
    /// Grey words stand behind the cursor.
    pub hints: bool,
    /// Results longer than the screen go to a pager.
    pub pager: bool,
    /// Events have a time.
    pub times: bool,
}

/// What the process was asked to do.
#[derive(Debug, Clone)]
pub struct Options {
    /// The servers to connect to.
    pub servers: Servers,
    /// The session timeout asked of the server.
    pub timeout: Duration,
    /// Accept a server that has lost its quorum.
    pub read_only: bool,
    /// Wait for a connection before the first prompt or command.
    pub wait_for_connection: bool,
    /// Whose output is printed.
    pub dialect: Dialect,
    /// For whom results, errors and events are written.
    pub format: Format,
    /// When colours are used.
    pub color: Color,
    /// The largest request to send, in bytes.
    pub max_request: usize,
    /// Znodes, from the server's root on, that are not to be deleted with what is below them.
    pub protected: Vec<ZnodePath>,
    /// How the shell behaves from the start.
    pub habits: Habits,
    /// Where lines come from.
    pub input: Input,
    /// How a script is run.
    pub script: ScriptOptions,
    /// The server that the process brings along.
    pub sandbox: SandboxOptions,
}

/// What to do with the arguments of the process.
pub enum Wish {
    /// Run the shell.
    Run(Box<Options>),
    /// Print this on standard output and end: help, version.
    Print(String),
    /// Print the completion script for this shell and end.
    Complete(clap_complete::Shell),
}

impl Wish {
    /// Reads the arguments (the program's name first), the environment and the config file.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self> {
        let arguments = single_dashes(arguments);
        let mut matches = match tree().try_get_matches_from(&arguments) {
            Ok(matches) => matches,
            Err(error) if !error.use_stderr() => return Ok(Self::Print(error.to_string())),
            Err(error) => return Err(wrong(&error, &arguments)),
        };
        let from_environment =
            |name: &str| matches.value_source(name) == Some(ValueSource::EnvVariable);
        // A name on the command line beats servers in the environment.
        let prefer_name = from_environment("server") && is_typed(&matches, "ensemble");
        let prefer_server = from_environment("ensemble") && is_typed(&matches, "server");
        let named = ["server", "ensemble"].into_iter().find(|name| is_typed(&matches, name));
        let mut typed = Arguments::from_arg_matches_mut(&mut matches)
            .map_err(|error| wrong(&error, &arguments))?;
        if prefer_name {
            typed.server = None;
        }
        if prefer_server {
            typed.ensemble = None;
        }
        if typed.sandbox.address.is_some() {
            if let Some(name) = named {
                return Err(Error::usage(format!("--sandbox is a server, --{name} names another"))
                    .with_hint("--sandbox=host:port says where it listens"));
            }
            // Those of the environment give way.
            typed.server = None;
            typed.ensemble = None;
        }
        if typed.server.is_some() && typed.ensemble.is_some() {
            return Err(Error::usage("--server and --ensemble both name the servers")
                .with_hint("give one of them; so it is with ZKSH_SERVER and ZKSH_ENSEMBLE"));
        }
        if let Some(shell) = typed.completion {
            return Ok(Self::Complete(shell));
        }
        let config = Config::read(typed.config.as_deref())?;
        resolve(typed, &config).map(|options| Self::Run(Box::new(options)))
    }
}

fn is_called(argument: &clap::Arg, option: &str) -> bool {
    argument.get_long().is_some_and(|name| option.strip_prefix("--") == Some(name))
}

/// Returns clap's tree of the options: the source of help, man page and completion.
pub fn tree() -> clap::Command {
    Arguments::command()
}

fn is_typed(matches: &ArgMatches, name: &str) -> bool {
    matches.value_source(name) == Some(ValueSource::CommandLine)
}

fn resolve(typed: Arguments, config: &Config) -> Result<Options> {
    let servers = match (typed.server, typed.ensemble) {
        (Some(servers), _) => servers,
        (None, Some(name)) => config.ensemble(&name)?,
        (None, None) => config.servers().unwrap_or_default(),
    };
    let input = match (typed.file, typed.command) {
        (Some(file), _) => Input::File(file),
        (None, command) if command.is_empty() => Input::Standard,
        (None, command) => Input::Command(command),
    };
    let timeout = typed.timeout.or(config.timeout).unwrap_or(DEFAULT_TIMEOUT);
    Ok(Options {
        servers,
        timeout: Duration::from_millis(timeout.into()),
        read_only: typed.read_only,
        wait_for_connection: typed.wait_for_connection,
        dialect: typed.compat.or(config.compat).unwrap_or_default(),
        format: typed.output.unwrap_or_default(),
        color: typed.color.or(config.color).unwrap_or_default(),
        max_request: typed.max_request.or(config.max_request).unwrap_or(DEFAULT_MAX_REQUEST),
        protected: config.protected(),
        habits: Habits {
            hints: config.hints.unwrap_or(true),
            pager: config.pager.unwrap_or(false),
            times: config.times.unwrap_or(false),
        },
        input,
        script: typed.script,
        sandbox: typed.sandbox,
    })
}

/// Gives a second dash to long options written with one, as zkCli writes them, up to the command.
fn single_dashes(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let tree = tree();
    let find = |word: &OsStr| {
        let name = word.to_str()?.trim_start_matches('-').split('=').next()?.to_owned();
        tree.get_arguments().find(|known| {
            known.get_long() == Some(&name)
                || known.get_short().is_some_and(|c| name == c.to_string())
        })
    };
    let mut arguments = arguments.into_iter();
    let mut result: Vec<OsString> = arguments.next().into_iter().collect();
    while let Some(word) = arguments.next() {
        let text = word.to_string_lossy().into_owned();
        if !text.starts_with('-') || text == "-" || text == "--" {
            result.push(word);
            break;
        }
        let known = find(&word);
        let one_dash = !text.starts_with("--") && text.len() > 2;
        let has_value = text.contains('=');
        let is_long = matches!(known, Some(known) if known.get_long().is_some());
        let takes_value = known.is_some_and(|known| {
            known.get_action().takes_values() && !known.is_require_equals_set()
        });
        let help = one_dash && (text == "-help" || text == "-version");
        // Not a bundle of short options either: clap is to name it whole.
        let unknown = one_dash && known.is_none() && find(OsStr::new(&text[1..2])).is_none();
        result.push(if (one_dash && is_long) || help || unknown {
            OsString::from(format!("-{text}"))
        } else {
            word
        });
        if takes_value && !has_value {
            result.extend(arguments.next());
        }
    }
    result.extend(arguments);
    result
}

/// Says what is wrong, and which variable of the environment it comes from, if it does.
fn wrong(wrong: &clap::Error, arguments: &[OsString]) -> Error {
    let mut error = usage_error(wrong);
    if let Some(ContextValue::String(argument)) = wrong.get(ContextKind::InvalidArg)
        && let Some(option) = argument.split(' ').next()
        && !arguments.iter().any(|word| word.to_string_lossy().starts_with(option))
        && let Some(known) = tree().get_arguments().find(|known| is_called(known, option))
        && let Some(variable) = known.get_env().filter(|name| std::env::var_os(name).is_some())
    {
        error = Error::usage(format!("{}: {error}", variable.display()));
    }
    if error.hint().is_some() { error } else { error.with_hint("zksh --help lists the options") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dashes(words: &[&str]) -> Vec<String> {
        let all = std::iter::once("zksh").chain(words.iter().copied()).map(OsString::from);
        single_dashes(all)
            .into_iter()
            .skip(1)
            .map(|word| word.to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn one_dash_is_as_good_as_two_up_to_the_command() {
        assert_eq!(
            dashes(&["-server", "h:1", "-r", "-timeout=5", "get", "-server", "/a"]),
            ["--server", "h:1", "-r", "--timeout=5", "get", "-server", "/a"]
        );
        assert_eq!(
            dashes(&["-f", "-x", "-waitforconnection"]),
            ["-f", "-x", "--waitforconnection"]
        );
        assert_eq!(dashes(&["--nosuch", "ls"]), ["--nosuch", "ls"]);
        assert_eq!(dashes(&["-sandbox", "-r", "ls", "-r"]), ["--sandbox", "-r", "ls", "-r"]);
    }

    #[test]
    fn the_tree_is_sound() {
        tree().debug_assert();
    }
}
