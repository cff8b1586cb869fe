//! Several operations as one: all are applied, or none is.

use zookeeper::{Acls, MultiWriteError, MultiWriteResult};

use super::operation::refused;
use super::release::Release;
use super::{Acl, CreateMode, Session, Stat};
use crate::error::{Error, Result};
use crate::zk::ZnodePath;

/// One operation of a transaction.
#[expect(missing_docs, reason = "the fields are those of the method that each names")]
#[derive(Debug, Clone)]
pub enum Operation {
    /// The znode must exist and, where one is given, have this version.
    Check { path: ZnodePath, version: Option<i32> },
    /// As [`Session::create`].
    Create { prefix: String, data: Vec<u8>, mode: CreateMode, acl: Acl },
    /// As [`Session::set_data`].
    Set { path: ZnodePath, data: Vec<u8>, version: Option<i32> },
    /// As [`Session::delete`].
    Delete { path: ZnodePath, version: Option<i32> },
}

/// What an operation came to in a transaction that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// It was as it had to be.
    Checked,
    /// There is a znode with this path.
    Created(String),
    /// The znode has this stat now.
    Set(Stat),
    /// The znode is gone.
    Deleted,
}

/// What a transaction came to: something for each operation, or the number of the operation that
/// failed, from 0 on, and why.
pub type Transacted = Result<Vec<Applied>, (usize, Error)>;

impl Operation {
    /// Returns the path, as the user sees it; of a sequential znode the prefix.
    pub fn path(&self) -> &str {
        match self {
            Self::Create { prefix, .. } => prefix,
            Self::Check { path, .. } | Self::Set { path, .. } | Self::Delete { path, .. } => {
                path.as_str()
            }
        }
    }

    /// Returns the name of the command that means it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Check { .. } => "check",
            Self::Create { .. } => "create",
            Self::Set { .. } => "set",
            Self::Delete { .. } => "delete",
        }
    }

    /// Returns the size on the wire, in bytes.
    fn wire_length(&self) -> usize {
        /// Operation, flags, version and the lengths of strings.
        const FIXED: usize = 33;
        let rest = match self {
            Self::Check { .. } | Self::Delete { .. } => 0,
            Self::Create { data, acl, .. } => data.len() + acl.wire_length(),
            Self::Set { data, .. } => data.len(),
        };
        FIXED + self.path().len() + rest
    }

    fn add_to(&self, writer: &mut zookeeper::MultiWriter<'_>) -> Result<(), zookeeper::Error> {
        match self {
            // -1 is any version, but the znode must exist (`PrepRequestProcessor.checkAndIncVersion`).
            Self::Check { path, version } => {
                writer.add_check_version(path.as_str(), version.unwrap_or(-1))
            }
            Self::Create { prefix, data, mode, acl } => {
                let options = mode.of_client().with_acls(Acls::new(acl.entries()));
                let options = match mode.ttl {
                    Some(ttl) => options.with_ttl(ttl),
                    None => options,
                };
                writer.add_create(prefix, data, &options)
            }
            Self::Set { path, data, version } => writer.add_set_data(path.as_str(), data, *version),
            Self::Delete { path, version } => writer.add_delete(path.as_str(), *version),
        }
    }
}

impl Session {
    /// Applies all operations, or none. The outer error is about the whole: it may have been
    /// applied where the connection broke.
    pub async fn transact(&self, operations: &[Operation]) -> Result<Transacted> {
        self.needs("multi", Release(3, 5)).await?;
        let chroot = self.chroot_bytes();
        let bytes = operations.iter().map(|each| each.wire_length() + chroot).sum();
        self.check_size(&ZnodePath::root(), bytes)?;
        let sent = self.call("", async |client| {
            let mut writer = client.new_multi_writer();
            for (index, operation) in operations.iter().enumerate() {
                if let Err(error) = operation.add_to(&mut writer) {
                    return Ok(Err((index, error)));
                }
            }
            match writer.commit().await {
                Ok(results) => Ok(Ok(results)),
                Err(MultiWriteError::RequestFailed { source }) => Err(source),
                Err(MultiWriteError::OperationFailed { index, source }) => Ok(Err((index, source))),
            }
        });
        let results = match self.written(sent.await)? {
            Ok(results) => results,
            Err((index, error)) => {
                let path = operations.get(index).map_or("", Operation::path);
                return Ok(Err((index, refused(&error, path))));
            }
        };
        let applied: Vec<Applied> = results.into_iter().map(Applied::of_client).collect();
        for (operation, applied) in operations.iter().zip(&applied) {
            match (operation, applied) {
                (Operation::Create { mode, .. }, Applied::Created(path)) if mode.ephemeral => {
                    self.ephemerals().made(path);
                }
                (Operation::Delete { path, .. }, _) => self.ephemerals().deleted(path.as_str()),
                _ => {}
            }
        }
        Ok(Ok(applied))
    }
}

impl Applied {
    fn of_client(result: MultiWriteResult) -> Self {
        match result {
            MultiWriteResult::Check => Self::Checked,
            MultiWriteResult::Create { path, .. } => Self::Created(path),
            MultiWriteResult::SetData { stat } => Self::Set(stat.into()),
            // No other kind was asked for.
            _ => Self::Deleted,
        }
    }
}
