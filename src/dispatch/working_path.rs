//! The working path, which relative paths start from.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::zk::ZnodePath;

/// The working path. Clones share it: commands, prompt and completion.
#[derive(Debug, Clone, Default)]
pub struct WorkingPath(Arc<Place>);

#[derive(Debug, Default)]
struct Place {
    path: Mutex<Option<ZnodePath>>,
    is_lost: AtomicBool,
}

impl WorkingPath {
    /// Returns the path. `None` means that paths must be absolute, as in scripts that have not used
    /// `cd`.
    pub fn get(&self) -> Option<ZnodePath> {
        self.0.path.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets the path, without checking that the znode exists.
    pub fn set(&self, path: ZnodePath) {
        *self.0.path.lock().unwrap_or_else(PoisonError::into_inner) = Some(path);
    }

    /// Records whether the last `cd` of a script has failed.
    pub fn set_lost(&self, is_lost: bool) {
        self.0.is_lost.store(is_lost, Ordering::Relaxed);
    }

    /// Returns whether the last `cd` of a script has failed.
    pub fn is_lost(&self) -> bool {
        self.0.is_lost.load(Ordering::Relaxed)
    }
}
