//! Where relative paths start from.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::zk::ZnodePath;

/// The working path. Clones are handles of the same one: commands, prompt and completion share it.
#[derive(Debug, Clone, Default)]
pub struct WorkingPath(Arc<Place>);

#[derive(Debug, Default)]
struct Place {
    path: Mutex<Option<ZnodePath>>,
    is_lost: AtomicBool,
}

impl WorkingPath {
    /// Returns the path. None if paths must be absolute: in scripts, as long as they have not
    /// chosen one.
    pub fn get(&self) -> Option<ZnodePath> {
        self.0.path.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Chooses the path; whether the znode exists is not asked.
    pub fn set(&self, path: ZnodePath) {
        *self.0.path.lock().unwrap_or_else(PoisonError::into_inner) = Some(path);
    }

    /// Notes whether a script is not where its last `cd` was to lead.
    pub fn set_lost(&self, is_lost: bool) {
        self.0.is_lost.store(is_lost, Ordering::Relaxed);
    }

    /// Returns whether the last `cd` of a script has failed.
    pub fn is_lost(&self) -> bool {
        self.0.is_lost.load(Ordering::Relaxed)
    }
}
