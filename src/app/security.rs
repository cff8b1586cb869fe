//! Opens the files and gets the passwords that connections need, before any connection is made.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::command;
use crate::dispatch::Connects;
use crate::error::{Error, Kind, Result};
use crate::options::{Input, Options, Ready};
use crate::session::Transport;
use crate::terminal::{password, password_command};
use crate::zk::{SaslUser, Secret, Security, Servers};

/// Opens the files for connections to these servers, and gets the password that no file contains.
/// Does neither for a command that never connects.
pub(super) async fn transport(options: &Options, servers: &Servers) -> Result<Transport> {
    if connects(options) == Connects::Never {
        return Ok(Transport::default());
    }
    let transport = Transport::open(&security(&options.security).await?)?;
    transport.require(servers)?;
    Ok(transport)
}

/// Returns the variables of Kerberos that the environment lacks.
pub(super) fn missing_variables(security: &Security) -> Vec<(&'static str, OsString)> {
    let kerberos = security.kerberos.as_ref();
    let wanted = kerberos.map(|kerberos| kerberos.tickets.environment()).unwrap_or_default();
    let differs = |(name, value): &(&str, OsString)| std::env::var_os(name).as_ref() != Some(value);
    wanted.into_iter().filter(differs).collect()
}

/// Starts the program anew if the environment lacks variables of Kerberos. The library reads the
/// environment, which a process cannot change safely once it has threads.
pub(super) fn with_environment(security: &Security) -> Result<()> {
    let missing = missing_variables(security);
    if missing.is_empty() {
        return Ok(());
    }
    let failed = |error| Error::new(Kind::Refused, format!("Cannot start anew: {error}"));
    let program = std::env::current_exe().map_err(failed)?;
    let arguments = std::env::args_os().skip(1);
    // It returns only an error: the process goes on as the new program.
    Err(failed(Command::new(program).args(arguments).envs(missing).exec()))
}

/// Returns how the input reaches servers.
pub(super) fn connects(options: &Options) -> Connects {
    match &options.input {
        Input::Command(words) => {
            let name = words.first().and_then(|name| name.to_str());
            name.map_or(Connects::BySession, command::Command::connects)
        }
        Input::File(_) | Input::Standard => Connects::BySession,
    }
}

/// Returns the security settings. Asks for missing passwords, or runs the commands that print them.
pub(super) async fn security(ready: &Ready) -> Result<Security> {
    let with = |security: &Security, user: &str, password| {
        let sasl = SaslUser { user: user.to_owned(), password: Secret::new(password) };
        Security { sasl: Some(sasl), ..security.clone() }
    };
    match ready {
        Ready::Known(security) => Ok((**security).clone()),
        Ready::Ask(security, user) => {
            let password = password::ask(&format!("Password of {user}: ")).await?;
            Ok(with(security, user, password))
        }
        Ready::Run(security, user, command) => {
            let password = password_command::run("password_command", command.words()).await?;
            Ok(with(security, user, password))
        }
        Ready::Unlock(ready, command) => {
            let password = password_command::run("key_password_command", command.words()).await?;
            let mut security = Box::pin(self::security(ready)).await?;
            if let Some(tls) = &mut security.tls {
                tls.unlock(&Secret::new(password));
            }
            Ok(security)
        }
    }
}
