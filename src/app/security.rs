//! Opens the files and gets the passwords that connections need, before any connection is made.

use crate::command::Command;
use crate::dispatch::Connects;
use crate::error::Result;
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

/// Returns how the input reaches servers.
pub(super) fn connects(options: &Options) -> Connects {
    match &options.input {
        Input::Command(words) => {
            let name = words.first().and_then(|name| name.to_str());
            name.map_or(Connects::BySession, Command::connects)
        }
        Input::File(_) | Input::Standard => Connects::BySession,
    }
}

/// Returns the security settings. Asks for a missing password, or runs the command that prints it.
pub(super) async fn security(ready: &Ready) -> Result<Security> {
    match ready {
        Ready::Known(security) => Ok((**security).clone()),
        Ready::Ask(security, user) => {
            let password = password::ask(&format!("Password of {user}: ")).await?;
            let sasl = SaslUser { user: user.clone(), password: Secret::new(password) };
            Ok(Security { sasl: Some(sasl), ..(**security).clone() })
        }
        Ready::Run(security, user, command) => {
            let password = password_command::run(command.words()).await?;
            let sasl = SaslUser { user: user.clone(), password: Secret::new(password) };
            Ok(Security { sasl: Some(sasl), ..(**security).clone() })
        }
    }
}
