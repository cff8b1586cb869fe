//! A command as it was typed.

use super::{DataHint, Table};
use crate::error::Result;
use crate::zk::{TypedPath, ZnodePath};

/// A command as it was typed.
#[derive(Debug)]
pub struct Invocation<T> {
    /// The command with its arguments.
    pub command: T,
    /// The command's own name, also where another was typed.
    pub name: String,
    /// The znode that it is about.
    pub path: Option<TypedPath>,
    /// Whether its data stood in lines of its own.
    pub has_block: bool,
}

impl<T: Table> Invocation<T> {
    /// Returns what to say of data that is stored as typed and may surprise.
    pub fn data_hint(&self) -> Option<DataHint> {
        if self.has_block { None } else { self.command.data_hint() }
    }

    /// Says what is wrong that can be seen without a server: with the path, as far as it does not
    /// depend on where one is, and with a command inside this one.
    pub fn check(&self) -> Result<()> {
        if let Some(path) = self.path.as_ref().filter(|path| path.as_str().starts_with('/')) {
            // A sequential znode's may end with a `/`.
            path.from(None).or_else(|error| match path.sequential_from(None) {
                Ok(_) if self.name == "create" => Ok(ZnodePath::root()),
                _ => Err(error),
            })?;
        }
        self.command.invocation(None).map_or(Ok(()), |wrapped| wrapped?.check())
    }
}
