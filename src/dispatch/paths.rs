//! The paths that a user types: makes them absolute, and tells which are protected.

use super::Context;
use crate::dialect::Dialect;
use crate::error::{Error, Result};
use crate::session::Session;
use crate::zk::{TypedPath, ZnodePath};

impl Context {
    /// Returns the typed path, or the working path if none was typed. In the dialect of 3.9 a path
    /// is required.
    pub fn path_or_here(
        &self,
        typed: Option<&TypedPath>,
        usage: &'static str,
    ) -> Result<ZnodePath> {
        if let Some(typed) = typed {
            return self.path(typed);
        }
        let here = self.cwd.get().filter(|_| !self.cwd.is_lost());
        here.filter(|_| self.view.dialect == Dialect::V34)
            .ok_or_else(|| Error::usage("Missing: path").with_usage(usage))
    }

    /// Returns the absolute path of a typed one.
    pub fn path(&self, typed: &TypedPath) -> Result<ZnodePath> {
        if typed.as_str().starts_with('/') {
            return typed.from(None);
        }
        if self.cwd.is_lost() {
            let message = format!("{} is relative, but the last cd failed", typed.as_str());
            return Err(
                Error::usage(message).with_hint("use an absolute path, or a cd that succeeds")
            );
        }
        typed.from(self.cwd.get().as_ref())
    }

    /// Like [`Context::path`], but `.` means the root if there is no working path.
    pub fn path_or_root(&self, typed: &TypedPath) -> Result<ZnodePath> {
        if typed.as_str() == "." && !self.cwd.is_lost() {
            return Ok(self.cwd.get().unwrap_or_else(ZnodePath::root));
        }
        self.path(typed)
    }

    /// Returns why a znode and its descendants are protected, if they are. The path is the one in
    /// this session.
    pub fn protected_by(&self, session: &Session, path: &ZnodePath) -> Option<&'static str> {
        let chroot = session.servers().map(|servers| servers.chroot().clone());
        let whole = chroot.unwrap_or_else(ZnodePath::root).below(path);
        if whole.is_root() {
            return Some("it is the root of the server");
        }
        if path.is_root() {
            return Some("it is all that this session sees");
        }
        if ZnodePath::root().child("zookeeper").contains(&whole) {
            return Some("ZooKeeper keeps its own data there");
        }
        let protects = |known: &ZnodePath| known.contains(&whole) || whole.contains(known);
        self.config.protected.iter().any(protects).then_some("the config file protects it")
    }

    /// Returns the prefix of a sequential znode from a typed path.
    pub fn sequential(&self, typed: &TypedPath) -> Result<String> {
        typed.sequential_from(self.cwd.get().as_ref())
    }
}
