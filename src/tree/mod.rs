//! Everything about more than one znode: what a tree is, how two are compared, and how one is turned
//! into the other. It prints nothing.
//!
//! A [`Record`] is a znode as far as it was asked for. Trees are streams of records in
//! [`walk_order`], so that nothing has to hold a whole one.

pub mod acl;
pub mod diff;
pub mod filter;
pub mod glob;
pub mod grep;
pub mod journal;
pub mod jq;
#[cfg(test)]
mod model;
pub mod plan;
pub mod record;
pub mod snapshot;
pub mod undo;
pub mod usage;

pub use self::acl::{Acl, AclEntry, Permissions};
pub use self::record::{Data, Kind, Record, walk_order};
