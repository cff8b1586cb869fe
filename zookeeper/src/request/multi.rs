//! Several operations or reads in one request.

use std::sync::Arc;

use super::{Create, Delete, SetData};
use crate::op::Op;

/// A transaction: all operations are applied, or none.
///
/// ```no_run
/// # async fn move_it(client: zookeeper::Client) -> Result<(), zookeeper::Error> {
/// use zookeeper::{Create, Delete, Multi, Operation, Transaction};
///
/// let operations = [
///     Operation::Create(Create::new("/new", "deep")),
///     Operation::Delete(Delete::new("/old").version(3)),
/// ];
/// match client.call(Multi::new(operations)).await? {
///     Transaction::Applied(_) => println!("moved"),
///     failed => println!("{:?}", failed.failure()), // its index, and the server's reason
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Multi {
    /// The operations, in order.
    pub operations: Vec<Operation>,
}

/// An operation of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Creates a znode.
    Create(Create),
    /// Deletes a znode.
    Delete(Delete),
    /// Writes data.
    SetData(SetData),
    /// Checks that the znode exists and has a version.
    Check(Check),
}

/// Checks the version of a znode, within a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The znode, which must exist.
    pub path: Arc<str>,
    /// The expected version; -1 for any.
    pub version: i32,
}

/// Reads several znodes in one request (since 3.6). Each has its own result.
///
/// ```no_run
/// # async fn read(client: zookeeper::Client) -> Result<(), zookeeper::Error> {
/// use zookeeper::{MultiRead, Read, ReadReply};
///
/// let reads = [Read::Data("/lake".into()), Read::Children("/lake".into())];
/// for reply in client.call(MultiRead::new(reads)).await? {
///     match reply {
///         Ok(ReadReply::Data(data)) => println!("{:?}", data.data),
///         Ok(ReadReply::Children(names)) => println!("{} children", names.len()),
///         Err(code) => println!("{code}"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MultiRead {
    /// The reads.
    pub reads: Vec<Read>,
}

/// A read in a [`MultiRead`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read {
    /// The names of the children.
    Children(Arc<str>),
    /// Data and stat.
    Data(Arc<str>),
}

impl Multi {
    /// Creates the request.
    pub fn new(operations: impl Into<Vec<Operation>>) -> Self {
        Self { operations: operations.into() }
    }
}

impl MultiRead {
    /// Creates the request.
    pub fn new(reads: impl Into<Vec<Read>>) -> Self {
        Self { reads: reads.into() }
    }
}

impl Check {
    /// Creates the operation.
    pub fn new(path: impl Into<Arc<str>>, version: i32) -> Self {
        Self { path: path.into(), version }
    }
}

impl Operation {
    pub(crate) fn op(&self) -> Op {
        match self {
            Self::Create(create) => create.op(),
            Self::Delete(_) => Op::Delete,
            Self::SetData(_) => Op::SetData,
            Self::Check(_) => Op::Check,
        }
    }

    /// Returns the path.
    pub fn path(&self) -> &Arc<str> {
        match self {
            Self::Create(Create { path, .. })
            | Self::Delete(Delete { path, .. })
            | Self::SetData(SetData { path, .. })
            | Self::Check(Check { path, .. }) => path,
        }
    }
}

impl Read {
    pub(crate) fn op(&self) -> Op {
        match self {
            Self::Children(_) => Op::GetChildren,
            Self::Data(_) => Op::GetData,
        }
    }

    /// Returns the path.
    pub fn path(&self) -> &Arc<str> {
        match self {
            Self::Children(path) | Self::Data(path) => path,
        }
    }
}
