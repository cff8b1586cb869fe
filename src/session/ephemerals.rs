//! The ephemerals that the session created. When it expires they are lost, and the user is told
//! which ones.

use std::collections::BTreeSet;

/// Maximum number of ephemerals to remember by path: a script may create any number, and memory
/// must not grow with the length of a script.
const REMEMBERED: usize = 10_000;

/// The ephemerals of one session, with paths inside the chroot.
#[derive(Debug, Default)]
pub(super) struct Ephemerals {
    paths: BTreeSet<String>,
    more: u64,
}

impl Ephemerals {
    pub(super) fn made(&mut self, path: &str) {
        if self.paths.len() < REMEMBERED {
            self.paths.insert(path.to_owned());
        } else {
            self.more += 1;
        }
    }

    pub(super) fn deleted(&mut self, path: &str) {
        self.paths.remove(path);
    }

    /// Returns the remembered paths, and the number of further ephemerals.
    pub(super) fn list(&self) -> (Vec<String>, u64) {
        (self.paths.iter().cloned().collect(), self.more)
    }

    /// Forgets all ephemerals. Returns the remembered paths, and the number of further ephemerals.
    pub(super) fn take(&mut self) -> (Vec<String>, u64) {
        let Self { paths, more } = std::mem::take(self);
        (paths.into_iter().collect(), more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_nothing_goes_uncounted() {
        let mut ephemerals = Ephemerals::default();
        for number in 0..REMEMBERED + 2 {
            ephemerals.made(&format!("/e{number}"));
        }
        ephemerals.deleted("/e0");
        let (paths, more) = ephemerals.take();
        assert_eq!((paths.len(), more), (REMEMBERED - 1, 2));
        assert_eq!(ephemerals.take(), (Vec::new(), 0));
    }
}
