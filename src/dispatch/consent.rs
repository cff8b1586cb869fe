//! Consent for commands that change a whole subtree: the shell asks the user first, and znodes that
//! every server needs can only be changed with `--force`.

use super::{Context, Tree};
use crate::error::{Error, Kind, Result};
use crate::session::Session;
use crate::terminal::progress::grouped;
use crate::zk::{TypedPath, ZnodePath};

/// A question to ask the user before a command runs.
#[derive(Debug, PartialEq, Eq)]
pub struct Question {
    /// What would happen, and to how many znodes.
    pub words: String,
    /// The message if the answer is no.
    pub declined: &'static str,
}

impl Question {
    /// Returns the text of the question.
    pub fn asked(&self) -> String {
        format!("{}? [y/N] ", self.words)
    }

    /// Adds what else is to be known before the answer.
    #[must_use]
    pub fn ending(mut self, more: Option<&str>) -> Self {
        self.words.push_str(more.unwrap_or_default());
        self
    }

    /// Returns the error for an interactive shell that cannot ask.
    pub fn unasked(&self) -> Error {
        let message = format!("{}. {}? zksh cannot ask here", self.declined, self.words);
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
    /// Returns the znode, unless it is protected and `--force` is missing. `what` names the change
    /// to it and its descendants.
    pub fn path(&self, cx: &Context, typed: &TypedPath, what: &str) -> Result<ZnodePath> {
        self.allow(cx, cx.path(typed)?, what)
    }

    /// Like [`Consent::path`], for a path that is already parsed.
    pub fn allow(&self, cx: &Context, path: ZnodePath, what: &str) -> Result<ZnodePath> {
        self.require(cx, &cx.session, &path, what)?;
        Ok(path)
    }

    fn require(&self, cx: &Context, session: &Session, path: &ZnodePath, what: &str) -> Result<()> {
        match cx.protected_by(session, path) {
            Some(why) if !self.force => {
                let message = format!("Refusing to {what} {path} and all below it: {why}");
                Err(Error::new(Kind::Refused, message).with_hint("pass --force to do it anyway"))
            }
            _ => Ok(()),
        }
    }

    /// Like [`Consent::allow`], for a tree that may be in another session.
    pub fn allow_tree(&self, cx: &Context, tree: &Tree, what: &str) -> Result<()> {
        self.require(cx, &tree.session, &tree.path, what)
    }

    /// Like [`Consent::allow_below`], for a tree that may be in another session.
    pub fn allow_below_tree(&self, cx: &Context, tree: &Tree, what: &str) -> Result<()> {
        if tree.path.is_root() { Ok(()) } else { self.allow_tree(cx, tree, what) }
    }

    /// Returns a znode below which znodes will be created or changed. Paths protected by the config
    /// file and ZooKeeper's own need `--force`, but the root does not.
    pub fn allow_below(&self, cx: &Context, path: ZnodePath, what: &str) -> Result<ZnodePath> {
        if path.is_root() { Ok(path) } else { self.allow(cx, path, what) }
    }
}

/// Formats a number of things, with the singular or plural noun.
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// Returns the start of a question: the change to a znode and this many descendants. With `more`
/// the count was cut short.
pub fn about_subtree(what: &str, path: &ZnodePath, below: u64, more: bool) -> String {
    let more = if more { "more than " } else { "" };
    format!("{what} {path} and {more}{} below it", counted(below, "znode", "znodes"))
}
