//! Estimates the remaining work of a command that walks a tree. The server counts the tree in one
//! reply.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::session::Session;
use crate::terminal::progress::Progress;
use crate::zk::ZnodePath;

/// A command that ends sooner is not estimated, because counting costs the server time.
const DELAY: Duration = Duration::from_secs(1);

/// The tree that the running command walks.
#[derive(Default)]
pub struct Estimate(Mutex<Option<(Session, ZnodePath)>>);

impl Estimate {
    /// Forgets the tree of the last command.
    pub(super) fn begin(&self) {
        self.set(None);
    }

    /// Sets the tree that the running command walks completely.
    pub fn walks(&self, session: &Session, top: &ZnodePath) {
        self.set(Some((session.clone(), top.clone())));
    }

    fn set(&self, tree: Option<(Session, ZnodePath)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = tree;
    }

    /// Asks for the size of the tree if the command runs for long. Servers before 3.6 do not
    /// support this.
    pub(super) async fn ask(&self, progress: &Progress) {
        tokio::time::sleep(DELAY).await;
        let tree = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((session, top)) = tree
            && let Ok(below) = session.count_below(&top).await
        {
            progress.expect(below + 1);
        }
        std::future::pending::<()>().await;
    }
}
