//! The part of a step that the check of a plan needs, which excludes the data.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::tree::step::Step;
use crate::tree::{Acl, Data};

/// A step without its data: the state that it expects, and the state that it leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Brief {
    Delete { version: i32 },
    Create { data: u64 },
    SetData { version: i32, data: u64 },
    SetAcl { version: i32, acl: u64 },
}

impl Brief {
    pub(super) fn of(step: &Step) -> Self {
        match step {
            Step::Delete { version, .. } => Self::Delete { version: *version },
            Step::Create { data, .. } => Self::Create { data: data_hash(data) },
            Step::SetData { data, version, .. } => {
                Self::SetData { version: *version, data: data_hash(data) }
            }
            Step::SetAcl { acl, version, .. } => {
                Self::SetAcl { version: *version, acl: acl_hash(acl) }
            }
        }
    }

    /// Returns whether `next` may follow this step on the same znode.
    pub(super) fn may_precede(self, next: Self) -> bool {
        match (self, next) {
            (Self::Delete { .. }, Self::Delete { .. })
            | (Self::Create { .. }, Self::Create { .. } | Self::Delete { .. })
            | (Self::SetData { .. }, Self::SetData { .. })
            | (Self::SetAcl { .. }, Self::SetAcl { .. }) => false,
            (Self::SetData { .. } | Self::SetAcl { .. }, next) => {
                matches!(next, Self::SetData { .. } | Self::SetAcl { .. })
            }
            (Self::Delete { .. } | Self::Create { .. }, _) => true,
        }
    }
}

/// Returns a hash of the data.
pub(super) fn data_hash(data: &Data) -> u64 {
    hash(data)
}

/// Returns a hash that is equal for ACLs that grant the same permissions.
pub(super) fn acl_hash(acl: &Acl) -> u64 {
    let mut entries = acl.0.clone();
    entries.sort();
    entries.dedup();
    hash(&entries)
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
