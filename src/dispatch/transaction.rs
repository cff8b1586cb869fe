//! The transaction of a session, between `multi` and `commit`.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::counted;
use crate::error::{Error, Kind, Result};
use crate::output::{Report, Text};
use crate::session::Operation;

/// A slot for the transaction, empty if none is open.
#[derive(Debug, Default)]
pub struct OpenTransaction(Mutex<Option<Transaction>>);

impl OpenTransaction {
    /// Returns the number of queued operations, or `None` if no transaction is open.
    pub fn queued(&self) -> Option<usize> {
        self.lock().as_ref().map(Transaction::count)
    }

    /// Returns whether a transaction is open.
    pub fn is_open(&self) -> bool {
        self.lock().is_some()
    }

    /// Prevents an open transaction from being committed.
    pub fn spoil(&self) {
        if let Some(transaction) = &mut *self.lock() {
            transaction.spoil();
        }
    }

    /// Prevents an open transaction from being committed, because its session has ended.
    pub fn lose(&self) {
        if let Some(transaction) = &mut *self.lock() {
            transaction.spoiled.get_or_insert("the session has ended since multi");
        }
    }

    /// Warns once that an open transaction would be dropped.
    pub fn may_be_left(&self) -> Result<()> {
        self.lock().as_mut().map_or(Ok(()), Transaction::may_be_left)
    }

    /// Queues an operation for `commit`. With `is_told` the report shows it to the user.
    pub fn queue(&self, operation: Result<Operation>, is_told: bool) -> Result<Queued> {
        let mut transaction = self.lock();
        let open = transaction.get_or_insert_default();
        if operation.is_err() {
            open.spoil();
        }
        operation.map(|operation| open.add(operation, is_told))
    }

    /// Locks the slot.
    pub fn lock(&self) -> MutexGuard<'_, Option<Transaction>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Operations that wait for `commit`.
#[derive(Debug, Default)]
pub struct Transaction {
    /// The operations, in order.
    pub operations: Vec<Operation>,
    /// Why the transaction must not be committed, if so.
    pub spoiled: Option<&'static str>,
    /// Whether the user has been warned that leaving drops the transaction.
    has_warned: bool,
}

impl Transaction {
    /// Warns once that the transaction would be dropped.
    pub fn may_be_left(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.has_warned, true) {
            return Ok(());
        }
        let waiting = counted(self.operations.len() as u64, "operation", "operations");
        Err(Self::refused(&format!("A transaction is open, with {waiting}"))
            .with_hint("commit applies it, discard drops it; leave again to drop it too"))
    }

    /// Returns one line per operation.
    pub fn listed(&self) -> String {
        let lines = (1..).zip(&self.operations).map(|(number, operation)| {
            format!("{number}: {} {}", operation.name(), operation.path())
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Adds an operation.
    pub fn add(&mut self, operation: Operation, is_told: bool) -> Queued {
        let queued = self.operations.len() + 1;
        let what = || format!("queued {queued}: {} {}", operation.name(), operation.path());
        let told = is_told.then(what);
        self.operations.push(operation);
        Queued { queued, told }
    }

    /// Returns the number of queued operations.
    pub fn count(&self) -> usize {
        self.operations.len()
    }

    /// Prevents the transaction from being committed, because a line was wrong or impossible.
    pub fn spoil(&mut self) {
        self.spoiled.get_or_insert("a line since multi was wrong");
    }

    /// Returns the error of a command that needs an open transaction.
    pub fn none() -> Error {
        Self::refused("No transaction is open").with_hint("multi begins one")
    }

    /// Returns the error of a transaction that cannot continue.
    pub fn refused(message: &str) -> Error {
        Error::new(Kind::Refused, message)
    }
}

/// The report of a queued operation.
#[derive(Debug, serde::Serialize)]
pub struct Queued {
    /// The number of queued operations, this one included.
    queued: usize,
    /// The text for the user.
    #[serde(skip)]
    told: Option<String>,
}

impl Report for Queued {
    fn text(&self, out: &mut Text<'_>) {
        if let Some(told) = &self.told {
            out.foreign(told);
            out.line("");
        }
    }
}
