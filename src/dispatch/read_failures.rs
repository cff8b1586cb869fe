//! Collects the znodes of a tree that could not be read. Commands go on and report them at the end,
//! once for a branch.

use crate::error::{Error, Kind, Result};

/// Failures that are told one by one; of more only the number is told.
const TOLD: usize = 1000;

/// Failures that a walk has met.
#[derive(Default)]
pub struct ReadFailures {
    count: usize,
    failures: Vec<Error>,
}

impl ReadFailures {
    /// Notes why a znode could not be read.
    pub fn note(&mut self, refused: Option<Error>) {
        if let Some(error) = refused {
            self.count += 1;
            if self.failures.len() < TOLD {
                self.failures.push(error);
            }
        }
    }

    /// Returns all of them as one error, or nothing if all was read.
    pub fn result(mut self) -> Result<()> {
        match (self.count, self.failures.pop()) {
            (_, None) => Ok(()),
            (1, Some(error)) => Err(error),
            (count, Some(last)) => {
                self.failures.push(last);
                let message = format!("{count} znodes could not be read");
                Err(Error::new(Kind::Refused, message).with_causes(self.failures))
            }
        }
    }
}
