//! Everything about more than one znode: walk, count, delete, set ACLs and quotas, save, compare,
//! and turn one tree into another. It prints nothing.
//!
//! A [`Record`] is a znode with the parts that were requested. Trees are streams of records in
//! [`walk_order`], so that no code holds a whole tree.

pub mod acl;
pub mod apply;
mod delete;
pub mod diff;
pub mod expand;
pub mod filter;
pub mod glob;
pub mod grep;
mod in_flight;
pub mod journal;
pub mod jq;
pub mod kept_plan;
#[cfg(test)]
mod model;
pub mod plan;
mod quota;
pub mod record;
mod set_acl;
pub mod snapshot;
pub mod source;
pub mod step;
pub mod stream;
mod summary;
pub mod take_back;
pub mod transfer;
pub mod undo;
pub mod usage;
mod walk;

pub use self::acl::{Acl, AclEntry, Permissions};
pub use self::delete::delete;
pub use self::quota::{delete_quota, hard_limits, limits_path, quota, set_quota};
pub use self::record::{Data, Kind, Record, walk_order};
pub use self::set_acl::set_acl;
pub use self::summary::{Summary, count, summary};
pub use self::walk::{Walk, WalkOrder};
use crate::error::{Code, Error};

/// Returns whether an error says that the znode does not exist, because another client may have
/// deleted it.
fn is_gone(error: &Error) -> bool {
    error.code_of() == Some(Code::NoNode)
}
