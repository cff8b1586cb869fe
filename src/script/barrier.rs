//! Decides which writes must wait for which writes in flight.
//!
//! A server checks a request when it accepts it (Apache's `PrepRequestProcessor`), against the
//! state that all earlier requests will leave. For versions, children, sequence numbers and the
//! existence of znodes it tracks the requests in flight. It does not track two things, which it
//! reads from the tree as it is at that time:
//!
//! - the ACL that a `setACL` in flight is about to replace;
//! - the usage of a subtree with a hard quota.
//!
//! So a write waits for a `setAcl` of the znode whose ACL its check reads, and for any other write
//! below the same hard limit. Commands that change the session, the identities or the ensemble run
//! alone.

use crate::dispatch::Write;
use crate::zk::ZnodePath;

/// The znode that holds all quotas.
const QUOTAS: &str = "/zookeeper/quota";

/// A write that is in flight or about to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) write: Write,
    pub(super) path: ZnodePath,
    /// The index of the hard limit that applies to it.
    limit: Option<usize>,
}

/// The subtrees with known hard limits.
#[derive(Debug, Default)]
pub(super) struct HardLimits(Vec<ZnodePath>);

impl HardLimits {
    pub(super) fn new(tops: Vec<ZnodePath>) -> Self {
        Self(tops)
    }

    /// Returns a write with the hard limit that applies to it.
    pub(super) fn change(&self, write: Write, path: ZnodePath) -> Change {
        let limit = self.0.iter().position(|top| top.contains(&path));
        Change { write, path, limit: limit.filter(|_| write != Write::Acl) }
    }
}

impl Change {
    /// Returns whether this write must wait for an earlier one that is in flight.
    pub(super) fn waits_for(&self, earlier: &Self) -> bool {
        let acl = earlier.write == Write::Acl && self.is_checked_against(&earlier.path);
        let quota = self.limit.is_some() && self.limit == earlier.limit;
        acl || quota
    }

    /// Returns whether a later write may have to wait for this one.
    pub(super) fn may_hold_up(&self) -> bool {
        self.write == Write::Acl || self.limit.is_some()
    }

    /// Returns whether the server's check reads the ACL of `path`.
    fn is_checked_against(&self, path: &ZnodePath) -> bool {
        match self.write {
            Write::Create | Write::Delete => path.is_parent_of(&self.path),
            Write::Data | Write::Acl => self.path == *path,
            Write::Quota | Write::Several => true,
        }
    }

    /// Returns whether this write may change the limits themselves.
    pub(super) fn is_of_limits(&self) -> bool {
        let below = self.path.as_str().strip_prefix(QUOTAS);
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_write_waits_only_for_writes_that_affect_its_check() {
        let limits = HardLimits::new(vec![ZnodePath::new("/q").unwrap()]);
        let change = |write, path| limits.change(write, ZnodePath::new(path).unwrap());
        let acl = change(Write::Acl, "/p");
        for (write, path, waits) in [
            (Write::Create, "/p/a", true),
            (Write::Delete, "/p/a", true),
            (Write::Data, "/p", true),
            (Write::Acl, "/p", true),
            (Write::Create, "/p", false),
            (Write::Delete, "/p", false),
            (Write::Data, "/p/a", false),
            (Write::Acl, "/p/a", false),
            (Write::Create, "/p/a/b", false),
            (Write::Create, "/other/a", false),
        ] {
            let later = change(write, path);
            assert_eq!(later.waits_for(&acl), waits, "{later:?}");
            assert!(acl.may_hold_up());
            assert!(!acl.waits_for(&later) || write == Write::Acl, "{later:?}");
        }
        assert!(!change(Write::Create, "/p/a").may_hold_up());
        let one = change(Write::Create, "/q/a");
        assert!(one.may_hold_up());
        for (write, path, waits) in [
            (Write::Create, "/q/b", true),
            (Write::Data, "/q", true),
            (Write::Delete, "/q/a/b", true),
            (Write::Acl, "/q/a", false),
            (Write::Create, "/qq/a", false),
        ] {
            assert_eq!(change(write, path).waits_for(&one), waits, "{write:?} {path}");
        }
        assert!(change(Write::Data, "/zookeeper/quota/q/zookeeper_limits").is_of_limits());
        assert!(change(Write::Data, "/zookeeper/quota").is_of_limits());
        assert!(!one.is_of_limits() && !change(Write::Data, "/zookeeper/quotas").is_of_limits());
    }
}
