//! Collects the znodes of a tree that could not be read. Commands continue, and report them at the
//! end, one per branch.

use crate::error::{Error, Kind, Result};

/// Maximum number of failures to report one by one; the rest is only counted.
const TOLD: usize = 1000;

/// The failures of a walk.
#[derive(Default)]
pub struct ReadFailures {
    count: usize,
    failures: Vec<Error>,
}

impl ReadFailures {
    /// Records why a znode could not be read.
    pub fn note(&mut self, refused: Option<Error>) {
        if let Some(error) = refused {
            self.count += 1;
            if self.failures.len() < TOLD {
                self.failures.push(error);
            }
        }
    }

    /// Returns all failures as one error, or `Ok` if there were none.
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
