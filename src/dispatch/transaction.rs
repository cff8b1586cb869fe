//! The transaction of a session, between `multi` and `commit`.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::counted;
use crate::error::{Error, Kind, Result};
use crate::output::{Report, Text};
use crate::session::Operation;

/// The place of the transaction, which is empty where none has begun.
#[derive(Debug, Default)]
pub struct OpenTransaction(Mutex<Option<Transaction>>);

impl OpenTransaction {
    /// Returns how many operations wait for `commit`, or none if no transaction has begun.
    pub fn queued(&self) -> Option<usize> {
        self.lock().as_ref().map(Transaction::count)
    }

    /// Returns whether a transaction has begun.
    pub fn is_open(&self) -> bool {
        self.lock().is_some()
    }

    /// Keeps the transaction, if one has begun, from being applied.
    pub fn spoil(&self) {
        if let Some(transaction) = &mut *self.lock() {
            transaction.spoil();
        }
    }

    /// Keeps the transaction, if one has begun, from being applied: its session is over.
    pub fn lose(&self) {
        if let Some(transaction) = &mut *self.lock() {
            transaction.spoiled.get_or_insert("the session has ended since multi");
        }
    }

    /// Says once that a transaction would be dropped, where one is open.
    pub fn may_be_left(&self) -> Result<()> {
        self.lock().as_mut().map_or(Ok(()), Transaction::may_be_left)
    }

    /// Keeps an operation for `commit`; a person `is_told` what waits.
    pub fn queue(&self, operation: Result<Operation>, is_told: bool) -> Result<Queued> {
        let mut transaction = self.lock();
        let open = transaction.get_or_insert_default();
        if operation.is_err() {
            open.spoil();
        }
        operation.map(|operation| open.add(operation, is_told))
    }

    /// Locks the place.
    pub fn lock(&self) -> MutexGuard<'_, Option<Transaction>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Operations that wait for `commit`.
#[derive(Debug, Default)]
pub struct Transaction {
    /// In order.
    pub operations: Vec<Operation>,
    /// Why nothing may be applied, if so.
    pub spoiled: Option<&'static str>,
    /// Whether somebody who wants to leave has been told that it is still open.
    has_warned: bool,
}

impl Transaction {
    /// Says once that it would be dropped.
    pub fn may_be_left(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.has_warned, true) {
            return Ok(());
        }
        let waiting = counted(self.operations.len() as u64, "operation", "operations");
        Err(Self::refused(&format!("A transaction is open, with {waiting}"))
            .with_hint("commit applies it, discard drops it; leaving once more drops it too"))
    }

    /// Returns a line for each operation.
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

    /// Returns how many operations wait.
    pub fn count(&self) -> usize {
        self.operations.len()
    }

    /// Keeps the transaction from being applied: a line could not be read or is not possible.
    pub fn spoil(&mut self) {
        self.spoiled.get_or_insert("a line since multi was wrong");
    }

    /// Returns the error of a command that wants a transaction if there is none.
    pub fn none() -> Error {
        Self::refused("No transaction is open").with_hint("multi begins one")
    }

    /// Returns the error of a transaction that cannot go on so.
    pub fn refused(message: &str) -> Error {
        Error::new(Kind::Refused, message)
    }
}

/// The report of an operation that waits for `commit`.
#[derive(Debug, serde::Serialize)]
pub struct Queued {
    /// How many wait, with this one.
    queued: usize,
    /// What a person is told.
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
