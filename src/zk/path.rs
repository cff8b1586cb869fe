//! Paths of znodes: ZooKeeper's rules, and zkCli's messages if one is broken.
//!
//! The rules come from `PathUtils.validatePath`, release 3.9. Whether a znode exists is checked
//! elsewhere, by the session.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Result};

/// An absolute path that ZooKeeper accepts. Clones share the text, also with requests.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ZnodePath(Arc<str>);

impl ZnodePath {
    /// The root, `/`.
    pub fn root() -> Self {
        Self("/".into())
    }

    /// Returns the path if ZooKeeper accepts it. The error names the invalid position.
    pub fn new(path: impl Into<Arc<str>>) -> Result<Self> {
        let path = path.into();
        check(&path)?;
        Ok(Self(path))
    }

    /// Returns the path as text, with its leading `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the text for a request.
    pub fn to_shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// Returns whether this is `/`.
    pub fn is_root(&self) -> bool {
        &*self.0 == "/"
    }

    /// Returns the path of the child called `name`.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        let parent = if self.is_root() { "" } else { &self.0 };
        Self([parent, "/", name].concat().into())
    }

    /// Returns the full path of `inner`, a path in a chroot at this znode.
    #[must_use]
    pub fn below(&self, inner: &Self) -> Self {
        match (self.is_root(), inner.is_root()) {
            (true, _) => inner.clone(),
            (_, true) => self.clone(),
            _ => Self([&*self.0, &*inner.0].concat().into()),
        }
    }

    /// Returns the parent; the root has none.
    pub fn parent(&self) -> Option<Self> {
        self.above().map(|above| Self(above.into()))
    }

    /// Returns whether `other` is a child of this znode.
    pub fn is_parent_of(&self, other: &Self) -> bool {
        other.above() == Some(&*self.0)
    }

    fn above(&self) -> Option<&str> {
        let end = self.0.rfind('/').unwrap_or(0).max(1);
        (!self.is_root()).then(|| &self.0[..end])
    }

    /// Returns the last component, which is empty for the root.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// Returns whether `other` is this znode or one of its descendants.
    pub fn contains(&self, other: &Self) -> bool {
        self.is_root()
            || other
                .0
                .strip_prefix(&*self.0)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Display for ZnodePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl serde::Serialize for ZnodePath {
    fn serialize<S: serde::Serializer>(
        &self,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A path as the user typed it: not yet checked, and possibly relative to the working path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TypedPath(Arc<str>);

impl TypedPath {
    /// Returns the path as typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the absolute path, checked. Without a working path (`None`), the path must be
    /// absolute.
    pub fn from(&self, working: Option<&ZnodePath>) -> Result<ZnodePath> {
        match working {
            Some(working) if !self.0.starts_with('/') && !self.0.is_empty() => {
                join(working, &self.0)
            }
            _ => ZnodePath::new(Arc::clone(&self.0)),
        }
    }

    /// Like [`TypedPath::from`], for a sequential znode: the server adds ten digits, so a trailing
    /// `/` is allowed. The result is the prefix that the server expects.
    pub fn sequential_from(&self, working: Option<&ZnodePath>) -> Result<String> {
        let whole = Self(format!("{}1", self.0).into()).from(working)?;
        Ok(whole.0[..whole.0.len() - 1].to_owned())
    }
}

impl std::str::FromStr for ZnodePath {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::new(text)
    }
}

impl std::str::FromStr for TypedPath {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        Ok(Self(text.into()))
    }
}

/// Resolves `relative` against `working`. `.` and `..` work as in a file system, and `..` of the
/// root is the root.
fn join(working: &ZnodePath, relative: &str) -> Result<ZnodePath> {
    let mut path = working.clone();
    let relative = relative.strip_suffix('/').unwrap_or(relative);
    for element in relative.split('/') {
        match element {
            "." => {}
            ".." => path = path.parent().unwrap_or(path),
            name => path = path.child(name),
        }
    }
    ZnodePath::new(path.0)
}

fn check(path: &str) -> Result<()> {
    if path.is_empty() {
        return Err(Error::usage("Path length must be > 0"));
    }
    if !path.starts_with('/') {
        return Err(Error::usage("Path must start with / character")
            .naming_lookalikes([path])
            .with_hint(format!("the path of a znode is absolute: /{path}")));
    }
    if path == "/" {
        return Ok(());
    }
    if path.ends_with('/') {
        return Err(Error::usage("Path must not end with / character"));
    }
    match fault(path) {
        None => Ok(()),
        Some(reason) => {
            Err(Error::usage(format!("Invalid path string \"{path}\" caused by {reason}")))
        }
    }
}

/// Describes what is wrong inside a path that starts with `/` and does not end with it. Positions
/// count characters from 0, as in Java.
fn fault(path: &str) -> Option<String> {
    let mut at = 0;
    for element in path[1..].split('/') {
        at += 1;
        // Nearly every name is plain.
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !element.is_empty() && element.bytes().all(is_plain) {
            at += element.len();
            continue;
        }
        for c in element.chars() {
            match c {
                '\0' => return Some(format!("null character not allowed @{at}")),
                // Java splits a character outside the basic plane into two surrogates, and refuses
                // them.
                '\u{1}'..='\u{1f}'
                | '\u{7f}'..='\u{9f}'
                | '\u{e000}'..='\u{f8ff}'
                | '\u{fff0}'.. => return Some(format!("invalid character @{at}")),
                _ => at += 1,
            }
        }
        // Here `at` is the position of the `/` that ends the component.
        match element {
            "" => return Some(format!("empty node name specified @{at}")),
            "." | ".." => return Some(format!("relative paths not allowed @{}", at - 1)),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(path: &str) -> String {
        ZnodePath::new(path).map_or_else(|e| e.to_string(), |_| "accepted".to_owned())
    }

    #[test]
    fn faults_are_named_in_the_words_of_path_utils() {
        for (path, words) in [
            ("", "Path length must be > 0"),
            ("lake", "Path must start with / character"),
            ("/lake/", "Path must not end with / character"),
            ("/a//b", "Invalid path string \"/a//b\" caused by empty node name specified @3"),
            ("/a/./b", "Invalid path string \"/a/./b\" caused by relative paths not allowed @3"),
            ("/a/..", "Invalid path string \"/a/..\" caused by relative paths not allowed @4"),
            ("/a\0b", "Invalid path string \"/a\0b\" caused by null character not allowed @2"),
            ("/a\u{1}", "Invalid path string \"/a\u{1}\" caused by invalid character @2"),
            ("/a\u{1F600}", "Invalid path string \"/a\u{1F600}\" caused by invalid character @2"),
            ("/", "accepted"),
            ("/a/.b/..c/d.", "accepted"),
            ("/湖", "accepted"),
        ] {
            assert_eq!(message(path), words);
        }
    }

    #[test]
    fn relative_paths_follow_the_working_path() {
        let working = ZnodePath::new("/lake/reed").unwrap_or_else(|e| panic!("{e}"));
        let seen =
            |typed: &str| TypedPath(typed.into()).from(Some(&working)).map(|path| path.to_string());
        assert_eq!(seen("fish"), Ok("/lake/reed/fish".to_owned()));
        assert_eq!(seen(".."), Ok("/lake".to_owned()));
        assert_eq!(seen("../.."), Ok("/".to_owned()));
        assert_eq!(seen("../../.."), Ok("/".to_owned()));
        assert_eq!(seen("./fish/"), Ok("/lake/reed/fish".to_owned()));
        assert_eq!(seen("/top"), Ok("/top".to_owned()));
        assert!(seen("a//b").is_err());
        assert!(TypedPath("fish".into()).from(None).is_err());
    }

    #[test]
    fn a_sequential_path_may_end_with_a_slash() {
        let prefix = |typed: &str| TypedPath(typed.into()).sequential_from(None);
        assert_eq!(prefix("/"), Ok("/".to_owned()));
        assert_eq!(prefix("/queue/"), Ok("/queue/".to_owned()));
        assert_eq!(prefix("/queue/item-"), Ok("/queue/item-".to_owned()));
        assert!(prefix("/queue//").is_err());
    }

    #[test]
    fn a_subtree_contains_itself_and_what_lies_below() {
        let [a, ab, below] = ["/a", "/ab", "/a/b"].map(|path| ZnodePath(path.into()));
        assert!(a.contains(&a) && a.contains(&below) && !a.contains(&ab));
        assert!(ZnodePath::root().contains(&ab));
        assert!(a.is_parent_of(&below) && !a.is_parent_of(&a) && !a.is_parent_of(&ab));
        let root = ZnodePath::root();
        assert!(root.is_parent_of(&a) && !root.is_parent_of(&root) && !root.is_parent_of(&below));
    }
}
