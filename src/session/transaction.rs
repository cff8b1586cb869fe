//! Transactions: several operations, of which the server applies all or none.

use std::sync::Arc;

use zookeeper::{Applied, Check, Delete, Multi, SetData, Transaction};

use super::operation::{ANY_VERSION, check_deletable, create, stat};
use super::recording::Recording;
use super::{CreateMode, Session};
use crate::error::{Code, Error, Result};
use crate::zk::{Acl, Stat, ZnodeData, ZnodePath};

/// One operation of a transaction.
#[expect(missing_docs, reason = "the fields are those of the method that each names")]
#[derive(Debug, Clone)]
pub enum Operation {
    /// The znode must exist and, if a version is given, have that version.
    Check { path: ZnodePath, version: Option<i32> },
    /// Like [`Session::create`].
    Create { prefix: Arc<str>, data: ZnodeData, mode: CreateMode, acl: Acl },
    /// Like [`Session::set_data`].
    Set { path: ZnodePath, data: ZnodeData, version: Option<i32> },
    /// Like [`Session::delete`].
    Delete { path: ZnodePath, version: Option<i32> },
}

/// The result of an operation in a transaction that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpResult {
    /// The check succeeded.
    Checked,
    /// The znode was created with this path.
    Created(String),
    /// The data was written, and the znode has this stat.
    Set(Stat),
    /// The znode was deleted.
    Deleted,
}

/// The result of a transaction: one result per operation, or the index, from 0, and the error of
/// the operation that failed.
pub type MultiResult = Result<Vec<OpResult>, (usize, Error)>;

impl Operation {
    /// Returns the path inside the chroot; for a sequential znode the prefix.
    pub fn path(&self) -> &str {
        match self {
            Self::Create { prefix, .. } => prefix,
            Self::Check { path, .. } | Self::Set { path, .. } | Self::Delete { path, .. } => {
                path.as_str()
            }
        }
    }

    /// Returns the name of the command for this operation.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Check { .. } => "check",
            Self::Create { .. } => "create",
            Self::Set { .. } => "set",
            Self::Delete { .. } => "delete",
        }
    }

    fn of_client(&self) -> Result<zookeeper::Operation> {
        use zookeeper::Operation as Op;
        let path = self.path().into();
        Ok(match self {
            // -1 means any version, but the znode must exist
            // (`PrepRequestProcessor.checkAndIncVersion`).
            Self::Check { version, .. } => {
                Op::Check(Check { path, version: version.unwrap_or(ANY_VERSION) })
            }
            Self::Create { prefix, data, mode, acl } => {
                Op::Create(create(Arc::clone(prefix), data.clone(), *mode, acl)?)
            }
            Self::Set { data, version, .. } => {
                let (data, version) = (data.clone().into_bytes(), version.unwrap_or(ANY_VERSION));
                Op::SetData(SetData { path, data, version })
            }
            Self::Delete { path: of, version } => {
                check_deletable(of)?;
                Op::Delete(Delete { path, version: version.unwrap_or(ANY_VERSION) })
            }
        })
    }
}

impl Session {
    /// Applies all operations or none. The outer error concerns the whole request, which may have
    /// been applied if the connection broke.
    pub async fn transact(&self, operations: &[Operation]) -> Result<MultiResult> {
        if let Some(recording) = Recording::current() {
            return Box::pin(self.transact_recorded(recording, operations)).await;
        }
        Ok(self.send_transaction(operations).await?.0)
    }

    /// Sends the request of [`Session::transact`]. Also returns the zxid of the transaction.
    pub(super) async fn send_transaction(
        &self,
        operations: &[Operation],
    ) -> Result<(MultiResult, i64)> {
        let mut request = Vec::with_capacity(operations.len());
        for (index, operation) in operations.iter().enumerate() {
            match operation.of_client() {
                Ok(operation) => request.push(operation),
                Err(error) => return Ok((Err((index, error)), 0)),
            }
            if let Operation::Create { mode, .. } = operation
                && let Some(feature) = mode.feature()
            {
                self.require(feature).await?;
            }
        }
        let (transaction, zxid) = self.write_at("", Multi { operations: request }).await?;
        if let Some((index, code)) = transaction.failure() {
            let path = operations.get(index).map_or("", Operation::path);
            let code = Code::from_number(code.number());
            return Ok((Err((index, Error::code(code, path))), zxid));
        }
        let Transaction::Applied(applied) = transaction else { return Ok((Ok(Vec::new()), zxid)) };
        let results: Vec<OpResult> = applied.into_iter().map(OpResult::of_client).collect();
        for (operation, result) in operations.iter().zip(&results) {
            match (operation, result) {
                (Operation::Create { mode, .. }, OpResult::Created(path)) if mode.ephemeral => {
                    self.ephemerals().made(path);
                }
                (Operation::Delete { path, .. }, _) => self.ephemerals().deleted(path.as_str()),
                _ => {}
            }
        }
        Ok((Ok(results), zxid))
    }
}

impl OpResult {
    fn of_client(applied: Applied) -> Self {
        match applied {
            Applied::Checked => Self::Checked,
            Applied::Created(created) => Self::Created(created.path),
            Applied::Set(of) => Self::Set(stat(of)),
            Applied::Deleted => Self::Deleted,
        }
    }
}
