//! A snapshot of a followed znode, used to detect missed changes after a lost connection.

use crate::zk::{EventKind, Stat, ZnodePath};

/// The znode at one moment, and the events reported since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Baseline {
    /// The znode, or its nearest existing ancestor. `None` if not even the root exists.
    nearest: Option<(ZnodePath, Stat)>,
    /// Whether the znode itself exists.
    exists: bool,
    told: Reported,
}

/// Events reported since the snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Reported {
    data: i32,
    children: i32,
    /// Whether the znode, or a descendant, was created or deleted.
    turned: bool,
}

impl Baseline {
    /// Creates a snapshot from the nearest existing znode, at `path` or above it.
    pub(super) fn new(path: &ZnodePath, nearest: Option<(ZnodePath, Stat)>) -> Self {
        let exists = nearest.as_ref().is_some_and(|(at, _)| at == path);
        Self { nearest, exists, told: Reported::default() }
    }

    /// Records an event that was reported.
    pub(super) fn tell(&mut self, path: &ZnodePath, kind: EventKind, at: Option<&str>) {
        let told = &mut self.told;
        match kind {
            EventKind::NodeDataChanged if at == Some(path.as_str()) => told.data += 1,
            EventKind::NodeChildrenChanged => told.children += 1,
            _ => told.turned = true,
        }
    }

    /// Returns whether the znode itself exists.
    pub(super) fn exists(&self) -> bool {
        self.exists
    }

    /// Returns whether the reported events account for all changes up to `now`. The versions of a
    /// znode count changes of data and children, so they reveal a missed event. An absent znode may
    /// have been created and deleted unless the versions of its ancestor are unchanged. With
    /// `recursive`, changes below a znode with children cannot be ruled out.
    pub(super) fn leads_to(&self, now: &Self, recursive: bool) -> bool {
        let (Some((path, before)), Some((same, after))) = (&self.nearest, &now.nearest) else {
            return false;
        };
        if path != same || self.exists != now.exists || before.czxid != after.czxid {
            return false;
        }
        let Reported { data, children, turned } = self.told;
        if turned {
            // Another creation and deletion may have happened without a trace.
            return false;
        }
        let grown = after.cversion.wrapping_sub(before.cversion);
        if !self.exists || recursive {
            let is_childless = !self.exists || before.num_children == 0;
            let same_children = grown == 0 && before.pzxid == after.pzxid;
            let same_data = !self.exists || after.version.wrapping_sub(before.version) == data;
            return is_childless && same_children && same_data;
        }
        after.version.wrapping_sub(before.version) == data && grown == children
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const STAT: Stat = Stat {
        czxid: 5,
        mzxid: 7,
        pzxid: 6,
        ctime: 0,
        mtime: 0,
        version: 2,
        cversion: 3,
        aversion: 0,
        ephemeral_owner: 0,
        data_length: 0,
        num_children: 1,
    };

    fn lake() -> ZnodePath {
        ZnodePath::new("/land/lake").unwrap()
    }

    fn land() -> ZnodePath {
        ZnodePath::new("/land").unwrap()
    }

    fn there(stat: Stat) -> Baseline {
        Baseline::new(&lake(), Some((lake(), stat)))
    }

    fn absent(above: Stat) -> Baseline {
        Baseline::new(&lake(), Some((land(), above)))
    }

    fn told(mut mark: Baseline, kinds: &[EventKind]) -> Baseline {
        for kind in kinds {
            mark.tell(&lake(), *kind, Some("/land/lake"));
        }
        mark
    }

    #[test]
    fn a_znode_that_is_as_it_was_has_missed_nothing() {
        assert!(there(STAT).leads_to(&there(STAT), false));
        // A change of the ACL has no event, so it is no gap.
        assert!(there(STAT).leads_to(&there(Stat { aversion: 4, ..STAT }), false));
    }

    #[test]
    fn any_change_shows() {
        let written = Stat { version: 3, mzxid: 9, ..STAT };
        let grown = Stat { cversion: 4, pzxid: 9, num_children: 2, ..STAT };
        let came_and_went = Stat { cversion: 5, pzxid: 10, ..STAT };
        let anew = Stat { czxid: 9, mzxid: 9, pzxid: 9, ..STAT };
        for now in [written, grown, came_and_went, anew] {
            assert!(!there(STAT).leads_to(&there(now), false), "{now:?}");
        }
        assert!(!there(STAT).leads_to(&absent(STAT), false), "deleted");
        assert!(!absent(STAT).leads_to(&there(STAT), false), "created");
    }

    #[test]
    fn what_was_told_is_not_missed() {
        use EventKind::{NodeChildrenChanged, NodeCreated, NodeDataChanged, NodeDeleted};
        let written = there(Stat { version: 3, mzxid: 9, ..STAT });
        assert!(told(there(STAT), &[NodeDataChanged]).leads_to(&written, false));
        assert!(!told(there(STAT), &[NodeDataChanged; 2]).leads_to(&written, false));
        let grown = there(Stat { cversion: 4, pzxid: 9, num_children: 2, ..STAT });
        assert!(told(there(STAT), &[NodeChildrenChanged]).leads_to(&grown, false));
        assert!(!told(there(STAT), &[NodeDataChanged]).leads_to(&grown, false));
        let anew = there(Stat { czxid: 9, ..STAT });
        assert!(!told(there(STAT), &[NodeDeleted, NodeCreated]).leads_to(&anew, false));
        assert!(!told(there(STAT), &[NodeDeleted]).leads_to(&absent(STAT), false));
    }

    #[test]
    fn an_absent_znode_is_known_by_the_one_above_it() {
        assert!(absent(STAT).leads_to(&absent(STAT), false));
        assert!(absent(STAT).leads_to(&absent(STAT), true));
        // The missing child may itself have been created and deleted.
        let changed = Stat { cversion: 5, pzxid: 10, ..STAT };
        assert!(!absent(STAT).leads_to(&absent(changed), false));
        let anew = Stat { czxid: 9, ..STAT };
        assert!(!absent(STAT).leads_to(&absent(anew), false));
        // Data written to the ancestor says nothing about the absent znode.
        let written = Stat { version: 3, mzxid: 9, ..STAT };
        assert!(absent(STAT).leads_to(&absent(written), false));
        let above = |path| Baseline::new(&lake(), Some((path, STAT)));
        assert!(!above(land()).leads_to(&above(ZnodePath::root()), false), "it has gone too");
        let nowhere = Baseline::new(&lake(), None);
        assert!(!nowhere.leads_to(&nowhere, false), "a chroot that does not exist");
    }

    #[test]
    fn what_lies_below_children_is_not_known() {
        assert!(!there(STAT).leads_to(&there(STAT), true));
        let childless = Stat { num_children: 0, ..STAT };
        assert!(there(childless).leads_to(&there(childless), true));
        let written = there(Stat { version: 3, mzxid: 9, ..childless });
        assert!(!there(childless).leads_to(&written, true));
        assert!(told(there(childless), &[EventKind::NodeDataChanged]).leads_to(&written, true));
        let came_and_went = Stat { cversion: 5, pzxid: 10, ..childless };
        assert!(!there(childless).leads_to(&there(came_and_went), true));
        let mut below = there(childless);
        below.tell(&lake(), EventKind::NodeDataChanged, Some("/land/lake/reed"));
        assert!(!below.leads_to(&there(childless), true));
    }
}
