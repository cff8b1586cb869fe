//! Conversion between paths inside a chroot, as callers see them, and the server's full paths.

use std::borrow::Cow;

use crate::jute::{Fault, Writer};

/// The prefix of every path of the caller; empty if there is none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Chroot(String);

impl Chroot {
    /// Creates a chroot from a path; `/` means none.
    pub(crate) fn new(path: &str) -> Self {
        Self(path.trim_end_matches('/').to_owned())
    }

    pub(crate) const fn none() -> Self {
        Self(String::new())
    }

    fn parts<'a>(&'a self, path: &'a str) -> (&'a str, &'a str) {
        match path {
            "/" if !self.0.is_empty() => (&self.0, ""),
            path => (&self.0, path),
        }
    }

    /// Writes the full path.
    pub(crate) fn write(&self, path: &str, to: &mut Writer<'_>) {
        let (first, second) = self.parts(path);
        to.joined(first, second);
    }

    /// Writes the full path of a sequential znode, which may be `/` before the digits are appended.
    pub(crate) fn write_prefix(&self, path: &str, to: &mut Writer<'_>) {
        to.joined(&self.0, path);
    }

    /// Returns the full path.
    pub(crate) fn full<'a>(&'a self, path: &'a str) -> Cow<'a, str> {
        match self.parts(path) {
            ("", path) => Cow::Borrowed(path),
            (root, "") => Cow::Borrowed(root),
            (root, path) => Cow::Owned(format!("{root}{path}")),
        }
    }

    /// Returns the path inside the chroot, or `None` if the full path is outside.
    pub(crate) fn inside<'a>(&self, full: &'a str) -> Option<&'a str> {
        match full.strip_prefix(self.0.as_str())? {
            "" => Some("/"),
            path if path.starts_with('/') => Some(path),
            _ => None,
        }
    }
}

/// Checks a path from the caller. The server enforces the remaining rules.
pub(crate) fn check_path(path: &str) -> Result<(), Fault> {
    if !path.starts_with('/') {
        return Err("a path begins with /");
    }
    if path.len() > 1 && path.ends_with('/') {
        return Err("a path does not end with /");
    }
    check_bytes(path)
}

/// Checks the path of a sequential znode before its digits are appended.
pub(crate) fn check_prefix(path: &str) -> Result<(), Fault> {
    if path.starts_with('/') { check_bytes(path) } else { Err("a path begins with /") }
}

fn check_bytes(path: &str) -> Result<(), Fault> {
    let mut before = 0;
    for byte in path.bytes() {
        match byte {
            0 => return Err("a path has no null character"),
            b'/' if before == b'/' => return Err("a path has no empty name"),
            _ => before = byte,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(chroot: &Chroot, path: &str) -> String {
        let mut bytes = Vec::new();
        chroot.write(path, &mut Writer(&mut bytes));
        String::from_utf8(bytes.split_off(4)).unwrap()
    }

    #[test]
    fn paths_go_into_the_chroot_and_come_back() {
        let (none, app) = (Chroot::new("/"), Chroot::new("/app"));
        for (chroot, path, full) in [
            (&none, "/", "/"),
            (&none, "/a", "/a"),
            (&app, "/", "/app"),
            (&app, "/a/b", "/app/a/b"),
        ] {
            assert_eq!(written(chroot, path), full);
            assert_eq!(chroot.full(path), full);
            assert_eq!(chroot.inside(full), Some(path));
        }
        assert_eq!(app.inside("/apple"), None);
        assert_eq!(app.inside("/zookeeper/config"), None);
    }

    #[test]
    fn a_sequential_znode_may_have_no_name_of_its_own() {
        let mut bytes = Vec::new();
        Chroot::new("/app").write_prefix("/", &mut Writer(&mut bytes));
        assert_eq!(&bytes[4..], b"/app/");
        assert!(check_prefix("/").is_ok() && check_prefix("/a/").is_ok());
        assert!(check_prefix("a").is_err() && check_prefix("/a//").is_err());
    }

    #[test]
    fn what_is_no_path_is_not_sent() {
        for path in ["", "a", "/a/", "//", "/a//b", "/a\0"] {
            assert!(check_path(path).is_err(), "{path:?}");
        }
        assert!(check_path("/").is_ok() && check_path("/a b/ä").is_ok());
    }
}
