//! Consent for commands that change a whole subtree: the user is asked first, and changes to znodes
//! that every server needs must be forced.

use super::Context;
use crate::error::{Error, Kind, Result};
use crate::terminal::progress::grouped;
use crate::zk::{TypedPath, ZnodePath};

/// What a person is to be asked before a command runs.
#[derive(Debug, PartialEq, Eq)]
pub struct Question {
    /// What would happen, and to how much.
    pub words: String,
    /// What to say where the answer is no.
    pub declined: &'static str,
}

impl Question {
    /// Returns the question as it is asked.
    pub fn asked(&self) -> String {
        format!("{}? [y/N] ", self.words)
    }

    /// Returns the error where a person types the lines and cannot be asked.
    pub fn unasked(&self) -> Error {
        let message = format!("{}. {}? Nobody can be asked here", self.declined, self.words);
        Error::new(Kind::Refused, message).with_hint("pass --yes to confirm")
    }
}

/// How consent is given in advance.
#[derive(Debug, clap::Args)]
pub struct Consent {
    /// Do not ask at a terminal
    #[arg(short, long)]
    pub yes: bool,
    /// Allow it for /, /zookeeper and what the config file protects
    #[arg(long)]
    force: bool,
}

impl Consent {
    /// Returns the znode, unless it is one that must be meant twice. `what` is to be done to it and
    /// to all below it.
    pub fn path(&self, cx: &Context, typed: &TypedPath, what: &str) -> Result<ZnodePath> {
        self.allow(cx, cx.path(typed)?, what)
    }

    /// As [`Consent::path`], for a path that was read already.
    pub fn allow(&self, cx: &Context, path: ZnodePath, what: &str) -> Result<ZnodePath> {
        match cx.protected_by(&path) {
            Some(why) if !self.force => {
                let message = format!("Refusing to {what} {path} and all below it: {why}");
                Err(Error::new(Kind::Refused, message).with_hint("pass --force to do it anyway"))
            }
            _ => Ok(path),
        }
    }
}

impl Consent {
    /// Returns a znode below which znodes are to be made or changed: what the config file protects, and
    /// ZooKeeper's own, must be meant twice; the root need not.
    pub fn allow_below(&self, cx: &Context, path: ZnodePath, what: &str) -> Result<ZnodePath> {
        if path.is_root() { Ok(path) } else { self.allow(cx, path, what) }
    }
}

/// Returns a number of things in words.
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// Returns the beginning of a question: what is to be done to a znode and to so many below it, or
/// to more than can be counted in a moment.
pub fn about_subtree(what: &str, path: &ZnodePath, below: u64, more: bool) -> String {
    let more = if more { "more than " } else { "" };
    format!("{what} {path} and {more}{} below it", counted(below, "znode", "znodes"))
}
