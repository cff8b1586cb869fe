//! A command with its arguments.

use super::{Context, DataHint, Effects, Globbed, Globs, Table};
use crate::error::Result;
use crate::zk::{TypedPath, ZnodePath};

/// A command as the user typed it.
#[derive(Debug)]
pub struct Invocation<T> {
    /// The command with its arguments.
    pub command: T,
    /// The main name of the command, even if the user typed an alias.
    pub name: String,
    /// The path that it is about.
    pub path: Option<TypedPath>,
    /// Whether its data came from a heredoc.
    pub has_block: bool,
    /// The words of the line, if its path has patterns to expand.
    pub globbed: Option<Globbed>,
}

impl<T: Table> Invocation<T> {
    /// Returns the effects of the command. One that may run for several znodes takes several round
    /// trips.
    pub fn effects(&self, cx: &Context) -> Effects {
        self.command.effects(cx).long(self.globbed.is_some())
    }

    /// Has the patterns in the path expanded if the command expands paths. A command that runs
    /// another passes them on to it.
    pub fn expand(&mut self, globbed: Option<Globbed>) {
        if let Some(of_wrapped) = self.command.wrapped_patterns() {
            *of_wrapped = globbed.and_then(|globbed| globbed.wrapped::<T>());
        } else if self.command.globs() != Globs::No {
            self.globbed = globbed;
        }
    }

    /// Returns a hint about data that is stored as typed and may surprise.
    pub fn data_hint(&self) -> Option<DataHint> {
        if self.has_block { None } else { self.command.data_hint() }
    }

    /// Checks what can be checked without a server: the path, unless it is relative, and the
    /// wrapped command.
    pub fn check(&self) -> Result<()> {
        if let Some(path) = self.path.as_ref().filter(|path| path.as_str().starts_with('/')) {
            // The path of a sequential znode may end with a `/`.
            path.from(None).or_else(|error| match path.sequential_from(None) {
                Ok(_) if self.name == "create" => Ok(ZnodePath::root()),
                _ => Err(error),
            })?;
        }
        self.command.invocation(None).map_or(Ok(()), |wrapped| wrapped?.check())
    }
}
