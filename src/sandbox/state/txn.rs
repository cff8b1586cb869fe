//! Transactions: writes that have passed their checks, so applying them cannot fail.

use std::sync::Arc;

use crate::sandbox::acl::Acl;
use crate::sandbox::node::Lifetime;
use crate::sandbox::operation::{Code, CreateKind, Data, SessionId};

/// A decided write with its zxid. Refused writes have a zxid too.
#[derive(Debug, Clone)]
pub(crate) struct Txn {
    pub(crate) zxid: i64,
    /// Milliseconds of the wall clock.
    pub(crate) time: i64,
    pub(crate) effect: Effect,
}

/// The effect of a transaction on the tree.
#[derive(Debug, Clone)]
pub(crate) enum Effect {
    /// A check failed.
    Refused(Code),
    /// An operation of a multi failed; each operation has its own code.
    RefusedMulti(Vec<Code>),
    One(Change),
    Multi(Vec<Change>),
    OpenSession {
        session: SessionId,
        /// Milliseconds.
        timeout: u64,
    },
    CloseSession {
        session: SessionId,
        ephemerals: Vec<String>,
    },
}

/// A change to one znode.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    Create {
        kind: CreateKind,
        path: String,
        data: Data,
        acl: Arc<[Acl]>,
        life: Lifetime,
        /// The parent's creation counter after this change.
        created_in_parent: i32,
    },
    Delete {
        path: String,
    },
    SetData {
        path: String,
        data: Data,
        version: i32,
    },
    SetAcl {
        path: String,
        acl: Arc<[Acl]>,
        aversion: i32,
    },
    Check,
}
